package jsonschema_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// FuzzParse feeds texts that nobody wrote. What is taken has a canonical text that is taken too and prints the same.
func FuzzParse(f *testing.F) {
	for _, s := range samples() {
		f.Add(s.Text)
	}
	for _, text := range []string{
		`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveRef":"#"}`, `{"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#"}}}`,
		`{` + modern + `"$dynamicRef":"#a","$defs":{"a":{"$dynamicAnchor":"a","not":{"$dynamicRef":"#a"}}}}`, `{"maximum":1e400}`,
		`{"pattern":"\\p{Alpha}[a-z&&[^b]]\\Qx\\E(?>a)*+"}`, `{"items":[{},true],"dependencies":{"a":["b"],"c":{}}}`, `{"id":"http://a/","$id":"#x"}`,
		`{"enum":[1,1.0,"\ud800"]} tail`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := format(text)
		if err != nil {
			if fault.CodeOf(err) != schema.ErrInvalid || fault.DetailOf(err) == "" {
				t.Fatalf("refused without code or detail: %v", err)
			}
			return
		}
		again, err := format(s.Canonical())
		if err != nil {
			t.Fatalf("the canonical text %s is refused: %v", s.Canonical(), err)
		}
		if again.Canonical() != s.Canonical() {
			t.Fatalf("canonical text %s prints as %s", s.Canonical(), again.Canonical())
		}
		if n := s.Normalize(); n.Normalize().Canonical() != n.Canonical() {
			t.Fatalf("Normalize is not idempotent on %s", s.Canonical())
		}
	})
}

// FuzzDifferences compares schemas that nobody wrote. A schema reads what it wrote.
func FuzzDifferences(f *testing.F) {
	for _, s := range samples() {
		f.Add(s.Text, treeText)
	}
	f.Add(tangle(3, "string"), tangle(3, "null"))
	f.Add(alternatives(4, 1), alternatives(4, 3))
	f.Fuzz(func(t *testing.T, a, b string) {
		x, err := format(a)
		if err != nil {
			return
		}
		y, err := format(b)
		if err != nil {
			return
		}
		for _, p := range []schema.Policy{schema.Strict, schema.Lenient} {
			if d := x.Differences(x, schema.Question{Policy: p}); len(d) > 0 {
				t.Fatalf("%s differs from itself: %+v", a, d)
			}
			x.Differences(y, schema.Question{Policy: p})
			y.Differences(x, schema.Question{Policy: p})
			for _, d := range x.(schema.Warner).Warnings(y, schema.Question{Policy: p}) {
				if d.Rule == "" || d.Detail == "" {
					t.Fatalf("an empty warning: %+v", d)
				}
			}
		}
	})
}

// FuzzCheck judges payloads that nobody wrote. What Check takes, encoding/json takes and Decode decodes.
func FuzzCheck(f *testing.F) {
	for _, e := range events() {
		f.Add(e.schema, []byte(e.payload))
	}
	f.Add(treeText, []byte(`{"value":1,"children":[{"value":null}]}`))
	f.Add(`{"uniqueItems":true,"contains":{"multipleOf":0.1}}`, []byte(`[1,1.0,{"a":1e3},{"a":1000}]`))
	f.Add(`{"patternProperties":{"^(?=a)":{"format":"email"}}}`, []byte(`{"a":"\u0061@b.c"}`))
	f.Fuzz(func(t *testing.T, text string, payload []byte) {
		s, err := format(text)
		if err != nil {
			return
		}
		m, err := s.Message("")
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(payload); err != nil {
			if !errors.Is(err, schema.ErrPayload) {
				t.Fatalf("refused without code: %v", err)
			}
			return
		}
		if !json.Valid(payload) {
			t.Fatalf("takes %q, which is no JSON", payload)
		}
		var v any
		if err := m.Decode(payload, &v); err != nil {
			t.Fatalf("Check takes what Decode refuses: %v", err)
		}
		if _, err := m.AppendJSON(nil, payload); err != nil {
			t.Fatalf("Check takes what AppendJSON refuses: %v", err)
		}
	})
}
