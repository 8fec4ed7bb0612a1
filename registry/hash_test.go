package registry_test

import (
	"context"
	"testing"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
)

// verbatim is a format whose schemas are their text, so that GUIDs of given texts can be asked for.
type verbatim struct{ words }

type verbatimSchema struct {
	wordsSchema
	text string
}

func (f verbatim) Parse(src schema.Source, _ []schema.Dep) (schema.Schema, error) {
	return &verbatimSchema{wordsSchema{format: f.name}, src.Text}, nil
}

func (s *verbatimSchema) Canonical() string { return s.text }

// The GUIDs of section 6.1: they are the same in every registry.
func TestGUIDIsThatOfConfluent(t *testing.T) {
	ctx := context.Background()
	reg, err := registry.New(ctx, registry.Options{Store: storetest.NewMemory(), Formats: schema.NewFormats(verbatim{words{"AVRO"}})})
	if err != nil {
		t.Fatal(err)
	}
	defer reg.Close()
	register := func(s registry.Submission) registry.Version {
		t.Helper()
		s.Text, s.Force = `"string"`, true
		v, err := reg.Register(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	ref := []schema.Reference{{Name: "n", Subject: "s", Version: 1}}
	register(registry.Submission{Subject: "s"})
	for _, c := range []struct {
		name, want string
		in         registry.Submission
	}{
		{"text alone", "095d71cf-1255-6b9d-5e33-0ad575b3df5d", registry.Submission{}},
		{"with a reference", "a7e3fe32-9bf9-b5f9-9d90-f62f838b5c93", registry.Submission{References: ref}},
		{"with empty metadata", "cecc02e2-232b-87f1-1b0c-aa0e70dbb74d", registry.Submission{Metadata: &registry.Metadata{}}},
		{"with a property", "8e0562da-2332-4679-d6fe-700f88a350ad", registry.Submission{Metadata: &registry.Metadata{Properties: map[string]string{"a": "b"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.Subject = c.name
			v := register(c.in)
			if got := v.GUID.String(); got != c.want {
				t.Errorf("GUID %s, want %s", got, c.want)
			}
			parsed, ok := registry.ParseGUID(c.want)
			if !ok || parsed != v.GUID {
				t.Errorf("ParseGUID(%s) = %s, %t", c.want, parsed, ok)
			}
		})
	}
}

func TestParseGUID(t *testing.T) {
	const want = "095d71cf-1255-6b9d-5e33-0ad575b3df5d"
	for text, ok := range map[string]bool{
		want:                                    true,
		"095d71cf12556b9d5e330ad575b3df5d":      true,
		"095D71CF12556B9D5E330AD575B3DF5D":      true,
		"":                                      false,
		"095d71cf-1255-6b9d-5e33-0ad575b3df5":   false,
		"095d71cf1255-6b9d-5e33-0ad575b3df5d--": false,
		"095d71cf-1255-6b9d-5e33-0ad575b3df5g":  false,
	} {
		g, got := registry.ParseGUID(text)
		if got != ok || ok && g.String() != want {
			t.Errorf("ParseGUID(%q) = %s, %t", text, g, got)
		}
	}
}
