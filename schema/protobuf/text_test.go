package protobuf_test

import (
	"encoding/base64"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

var update = flag.Bool("update", false, "rewrite the golden texts")

// TestTexts prints each testdata/text/*.in in every form; the golden files are reviewed as diffs.
func TestTexts(t *testing.T) {
	inputs, err := filepath.Glob("testdata/text/*.in")
	if err != nil || len(inputs) == 0 {
		t.Fatal("no inputs", err)
	}
	for _, path := range inputs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s := mustParse(t, string(text))
		slim, err := s.Render("ignore_extensions")
		if err != nil {
			t.Fatal(err)
		}
		for form, got := range map[string]string{"canonical": s.Canonical(), "normal": s.Normalize().Canonical(), "slim": slim} {
			golden(t, strings.TrimSuffix(path, "in")+form, got)
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestBlankLinesOfNestedElementsCarryTheirIndentation(t *testing.T) {
	got := mustParse(t, p3+`message A { message B { int32 x = 1; message C { reserved 2; int32 y = 1; } } }`).Canonical()
	want := "syntax = \"proto3\";\n\nmessage A {\n  message B {\n    int32 x = 1;\n  \n    message C {\n      reserved 2;\n    \n      int32 y = 1;\n    }\n  }\n}\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNormalTextsEqualWhatTheyArePrintedAs(t *testing.T) {
	n := mustParse(t, `message A { optional int32 a = 1 [deprecated = true, default = 3]; }`).Normalize()
	again := mustParse(t, n.Canonical())
	if again.Canonical() == n.Canonical() {
		t.Fatal("the case does not show the difference")
	}
	if !schema.Equal(n, again) || !schema.Equal(again, n) || !schema.Equal(n, n.Normalize()) {
		t.Error("a normal text differs from itself")
	}
	if schema.Equal(n, mustParse(t, `message A { optional int32 a = 1 [deprecated = true, default = 4]; }`)) {
		t.Error("another default is the same")
	}
}

func TestNormalNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"1": "1", "-0": "0", "010": "8", "-017": "-15", "09": "09", "0x1F": "31", "-0X10": "-16", "0xFFFFFFFFFFFFFFFFF": "295147905179352825855",
		"1.50": "1.5", "-0.25": "-0.25", "1e3": "1000", "1.5E-2": "0.015", "0.0005": "0.001", "0.0025": "0.002", "1.2345": "1.235", "-0.0001": "-0",
		"2.5f": "2.5", "2.5d": "2.5", "7L": "7", "-inf": "-inf", "1.2.3": "1.2.3", "1e": "1e", "1e999": "1e999", "12345678901234567890.5": "12345678901234567890.5",
	} {
		s := mustParse(t, `option a = `+in+`;`).Normalize().Canonical()
		if got := strings.TrimSuffix(strings.TrimPrefix(s, "\noption a = "), ";\n"); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestSerializedDescriptorsAreTaken(t *testing.T) {
	fd := protodesc.ToFileDescriptorProto((&Order{}).ProtoReflect().Descriptor().ParentFile())
	raw, err := proto.Marshal(fd)
	if err != nil {
		t.Fatal(err)
	}
	s := mustParse(t, base64.StdEncoding.EncodeToString(raw))
	golden(t, "testdata/text/serialized.canonical", s.Canonical())
	golden(t, "testdata/text/serialized.normal", s.Normalize().Canonical())
	source := sampleSchema(t)
	for _, d := range [][]string{findings(s, source), findings(source, s)} {
		if d != nil {
			t.Errorf("map entries differ from maps: %v", d)
		}
	}
	for _, s := range []schema.Schema{s, s.Normalize()} {
		m := message(t, s, "pawl.sample.Order")
		payload, err := m.Append(nil, sampleOrder())
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(payload); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Message("pawl.sample.Order.LabelsEntry"); err == nil {
		t.Error("the entry of a map is no message")
	}
}

// TestDescriptorsThatNoTextCanHold: the registry stores text, so a name that would end a declaration, or none, is refused.
func TestDescriptorsThatNoTextCanHold(t *testing.T) {
	name := func(s string) *string { return &s }
	for _, fd := range []*descriptorpb.FileDescriptorProto{
		{Service: []*descriptorpb.ServiceDescriptorProto{{Name: name("")}}},
		{MessageType: []*descriptorpb.DescriptorProto{{Name: name("A {} message B")}}},
		{Package: name("a b")},
	} {
		raw, err := proto.Marshal(fd)
		if err != nil {
			t.Fatal(err)
		}
		_, err = protobuf.Format.Parse(schema.Source{Text: base64.StdEncoding.EncodeToString(raw), Rigor: schema.AsStored}, nil)
		if !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("%v: %v", fd, err)
		}
	}
}

func TestSerializedForm(t *testing.T) {
	money := dep(t, "shop/money.proto", moneyText)
	s := mustParse(t, orderText, money)
	text, err := s.Render("serialized")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	fd := &descriptorpb.FileDescriptorProto{}
	if err := proto.Unmarshal(raw, fd); err != nil {
		t.Fatal(err)
	}
	if got := fd.MessageType[0].Field[2].GetTypeName(); got != ".shop.v1.Order.Line" {
		t.Errorf("type name %s", got)
	}
	if fd.MessageType[0].Field[0].JsonName != nil || fd.Name != nil {
		t.Error("derived names are part of the descriptor")
	}
	back := mustParse(t, text, money)
	if d := findings(back, s); d != nil {
		t.Error(d)
	}
	lax := mustParse(t, p3+`message A { int32 a = 1; int32 b = 1; google.protobuf.Any c = 2 [deprecated = true, (x) = 1]; }`)
	if text, err = lax.Render("serialized"); err != nil {
		t.Fatal(err)
	}
	if got, want := len(mustParse(t, text).(schema.Fielder).Fields()), 3; got != want {
		t.Errorf("%d fields, want %d", got, want)
	}
}

func TestFieldsOfTopLevelMessages(t *testing.T) {
	s := mustParse(t, p3+`message A { int32 a = 1; oneof o { int32 b = 2; } message N { int32 c = 1; } } message B { int32 d = 1; }`)
	if diff := cmp.Diff([]string{"a", "d"}, s.(schema.Fielder).Fields()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
