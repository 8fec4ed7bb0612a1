package avro

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/schema"
)

// wideWith returns a record of twenty fields, one of which is as given.
func wideWith(at int, field string) string {
	fields := make([]string, 20)
	for i := range fields {
		fields[i] = fmt.Sprintf(`{"name":"f%d","type":["null",{"type":"record","name":"N%d","fields":[{"name":"x","type":"long"}]}]}`, i, i)
	}
	if at < len(fields) {
		fields[at] = field
	}
	return `{"type":"record","name":"R","fields":[` + strings.Join(fields, ",") + `]}`
}

func parsed(t *testing.T, text string) *Schema {
	t.Helper()
	s, err := Format.Parse(schema.Source{Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Schema)
}

// The shared head ends before the first field that is not plainly alike, and never later, whichever of the two is the reader.
func TestTheSharedHeadEndsAtTheFirstDifference(t *testing.T) {
	enum := `{"name":"f7","type":{"type":"enum","name":"E","symbols":[%s]}}`
	nested := func(deep int) string {
		return `{"name":"f7","type":` + strings.Repeat(`{"type":"array","items":`, deep) + `"int"` + strings.Repeat("}", deep) + `}`
	}
	for name, tt := range map[string]struct {
		a, b string // field 7
		want int
	}{
		"equal":             {`{"name":"f7","type":"int"}`, `{"name":"f7","type":"int"}`, 20},
		"name":              {`{"name":"f7","type":"int"}`, `{"name":"g7","type":"int"}`, 7},
		"type":              {`{"name":"f7","type":"int"}`, `{"name":"f7","type":"long"}`, 7},
		"doc and default":   {`{"name":"f7","type":"int","doc":"x"}`, `{"name":"f7","type":"int","default":1}`, 20},
		"alias":             {`{"name":"f7","type":"int","aliases":["y"]}`, `{"name":"f7","type":"int","aliases":["y"]}`, 7},
		"symbols":           {fmt.Sprintf(enum, `"A","B"`), fmt.Sprintf(enum, `"AB"`), 7},
		"order of branches": {`{"name":"f7","type":["int","null"]}`, `{"name":"f7","type":["null","int"]}`, 7},
		"size":              {`{"name":"f7","type":{"type":"fixed","name":"F","size":1}}`, `{"name":"f7","type":{"type":"fixed","name":"F","size":2}}`, 7},
		"inner field":       {`{"name":"f7","type":{"type":"record","name":"I","fields":[{"name":"a","type":"int"}]}}`, `{"name":"f7","type":{"type":"record","name":"I","fields":[{"name":"b","type":"int"}]}}`, 7},
		"inner alias": {`{"name":"f7","type":{"type":"record","name":"I","fields":[{"name":"a","type":"int","aliases":["c"]}]}}`,
			`{"name":"f7","type":{"type":"record","name":"I","fields":[{"name":"a","type":"int","aliases":["c"]}]}}`, 7},
		"recursive": {`{"name":"f7","type":["null","R"]}`, `{"name":"f7","type":["null","R"]}`, 7},
		"deep":      {nested(plainWork - 1), nested(plainWork - 1), 20},
		"too deep":  {nested(plainWork), nested(plainWork), 7},
	} {
		a, b := parsed(t, wideWith(7, tt.a)).root.named, parsed(t, wideWith(7, tt.b)).root.named
		if x, y := sharedHead(a, b), sharedHead(b, a); x != tt.want || y != tt.want {
			t.Errorf("%s: %d and %d, want %d", name, x, y, tt.want)
		}
	}
}

// Where the heads are equal, no field that they pass over would have been a finding.
func TestHeadsPassOverNoDifference(t *testing.T) {
	for at := range 20 {
		for _, field := range []string{`{"name":"f%d","type":"string"}`, `{"name":"g%d","type":"int"}`, `{"name":"f%d","type":["null",{"type":"record","name":"N","fields":[{"name":"x","type":"int"}]}]}`} {
			next, old := parsed(t, wideWith(at, fmt.Sprintf(field, at))), parsed(t, wideWith(20, ""))
			if diffs := next.Differences(old, schema.Question{}); len(diffs) == 0 {
				t.Errorf("field %d as %s: no difference", at, field)
			}
		}
	}
}
