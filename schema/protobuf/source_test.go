package protobuf_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/typepb"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

func TestSourceOfGeneratedMessagesCanBeRegistered(t *testing.T) {
	for _, m := range []proto.Message{&typepb.Type{}, &structpb.Struct{}, &descriptorpb.FileDescriptorProto{}} {
		text, imports, err := protobuf.SourceOf(m)
		if err != nil {
			t.Fatal(err)
		}
		if len(imports) != 0 {
			t.Errorf("%T needs %d references, but its imports are built in", m, len(imports))
		}
		s, err := protobuf.Format.Parse(schema.Source{Text: text}, nil)
		if err != nil {
			t.Fatalf("%T: %v\n%s", m, err, text)
		}
		if s.Canonical() != text {
			t.Errorf("%T: the text is not canonical:\n%s", m, text)
		}
		codec, err := s.Message(string(m.ProtoReflect().Descriptor().FullName()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := codec.Append(nil, m); err != nil {
			t.Error(err)
		}
	}
}

func TestSourceOfListsImportsBeforeTheirUsers(t *testing.T) {
	files := compiled(t, map[string]string{
		"a.proto": `syntax = "proto3"; package p; import "b.proto"; import "google/protobuf/any.proto"; message A { B b = 1; google.protobuf.Any x = 2; map<string, B> bs = 3; }`,
		"b.proto": `syntax = "proto3"; package p; import "c.proto"; message B { C c = 1; }`,
		"c.proto": `syntax = "proto2"; package p; message C { optional group G = 1 { optional int32 x = 2; } }`,
	}, "a.proto")
	a, err := files.FindFileByPath("a.proto")
	if err != nil {
		t.Fatal(err)
	}
	text, imports, err := protobuf.SourceOf(a)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	parsed := map[string]schema.Dep{}
	for i, im := range imports {
		names = append(names, im.Name)
		if im.Direct != (im.Name == "b.proto") {
			t.Errorf("%s: direct = %t", im.Name, im.Direct)
		}
		var deps []schema.Dep
		for _, name := range im.Imports {
			deps = append(deps, parsed[name])
		}
		s, err := protobuf.Format.Parse(schema.Source{Text: im.Text, Rigor: schema.WithFields}, deps)
		if err != nil {
			t.Fatalf("%s: %v\n%s", im.Name, err, im.Text)
		}
		parsed[im.Name] = schema.Dep{Reference: schema.Reference{Name: im.Name, Subject: im.Name, Version: i + 1}, Schema: s}
	}
	if !slices.Equal(names, []string{"c.proto", "b.proto"}) {
		t.Errorf("imports in the order %v", names)
	}
	if _, err := protobuf.Format.Parse(schema.Source{Text: text, Rigor: schema.WithFields}, []schema.Dep{parsed["b.proto"]}); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestSourceOfRefusesOtherValues(t *testing.T) {
	if _, _, err := protobuf.SourceOf("text"); err == nil {
		t.Error("a string has no file")
	}
}

// compiled returns descriptors of texts, made by way of the package itself.
func compiled(t *testing.T, texts map[string]string, main string) *protoregistry.Files {
	t.Helper()
	files, err := compileTexts(texts, main)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSourceOfKeepsCustomOptions(t *testing.T) {
	text := `syntax = "proto3";
package p;

import "meta.proto";

message A {
  option (meta.note) = {
    doc: "it\'s",
    tags: [
      "a",
      "b"
    ],
    level: -1.5,
    mode: FAST,
    inner: {
      on: true
    },
    params: [
      {
        key: "k",
        value: 7
      }
    ]
  };

  string s = 1 [
    deprecated = true,
    (meta.mark) = "x",
    (meta.mark) = "y"
  ];
}
`
	files := compiled(t, map[string]string{
		"a.proto": text,
		"meta.proto": p3 + `package meta; import "google/protobuf/descriptor.proto";
			message Note { string doc = 1; repeated string tags = 2; double level = 3; Mode mode = 4; Note inner = 5; bool on = 6; map<string, int32> params = 7; }
			enum Mode { SLOW = 0; FAST = 1; }
			extend google.protobuf.MessageOptions { Note note = 50001; }
			extend google.protobuf.FieldOptions { repeated string mark = 50002; }`,
	}, "a.proto")
	a, err := files.FindFileByPath("a.proto")
	if err != nil {
		t.Fatal(err)
	}
	got, imports, err := protobuf.SourceOf(a)
	if err != nil {
		t.Fatal(err)
	}
	if len(imports) != 1 || imports[0].Name != "meta.proto" {
		t.Errorf("imports %+v", imports)
	}
	meta := dep(t, "meta.proto", imports[0].Text)
	want := mustParse(t, text, meta).Normalize().Canonical()
	if diff := cmp.Diff(want, mustParse(t, got, meta).Normalize().Canonical()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
