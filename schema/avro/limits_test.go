package avro_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/schema"
)

// unionOf returns a union of n records with some fields each.
func unionOf(n int, typ string) string {
	var b strings.Builder
	b.WriteString(`["null"`)
	for i := range n {
		fmt.Fprintf(&b, `,{"type":"record","name":"Event%d","fields":[{"name":"id","type":"long"},{"name":"body","type":["null","%s"]},{"name":"n%d","type":"int"}]}`, i, typ, i)
	}
	b.WriteString("]")
	return b.String()
}

func TestLargeUnionsAreCompared(t *testing.T) {
	old, same := parse(t, unionOf(150, "string"), schema.AsStored), parse(t, unionOf(150, "bytes"), schema.AsStored)
	if d := same.Differences(old, schema.Question{}); len(d) > 0 {
		t.Errorf("%d differences, the first: %+v", len(d), d[0])
	}
	other := parse(t, unionOf(150, "int"), schema.AsStored)
	if d := other.Differences(old, schema.Question{}); len(d) != 150 || d[149].Path != "/150" {
		t.Errorf("%d differences, want one for each record", len(d))
	}
}

func TestComparisonsEnd(t *testing.T) {
	enums := func(prefix string) string {
		var b strings.Builder
		b.WriteString(`["null"`)
		for i := range 1050 {
			fmt.Fprintf(&b, `,{"type":"enum","name":"%s%d","symbols":["A"]}`, prefix, i)
		}
		return b.String() + "]"
	}
	a, b := parse(t, enums("A"), schema.AsStored), parse(t, enums("B"), schema.AsStored)
	if d := a.Differences(b, schema.Question{}); len(d) != 1 || d[0].Rule != "COMPARISON_LIMIT" {
		t.Errorf("%d differences, want the limit alone", len(d))
	}
}
