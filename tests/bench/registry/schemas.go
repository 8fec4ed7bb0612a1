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

// link returns version n of the chain: twenty fields and n that were added since, which is compatible at every level. A mark makes
// it another text of the same version.
func link(n int, mark string) text {
	var b strings.Builder
	b.WriteString(`{"type":"record","name":"Chain","namespace":"com.example.chain","fields":[`)
	for i := range 20 {
		fmt.Fprintf(&b, `{"name":"field_%d","type":%s},`, i, []string{`"string"`, `"long"`, `["null","double"]`, `{"type":"array","items":"string"}`}[i%4])
	}
	for i := range n {
		fmt.Fprintf(&b, `{"name":"added_%d","type":["null","string"],"default":null},`, i)
	}
	fmt.Fprintf(&b, `{"name":"last%s","type":["null","boolean"],"default":null}]}`, mark)
	return text{b.String()}
}
