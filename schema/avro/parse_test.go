package avro_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

func parse(t testing.TB, text string, r schema.Rigor, deps ...schema.Dep) schema.Schema {
	t.Helper()
	s, err := avro.Format.Parse(schema.Source{Text: text, Rigor: r}, deps)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func dep(t testing.TB, text string, deps ...schema.Dep) schema.Dep {
	t.Helper()
	return schema.Dep{Schema: parse(t, text, schema.AsNew, deps...)}
}

func record(fields ...string) string {
	return `{"type":"record","name":"R","fields":[` + strings.Join(fields, ",") + `]}`
}

func TestCanonicalText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a primitive without attributes is bare", `{"type":"int","doc":"lost"}`, `"int"`},
		{"attributes keep their order", `{"z":1,"type":"int","a":{"y":2,"x":3}}`, `{"type":"int","z":1,"a":{"y":2,"x":3}}`},
		{"the last of equal keys wins in the first's place", `{"type":"int","a":1,"b":2,"a":3}`, `{"type":"int","a":3,"b":2}`},
		{"a dotted name overrides the namespace", `{"type":"fixed","name":"x.F","namespace":"y","size":1}`, `{"type":"fixed","name":"F","namespace":"x","size":1}`},
		{"a leading dot means no namespace", `{"type":"fixed","name":".F","namespace":"y","size":1}`, `{"type":"fixed","name":"F","size":1}`},
		{"an alias is short in the type's namespace", `{"type":"fixed","name":"x.F","size":1,"aliases":["x.A","y.B","C","C"]}`,
			`{"type":"fixed","name":"F","namespace":"x","size":1,"aliases":["A","y.B","C"]}`},
		{"order only if not ascending", record(`{"order":"ASCENDING","name":"a","type":"int"}`, `{"name":"b","type":"int","order":"Ignore"}`),
			record(`{"name":"a","type":"int"}`, `{"name":"b","type":"int","order":"ignore"}`)},
		{"attributes of a field in their order", record(`{"k":1,"aliases":["z","y"],"default":2,"doc":"d","type":"int","name":"a"}`),
			record(`{"name":"a","type":"int","doc":"d","default":2,"aliases":["z","y"],"k":1}`)},
		{"doubles as Java prints them", record(`{"name":"a","type":"int","p":[1.50,1e3,10000000.0,9999999.0,1e-3,1e-4,-0.0,1.0E+22,5e-324,-2e-323,3e-45,1e300,123456789012345678901234567890]}`),
			record(`{"name":"a","type":"int","p":[1.5,1000.0,1.0E7,9999999.0,0.001,1.0E-4,-0.0,1.0E22,4.9E-324,-2.0E-323,3.0E-45,1.0E300,123456789012345678901234567890]}`)},
		{"a string default of a double is a number", record(`{"name":"a","type":"double","default":" 1.5f "}`, `{"name":"b","type":"float","default":"-Infinity"}`),
			record(`{"name":"a","type":"double","default":1.5}`, `{"name":"b","type":"float","default":"-Infinity"}`)},
		{"escapes", `{"type":"int","k":"\u0001\u001f\b\f\n\r\t\"\\\/\u00e9\ud83d\ude00\u007f"}`, `{"type":"int","k":"\u0001\u001F\b\f\n\r\t\"\\/é😀` + "\u007f" + `"}`},
		{"the second use of a type is its name", `["null",{"type":"map","values":{"type":"enum","name":"p.map","symbols":[],"default":1}},{"type":"array","items":"p.map"}]`,
			`["null",{"type":"map","values":{"type":"enum","name":"map","namespace":"p","symbols":[]}},{"type":"array","items":"p.map"}]`},
		{"a name with attributes is the name", record(`{"name":"n","type":["null",{"type":"R","x":1}]}`), record(`{"name":"n","type":["null","R"]}`)},
		{"a type without namespace within one", `{"type":"record","name":"q.N","fields":[{"name":"k","type":{"type":"fixed","name":"Z","namespace":"","size":0}}]}`,
			`{"type":"record","name":"N","namespace":"q","fields":[{"name":"k","type":{"type":"fixed","name":"Z","namespace":"","size":0}}]}`},
		{"a name with attributes before its definition", `[{"type":"array","items":{"type":"F"}},{"type":"fixed","name":"F","size":1}]`,
			`[{"type":"array","items":{"type":"fixed","name":"F","size":1}},"F"]`},
		{"comments before and within", "// one\n/* two */ [ /* three */ \"int\" // four\n ]\n", `["int"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parse(t, tt.text, schema.AsNew).Canonical(); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestNormalForm(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"logical types first, the rest sorted", `{"type":"bytes","scale":2,"b":{"z":1,"a":2},"precision":4,"logicalType":"decimal","a":0}`,
			`{"type":"bytes","logicalType":"decimal","precision":4,"scale":2,"a":0,"b":{"a":2,"z":1}}`},
		{"a scale of 0 is one of the rest", `{"type":"bytes","scale":0,"precision":4,"logicalType":"decimal","a":0}`,
			`{"type":"bytes","logicalType":"decimal","precision":4,"a":0,"scale":0}`},
		{"an invalid logical type is one of the rest", `{"type":"bytes","scale":9,"precision":4,"logicalType":"decimal"}`,
			`{"type":"bytes","logicalType":"decimal","precision":4,"scale":9}`},
		{"no empty doc, no error, sorted aliases", `{"type":"error","name":"E","doc":"","fields":[{"name":"a","type":"int","doc":"","aliases":["z","b"]}],"aliases":["y.A","B"]}`,
			`{"type":"record","name":"E","fields":[{"name":"a","type":"int","doc":"","aliases":["b","z"]}],"aliases":["B","y.A"]}`},
		{"keys by UTF-16", `{"type":"int","\uffee":1,"\ud83d\ude00":2}`, `{"type":"int","😀":2,"` + "\uffee" + `":1}`},
		{"the default of a later branch is lost", record(`{"name":"a","type":["null","int"],"default":1}`), record(`{"name":"a","type":["null","int"]}`)},
		{"a null default stays", record(`{"name":"a","type":["null","int"],"default":null}`), record(`{"name":"a","type":["null","int"],"default":null}`)},
		{"an integer becomes a double", record(`{"name":"a","type":"double","default":1}`, `{"name":"b","type":"float","default":0.123456789}`),
			record(`{"name":"a","type":"double","default":1.0}`, `{"name":"b","type":"float","default":0.12345679}`)},
		{"the largest long is lost", record(`{"name":"a","type":"long","default":9223372036854775807}`, `{"name":"b","type":"long","default":9223372036854775806}`),
			record(`{"name":"a","type":"long"}`, `{"name":"b","type":"long","default":9223372036854775806}`)},
		{"what ISO 8859-1 lacks", record(`{"name":"a","type":"bytes","default":"\u00ff\u0100"}`), record(`{"name":"a","type":"bytes","default":"ÿ?"}`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parse(t, tt.text, schema.AsNew).Normalize().Canonical(); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestDefaultsOfNewSchemas(t *testing.T) {
	item := `{"type":"record","name":"I","fields":[{"name":"x","type":"int"},{"name":"y","type":"int","default":1}]}`
	tests := []struct {
		typ, value string
		ok         bool
	}{
		{`"int"`, `2147483647`, true}, {`"int"`, `2147483648`, false}, {`"int"`, `1.0`, false}, {`"int"`, `"1"`, false},
		{`"long"`, `-9223372036854775808`, true}, {`"long"`, `9223372036854775808`, false},
		{`"double"`, `1`, true}, {`"double"`, `"NaN"`, true}, {`"double"`, `"0x1p3"`, true}, {`"double"`, `true`, false},
		{`"string"`, `"x"`, true}, {`"string"`, `1`, false}, {`"bytes"`, `"\u0100"`, true}, {`"boolean"`, `false`, true}, {`"boolean"`, `0`, false},
		{`"null"`, `null`, true}, {`"null"`, `0`, false},
		{`{"type":"enum","name":"E","symbols":["A"]}`, `"Z"`, true}, {`{"type":"fixed","name":"F","size":1}`, `"abc"`, true},
		{`["null","int"]`, `7`, true}, {`["null","int"]`, `"7"`, false},
		{`{"type":"array","items":"int"}`, `[1,2]`, true}, {`{"type":"array","items":"int"}`, `[1,"2"]`, false}, {`{"type":"array","items":"int"}`, `{}`, false},
		{`{"type":"array","items":"double"}`, `["NaN"]`, false},
		{`{"type":"map","values":"int"}`, `{"a":1}`, true}, {`{"type":"map","values":"int"}`, `{"a":null}`, false},
		{item, `{"x":1}`, true}, {item, `{"y":1}`, false}, {item, `[]`, false},
	}
	for _, tt := range tests {
		text := record(`{"name":"f","type":` + tt.typ + `,"default":` + tt.value + `}`)
		_, err := avro.Format.Parse(schema.Source{Text: text}, nil)
		if (err == nil) != tt.ok {
			t.Errorf("type %s, default %s: %v, want ok = %t", tt.typ, tt.value, err, tt.ok)
		}
		parse(t, text, schema.AsStored)
	}
}

// TestDefaultsBeforeTheirTypes: Java judges a default where it stands, with an empty record for a type it does not know yet.
func TestDefaultsBeforeTheirTypes(t *testing.T) {
	later := func(typ, def, defined string) string {
		return record(`{"name":"a","type":`+typ+`,"default":`+def+`}`, `{"name":"b","type":`+defined+`}`)
	}
	enum := `{"type":"enum","name":"L","symbols":["A"]}`
	rec := `{"type":"record","name":"L","fields":[{"name":"x","type":"int"}]}`
	tests := []struct {
		text string
		ok   bool
	}{
		{later(`"L"`, `"A"`, enum), false},
		{later(`["null","L"]`, `null`, enum), true},
		{later(`"L"`, `{"x":1}`, rec), true},
		{later(`"L"`, `{}`, rec), false},
		{later(`"int"`, `1`, enum), true},
		{record(`{"name":"r","type":["null","R"],"default":null}`), true},
		{record(`{"name":"r","type":["R","null"],"default":{}}`), false},
		{record(`{"name":"r","type":{"type":"array","items":"R"},"default":[{"r":[]}]}`), false},
		{record(`{"name":"r","type":{"type":"array","items":"R"},"default":[]}`), true},
	}
	for _, tt := range tests {
		if _, err := avro.Format.Parse(schema.Source{Text: tt.text}, nil); (err == nil) != tt.ok {
			t.Errorf("%s: %v, want ok = %t", tt.text, err, tt.ok)
		}
		parse(t, tt.text, schema.AsStored)
	}
}

func TestNamesOfStoredSchemas(t *testing.T) {
	for _, text := range []string{
		`{"type":"record","name":"Größe","fields":[{"name":"höhe","type":"int"}]}`, `{"type":"enum","name":"E","symbols":["中"]}`,
		`{"type":"fixed","name":"a-b.F","size":1}`, `{"type":"fixed","name":"F","size":1,"aliases":["a-b"]}`,
	} {
		if _, err := avro.Format.Parse(schema.Source{Text: text}, nil); !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("%s as new: %v, want %s", text, err, schema.ErrInvalid.Name())
		}
		parse(t, text, schema.AsStored)
	}
	if _, err := avro.Format.Parse(schema.Source{Text: `{"type":"fixed","name":"a-b","size":1}`, Rigor: schema.AsStored}, nil); err == nil {
		t.Error("a hyphen is taken in a stored name")
	}
}

func TestParseErrorsNameThePlace(t *testing.T) {
	_, err := avro.Format.Parse(schema.Source{Text: "{\"type\":\"record\",\"name\":\"R\",\n \"fields\":[{\"name\":\"ä\",\"type\":\"Nope\"}]}", Rigor: schema.AsStored}, nil)
	if got := fault.DetailOf(err); !strings.HasPrefix(got, `line 2, column 31: unknown type "Nope"`) {
		t.Errorf("detail %q", got)
	}
}

func TestTextsThatCostMoreThanTheyHold(t *testing.T) {
	var chain strings.Builder // defaults that lean on two defaults each
	chain.WriteString(`["null"`)
	for i := range 64 {
		next := `"C` + string(rune('a'+(i+1)/26)) + string(rune('a'+(i+1)%26)) + `"`
		if i == 63 {
			next = `{"type":"record","name":"End","fields":[]}`
		}
		chain.WriteString(`,{"type":"record","name":"C` + string(rune('a'+i/26)) + string(rune('a'+i%26)) + `","fields":[{"name":"l","type":` + next +
			`,"default":{}},{"name":"r","type":` + strings.Replace(next, `{"type":"record","name":"End","fields":[]}`, `"End"`, 1) + `,"default":{}}]}`)
	}
	chain.WriteString("]")
	var nested strings.Builder // forward references that would nest a thousand levels when printed
	nested.WriteString(`[`)
	for i := range 1000 {
		if i > 0 {
			nested.WriteString(",")
		}
		next := "N" + strings.Repeat("x", i+1)
		if i == 999 {
			next = "int"
		}
		nested.WriteString(`{"type":"record","name":"N` + strings.Repeat("x", i) + `","fields":[{"name":"f","type":"` + next + `"}]}`)
	}
	nested.WriteString(`]`)
	for name, text := range map[string]string{
		"defaults":  chain.String(),
		"self":      record(`{"name":"r","type":"R","default":{}}`),
		"nested":    nested.String(),
		"long list": `[` + strings.Repeat(`{"type":"array","items":"int"},`, 50000) + `"int"]`,
	} {
		if _, err := avro.Format.Parse(schema.Source{Text: text}, nil); !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("%s: %v, want %s", name, err, schema.ErrInvalid.Name())
		}
	}
}

func TestReferences(t *testing.T) {
	inner := dep(t, `{"type":"fixed","name":"x.Inner","size":1}`)
	outer := dep(t, `{"type":"record","name":"x.Outer","fields":[{"name":"i","type":"Inner"},{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}}]}`, inner)
	s := parse(t, `{"type":"record","name":"x.Top","fields":[{"name":"o","type":"Outer"},{"name":"i","type":"x.Inner"},{"name":"e","type":"E"},{"name":"e2","type":"E"}]}`,
		schema.AsNew, outer)
	want := `{"type":"record","name":"Top","namespace":"x","fields":[{"name":"o","type":"Outer"},{"name":"i","type":"Inner"},` +
		`{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}},{"name":"e2","type":"E"}]}`
	if got := s.Canonical(); got != want {
		t.Errorf("canonical\n got %s\nwant %s", got, want)
	}
	resolved, err := s.Render("resolved")
	if err != nil {
		t.Fatal(err)
	}
	alone := parse(t, resolved, schema.AsNew)
	if !schema.Equal(alone, s) || !schema.Equal(s, alone) {
		t.Errorf("the resolved text %s is not equal to its schema", resolved)
	}
	if got := parse(t, `"x.Inner"`, schema.AsNew, inner).Canonical(); got != `"x.Inner"` {
		t.Errorf("a bare reference prints as %s", got)
	}
	other := dep(t, `{"type":"fixed","name":"x.Inner","size":2}`)
	if _, err := avro.Format.Parse(schema.Source{Text: `"int"`}, []schema.Dep{inner, other}); !errors.Is(err, schema.ErrInvalid) {
		t.Errorf("two references define one name: %v", err)
	}
}

func TestEquality(t *testing.T) {
	base := `{"type":"record","name":"R","doc":"d","aliases":["A","B"],"k":{"x":1,"y":2},"fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"],"default":"A"},"default":"B"}]}`
	tests := []struct {
		name, old, new string
		equal          bool
	}{
		{"order of attributes", `"k":{"x":1,"y":2}`, `"k":{"y":2,"x":1}`, true},
		{"order of aliases", `["A","B"],"k"`, `["B","A"],"k"`, true},
		{"error", `"record"`, `"error"`, true},
		{"doc", `"doc":"d"`, `"doc":"e"`, false},
		{"alias", `["A","B"],"k"`, `["A"],"k"`, false},
		{"enum default", `"default":"A"`, `"default":"B"`, false},
		{"field default", `,"default":"B"}]`, `,"default":"A"}]`, false},
		{"attribute", `"x":1`, `"x":1.0`, false},
		{"field order", `"name":"e",`, `"name":"e","order":"descending",`, false},
		{"symbols", `["A","B"],"d`, `["B","A"],"d`, false},
	}
	for _, tt := range tests {
		changed := strings.Replace(base, tt.old, tt.new, 1)
		if changed == base {
			t.Fatalf("%s changes nothing", tt.name)
		}
		a, b := parse(t, base, schema.AsNew), parse(t, changed, schema.AsNew)
		if schema.Equal(a, b) != tt.equal || schema.Equal(b, a) != tt.equal {
			t.Errorf("%s: equal = %t, want %t", tt.name, !tt.equal, tt.equal)
		}
	}
}

func TestFields(t *testing.T) {
	s := parse(t, record(`{"name":"a","type":"int"}`, `{"name":"b","type":"int"}`), schema.AsNew)
	if got := strings.Join(s.(schema.Fielder).Fields(), ","); got != "a,b" {
		t.Errorf("fields %q", got)
	}
	if got := parse(t, `["int"]`, schema.AsNew).(schema.Fielder).Fields(); got != nil {
		t.Errorf("fields of a union: %v", got)
	}
}
