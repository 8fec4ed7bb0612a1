package jsonschema_test

import (
	"encoding/json"
	"testing"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/formattest"
	"github.com/pawl-registry/pawl/schema/jsonschema"
)

const (
	orderText = `{
	"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object",
	"properties": {
		"id": {"type": "string", "pattern": "^o-(?=[0-9])[0-9]+$"},
		"lines": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/line"}},
		"total": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.01},
		"note": {"oneOf": [{"type": "null"}, {"type": "string", "maxLength": 20}]}
	},
	"required": ["id", "lines"], "additionalProperties": false,
	"definitions": {"line": {"type": "object", "properties": {"sku": {"type": "string"}, "qty": {"type": "integer", "minimum": 1}}, "required": ["sku"]}}
}`
	treeText = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/tree", "title": "Tree", "type": "object",
	"properties": {"value": {"type": ["integer", "null"]}, "children": {"type": "array", "items": {"$ref": "#"}}},
	"required": ["value"], "unevaluatedProperties": false
}`
	personText = `{"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://example.com/person", "type": "object",
	"properties": {"name": {"type": "string"}, "home": {"$ref": "address.json#/definitions/address"}}}`
	addressText = `{"definitions": {"address": {"type": "object", "properties": {"city": {"$ref": "city.json"}}, "required": ["city"]}}}`
	cityText    = `{"type": "string", "minLength": 2}`
)

func sample(name, text string, values ...formattest.Value) formattest.Sample {
	return formattest.Sample{Name: name, Text: text, Values: values}
}

func order() map[string]any {
	return map[string]any{
		"id": "o-17", "total": 12.5, "note": "grüße",
		"lines": []any{map[string]any{"sku": "a", "qty": 3}, map[string]any{"sku": "b<c>"}},
	}
}

func samples() []formattest.Sample {
	person := sample("references", personText, formattest.Value{Go: map[string]any{"name": "Ann", "home": map[string]any{"city": "Bern"}}})
	person.Deps = []formattest.Dep{{
		Reference: schema.Reference{Name: "address.json", Subject: "address", Version: 1},
		Text:      addressText,
		Deps:      []formattest.Dep{{Reference: schema.Reference{Name: "city.json", Subject: "city", Version: 3}, Text: cityText}},
	}}
	return []formattest.Sample{
		sample("order", orderText,
			formattest.Value{Go: order(), JSON: `{"id":"o-17","total":12.5,"note":"grüße","lines":[{"sku":"a","qty":3},{"sku":"b<c>"}]}`},
			formattest.Value{Message: "Order", Go: json.RawMessage(` {"id": "o-1", "lines": [ {"sku": "\u0041\ud83d\ude00"} ], "total": 10.25 } `)}),
		sample("tree", treeText,
			formattest.Value{Go: map[string]any{"value": 9007199254740993, "children": []any{map[string]any{"value": nil}}},
				JSON: `{"value":9007199254740993,"children":[{"value":null}]}`}),
		sample("scalars", `true`,
			formattest.Value{Go: nil, JSON: `null`}, formattest.Value{Go: true, JSON: `true`}, formattest.Value{Go: "s", JSON: `"s"`},
			formattest.Value{Go: json.Number("123456789012345678901234567890.5"), JSON: `123456789012345678901234567890.5`},
			formattest.Value{Go: []any{}, JSON: `[]`}),
		person,
	}
}

func pair(name, writer, reader string, compatible bool) formattest.Pair {
	return formattest.Pair{Name: name, Writer: sample("writer", writer), Reader: sample("reader", reader), Compatible: compatible}
}

func TestFormatPassesTheExam(t *testing.T) {
	lenient := pair("a property added to an open object, leniently", `{"type":"object"}`, `{"type":"object","properties":{"a":{"type":"string"}}}`, true)
	lenient.Policy = schema.Lenient
	formattest.Run(t, formattest.Config{
		Format:  jsonschema.Format,
		Samples: samples(),
		Pairs: []formattest.Pair{
			lenient,
			pair("a property added to an open object", lenient.Writer.Text, lenient.Reader.Text, false),
			pair("type string removed", `{"type":"string"}`, `{}`, true),
			pair("type string added", `{}`, `{"type":"string"}`, false),
			pair("an alternative added", `{"type":"string"}`, `{"type":["string","null"]}`, true),
			pair("an alternative removed", `{"type":["string","null"]}`, `{"type":"string"}`, false),
			pair("percent signs in names", `{"type":"object","additionalProperties":false}`,
				`{"type":"object","properties":{"100%s{p}":{}},"required":["100%s{p}"],"additionalProperties":false}`, false),
		},
		Invalid: []formattest.Invalid{
			{Name: "empty", Text: ``},
			{Name: "null", Text: `null`},
			{Name: "a string", Text: `"string"`},
			{Name: "a bare word", Text: `string`},
			{Name: "no end", Text: `{"type":"string"`},
			{Name: "unknown type", Text: `{"type":"strin"}`},
			{Name: "a number as type", Text: `{"type":1}`},
			{Name: "fractional length", Text: `{"maxLength":5.0}`},
			{Name: "bad pattern", Text: `{"pattern":"("}`},
			{Name: "remote reference", Text: `{"$ref":"http://example.com/other"}`},
			{Name: "local file", Text: `{"$ref":"file:///etc/passwd"}`},
			{Name: "pointer to nothing", Text: `{"$ref":"#/definitions/a"}`},
			{Name: "modern tuple in items", Text: `{"$schema":"https://json-schema.org/draft/2020-12/schema","items":[{}]}`},
			{Name: "schema no string", Text: `{"$schema":7}`},
			{Name: "limit beyond a double", Text: `{"maximum":1e400}`},
		},
	})
}

func TestDifferencesFolders(t *testing.T) {
	formattest.Differences(t, jsonschema.Format, "testdata/differences")
}
