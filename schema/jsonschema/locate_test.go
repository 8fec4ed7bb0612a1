package jsonschema_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/schema"
)

func TestLocate(t *testing.T) {
	for _, tt := range []struct{ name, path, text string }{
		{"the root", "#/", "\n ^{\"type\":\"object\"}"},
		{"a property", "#/properties/b", `{"properties":{"ä":{"type":"string"},` + "\n" + `"b": ^{"type":"string"}}}`},
		{"a keyword of a property", "#/properties/b/maxLength", `{"properties":{"ä":{},"b":{"type":"string","maxLength":^5}}}`},
		{"a name with slashes", "#/properties/a/b/maxLength", `{"properties":{"a/b":{"type":"string","maxLength":^5}}}`},
		{"a property called like a keyword", "#/properties/properties/properties/x", `{"properties":{"properties":{"properties":{"x":^{}}}}}`},
		{"a required name", "#/required/b", `{"required":["a",^"b"],"properties":{"b":{}}}`},
		{"a name no longer required", "#/required/b", `{"required":["a"],"properties":{"b":^{}}}`},
		{"all items", "#/properties/l/items/maximum", `{"properties":{"l":{"items":{"type":"integer","maximum":^5}}}}`},
		{"one item", "#/items/1", `{"items":[{},^{"type":"string"}]}`},
		{"one item in the newest draft", "#/items/1/maxLength", `{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{},{"type":"string","maxLength":^3}]}`},
		{"further items in the newest draft", "#/additionalItems", `{"$schema":"https://json-schema.org/draft/2020-12/schema","prefixItems":[{}],"items":^{"type":"string"}}`},
		{"a dependency in the newest draft", "#/dependencies/a", `{"$schema":"https://json-schema.org/draft/2020-12/schema","dependentRequired":{"a":^["b"]}}`},
		{"through a ref", "#/properties/a/properties/x", `{"properties":{"a":{"$ref":"#/definitions/D"}},"definitions":{"D":{"properties":{"x":^{"type":"string"}}}}}`},
		{"a property that is gone", "#/properties/a/properties/x", `{"properties":{"a":{"properties":^{"y":{}}}}}`},
		{"a keyword that is gone", "#/properties/a/maxLength", `{"properties":{"a":^{"type":"string"}}}`},
		{"not", "#/not", `{"not":^{"type":"string"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after, ok := strings.Cut(tt.text, "^")
			if !ok {
				t.Fatal("no mark")
			}
			line, column := schema.Position(before+after, len(before))
			s := parse(t, before+after)
			for _, l := range []schema.Schema{s, s.Normalize()} {
				gotLine, gotColumn, ok := l.(schema.Locator).Locate(tt.path)
				if !ok || gotLine != line || gotColumn != column {
					t.Errorf("%s is at %d:%d (%t), want %d:%d in\n%s", tt.path, gotLine, gotColumn, ok, line, column, before+after)
				}
			}
		})
	}
}

// TestLocateEndsInCircles follows refs that lead to one another.
func TestLocateEndsInCircles(t *testing.T) {
	s := parse(t, `{"properties":{"a":{"$ref":"#/definitions/a"}},"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}}}`)
	if _, _, ok := s.(schema.Locator).Locate("#/properties/a/properties/x"); !ok {
		t.Error("no place")
	}
}

// FuzzPlaces edits tags and locates paths in whatever text is a schema: nothing panics, and an edited text parses.
func FuzzPlaces(f *testing.F) {
	f.Add(taggedText, "object.a.b", "#/properties/a.b")
	f.Add(taggedText, "object.pay.oneof.1.object.iban", "#/properties/lines/items/properties/sku")
	f.Add(treeText, "object", "#/items/0")
	f.Fuzz(func(t *testing.T, text, place, path string) {
		s, err := format(text)
		if err != nil {
			return
		}
		if line, column, ok := s.(schema.Locator).Locate(path); !ok || line < 1 || column < 1 {
			t.Errorf("%s is at %d:%d (%t)", path, line, column, ok)
		}
		s.(schema.Tagger).Tags()
		edited, err := s.(schema.Tagger).EditTags([]schema.EntityTags{{Path: place, Tags: []string{"some tag"}}}, nil)
		if err != nil {
			if !errors.Is(err, schema.ErrInvalid) {
				t.Fatalf("no code: %v", err)
			}
			return
		}
		if _, err := format(edited.Canonical()); err != nil {
			t.Errorf("the edited text %s cannot be read: %v", edited.Canonical(), err)
		}
	})
}
