package jsonschema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/jsonschema"
)

func TestCanonicalText(t *testing.T) {
	for name, c := range map[string]struct{ text, canonical, normal string }{
		"keys keep their order":          {` { "b" : 1 , "a" : [ ] } `, `{"b":1,"a":[]}`, `{"a":[],"b":1}`},
		"a repeated key":                 {`{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`, `{"a":3,"b":2}`},
		"what follows the value":         {`{"a":1} and more`, `{"a":1}`, `{"a":1}`},
		"a boolean":                      {"\n true ", `true`, `true`},
		"decimals keep their digits":     {`{"a":[1.0,0.10,-0.0,10.00]}`, `{"a":[1.0,0.10,0.0,10.00]}`, `{"a":[1.0,0.10,0.0,10.00]}`},
		"exponents":                      {`{"a":[1e3,1E-7,1.50e2,12e-3,0e5,-2.5e-10,1e0]}`, `{"a":[1E+3,1E-7,150,0.012,0E+5,-2.5E-10,1]}`, `{"a":[1E+3,1E-7,150,0.012,0E+5,-2.5E-10,1]}`},
		"small decimals":                 {`{"a":[0.000001,0.0000001,0.00000010]}`, `{"a":[0.000001,1E-7,1.0E-7]}`, `{"a":[0.000001,1E-7,1.0E-7]}`},
		"big integers":                   {`{"a":[123456789012345678901234567890,-0]}`, `{"a":[123456789012345678901234567890,0]}`, `{"a":[123456789012345678901234567890,0]}`},
		"beyond a double":                {`{"a":[1e400,-1e400,1e-400]}`, `{"a":["Infinity","-Infinity",1E-400]}`, `{"a":["Infinity","-Infinity",1E-400]}`},
		"escapes":                        {`{"a":"\u0041\/\n\u0001\u001F\"\\\u00e9\ud83d\ude00\u007f"}`, `{"a":"A/\n\u0001\u001F\"\\é😀` + "\x7f" + `"}`, `{"a":"A/\n\u0001\u001F\"\\é😀` + "\x7f" + `"}`},
		"half a pair":                    {`{"a":"\ud83dx"}`, "{\"a\":\"\ufffdx\"}", "{\"a\":\"\ufffdx\"}"},
		"sorted by UTF-16 units":         {`{"\uff5e":1,"😀":2,"é":3,"Z":4,"z":5,"":6}`, `{"～":1,"😀":2,"é":3,"Z":4,"z":5,"":6}`, `{"":6,"Z":4,"z":5,"é":3,"😀":2,"～":1}`},
		"sorted inside enum and default": {`{"enum":[{"b":1,"a":{"d":1,"c":2}}],"default":{"y":1,"x":2}}`, `{"enum":[{"b":1,"a":{"d":1,"c":2}}],"default":{"y":1,"x":2}}`, `{"default":{"x":2,"y":1},"enum":[{"a":{"c":2,"d":1},"b":1}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := parse(t, c.text)
			if diff := cmp.Diff(c.canonical, s.Canonical()); diff != "" {
				t.Errorf("canonical text (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.normal, s.Normalize().Canonical()); diff != "" {
				t.Errorf("normal text (-want +got):\n%s", diff)
			}
		})
	}
}

const modern = `"$schema":"https://json-schema.org/draft/2020-12/schema",`

func TestRefusedTextsSayWhereAndWhy(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no name":                      {"{\n  1: 2}", "line 2, column 3: expected a name in quotes"},
		"columns are characters":       {`{"é": }`, "line 1, column 7: expected a JSON value"},
		"control character":            {"{\"a\":\"\t\"}", "must be escaped"},
		"leading zero":                 {`{"a":01}`, "malformed number"},
		"huge exponent":                {`{"a":1e99999999999}`, "exponent"},
		"long number":                  {`{"a":` + strings.Repeat("9", 1001) + `}`, "1000 characters"},
		"deep":                         {strings.Repeat(`{"not":`, 1001) + `{}` + strings.Repeat(`}`, 1001), "deeper than 1000"},
		"a word that goes on":          {`truest`, "expected a JSON value"},
		"length with a point":          {`{"minLength":5.0}`, "minLength must be an integer"},
		"length beyond 32 bits":        {`{"minLength":4294967296}`, "minLength must be an integer"},
		"title null":                   {`{"title":null}`, "title must be a string, not null"},
		"required true":                {`{"required":true}`, "required must be an array"},
		"required numbers":             {`{"required":[1]}`, "required must hold strings"},
		"multipleOf zero":              {`{"multipleOf":0}`, "multipleOf must not be 0"},
		"draft 4 exclusive number":     {`{"$schema":"http://json-schema.org/draft-04/schema#","maximum":5,"exclusiveMaximum":5}`, "exclusiveMaximum must be a boolean"},
		"draft 4 items true":           {`{"$schema":"http://json-schema.org/draft-04/schema#","items":true}`, "items must be"},
		"a pattern key":                {`{"patternProperties":{"[":{}}}`, "regular expression"},
		"pointer":                      {`{"properties":{"a":{"$ref":"#/definitions/b"}}}`, "$ref leads nowhere: there is no #/definitions/b"},
		"remote":                       {`{"$ref":"https://example.com/x.json#/a"}`, `"https://example.com/x.json#/a"`},
		"modern remote":                {`{` + modern + `"$defs":{"unused":{"$ref":"https://example.com/x.json"}}}`, `"https://example.com/x.json"`},
		"modern bad definition":        {`{` + modern + `"$defs":{"unused":{"maxLength":"1"}}}`, "maxLength must be a number"},
		"modern tuple":                 {`{` + modern + `"items":[{}]}`, "prefixItems"},
		"modern id in definitions":     {`{` + modern + `"definitions":{"a":{"$id":"a.json"}}}`, "names two schemas"},
		"modern reference to itself":   {`{` + modern + `"$dynamicAnchor":"a","$dynamicRef":"#a"}`, "its own schema"},
		"field name of validateFields": {`{"properties":{"$$id":{}}}`, "must not start with $$"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := jsonschema.Format.Parse(schema.Source{Text: c.text, Rigor: schema.WithFields}, nil)
			if fault.CodeOf(err) != schema.ErrInvalid || !strings.Contains(fault.DetailOf(err), c.want) {
				t.Errorf("error %v, want %s with %q", err, schema.ErrInvalid.Name(), c.want)
			}
		})
	}
}

func TestTextsThatRegistriesTake(t *testing.T) {
	for name, text := range map[string]string{
		"a bad definition nobody refers to": `{"definitions":{"a":{"type":7}}}`,
		"keywords beside $ref":              `{"$ref":"#/definitions/a","maxLength":"x","definitions":{"a":{}}}`,
		"$defs by way of definitions":       `{"$ref":"#/$defs/a","definitions":{"a":{}}}`,
		"a name without anchor":             `{"properties":{"a":{"$ref":"#nobody"}}}`,
		"its own meta-schema":               `{"$ref":"http://json-schema.org/draft-07/schema#"}`,
		"the modern meta-schema":            `{` + modern + `"$ref":"https://json-schema.org/draft/2020-12/schema"}`,
		"an embedded resource":              `{"$id":"http://e.com/root","properties":{"a":{"$ref":"b.json"}},"definitions":{"b":{"$id":"b.json","type":"string"}}}`,
		"pointers with escapes":             `{"allOf":[{"$ref":"#/definitions/a~1b~0c"},{"$ref":"#/definitions/x%20y"},{"$ref":"#/definitions/p+q"}],"definitions":{"a/b~c":{},"x y":{},"p+q":{}}}`,
		"an unknown draft":                  `{"$schema":"http://json-schema.org/draft-03/schema#","type":"string"}`,
		"a modern length with a fraction":   `{` + modern + `"minLength":5.7}`,
		"then without if":                   `{` + modern + `"then":{"type":"string"}}`,
		"ids where no schema is expected":   `{` + modern + `"examples":[{"$id":"a"},{"$id":"a"}],"x-old":{"$id":"a"},"properties":{"$id":{"const":{"$id":"a"}}}}`,
		"a pointer into an unknown keyword": `{` + modern + `"properties":{"a":{"$ref":"#/x-types/t"}},"x-types":{"t":{"items":{"$ref":"#/x-types/t"}}}}`,
		"an anchor":                         `{` + modern + `"$ref":"#x","$defs":{"a":{"$anchor":"x"}}}`,
		"lookaround and possessive":         `{"pattern":"^(?!x)(?<=^)a++[\\p{Alpha}]\\Q.+\\E\\h$"}`,
	} {
		t.Run(name, func(t *testing.T) { parse(t, text) })
	}
}

func TestReferencesAreFoundUnderTheirNames(t *testing.T) {
	inner := parse(t, `{"type":"integer"}`)
	outer, err := jsonschema.Format.Parse(schema.Source{Text: `{"definitions":{"x":{"$ref":"inner.json"}}}`}, []schema.Dep{dep("inner.json", inner)})
	if err != nil {
		t.Fatal(err)
	}
	deps := []schema.Dep{dep("dir/outer.json", outer), dep("http://e.com/alone", inner)}
	for name, text := range map[string]string{
		"a pointer into it":        `{"$ref":"dir/outer.json#/definitions/x"}`,
		"its reference":            `{"$ref":"inner.json"}`,
		"relative to the root":     `{"$id":"http://e.com/root.json","$ref":"alone"}`,
		"relative, modern":         `{` + modern + `"$id":"http://e.com/a/root.json","$ref":"dir/outer.json#/definitions/x"}`,
		"with a leading dot":       `{` + modern + `"$ref":"./dir/outer.json#/$defs/x"}`,
		"an absolute name, modern": `{` + modern + `"properties":{"a":{"$ref":"http://e.com/alone"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := jsonschema.Format.Parse(schema.Source{Text: text}, deps)
			if err != nil {
				t.Fatal(err)
			}
			m, err := s.Message("")
			if err != nil {
				t.Fatal(err)
			}
			bad := `"x"`
			if strings.Contains(text, `"a":`) {
				bad = `{"a":"x"}`
			}
			if m.Check([]byte(bad)) == nil {
				t.Error("the reference's schema is not applied")
			}
		})
	}
}

func dep(name string, s schema.Schema) schema.Dep {
	return schema.Dep{Reference: schema.Reference{Name: name, Subject: name, Version: 1}, Schema: s}
}

func TestFieldsAreTheRootsProperties(t *testing.T) {
	f, ok := parse(t, `{"properties":{"b":{},"a":{"properties":{"c":{}}}}}`).(schema.Fielder)
	if !ok {
		t.Fatal("no Fielder")
	}
	if diff := cmp.Diff([]string{"b", "a"}, f.Fields()); diff != "" {
		t.Error(diff)
	}
}

func format(text string, deps ...schema.Dep) (schema.Schema, error) {
	return jsonschema.Format.Parse(schema.Source{Text: text}, deps)
}
