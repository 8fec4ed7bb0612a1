package jsonschema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
)

// rules returns "RULE path" of each difference.
func rules(reader, writer schema.Schema, policy schema.Policy) []string {
	var out []string
	for _, d := range reader.Differences(writer, schema.Question{Policy: policy, Reader: "new", Writer: "old"}) {
		out = append(out, d.Rule+" "+d.Path)
	}
	return out
}

func TestDifferences(t *testing.T) {
	const list = `{"$ref":"#/definitions/n","definitions":{"n":{"type":"object","properties":{"v":{"type":"%s"},"next":{"$ref":"#/definitions/n"}}}}}`
	for name, c := range map[string]struct {
		writer, reader string
		want           []string
	}{
		"a list against itself": {fmt.Sprintf(list, "string"), fmt.Sprintf(list, "string"), nil},
		"a list whose value changes": {fmt.Sprintf(list, "string"), fmt.Sprintf(list, "number"), []string{
			"TYPE_CHANGED #/properties/next/properties/v", "TYPE_CHANGED #/properties/v"}},
		"two hops are equal whatever they lead to": {
			`{"properties":{"a":{"$ref":"#/definitions/x"}},"definitions":{"x":{"$ref":"#/definitions/y"},"y":{"type":"string"}}}`,
			`{"properties":{"a":{"$ref":"#/definitions/x"}},"definitions":{"x":{"$ref":"#/definitions/y"},"y":{"type":"null"}}}`, nil},
		"keywords beside $ref count in modern drafts only": {
			`{` + modern + `"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`,
			`{` + modern + `"properties":{"a":{"$ref":"#/$defs/x","minLength":3}},"$defs":{"x":{"type":"string"}}}`,
			[]string{"TYPE_CHANGED #/properties/a"}},
		"one member is as good as none": {`{"type":"string"}`, `{"allOf":[{"type":"string"}]}`, nil},
		"an empty last step means what stands before it": {
			`{"type":"object","properties":{"a":{"$ref":"#/"},"b":{"$ref":"#/definitions/x/"}},"definitions":{"x":{"type":"string"}}}`,
			`{"type":"object","properties":{"a":{"$ref":"#"},"b":{"$ref":"#/definitions/x"}},"definitions":{"x":{"type":"string"}}}`, nil},
		"a partner may have to move on":       {`{"anyOf":[{"maxLength":3},{"maxLength":5}]}`, `{"anyOf":[{"maxLength":5},{"maxLength":4},{"type":"null"}]}`, nil},
		"a partner that has nowhere to go to": {`{"anyOf":[{"maxLength":3},{"maxLength":5}]}`, `{"anyOf":[{"maxLength":2},{"maxLength":6}]}`, []string{"COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"}},
		"several conditions are more":         {`{"type":"string"}`, `{"allOf":[{"type":"string"},{"title":"t"}]}`, []string{"TYPE_CHANGED #/"}},
		"a condition fewer":                   {`{"type":"string","enum":["a"]}`, `{"enum":["a"]}`, nil},
		"an allOf may become a oneOf":         {`{"allOf":[{"type":"string"},{"maxLength":3}]}`, `{"oneOf":[{"type":"string"}]}`, nil},
		"numbers by value":                    {`{"maximum":1e2}`, `{"maximum":99.99}`, []string{"MAXIMUM_DECREASED #/maximum"}},
		"beyond a double's digits":            {`{"maximum":9007199254740993}`, `{"maximum":9007199254740992}`, []string{"MAXIMUM_DECREASED #/maximum"}},
		"exclusive maximum rewritten":         {`{"exclusiveMaximum":5}`, `{"exclusiveMaximum":5.0}`, nil},
		"an integer is no decimal":            {`{"enum":[1]}`, `{"enum":[1.0]}`, []string{"ENUM_ARRAY_CHANGED #/enum"}},
		"conditions are not compared":         {`{"if":{"type":"string"},"then":{"minLength":2}}`, `{"if":{"type":"null"}}`, nil},
		"members merge into types": {
			`{` + modern + `"type":["string","null"],"minLength":1}`, `{` + modern + `"type":["string","null"],"minLength":2}`,
			[]string{"COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"}},
		"properties by name": {
			`{"type":"object","additionalProperties":false,"properties":{"b":{"type":"string"},"a":{"type":"string"}}}`,
			`{"type":"object","additionalProperties":false,"properties":{"c":{},"a":{"type":"null"}}}`,
			[]string{"TYPE_CHANGED #/properties/a", "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, rules(parse(t, c.reader), parse(t, c.writer), schema.Strict)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMessagesHaveConfluentsShape(t *testing.T) {
	reader := parse(t, `{"type":"object","properties":{"50%{w}":{"type":"string"}}}`)
	got := reader.Differences(parse(t, `{"type":"object"}`), schema.Question{Reader: "new", Writer: "old"})
	want := []schema.Difference{{
		Rule:    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
		Path:    "#/properties/50%{w}",
		Detail:  "the new schema has the property '50%{w}' at path '#/properties/50%{w}'; it is absent from the old schema, whose content model is open",
		Message: `{errorType:"OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", description:"the new schema has the property '50%{w}' at path '#/properties/50%{w}'; it is absent from the old schema, whose content model is open'}`,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}

// TestComparisonsEnd asks questions that a naive comparison does not answer in a lifetime.
func TestComparisonsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		writer, reader string
		compatible     bool
	}{
		"a hundred alternatives in another order": {alternatives(100, 1), alternatives(100, 37), true},
		"a hundred alternatives, one tighter":     {alternatives(100, 1), strings.Replace(alternatives(100, 37), `"maxLength":50`, `"maxLength":5`, 1), false},
		"a thousand properties":                   {wide(1000, 5), wide(1000, 6), true},
		"forty levels that branch":                {ladder(40, "string"), ladder(40, "string"), true},
		"forty levels that branch and differ":     {ladder(40, "string"), ladder(40, "null"), false},
		"recursion through every alternative":     {tangle(12, "string"), tangle(12, "string"), true},
		"recursion that differs":                  {tangle(12, "string"), tangle(12, "null"), false},
	} {
		t.Run(name, func(t *testing.T) {
			reader, writer := parse(t, c.reader), parse(t, c.writer)
			if got := reader.Differences(writer, schema.Question{}); (len(got) == 0) != c.compatible {
				t.Errorf("compatible = %t, want %t: %d differences, the first %v", len(got) == 0, c.compatible, len(got), got[:min(1, len(got))])
			}
		})
	}
}

// alternatives makes an anyOf whose members fit each other in one way only.
func alternatives(n, step int) string {
	var list []string
	for i := range n {
		k := i * step % n
		list = append(list, fmt.Sprintf(`{"type":"object","properties":{"p%d":{"type":"string","maxLength":50}},"required":["p%d"],"additionalProperties":false,"minProperties":%d}`, k, k, k))
	}
	return `{"anyOf":[` + strings.Join(list, ",") + `]}`
}

// ladder makes definitions each of which refers to the next one twice.
func ladder(n int, leaf string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"type":"object","properties":{"a":{"$ref":"#/definitions/d%d"},"b":{"oneOf":[{"$ref":"#/definitions/d%d"},{"type":"null"}]}}},`, i, i+1, i+1)
	}
	return fmt.Sprintf(`{"$ref":"#/definitions/d0","definitions":{%s"d%d":{"type":"%s"}}}`, b.String(), n, leaf)
}

// tangle makes definitions that all refer to all.
func tangle(n int, leaf string) string {
	var refs, defs []string
	for i := range n {
		refs = append(refs, fmt.Sprintf(`{"$ref":"#/definitions/d%d"}`, i))
	}
	for i := range n {
		defs = append(defs, fmt.Sprintf(`"d%d":{"type":"object","properties":{"k%d":{"type":"%s"},"x":{"anyOf":[%s]}}}`, i, i, leaf, strings.Join(refs, ",")))
	}
	return `{"$ref":"#/definitions/d0","definitions":{` + strings.Join(defs, ",") + `}}`
}
