package protobuf_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

const taggedText = `syntax = "proto3";
package p.q;
message A {
  option (confluent.message_meta).tags = "ROOT";
  option deprecated = true;
  string a = 1 [(confluent.field_meta) = { doc: "d", tags: ["PII", "X"] }];
  string b = 2 [deprecated = true, (.confluent.field_meta).tags = "B", (confluent.field_meta).tags = "C"];
  oneof o {
    string c = 3;
    int32 d = 4 [(confluent.field_meta).tags = "D"];
  }
  message N {
    int64 n = 1;
  }
}
message B {}
`

func tagger(t *testing.T, text string) schema.Tagger {
	t.Helper()
	s, err := protobuf.Format.Parse(schema.Source{Text: text}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.(schema.Tagger)
}

func one(path, kind string, tags ...string) []schema.EntityTags {
	return []schema.EntityTags{{Path: path, Kind: kind, Tags: tags}}
}

func TestTagsAreListed(t *testing.T) {
	want := []schema.EntityTags{
		{Path: "A", Kind: "sr_record", Tags: []string{"ROOT"}},
		{Path: "A.a", Kind: "sr_field", Tags: []string{"PII", "X"}},
		{Path: "A.b", Kind: "sr_field", Tags: []string{"B", "C"}},
		{Path: "A.d", Kind: "sr_field", Tags: []string{"D"}},
	}
	if diff := cmp.Diff(want, tagger(t, taggedText).Tags()); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestTagsCanBePutWhereTheirPathsLead(t *testing.T) {
	for _, tt := range []struct{ path, kind, listed string }{
		{"A.c", "sr_field", "A.c"},
		{".A.o.c", "sr_field", "A.c"},
		{"A.N", "sr_record", "A.N"},
		{"A.N.n", "sr_field", "A.N.n"},
		{"B", "sr_record", "B"},
	} {
		edited, err := tagger(t, taggedText).EditTags(one(tt.path, tt.kind, "T", "U", "T"), nil)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		again := tagger(t, edited.Canonical()) // the text says the same
		if diff := cmp.Diff(edited.(schema.Tagger).Tags(), again.Tags()); diff != "" {
			t.Errorf("%s: tags of the text read again (-want +got):\n%s", tt.path, diff)
		}
		found := false
		for _, e := range again.Tags() {
			found = found || cmp.Equal(e, schema.EntityTags{Path: tt.listed, Kind: tt.kind, Tags: []string{"T", "U"}})
		}
		if !found {
			t.Errorf("%s: the tags are not at %s: %+v", tt.path, tt.listed, again.Tags())
		}
	}
}

func TestEditedTagsInTheText(t *testing.T) {
	tests := []struct {
		name        string
		add, remove []schema.EntityTags
		text, want  string
	}{
		{"a first one", one("M.f", "sr_field", "T"), nil, `string f = 1;`, `
  string f = 1 [(confluent.field_meta) = {
    tags: [
      "T"
    ]
  }];`},
		{"beside others, in one aggregate", one("M.f", "sr_field", "T", "S"), nil,
			`string f = 1 [(.confluent.field_meta).doc = "d", deprecated = true, (confluent.field_meta).tags = "S"];`, `
  string f = 1 [
    (confluent.field_meta) = {
      doc: "d",
      tags: [
        "S",
        "T"
      ]
    },
    deprecated = true
  ];`},
		{"the last one goes with its option", nil, one("M.f", "sr_field", "T"), `string f = 1 [(confluent.field_meta).tags = "T"];`, `
  string f = 1;`},
		{"what else an option holds stays", nil, one("M.f", "sr_field", "T"), `string f = 1 [(confluent.field_meta) = { tags: "T" doc: "d" }];`, `
  string f = 1 [(confluent.field_meta) = {
    doc: "d"
  }];`},
		{"added and removed", one("M.f", "sr_field", "A", "B"), one("M.f", "sr_field", "A", "none"), `string f = 1;`, `
  string f = 1 [(confluent.field_meta) = {
    tags: [
      "B"
    ]
  }];`},
		{"of a message", one("M", "sr_record", "T"), nil, `string f = 1;`, `
  option (confluent.message_meta) = {
    tags: [
      "T"
    ]
  };

  string f = 1;`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := tagger(t, "message M { optional "+tt.text+" }")
			own := before.(schema.Schema).Canonical()
			edited, err := before.EditTags(tt.add, tt.remove)
			if err != nil {
				t.Fatal(err)
			}
			want := "\nmessage M {" + strings.ReplaceAll(tt.want, "string f", "optional string f") + "\n}\n"
			if diff := cmp.Diff(want, edited.Canonical()); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			if got := before.(schema.Schema).Canonical(); got != own {
				t.Errorf("the schema itself became %s", got)
			}
		})
	}
}

// TestTaggedSchemasStillHavePayloads adds a tag to a schema that does not import the file of the option.
func TestTaggedSchemasStillHavePayloads(t *testing.T) {
	edited, err := tagger(t, `syntax = "proto3"; message M { string f = 1; }`).EditTags(one("M.f", "sr_field", "T"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, rigor := range []schema.Rigor{schema.AsNew, schema.AsStored, schema.WithFields} {
		s, err := protobuf.Format.Parse(schema.Source{Text: edited.Canonical(), Rigor: rigor}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range []schema.Schema{s, edited} {
			m, err := x.Message("M")
			if err != nil {
				t.Fatal(err)
			}
			if body, err := m.Append(nil, map[string]any{"f": "x"}); err != nil || string(body) != "\n\x01x" {
				t.Errorf("payload %q, %v", body, err)
			}
		}
	}
}

func TestTagsOfAbsentPlaces(t *testing.T) {
	for _, e := range []schema.EntityTags{
		{Path: "A.none", Kind: "sr_field"}, {Path: "A", Kind: "sr_field"}, {Path: "A.a", Kind: "sr_record"}, {Path: "p.q.A", Kind: "sr_record"},
		{Path: "A.o", Kind: "sr_field"}, {Path: "N", Kind: "sr_record"}, {Path: "", Kind: "sr_record"}, {Path: "", Kind: "sr_field"},
	} {
		e.Tags = []string{"T"}
		if _, err := tagger(t, taggedText).EditTags([]schema.EntityTags{e}, nil); !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("adding to %q: error %v, want %s", e.Path, err, schema.ErrInvalid.Name())
		}
		if _, err := tagger(t, taggedText).EditTags(nil, []schema.EntityTags{e}); !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("removing from %q: error %v, want %s", e.Path, err, schema.ErrInvalid.Name())
		}
	}
}

func TestKeptTagsAreThoseThatHaveAPlace(t *testing.T) {
	kept, err := tagger(t, `syntax = "proto3"; message M { string f = 1; }`).KeepTags([]schema.EntityTags{
		{Path: "M.gone", Kind: "sr_field", Tags: []string{"T"}}, {Path: "M.f", Kind: "sr_field", Tags: []string{"T"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one("M.f", "sr_field", "T"), kept.(schema.Tagger).Tags()); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// FuzzPlaces edits tags and locates paths in whatever text is a schema: nothing panics, an edited text parses, and its tags are
// those that were put there.
func FuzzPlaces(f *testing.F) {
	f.Add(taggedText, "A.o.c", "sr_field", "#/A/o/3")
	f.Add(taggedText, "A.N", "sr_record", "#/A/N/1")
	f.Add(`message M { optional group G = 1 { optional int32 a = 2; } }`, "M.G", "sr_record", "#/M/1")
	f.Fuzz(func(t *testing.T, text, place, kind, path string) {
		s, err := protobuf.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil)
		if err != nil {
			return
		}
		if line, column, ok := s.(schema.Locator).Locate(path); ok && (line < 1 || column < 1) {
			t.Errorf("%s is at %d:%d", path, line, column)
		}
		edited, err := s.(schema.Tagger).EditTags(one(place, kind, "some tag"), nil)
		if err != nil {
			if !errors.Is(err, schema.ErrInvalid) {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		again, err := protobuf.Format.Parse(schema.Source{Text: edited.Canonical(), Rigor: schema.AsStored}, nil)
		if err != nil {
			t.Fatalf("the edited text cannot be read: %v\n%s", err, edited.Canonical())
		}
		for _, e := range again.(schema.Tagger).Tags() {
			if slices.Contains(e.Tags, "some tag") {
				return
			}
		}
		t.Errorf("the tag at %s is not in %s", place, edited.Canonical())
	})
}
