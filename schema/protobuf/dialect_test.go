package protobuf_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

const p3 = `syntax = "proto3"; `

// The dialect is the one that Confluent Schema Registry takes: looser than protoc in most places, stricter in a few.
var dialect = []struct {
	name    string
	text    string
	refused string // part of the reason; empty means taken
}{
	{"duplicate numbers", p3 + `message A { int32 a = 1; int32 b = 1; }`, ""},
	{"duplicate names", p3 + `message A { int32 a = 1; int32 a = 2; }`, ""},
	{"number zero", p3 + `message A { int32 a = 0; }`, ""},
	{"negative number", p3 + `message A { int32 a = -7; }`, ""},
	{"number kept for the implementation", p3 + `message A { int32 a = 19000; }`, ""},
	{"reserved number in use", p3 + `message A { reserved 1; int32 a = 1; }`, ""},
	{"reserved name in use", p3 + `message A { reserved "a"; int32 a = 1; }`, ""},
	{"numbers and names in one reserved", p3 + `message A { reserved 1, "x", 3 to 5; }`, ""},
	{"duplicate nested types", p3 + `message A { message B {} message B {} }`, ""},
	{"first enum value not zero", p3 + `enum E { X = 4; }`, ""},
	{"duplicate enum numbers", p3 + `enum E { X = 0; Y = 0; }`, ""},
	{"unknown import", p3 + `import "nowhere.proto"; message A {}`, ""},
	{"built-in type without import", p3 + `message A { google.protobuf.Timestamp t = 1; google.type.Money m = 2; confluent.type.Decimal d = 3; }`, ""},
	{"unknown map value", p3 + `message A { map<string, Nothing> m = 1; }`, ""},
	{"map of maps", p3 + `message A { map<string, map<string, int32>> m = 1; }`, ""},
	{"map in a oneof", p3 + `message A { oneof o { map<string, int32> m = 1; } }`, ""},
	{"group in proto3", p3 + `message A { optional group G = 1 { int32 x = 1; } }`, ""},
	{"hyphen in a name", p3 + `message A-B { int32 c-d = 1; }`, ""},
	{"no declarations", ``, ""},
	{"comments alone", `// nothing` + "\n" + `/* here */`, ""},
	{"two packages", `package a; package b;`, ""},
	{"conflicting JSON names", p3 + `message A { int32 a_b = 1; int32 aB = 2; }`, ""},
	{"unknown options", p3 + `option what = 1; message A { option (x.y).z = { a: 1, b: [2, 3] }; int32 a = 1 [(q) = "r", (q) = "s"]; }`, ""},
	{"stray semicolons", p3 + `; message A { ; };`, ""},
	{"octal look", p3 + `message A { int32 a = 010; }`, ""},
	{"hexadecimal", p3 + `message A { int32 a = 0x10; }`, ""},
	{"keywords as names", p3 + `message A { int32 message = 1; int32 syntax = 2; string option = 3; } message package {}`, ""},
	{"text after a block comment in front", p3 + `message A { /* x */ int32 a = 1; }`, ""},
	{"line comment behind a field", p3 + "message A { int32 a = 1; // x\n }", ""},
	{"block comment alone behind a field", p3 + "message A { int32 a = 1; /* x */ \n }", ""},
	{"extensions with options", `message A { extensions 4 to max [verification = UNVERIFIED]; }`, ""},
	{"adjacent strings", p3 + `import "a" 'b'; message A {}`, ""},
	{"reserved outside a type", `reserved 4;`, ""},
	{"type broken before a dot", p3 + "package p.q; message A { p.q\n .A // x\n .B b = 1; message B {} }", ""},
	{"type broken after a dot", p3 + "package p.q; message A { repeated p.\n q.A.\n B b = 1; message B {} }", ""},
	{"map value broken at a dot", p3 + "package p.q; message A { map<string, p.q\n .A> b = 1; }", ""},
	{"method type broken at a dot", p3 + "package p.q; message A {} service S { rpc R (stream p.q\n .A) returns (p.\n q.A); }", ""},
	{"name with a dot in front", p3 + "message A { A .b = 1; }", ""},

	{"edition", `edition = "2023"; message A {}`, "edition"},
	{"syntax second", `package a; syntax = "proto3";`, "first declaration"},
	{"syntax after a semicolon", `; syntax = "proto3";`, "first declaration"},
	{"two syntaxes", p3 + p3, "too many"},
	{"unquoted reserved name", p3 + `message A { reserved foo; }`, "integer"},
	{"byte-order mark", "\ufeff" + p3, "expected a word"},
	{"text behind a trailing block comment", p3 + `message A { int32 a = 1; /* x */ int32 b = 2; }`, "trailing"},
	{"text behind a block comment of an enum value", p3 + `enum E { X = 0; /* x */ }`, "trailing"},
	{"text behind a block comment of reserved", p3 + `message A { reserved 1; /* x */ }`, "trailing"},
	{"number too large", p3 + `message A { int32 a = 2147483648; }`, "integer"},
	{"type called message", p3 + `message A { message m = 1; }`, "expected '{'"},
	{"type called enum", p3 + `message A { enum e = 1; }`, "expected '{'"},
	{"type called oneof", p3 + `message A { oneof o = 1; }`, "expected '{'"},
	{"label missing in proto2", `message A { int32 a = 1; }`, "label"},
	{"required in proto3", p3 + `message A { required int32 a = 1; }`, "required"},
	{"label on a map", p3 + `message A { repeated map<string, int32> m = 1; }`, "map"},
	{"label in a oneof", p3 + `message A { oneof o { optional int32 a = 1; } }`, "expected '='"},
	{"float as map key", p3 + `message A { map<float, int32> m = 1; }`, "map key"},
	{"double as map key", p3 + `message A { map<double, int32> m = 1; }`, "map key"},
	{"bytes as map key", p3 + `message A { map<bytes, int32> m = 1; }`, "map key"},
	{"message as map key", p3 + `message B {} message A { map<B, int32> m = 1; }`, "map key"},
	{"duplicate messages", p3 + `message A {} message A {}`, "already defined"},
	{"message and enum of one name", p3 + `message A {} enum A { X = 0; }`, "already defined"},
	{"duplicate services", p3 + `service A {} service A {}`, "already defined"},
	{"field name with a digit first", p3 + `message A { int32 1a = 1; }`, "digit"},
	{"enum value with a digit first", p3 + `enum E { 1X = 0; }`, "digit"},
	{"unknown type", p3 + `message A { B b = 1; }`, "resolve type: B"},
	{"unknown type in a oneof", p3 + `message A { oneof o { B b = 1; } }`, "resolve type: B"},
	{"unknown type in a group", `message A { optional group G = 1 { optional B b = 1; } }`, "resolve type: B"},
	{"unknown type of an extension", `message A { extensions 1; } extend A { optional B b = 1; }`, "resolve type: B"},
	{"unknown extended message", `extend A { optional int32 b = 1; }`, "resolve type: A"},
	{"unknown request", p3 + `message A {} service S { rpc M (B) returns (A); }`, "resolve type: B"},
	{"scalar as response", p3 + `message A {} service S { rpc M (A) returns (string); }`, "resolve type: string"},
	{"unterminated comment", p3 + `/* message A {}`, "unterminated"},
	{"unterminated string", `syntax = "proto3;`, "unterminated"},
	{"unterminated message", p3 + `message A {`, "end of file"},
	{"nested too deeply", p3 + strings.Repeat(`message A { `, 200) + strings.Repeat(`}`, 200), "deeper"},
	{"aggregate nested too deeply", p3 + `option (a) = ` + strings.Repeat(`{ a `, 300) + strings.Repeat(`}`, 300) + `;`, "deeper"},
	{"unknown statement", `hello world;`, "unexpected label: hello"},
}

func TestDialect(t *testing.T) {
	for _, c := range dialect {
		t.Run(c.name, func(t *testing.T) {
			_, err := protobuf.Format.Parse(schema.Source{Text: c.text}, nil)
			if c.refused == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if !errors.Is(err, schema.ErrInvalid) || !strings.Contains(fault.DetailOf(err), c.refused) {
				t.Errorf("error %v, want one that says %q", err, c.refused)
			}
		})
	}
}

func TestErrorsCarryLineAndColumn(t *testing.T) {
	for text, want := range map[string]string{
		"message A {\n  int32 a = 1;\n}":                                   "2:3",
		"syntax = \"proto3\";\n\nmessage A {\n  int32 a = x;\n}":           "4:13",
		"syntax = \"proto3\";\nmessage A {\n  int32 a = 1;\n  B b = 2;\n}": "line 4, column 3",
	} {
		_, err := protobuf.Format.Parse(schema.Source{Text: text}, nil)
		if !strings.Contains(fault.DetailOf(err), want) {
			t.Errorf("%q: %v, want position %s", text, err, want)
		}
	}
}

func TestStoredTextsMayNameUnknownTypes(t *testing.T) {
	text := p3 + `message A { Gone g = 1; }`
	if _, err := protobuf.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil); err != nil {
		t.Error(err)
	}
}

func TestStrictFieldsLinkTheWholeFile(t *testing.T) {
	for text, ok := range map[string]bool{
		p3 + `import "google/protobuf/any.proto"; message A { google.protobuf.Any a = 1 [(unknown) = 1]; }`: true,
		p3 + `import "google/type/money.proto"; message A { google.type.Money a = 1; }`:                     true,
		p3 + `message A { google.protobuf.Any a = 1; }`:                                                     false,
		p3 + `message A { int32 a = 1; int32 b = 1; }`:                                                      false,
		p3 + `message A { int32 a = 1; int32 a = 2; }`:                                                      false,
		p3 + `message A { map<string, Nothing> m = 1; }`:                                                    false,
		p3 + `import "nowhere.proto"; message A {}`:                                                         false,
	} {
		_, err := protobuf.Format.Parse(schema.Source{Text: text, Rigor: schema.WithFields}, nil)
		if (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestNamesResolveFromTheInnermostScope(t *testing.T) {
	for _, text := range []string{
		`package a.b; message M { message N {} N n = 1; M.N o = 2; b.M.N p = 3; a.b.M.N q = 4; .a.b.M.N r = 5; }`,
		`package a.b; message M { a.b.M self = 1; }`,
		`message M { message M { M m = 1; .M n = 2; } }`,
	} {
		if _, err := protobuf.Format.Parse(schema.Source{Text: p3 + text}, nil); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		`package a.b; message M { .M m = 1; }`,
		`package a.b; message M { a.M m = 1; }`,
	} {
		if _, err := protobuf.Format.Parse(schema.Source{Text: p3 + text}, nil); err == nil {
			t.Errorf("%s: taken", text)
		}
	}
}

func TestReferencesBringTheirOwn(t *testing.T) {
	base := dep(t, "base.proto", p3+`package base; message B {}`)
	middle := dep(t, "middle.proto", p3+`package middle; import "base.proto"; message M { base.B b = 1; }`, base)
	if _, err := protobuf.Format.Parse(schema.Source{Text: p3 + `message A { base.B b = 1; middle.M m = 2; }`}, []schema.Dep{middle}); err != nil {
		t.Errorf("types of transitive references: %v", err)
	}
	any := dep(t, "google/protobuf/any.proto", p3+`package google.protobuf; message Other {}`)
	if _, err := protobuf.Format.Parse(schema.Source{Text: p3 + `message A { google.protobuf.Other o = 1; }`}, []schema.Dep{any}); err != nil {
		t.Errorf("a reference under the name of a built-in file: %v", err)
	}
	if _, err := protobuf.Format.Parse(schema.Source{Text: p3 + `message A { google.protobuf.Any o = 1; }`}, []schema.Dep{any}); err == nil {
		t.Error("a replaced built-in file still counts")
	}
}

func dep(t *testing.T, name, text string, deps ...schema.Dep) schema.Dep {
	t.Helper()
	s, err := protobuf.Format.Parse(schema.Source{Text: text}, deps)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Dep{Reference: schema.Reference{Name: name, Subject: name, Version: 1}, Schema: s}
}
