package docs

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// neighbour is a change next to a hole, or a hole in a deeper place.
type neighbour struct {
	name         string
	older, newer string
	want         []string // rule and path
}

func proto(body string) string { return "syntax = \"proto3\";\n" + body }

var neighbours = map[string][]neighbour{
	"avro": {
		{"int fits into double", `"int"`, `"double"`, nil},
		{"float fits into double", `"float"`, `"double"`, nil},
		{"int fits into long", `"int"`, `"long"`, nil},
		{"int does not fit into float", `"int"`, `"float"`, []string{"UNSOUND_PROMOTION_ROUNDS /"}},
		{"the union has the branch itself", `"long"`, `["null","double","long"]`, nil},
		{"the union has it rounded only", `["null","long"]`, `["null","double"]`, []string{"UNSOUND_PROMOTION_ROUNDS /1"}},
		{"an enum that grew", `{"type":"enum","name":"E","symbols":["A"]}`, `{"type":"enum","name":"E","symbols":["A","B"],"default":"A"}`, nil},
		{"an alias that matches nothing", `{"type":"record","name":"R","fields":[{"name":"net","type":"int"}]}`,
			`{"type":"record","name":"R","fields":[{"name":"net","type":"int","aliases":["gross"]}]}`, nil},
		{"a ring", `{"type":"record","name":"R","fields":[{"name":"next","type":["null","R"]},{"name":"n","type":{"type":"array","items":"long"}}]}`,
			`{"type":"record","name":"R","fields":[{"name":"next","type":["null","R"]},{"name":"n","type":{"type":"array","items":"double"}}]}`,
			[]string{"UNSOUND_PROMOTION_ROUNDS /fields/1/type/items"}},
	},
	"protobuf": {
		{"wider", proto("message A { int32 a = 1; }"), proto("message A { int64 a = 1; }"), nil},
		{"unsigned into wider signed", proto("message A { uint32 a = 1; }"), proto("message A { int64 a = 1; }"), nil},
		{"signed into wider unsigned", proto("message A { int32 a = 1; }"), proto("message A { uint64 a = 1; }"), []string{"UNSOUND_INTEGER_SIGN #/A/1"}},
		{"unsigned into signed", proto("message A { fixed32 a = 1; }"), proto("message A { sfixed32 a = 1; }"), []string{"UNSOUND_INTEGER_SIGN #/A/1"}},
		{"bool into int", proto("message A { bool a = 1; }"), proto("message A { int32 a = 1; }"), nil},
		{"an enum into its integer", proto("message A { E a = 1; } enum E { X = 0; }"), proto("message A { int32 a = 1; } enum E { X = 0; }"), nil},
		{"text into bytes", proto("message A { string a = 1; }"), proto("message A { bytes a = 1; }"), nil},
		{"single into repeated", proto("message A { string a = 1; }"), proto("message A { repeated string a = 1; }"), nil},
		{"in a map", proto("message A { map<string, int64> a = 1; }"), proto("message A { map<string, int32> a = 1; }"), []string{"UNSOUND_INTEGER_NARROWED #/A/1"}},
		{"in a nested type and a oneof", proto("message A { message B { oneof o { int64 a = 1; } A up = 2; } B b = 1; }"),
			proto("message A { message B { oneof o { int32 a = 1; } A up = 2; } B b = 1; }"), []string{"UNSOUND_INTEGER_NARROWED #/A/B/o/1"}},
		{"another number", proto("message A { int32 age = 1; }"), proto("message A { int32 age = 1; int32 height = 2; }"), nil},
	},
	"json": {
		{"a format that nobody asserts", `{"type":"string"}`, `{"type":"string","format":"colour"}`, nil},
		{"a format of a later draft", `{"$schema":"http://json-schema.org/draft-04/schema#","type":"string"}`,
			`{"$schema":"http://json-schema.org/draft-04/schema#","type":"string","format":"date"}`, nil},
		{"a format that annotates", `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"string"}`,
			`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"string","format":"date"}`, nil},
		{"a wider format", `{"type":"string","format":"uri"}`, `{"type":"string","format":"uri-reference"}`, nil},
		{"a format that goes", `{"type":"string","format":"date"}`, `{"type":"string"}`, nil},
		{"names that are set free", `{"type":"object","propertyNames":{"maxLength":3}}`, `{"type":"object","propertyNames":{"maxLength":9}}`, nil},
		{"a name no longer required", `{"type":"object","required":["z"]}`, `{"type":"object"}`, nil},
		{"a pattern in a closed object", `{"type":"object","additionalProperties":false}`,
			`{"type":"object","patternProperties":{"^x":{"type":"string"}},"additionalProperties":false}`, nil},
		{"a pattern over a property", `{"type":"object","properties":{"x1":{"type":"number"}},"additionalProperties":false}`,
			`{"type":"object","properties":{"x1":{"type":"number"}},"patternProperties":{"^x":{"type":"string"}},"additionalProperties":false}`,
			[]string{"UNSOUND_PATTERN_PROPERTIES #/patternProperties/^x"}},
		{"contains is loosened", `{"type":"array","contains":{"type":"string","maxLength":3}}`, `{"type":"array","contains":{"type":"string"}}`, nil},
		{"a condition is loosened", `{"if":{"type":"string"},"then":{"maxLength":1}}`, `{"if":{"type":"string"},"then":{"maxLength":9}}`, nil},
		{"a condition goes", `{"if":{"type":"string"},"then":{"maxLength":1}}`, `{"if":{"type":"string"}}`, nil},
		{"a maximum below both", `{"type":"number","exclusiveMaximum":9,"maximum":2}`, `{"type":"number","exclusiveMaximum":3,"maximum":20}`, nil},
		{"a boolean limit below", `{"$schema":"http://json-schema.org/draft-04/schema#","type":"integer","minimum":5}`,
			`{"$schema":"http://json-schema.org/draft-04/schema#","type":"integer","minimum":5,"exclusiveMinimum":true}`,
			[]string{"UNSOUND_BOOLEAN_LIMIT #/exclusiveMinimum"}},
		{"a boolean limit that allows", `{"$schema":"http://json-schema.org/draft-04/schema#","type":"integer","minimum":5}`,
			`{"$schema":"http://json-schema.org/draft-04/schema#","type":"integer","minimum":5,"exclusiveMinimum":false}`, nil},
		{"references that say the same", `{"properties":{"a":{"$ref":"#/definitions/x"}},"definitions":{"x":{"$ref":"#/definitions/y"},"y":{"type":"string"}}}`,
			`{"properties":{"a":{"$ref":"#/definitions/x"}},"definitions":{"x":{"$ref":"#/definitions/z"},"z":{"type":"string"}}}`, nil},
		{"alternatives apart", `{"oneOf":[{"type":"string"},{"type":"null"}]}`, `{"oneOf":[{"type":"string"},{"type":"null"},{"type":"number"}]}`, nil},
		{"an overlap of old", `{"oneOf":[{"type":"string"},{"type":"string","minLength":1},{"type":"null"}]}`,
			`{"oneOf":[{"type":"string","description":"text"},{"type":"string","minLength":1},{"type":"null"},{"type":"number"}]}`, nil},
		{"behind a ring", `{"type":"object","properties":{"next":{"$ref":"#"},"at":{"type":"string"}}}`,
			`{"type":"object","properties":{"next":{"$ref":"#"},"at":{"type":"string","format":"time"}}}`,
			// a reference to the root has a model of its own, as in Confluent's loader
			[]string{"UNSOUND_FORMAT_ADDED #/properties/at/format", "UNSOUND_FORMAT_ADDED #/properties/next/properties/at/format"}},
	},
}

// TestNeighbours: changes next to the holes give no warning, and the holes are found in deeper places.
func TestNeighbours(t *testing.T) {
	for _, p := range []page{avroPage, protobufPage, jsonPage} {
		for _, n := range neighbours[p.file] {
			t.Run(p.file+"/"+n.name, func(t *testing.T) {
				older, newer := p.parse(t, n.older), p.parse(t, n.newer)
				v := compat.Checker{Warn: true}.Check(compat.Backward, newer, []compat.Version{{Number: 1, Schema: older}})
				var got []string
				for _, f := range v.Warnings {
					for _, d := range f.Differences {
						got = append(got, d.Rule+" "+d.Path)
						if d.Detail == "" || d.Message != "" {
							t.Errorf("not worded as a warning: %+v", d)
						}
					}
				}
				if diff := cmp.Diff(n.want, got); diff != "" {
					t.Errorf("warnings (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func (p page) parse(t *testing.T, text string) schema.Schema {
	t.Helper()
	s, err := p.format.Parse(schema.Source{Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
