package jsonschema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	v5 "github.com/santhosh-tekuri/jsonschema/v5"
)

// maker makes random schemas and payloads that often fit them: both draw on the same few names and values.
type maker struct {
	*rand.Rand
	draft int // 4, 6, 7, 2019, 2020
}

var draftURLs = map[int]string{
	4: "http://json-schema.org/draft-04/schema#", 6: "http://json-schema.org/draft-06/schema#", 7: "http://json-schema.org/draft-07/schema#",
	2019: "https://json-schema.org/draft/2019-09/schema", 2020: "https://json-schema.org/draft/2020-12/schema",
}

func (m maker) pick(list ...any) any { return list[m.IntN(len(list))] }

func (m maker) name() string { return string(rune('a' + m.IntN(4))) }

func (m maker) scalar() any {
	return m.pick(nil, true, false, 0, 1, 2, 3, 6, -1, json.Number("1.0"), json.Number("2.5"), json.Number("1e1"), json.Number("0.01"),
		json.Number("12345678901234567890"), "", "a", "ab", "abc", "é", "😀b")
}

func (m maker) value(depth int) any {
	if depth > 0 {
		switch m.IntN(4) {
		case 0:
			out := map[string]any{}
			for range m.IntN(4) {
				out[m.name()] = m.value(depth - 1)
			}
			return out
		case 1:
			out := []any{}
			for range m.IntN(4) {
				out = append(out, m.value(depth-1))
			}
			return out
		}
	}
	return m.scalar()
}

func (m maker) schemas(depth, most int) []any {
	out := []any{m.schema(depth)}
	for range m.IntN(most) {
		out = append(out, m.schema(depth))
	}
	return out
}

// schema makes a subschema of one to four keywords.
func (m maker) schema(depth int) any {
	if m.draft > 4 && m.IntN(12) == 0 {
		return m.IntN(3) > 0
	}
	out := map[string]any{}
	for range 1 + m.IntN(4) {
		if depth > 0 && m.IntN(2) == 0 {
			m.applicator(out, depth-1)
		} else {
			m.assertion(out)
		}
	}
	return out
}

func (m maker) assertion(out map[string]any) {
	switch m.IntN(14) {
	case 0, 1, 2:
		out["type"] = m.pick("object", "array", "string", "number", "integer", []any{"string", "null"}, []any{"object", "integer"})
	case 3:
		out["enum"] = []any{m.value(1), m.scalar(), fmt.Sprint(m.IntN(100))}
	case 4:
		out["minimum"] = m.pick(0, 1, json.Number("1.5"), json.Number("2e0"))
	case 5:
		out["maximum"] = m.pick(0, 2, json.Number("2.50"))
	case 6:
		out["multipleOf"] = m.pick(1, 2, json.Number("0.5"), json.Number("0.01"))
	case 7:
		out["minLength"] = m.IntN(3)
	case 8:
		out["maxLength"] = m.IntN(3)
	case 9:
		out["pattern"] = m.pick("a", "^a", "b$", "^[a-c]{2}$")
	case 10:
		out["required"] = []any{m.name()}
	case 11:
		out["minProperties"], out["maxItems"] = m.IntN(3), m.IntN(4)
	case 12:
		out["maxProperties"], out["minItems"] = m.IntN(4), m.IntN(3)
	case 13:
		out["uniqueItems"] = true
	}
	if m.draft > 4 && m.IntN(12) == 0 {
		out["const"], out["exclusiveMinimum"] = m.value(1), m.IntN(3)
	}
}

func (m maker) applicator(out map[string]any, depth int) {
	switch m.IntN(12) {
	case 0, 1, 2:
		properties := map[string]any{}
		for range 1 + m.IntN(3) {
			properties[m.name()] = m.schema(depth)
		}
		out["properties"] = properties
	case 3:
		out["additionalProperties"] = m.pick(false, m.schema(depth))
	case 4:
		out["patternProperties"] = map[string]any{m.pick("a", "^[bc]", "d$").(string): m.schema(depth)}
	case 5:
		out["allOf"] = m.schemas(depth, 2)
	case 6:
		out["anyOf"] = m.schemas(depth, 3)
	case 7:
		out["oneOf"] = m.schemas(depth, 3)
	case 8:
		out["not"] = m.schema(depth)
	case 9:
		m.items(out, depth)
	case 10:
		m.newer(out, depth)
	case 11:
		for k := range out {
			if m.draft < 2019 {
				delete(out, k)
			}
		}
		out["$ref"] = m.pick("#/definitions/x", "#/definitions/y")
	}
}

func (m maker) items(out map[string]any, depth int) {
	tuple := "items"
	if m.draft >= 2019 {
		tuple = "prefixItems"
	}
	if m.IntN(2) == 0 && m.draft != 2019 {
		out[tuple] = m.schemas(depth, 2)
		if m.draft < 2019 {
			out["additionalItems"] = m.pick(false, m.schema(depth))
			return
		}
	}
	if _, taken := out["items"]; !taken {
		out["items"] = m.schema(depth)
	}
}

// newer adds keywords of the later drafts.
func (m maker) newer(out map[string]any, depth int) {
	if m.draft >= 6 && m.IntN(2) == 0 {
		out["contains"] = m.schema(depth)
		out["propertyNames"] = map[string]any{"maxLength": m.IntN(3)}
	}
	if m.draft >= 7 && m.IntN(2) == 0 {
		out["if"], out["then"], out["else"] = m.schema(depth), m.schema(depth), m.schema(depth)
	}
	if m.draft < 2019 {
		out["dependencies"] = map[string]any{m.name(): m.schema(depth), m.name(): []any{m.name()}}
		return
	}
	out["dependentRequired"] = map[string]any{m.name(): []any{m.name()}}
	out["dependentSchemas"] = map[string]any{m.name(): m.schema(depth)}
	out["unevaluatedProperties"] = m.pick(false, m.schema(depth))
	out["unevaluatedItems"] = m.pick(false, m.schema(depth))
	out["minContains"], out["maxContains"] = m.IntN(3), 1+m.IntN(2)
}

func (m maker) root() []byte {
	root, ok := m.schema(3).(map[string]any)
	if !ok {
		root = map[string]any{}
	}
	root["$schema"] = draftURLs[m.draft]
	root["definitions"] = map[string]any{
		"x": m.schema(1),
		"y": map[string]any{"type": "object", "properties": map[string]any{"a": map[string]any{"$ref": "#/definitions/y"}}, "minProperties": 1},
	}
	text, err := json.Marshal(root)
	if err != nil {
		panic("the maker makes what JSON has: " + err.Error())
	}
	return text
}

// TestValidationAgreesWithAnIndependentJudge compares verdicts on random schemas and payloads with those of another
// implementation. The seed is fixed, so a failure repeats.
func TestValidationAgreesWithAnIndependentJudge(t *testing.T) {
	for draft := range draftURLs {
		t.Run(fmt.Sprint(draft), func(t *testing.T) {
			m := maker{rand.New(rand.NewPCG(uint64(draft), 7)), draft}
			judged, valid := 0, 0
			for range 150 {
				text := m.root()
				judge, err := v5.CompileString("schema.json", string(text))
				if err != nil {
					continue // a reference to itself in place, which only the judge refuses early
				}
				ours := message(t, string(text))
				for range 12 {
					payload, ok := m.value(3), false
					body, err := json.Marshal(payload)
					if err != nil {
						t.Fatal(err)
					}
					want := judge.Validate(number(t, body))
					got := ours.Check(body)
					if ok = (want == nil) == (got == nil); !ok {
						t.Fatalf("schema %s\npayload %s\njudge: %v\nours: %v", text, body, want, got)
					}
					judged++
					if got == nil {
						valid++
					}
				}
			}
			if judged < 1000 || valid < judged/10 || valid > judged*9/10 {
				t.Errorf("%d of %d payloads are valid: too one-sided to tell anything", valid, judged)
			}
		})
	}
}

func number(t *testing.T, body []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
