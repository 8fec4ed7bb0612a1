package protobuf_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/formattest"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

func TestDifferencesOfEachRule(t *testing.T) {
	formattest.Differences(t, protobuf.Format, "testdata/differences")
}

// findings returns "RULE path" of what keeps reader from reading writer.
func findings(reader, writer schema.Schema) []string {
	var out []string
	for _, d := range reader.Differences(writer, schema.Question{Reader: "new", Writer: "old"}) {
		out = append(out, d.Rule+" "+d.Path)
	}
	return out
}

func mustParse(t *testing.T, text string, deps ...schema.Dep) schema.Schema {
	t.Helper()
	s, err := protobuf.Format.Parse(schema.Source{Text: text}, deps)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

func version(t *testing.T, name string, number int, text string, deps ...schema.Dep) schema.Dep {
	t.Helper()
	d := dep(t, name, text, deps...)
	d.Reference.Version = number
	return d
}

func TestTypesOfReferencesAreComparedUnlessTheVersionIsTheSame(t *testing.T) {
	const main = p3 + `package m; message A { r.R r = 1; }`
	narrow, wide := p3+`package r; message R { int32 x = 1; }`, p3+`package r; message R { sint32 x = 1; }`
	want := []string{"FIELD_SCALAR_KIND_CHANGED #/R/1", "FIELD_NAMED_TYPE_CHANGED #/A/1"}
	old := mustParse(t, main, version(t, "r.proto", 1, narrow))
	if diff := cmp.Diff(want, findings(mustParse(t, main, version(t, "r.proto", 2, wide)), old)); diff != "" {
		t.Errorf("another version (-want +got):\n%s", diff)
	}
	if got := findings(mustParse(t, main, version(t, "r.proto", 1, wide)), old); got != nil {
		t.Errorf("the same subject and version: %v", got)
	}
}

func TestTypesOfTransitiveReferencesAreAlwaysCompared(t *testing.T) {
	const main = p3 + `message A { deep.D d = 1; }`
	middle := func(x string) schema.Dep {
		deep := version(t, "deep.proto", 1, p3+`package deep; message D { `+x+` x = 1; }`)
		return version(t, "middle.proto", 1, p3+`import "deep.proto";`, deep)
	}
	got := findings(mustParse(t, main, middle("string")), mustParse(t, main, middle("float")))
	want := []string{"FIELD_SCALAR_KIND_CHANGED #/D/1", "FIELD_NAMED_TYPE_CHANGED #/A/1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTypesMayMoveToAnotherPackageButNotIntoAMessage(t *testing.T) {
	old := mustParse(t, p3+`message A { r.R r = 1; }`, version(t, "r.proto", 1, p3+`package r; message R { R next = 1; }`))
	moved := mustParse(t, p3+`message A { s.t.R r = 1; }`, version(t, "s.proto", 1, p3+`package s.t; message R { s.t.R next = 1; }`))
	if got := findings(moved, old); got != nil {
		t.Errorf("other package: %v", got)
	}
	nested := mustParse(t, p3+`message A { r.O.R r = 1; }`, version(t, "r.proto", 2, p3+`package r; message O { message R { R next = 1; } }`))
	if diff := cmp.Diff([]string{"FIELD_NAMED_TYPE_CHANGED #/A/1"}, findings(nested, old)); diff != "" {
		t.Errorf("nested (-want +got):\n%s", diff)
	}
}

func TestUnresolvedMapValuesAreComparedAsWritten(t *testing.T) {
	old := mustParse(t, p3+`message A { map<string, Gone> m = 1; }`)
	if got := findings(mustParse(t, p3+`message A { map<string, Gone> n = 1; }`), old); got != nil {
		t.Errorf("same name: %v", got)
	}
	got := findings(mustParse(t, p3+`message A { map<string, Away> m = 1; }`), old)
	if diff := cmp.Diff([]string{"FIELD_NAMED_TYPE_CHANGED #/A/1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsNeverCompared(t *testing.T) {
	old := mustParse(t, `package p; import "google/protobuf/any.proto"; option java_package = "x";
		message A { optional string a = 1 [default = "x"]; optional group G = 2 { optional int32 x = 1; } extensions 100 to 200; }
		extend A { optional int32 e = 100; } enum E { X = 0; Y = 1; } message B {} service S { rpc M (A) returns (B); }`)
	next := mustParse(t, p3+`package p; message A { reserved 7; option deprecated = true; repeated string z = 1 [json_name = "q"]; }
		message B { E e = 1; } enum E { W = 1; V = 2; }`)
	if got := findings(next, old); got != nil {
		t.Error(got)
	}
	if got := findings(old, next); got != nil {
		t.Error(got)
	}
}

// Without memory of pairs this comparison would take 2 to the power of 60 steps.
func TestRepeatedReferencesAreComparedOnce(t *testing.T) {
	chain := func(last string) schema.Dep {
		var b strings.Builder
		b.WriteString(p3 + "package c;\n")
		for i := range 60 {
			fmt.Fprintf(&b, "message M%d { M%d a = 1; M%d b = 2; M0 top = 3; }\n", i, i+1, i+1)
		}
		fmt.Fprintf(&b, "message M60 { %s x = 1; }", last)
		return version(t, "chain.proto", len(last), b.String())
	}
	const main = p3 + `message A { c.M0 m = 1; }`
	got := findings(mustParse(t, main, chain("float")), mustParse(t, main, chain("double")))
	if len(got) == 0 || got[0] != "FIELD_SCALAR_KIND_CHANGED #/M60/1" || got[len(got)-1] == "" {
		t.Errorf("%d findings", len(got))
	}
}

func TestMessagesHaveTheShapeOfConfluent(t *testing.T) {
	d := mustParse(t, p3+`message B {}`).Differences(mustParse(t, p3+`message A {}`), schema.Question{Reader: "new", Writer: "old"})
	const prefix = `{errorType:"MESSAGE_REMOVED", description:"At path '#/A', `
	if len(d) != 1 || !strings.HasPrefix(d[0].Message, prefix) || !strings.HasSuffix(d[0].Message, `"}`) {
		t.Errorf("%+v", d)
	}
	for _, word := range []string{"new", "old", "A"} {
		if !strings.Contains(d[0].Detail, word) {
			t.Errorf("the detail %q does not say %q", d[0].Detail, word)
		}
	}
}
