package compat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/schema/jsonschema"
)

func TestFindingsAreProven(t *testing.T) {
	long, short := `{"type":"string","maxLength":9}`, `{"type":"string","maxLength":3}`
	for _, c := range []struct {
		name         string
		format       schema.Format
		level        compat.Level
		older, newer string
		want         []compat.Proof
	}{
		{"new reads old", jsonschema.Format, compat.Full, long, short,
			[]compat.Proof{{JSON: `"xxxxxxxxx"`, Refusal: "the payload does not fit its schema at #: 9 characters, more than 3 (keyword maxLength)"}}},
		{"old reads new", jsonschema.Format, compat.Full, short, long,
			[]compat.Proof{{JSON: `"xxxxxxxxx"`, Refusal: "the payload does not fit its schema at #: 9 characters, more than 3 (keyword maxLength)"}}},
		{"Avro", avro.Format, compat.Backward, `"int"`, `"string"`,
			[]compat.Proof{{JSON: `1`, Refusal: "byte 0: the reader's string does not read the writer's int"}}},
		{"no document tells", jsonschema.Format, compat.Backward, `{}`, `{"properties":{}}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			older, newer := parse(t, c.format, c.older), parse(t, c.format, c.newer)
			v := compat.Checker{}.Check(c.level, newer, []compat.Version{{Number: 1, Schema: older}})
			if v.Compatible() {
				t.Fatal("nothing was found to prove")
			}
			var got []compat.Proof
			for _, f := range v.Findings {
				if p, ok := f.Prove(t.Context(), newer); ok {
					got = append(got, p)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDifferentFormatsHaveNoProof(t *testing.T) {
	older, newer := parse(t, avro.Format, `"int"`), parse(t, jsonschema.Format, `{}`)
	v := compat.Checker{}.Check(compat.Backward, newer, []compat.Version{{Number: 1, Schema: older}})
	if p, ok := v.Findings[0].Prove(t.Context(), newer); ok {
		t.Errorf("got %+v", p)
	}
}

func parse(t *testing.T, f schema.Format, text string) schema.Schema {
	t.Helper()
	s, err := f.Parse(schema.Source{Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
