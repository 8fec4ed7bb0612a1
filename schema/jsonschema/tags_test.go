package jsonschema_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
)

const taggedText = `{"type":"object","confluent:tags":["ROOT"],"properties":{
	"name":{"type":"string","confluent:tags":["PII","X"]},
	"a.b":{"type":"string"},
	"lines":{"type":"array","items":{"type":"object","properties":{"sku":{"type":"string"}}}},
	"pay":{"oneOf":[{"type":"string"},{"type":"null"},{"type":"object","properties":{"iban":{"type":"string"}}}]},
	"kind":{"type":["string","null"]},
	"no":true,
	"when":{"if":{"type":"null"},"then":{"type":"object","properties":{"t":{}}}}},
	"definitions":{"d":{"type":"object","properties":{"e":{}}}}}`

func tagger(t *testing.T, text string) schema.Tagger {
	t.Helper()
	tagged, ok := parse(t, text).(schema.Tagger)
	if !ok {
		t.Fatal("no Tagger")
	}
	return tagged
}

func TestTagsAreListedInTheOrderOfTheText(t *testing.T) {
	want := []schema.EntityTags{
		{Path: "object", Kind: "sr_record", Tags: []string{"ROOT"}},
		{Path: "object.name", Kind: "sr_field", Tags: []string{"PII", "X"}},
	}
	if diff := cmp.Diff(want, tagger(t, taggedText).Tags()); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}

// TestTagsCanBePutWhereTheirPathsLead adds a tag under each path and finds it again under the same one.
func TestTagsCanBePutWhereTheirPathsLead(t *testing.T) {
	bare := tagger(t, taggedText)
	for path, listed := range map[string]schema.EntityTags{
		"object.a.b":                                    {Path: "object.a.b", Kind: "sr_field"},
		".object.lines.array.object.sku":                {Path: "object.lines.array.object.sku", Kind: "sr_field"},
		"object.lines.array.object":                     {Path: "object.lines.array.object", Kind: "sr_record"},
		"object.pay.oneof.1.object.iban":                {Path: "object.pay.oneof.1.object.iban", Kind: "sr_field"},
		"object.kind.anyof.1":                           {Path: "object.kind", Kind: "sr_field"},
		"object.when.allof.0.conditional.then.object.t": {Path: "object.when.allof.0.conditional.then.object.t", Kind: "sr_field"},
		"object.definitions.d.object.e":                 {Path: "object.definitions.d.object.e", Kind: "sr_field"},
		"object.definitions.d.object":                   {Path: "object.definitions.d.object", Kind: "sr_record"},
	} {
		edited, err := bare.EditTags([]schema.EntityTags{{Path: path, Tags: []string{"T"}}}, nil)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		listed.Tags = []string{"T"}
		found := false
		for _, e := range tagger(t, edited.Canonical()).Tags() {
			found = found || cmp.Equal(e, listed)
		}
		if !found {
			t.Errorf("%s: not found again in %s", path, edited.Canonical())
		}
	}
}

func TestEditingTags(t *testing.T) {
	place := func(path string, tags ...string) []schema.EntityTags {
		return []schema.EntityTags{{Path: path, Tags: tags}}
	}
	const text = `{"type":"object","properties":{"a":{"confluent:tags":["X","Y"],"type":"string"},"b":{}}}`
	for name, c := range map[string]struct {
		add, remove []schema.EntityTags
		want        string
	}{
		"nothing":            {nil, nil, text},
		"what is there":      {place("object.a", "Y", "X"), nil, text},
		"what is not there":  {nil, place("object.b", "Z"), text},
		"one more, one less": {place("object.a", "Z"), place("object.a", "X"), `{"type":"object","properties":{"a":{"confluent:tags":["Y","Z"],"type":"string"},"b":{}}}`},
		"the last one":       {nil, place("object.a", "X", "Y"), `{"type":"object","properties":{"a":{"type":"string"},"b":{}}}`},
		"the first one":      {place("object.b", "P"), nil, `{"type":"object","properties":{"a":{"confluent:tags":["X","Y"],"type":"string"},"b":{"confluent:tags":["P"]}}}`},
		"added and removed":  {place("object.b", "P"), place("object.b", "P"), text},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tagger(t, text).EditTags(c.add, c.remove)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Canonical()); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, path := range []string{"", "object.z", "array", "objekt.a", "object.a.oneof", "object.a.oneof.x", "object.a.conditional.maybe", "object.definitions.d", "object.a.not"} {
		if _, err := tagger(t, text).EditTags(place(path, "T"), nil); !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("the path %q: error %v, want %s", path, err, schema.ErrInvalid.Name())
		}
	}
	if _, err := tagger(t, taggedText).EditTags(place("object.no", "T"), nil); !errors.Is(err, schema.ErrInvalid) {
		t.Errorf("a boolean schema: error %v, want %s", err, schema.ErrInvalid.Name())
	}
}
