package avro_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

const taggedText = `{"type":"record","name":"R","namespace":"n","confluent:tags":["ROOT"],"fields":[
	{"name":"a","type":"string","confluent:tags":["PII","X"]},
	{"name":"inner","type":["null",{"type":"array","items":{"type":"record","name":"I","namespace":"m","fields":[{"name":"b","type":"int"}]}}]},
	{"name":"again","type":{"type":"map","values":"m.I"}},
	{"name":"bare","type":{"type":"record","name":".R2","fields":[{"name":"c","type":{"type":"string","confluent:tags":["NOT A PLACE"]}}]}}]}`

func tagger(t *testing.T, text string, deps ...schema.Dep) schema.Tagger {
	t.Helper()
	tagged, ok := parse(t, text, schema.AsNew, deps...).(schema.Tagger)
	if !ok {
		t.Fatal("no Tagger")
	}
	return tagged
}

func one(path, kind string, tags ...string) []schema.EntityTags {
	return []schema.EntityTags{{Path: path, Kind: kind, Tags: tags}}
}

func TestTagsAreListedInTheOrderOfTheText(t *testing.T) {
	want := []schema.EntityTags{
		{Path: "n.R", Kind: "sr_record", Tags: []string{"ROOT"}},
		{Path: "n.R.a", Kind: "sr_field", Tags: []string{"PII", "X"}},
	}
	if diff := cmp.Diff(want, tagger(t, taggedText).Tags()); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestTagsCanBePutWhereTheirPathsLead(t *testing.T) {
	for _, tt := range []struct{ path, kind, listed string }{
		{"n.R.again", "sr_field", "n.R.again"},
		{".n.R.again", "sr_field", "n.R.again"},
		{"m.I", "sr_record", "m.I"},
		{"m.I.b", "sr_field", "m.I.b"},
		{"I.b", "sr_field", "m.I.b"},
		{"I", "sr_record", "m.I"},
		{"R2.c", "sr_field", "R2.c"},
		{"R2", "sr_record", "R2"},
	} {
		edited, err := tagger(t, taggedText).EditTags(one(tt.path, tt.kind, "T", "U", "T"), nil)
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
			continue
		}
		found := false
		for _, e := range edited.(schema.Tagger).Tags() {
			found = found || cmp.Equal(e, schema.EntityTags{Path: tt.listed, Kind: tt.kind, Tags: []string{"T", "U"}})
		}
		if !found {
			t.Errorf("%s: the tags are not at %s: %+v", tt.path, tt.listed, edited.(schema.Tagger).Tags())
		}
	}
}

func TestEditedTagsInTheText(t *testing.T) {
	const text = `{"type":"record","name":"R","fields":[{"name":"f","type":"double","default":1.5E10,"aliases":["g"],"confluent:tags":["A"],"z":1}]}`
	tests := []struct {
		name        string
		add, remove []schema.EntityTags
		want        string
	}{
		{"of a record, last", one("R", "sr_record", "T"), nil,
			`{"type":"record","name":"R","fields":[{"name":"f","type":"double","default":1.5E10,"aliases":["g"],"confluent:tags":["A"],"z":1}],"confluent:tags":["T"]}`},
		{"of a field that has some, in their place", one("R.f", "sr_field", "A", "B"), nil,
			`{"type":"record","name":"R","fields":[{"name":"f","type":"double","default":1.5E10,"aliases":["g"],"confluent:tags":["A","B"],"z":1}]}`},
		{"the last one goes with its attribute", nil, one("R.f", "sr_field", "A"),
			`{"type":"record","name":"R","fields":[{"name":"f","type":"double","default":1.5E10,"aliases":["g"],"z":1}]}`},
		{"what is absent is removed already", nil, one("R.f", "sr_field", "B"), text},
		{"added and removed", one("R.f", "sr_field", "B"), one("R.f", "sr_field", "A", "C"),
			`{"type":"record","name":"R","fields":[{"name":"f","type":"double","default":1.5E10,"aliases":["g"],"confluent:tags":["B"],"z":1}]}`},
		{"of a record and of what it holds", append(one("R", "sr_record", "T"), one("R.f", "sr_field", "B")...), nil,
			`{"type":"record","name":"R","fields":[{"name":"f","type":"double","default":1.5E10,"aliases":["g"],"confluent:tags":["A","B"],"z":1}],"confluent:tags":["T"]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := tagger(t, text)
			edited, err := before.EditTags(tt.add, tt.remove)
			if err != nil {
				t.Fatal(err)
			}
			if got := edited.Canonical(); got != tt.want {
				t.Errorf("the text is\n%s\nwant\n%s", got, tt.want)
			}
			if got := before.(schema.Schema).Canonical(); got != text {
				t.Errorf("the schema itself became %s", got)
			}
		})
	}
}

// TestNestedEditsMeet adds tags to a field, to the record that is its type, and to a field of that.
func TestNestedEditsMeet(t *testing.T) {
	const text = `{"type":"record","name":"R","fields":[{"name":"f","type":{"type":"record","name":"S","fields":[{"name":"g","type":"int"}]}}]}`
	places := []schema.EntityTags{
		{Path: "R", Kind: "sr_record", Tags: []string{"1"}}, {Path: "R.f", Kind: "sr_field", Tags: []string{"2"}},
		{Path: "S", Kind: "sr_record", Tags: []string{"3"}}, {Path: "S.g", Kind: "sr_field", Tags: []string{"4"}},
	}
	edited, err := tagger(t, text).EditTags(places, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(places, edited.(schema.Tagger).Tags()); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

func TestPathsThatLeadNowhere(t *testing.T) {
	ref := dep(t, `{"type":"record","name":"Other","fields":[{"name":"x","type":"int"}]}`)
	text := `{"type":"record","name":"R","fields":[{"name":"o","type":"Other"},{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}}]}`
	for _, e := range []schema.EntityTags{
		{Path: "R.none", Kind: "sr_field"}, {Path: "R", Kind: "sr_field"}, {Path: "R.o", Kind: "sr_record"}, {Path: "x.R", Kind: "sr_record"},
		{Path: "E", Kind: "sr_record"}, {Path: "Other", Kind: "sr_record"}, {Path: "", Kind: "sr_record"}, {Path: "", Kind: "sr_field"},
	} {
		e.Tags = []string{"T"}
		if _, err := tagger(t, text, ref).EditTags([]schema.EntityTags{e}, nil); !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("adding to %q: error %v, want %s", e.Path, err, schema.ErrInvalid.Name())
		}
		if _, err := tagger(t, text, ref).EditTags(nil, []schema.EntityTags{e}); !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("removing from %q: error %v, want %s", e.Path, err, schema.ErrInvalid.Name())
		}
	}
}

func TestKeptTagsAreThoseThatHaveAPlace(t *testing.T) {
	kept, err := tagger(t, record(`{"name":"a","type":"int"}`)).KeepTags([]schema.EntityTags{
		{Path: "R.gone", Kind: "sr_field", Tags: []string{"T"}}, {Path: "R.a", Kind: "sr_field", Tags: []string{"T"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one("R.a", "sr_field", "T"), kept.(schema.Tagger).Tags()); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// FuzzPlaces edits tags and locates paths in whatever text is a schema: nothing panics, an edited text parses, and its tags are
// those that were put there.
func FuzzPlaces(f *testing.F) {
	f.Add(taggedText, "n.R.a", "sr_field", "/fields/1/type/1/items/fields/0")
	f.Add(taggedText, "R2", "sr_record", "/fields/3/type")
	for _, text := range seedTexts(f) {
		f.Add(text, "R.a", "sr_field", "/fields/0/type/symbols")
	}
	f.Fuzz(func(t *testing.T, text, place, kind, path string) {
		s, err := avro.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil)
		if err != nil {
			return
		}
		if line, column, ok := s.(schema.Locator).Locate(path); !ok || line < 1 || column < 1 {
			t.Errorf("%s is at %d:%d (%t)", path, line, column, ok)
		}
		if line, column, ok := s.(schema.WriterLocator).LocateWritten(path, s); !ok || line < 1 || column < 1 {
			t.Errorf("%s is at %d:%d (%t) as a writer's", path, line, column, ok)
		}
		edited, err := s.(schema.Tagger).EditTags(one(place, kind, "some tag"), nil)
		if err != nil {
			if !errors.Is(err, schema.ErrInvalid) {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		for _, e := range edited.(schema.Tagger).Tags() {
			if slices.Contains(e.Tags, "some tag") {
				return
			}
		}
		t.Errorf("the tag at %s is not in %s", place, edited.Canonical())
	})
}
