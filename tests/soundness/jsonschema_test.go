package soundness

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/jsonschema"
)

// jsonDraw draws schemas of the keywords that Confluent compares. What it does not compare (format, patternProperties beyond
// covers, contains, if/then/else, required names that are no properties) is unsound by omission and listed in
// docs/compatibility.md; it is left out here.
func jsonDraw(t *rapid.T, depth int) map[string]any {
	kinds := []string{"string", "integer", "number", "boolean", "null", "enum", "object", "array", "anyOf", "types"}
	if depth <= 0 {
		kinds = kinds[:6]
	}
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
	case "string":
		s := map[string]any{"type": "string"}
		bound(t, s, "minLength", 0, 3)
		bound(t, s, "maxLength", 3, 6)
		return s
	case "integer", "number":
		s := map[string]any{"type": kind}
		bound(t, s, "minimum", -5, 0)
		bound(t, s, "maximum", 0, 5)
		return s
	case "enum":
		return map[string]any{"enum": []any{"a", 1, nil, true}[:rapid.IntRange(1, 4).Draw(t, "values")]}
	case "object":
		return jsonObject(t, depth)
	case "array":
		s := map[string]any{"type": "array", "items": jsonDraw(t, depth-1)}
		bound(t, s, "minItems", 0, 1)
		bound(t, s, "maxItems", 1, 3)
		return s
	case "anyOf":
		var all []any
		for range rapid.IntRange(1, 3).Draw(t, "members") {
			all = append(all, jsonDraw(t, depth-1))
		}
		return map[string]any{"anyOf": all}
	case "types":
		return map[string]any{"type": []any{"string", "null", "integer"}[:rapid.IntRange(1, 3).Draw(t, "types")]}
	default:
		return map[string]any{"type": kind}
	}
}

func bound(t *rapid.T, s map[string]any, key string, low, high int) {
	if rapid.IntRange(0, 2).Draw(t, key+" set") == 0 {
		s[key] = rapid.IntRange(low, high).Draw(t, key)
	}
}

func jsonObject(t *rapid.T, depth int) map[string]any {
	properties, required := map[string]any{}, []any{}
	for i := range rapid.IntRange(0, 3).Draw(t, "properties") {
		name := fmt.Sprintf("p%d", i)
		properties[name] = jsonDraw(t, depth-1)
		if rapid.Bool().Draw(t, "required") {
			required = append(required, name)
		}
	}
	s := map[string]any{"type": "object", "properties": properties, "required": required}
	switch rapid.IntRange(0, 2).Draw(t, "content model") {
	case 1:
		s["additionalProperties"] = false
	case 2:
		s["additionalProperties"] = jsonDraw(t, 0)
	}
	return s
}

func mutateJSON(t *rapid.T, s map[string]any, depth int) map[string]any {
	text, _ := json.Marshal(s)
	var c map[string]any
	_ = json.Unmarshal(text, &c)
	if properties, ok := c["properties"].(map[string]any); ok && rapid.Bool().Draw(t, "inside") {
		for i := range 4 {
			name := fmt.Sprintf("p%d", i)
			if p, ok := properties[name].(map[string]any); ok && rapid.Bool().Draw(t, name) {
				properties[name] = mutateJSON(t, p, depth-1)
				return c
			}
		}
	}
	return mutateJSONHere(t, c, depth)
}

func mutateJSONHere(t *rapid.T, c map[string]any, depth int) map[string]any {
	switch rapid.SampledFrom([]string{"loosen", "tighten", "nullable", "add", "drop", "free", "close", "enum", "wider", "other"}).Draw(t, "change") {
	case "loosen":
		for _, key := range []string{"minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "required"} {
			delete(c, key)
		}
	case "tighten":
		for key, step := range map[string]float64{"minLength": 1, "maxLength": -1, "minimum": 1, "maximum": -1, "maxItems": -1} {
			if v, ok := c[key].(float64); ok {
				c[key] = v + step
			}
		}
	case "nullable":
		return map[string]any{"anyOf": []any{map[string]any{"type": "null"}, c}}
	case "add":
		if p, ok := c["properties"].(map[string]any); ok {
			p[fmt.Sprintf("n%d", rapid.IntRange(0, 9).Draw(t, "n"))] = jsonDraw(t, 0)
		}
	case "drop":
		if p, ok := c["properties"].(map[string]any); ok {
			delete(p, "p0")
		}
	case "free":
		delete(c, "additionalProperties")
	case "close":
		c["additionalProperties"] = false
	case "enum":
		if e, ok := c["enum"].([]any); ok {
			c["enum"] = append(e, "more")
		}
	case "wider":
		if c["type"] == "integer" {
			c["type"] = "number"
		}
	default:
		return jsonDraw(t, 1)
	}
	return c
}

// document draws documents that lean on the schema but need not be valid.
func document(t *rapid.T, s any, depth int) any {
	m, _ := s.(map[string]any)
	if rapid.IntRange(0, 9).Draw(t, "stray") == 0 || depth <= 0 {
		return rapid.SampledFrom([]any{nil, true, 0, 1, -3, 2.5, "", "a", "abcd", []any{}, map[string]any{}, "more"}).Draw(t, "any")
	}
	if e, ok := m["enum"].([]any); ok {
		return rapid.SampledFrom(e).Draw(t, "enum")
	}
	if all, ok := m["anyOf"].([]any); ok {
		return document(t, rapid.SampledFrom(all).Draw(t, "member"), depth)
	}
	kind, _ := m["type"].(string)
	if all, ok := m["type"].([]any); ok {
		kind = rapid.SampledFrom(all).Draw(t, "type").(string)
	}
	switch kind {
	case "string":
		return rapid.StringMatching(`[a-z]{0,6}`).Draw(t, "string")
	case "integer":
		return rapid.IntRange(-5, 5).Draw(t, "integer")
	case "number":
		return rapid.SampledFrom([]float64{-5, -0.5, 0, 0.25, 3, 5}).Draw(t, "number")
	case "boolean":
		return rapid.Bool().Draw(t, "boolean")
	case "array":
		all := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			all = append(all, document(t, m["items"], depth-1))
		}
		return all
	case "object":
		return jsonObjectDocument(t, m, depth)
	}
	return nil
}

func jsonObjectDocument(t *rapid.T, m map[string]any, depth int) any {
	all := map[string]any{}
	properties, _ := m["properties"].(map[string]any)
	for i := range 4 {
		name := fmt.Sprintf("p%d", i)
		if p, ok := properties[name]; ok && rapid.IntRange(0, 4).Draw(t, name) > 0 {
			all[name] = document(t, p, depth-1)
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "extra") {
		all[fmt.Sprintf("n%d", i)] = rapid.SampledFrom([]any{1, "a", nil}).Draw(t, "value")
	}
	return all
}

func jsonPair(t *rapid.T) (tree map[string]any, older, newer schema.Schema) {
	tree = jsonDraw(t, 3)
	mutated := mutateJSON(t, tree, 3)
	var err error
	if older, err = jsonschema.Format.Parse(schema.Source{Text: avroText(tree)}, nil); err != nil {
		t.Fatalf("the drawn schema does not parse: %v\n%s", err, avroText(tree))
	}
	if newer, err = jsonschema.Format.Parse(schema.Source{Text: avroText(mutated)}, nil); err != nil {
		t.Fatalf("the mutated schema does not parse: %v\n%s", err, avroText(mutated))
	}
	return tree, older, newer
}

func TestJSONDocumentsStayValidAsTheVerdictPromises(t *testing.T) {
	compatible, pairs, documents := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		tree, older, newer := jsonPair(t)
		pairs++
		if len(newer.Differences(older, schema.Question{})) > 0 {
			return
		}
		compatible++
		writer, err := older.Message("")
		if err != nil {
			t.Fatal(err)
		}
		reader, err := newer.Message("")
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			doc := []byte(avroText(document(t, tree, 5)))
			if writer.Check(doc) != nil {
				continue
			}
			documents++
			if err := reader.Check(doc); err != nil {
				t.Fatalf("compatible, but the new schema refuses: %v\nold %s\nnew %s\ndocument %s", err, older.Canonical(), newer.Canonical(), doc)
			}
		}
	})
	t.Logf("%d pairs, %d of them compatible, %d documents", pairs, compatible, documents)
	if compatible*20 < pairs || documents < compatible {
		t.Errorf("only %d of %d pairs were compatible and %d documents valid: the test proves too little", compatible, pairs, documents)
	}
}

func TestJSONSymmetries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, older, newer := jsonPair(t)
		symmetries(t, jsonschema.Format, older, newer)
	})
}
