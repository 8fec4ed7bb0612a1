package main

import (
	"fmt"
	"strings"
)

// text is the body of a registration, a lookup or a check.
type text struct {
	Schema string `json:"schema"`
}

func subject(n int) string { return fmt.Sprintf("team-%02d.orders-%06d-value", n%100, n) }

// record returns the schema of subject n: a record with a name of its own, some 450 bytes.
func record(n int) text {
	return text{fmt.Sprintf(`{"type":"record","name":"Order%06d","namespace":"com.example.orders","fields":[`+
		`{"name":"id","type":"string"},{"name":"customer","type":["null","string"],"default":null},{"name":"amount","type":"double"},`+
		`{"name":"placed","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"lines","type":{"type":"array","items":`+
		`{"type":"record","name":"Line%06d","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}}]}`, n, n)}
}

// chain is a subject whose versions are compatible at every level: twenty fields that all of them have, and others that are added
// since. One that grows keeps what it added; the other keeps the last ten.
type chain struct {
	subject string
	grows   bool
}

// link returns version n. A mark makes it another text of the same size.
func (c chain) link(n int, mark string) text {
	var b strings.Builder
	b.WriteString(`{"type":"record","name":"Chain","namespace":"com.example.chain","fields":[`)
	for i := range 20 {
		fmt.Fprintf(&b, `{"name":"field_%d","type":%s},`, i, []string{`"string"`, `"long"`, `["null","double"]`, `{"type":"array","items":"string"}`}[i%4])
	}
	fmt.Fprintf(&b, `{"name":"marked%s","type":["null","boolean"],"default":null}`, mark)
	first, next := n, n+10
	if c.grows {
		first, next = 0, n
	}
	for i := first; i < next; i++ {
		fmt.Fprintf(&b, `,{"name":"added_%d","type":["null","string"],"default":null}`, i)
	}
	b.WriteString("]}")
	return text{b.String()}
}
