package protobuf_test

import (
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

func TestLocate(t *testing.T) {
	for _, tt := range []struct{ name, path, text string }{
		{"the package", "#/", p3 + "\n^package a.b;\nmessage M {}"},
		{"no package", "#/", "^" + p3 + "\nmessage M {}"},
		{"a message", "#/N", p3 + "\nmessage M {}\n/* ä */ ^message N {}"},
		{"a field", "#/M/2", p3 + "\nmessage M {\n  string a = 1;\n  /* ä */ ^repeated string b = 2;\n}"},
		{"a field of a nested message", "#/M/N/1", p3 + "\nmessage M { message N { ^string a = 1; } }"},
		{"a oneof", "#/M/o", p3 + "\nmessage M { ^oneof o { string a = 1; } }"},
		{"a field of a oneof", "#/M/o/2", p3 + "\nmessage M { oneof o { string a = 1; ^int32 b = 2; } }"},
		{"a field of another oneof", "#/M/was/2", p3 + "\n^message M { oneof o { string a = 1; int32 b = 2; } }"},
		{"a field that is gone", "#/M/7", p3 + "\n^message M { string a = 1; }"},
		{"a message of a reference", "#/Elsewhere/7", "^" + p3 + "\nmessage M { string a = 1; }"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after, ok := strings.Cut(tt.text, "^")
			if !ok {
				t.Fatal("no mark")
			}
			line, column := schema.Position(before+after, len(before))
			s, err := protobuf.Format.Parse(schema.Source{Text: before + after, Rigor: schema.AsStored}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range []schema.Schema{s, s.Normalize()} {
				gotLine, gotColumn, ok := l.(schema.Locator).Locate(tt.path)
				if !ok || gotLine != line || gotColumn != column {
					t.Errorf("%s is at %d:%d (%t), want %d:%d in\n%s", tt.path, gotLine, gotColumn, ok, line, column, before+after)
				}
			}
		})
	}
}

func TestDescriptorsHaveNoPlaces(t *testing.T) {
	s, err := protobuf.Format.Parse(schema.Source{Text: p3 + "message M { string a = 1; }"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Render("serialized")
	if err != nil {
		t.Fatal(err)
	}
	if s, err = protobuf.Format.Parse(schema.Source{Text: text}, nil); err != nil {
		t.Fatal(err)
	}
	if line, column, ok := s.(schema.Locator).Locate("#/M/1"); ok {
		t.Errorf("a place at %d:%d", line, column)
	}
}
