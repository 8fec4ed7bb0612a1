package registry_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
)

// counted counts what is asked of words.
type counted struct {
	words
	parses, compares *atomic.Int32
}

type countedSchema struct {
	*wordsSchema
	compares *atomic.Int32
}

func newCounted() counted {
	return counted{words{"WORDS"}, new(atomic.Int32), new(atomic.Int32)}
}

func (f counted) Parse(src schema.Source, deps []schema.Dep) (schema.Schema, error) {
	f.parses.Add(1)
	plain := make([]schema.Dep, len(deps))
	for i, d := range deps {
		plain[i] = schema.Dep{Reference: d.Reference, Schema: d.Schema.(*countedSchema).wordsSchema}
	}
	s, err := f.words.Parse(src, plain)
	if err != nil {
		return nil, err
	}
	return &countedSchema{s.(*wordsSchema), f.compares}, nil
}

func (s *countedSchema) Differences(writer schema.Schema, q schema.Question) []schema.Difference {
	s.compares.Add(1)
	return s.wordsSchema.Differences(writer.(*countedSchema).wordsSchema, q)
}

func (s *countedSchema) EqualTo(other schema.Schema) bool {
	return s.wordsSchema.EqualTo(other.(*countedSchema).wordsSchema)
}

func openCounted(t *testing.T, store registry.Store, f counted, o registry.Options) *registry.Registry {
	t.Helper()
	o.Store, o.Formats = store, schema.NewFormats(f)
	reg, err := registry.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reg.Close)
	return reg
}

// A stored schema is parsed once and a pair compared once, however often and from however many sides they are asked for.
func TestNothingIsParsedOrComparedTwice(t *testing.T) {
	const versions = 30
	ctx, store := context.Background(), storetest.NewMemory()
	first := openCounted(t, store, newCounted(), registry.Options{})
	if _, err := first.SetConfig(ctx, "s", registry.ConfigUpdate{Level: registry.Set("FULL_TRANSITIVE")}); err != nil {
		t.Fatal(err)
	}
	for i := range versions {
		if _, err := first.Register(ctx, registry.Submission{Subject: "s", Text: wide(i)}); err != nil {
			t.Fatal(err)
		}
	}
	f := newCounted()
	reg := openCounted(t, store, f, registry.Options{})
	if n := f.parses.Load(); n != 0 {
		t.Errorf("%d schemas were parsed at start", n)
	}
	next := registry.Submission{Subject: "s", Text: wide(versions)}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if c, err := reg.CompatibilityAll(ctx, next); err != nil || !c.Compatible() {
				t.Errorf("%v, %v", c, err)
			}
		})
	}
	wg.Wait()
	if parses, compares := f.parses.Load(), f.compares.Load(); parses != versions+1 || compares != 2*versions {
		t.Errorf("%d parses and %d comparisons, want %d and %d", parses, compares, versions+1, 2*versions)
	}
}

// Registering again costs no parse, even of schemas that are no longer kept.
func TestTextsAreKnownAgain(t *testing.T) {
	ctx, f := context.Background(), newCounted()
	reg := openCounted(t, storetest.NewMemory(), f, registry.Options{CachedSchemas: 1})
	var all []registry.Submission
	for i := range 20 {
		all = append(all, registry.Submission{Subject: fmt.Sprint("s", i), Text: "  " + strings.ReplaceAll(wide(i), " ", "  "), Normalize: i%2 == 0})
	}
	var before []registry.Version
	for _, s := range all {
		v, err := reg.Register(ctx, s)
		if err != nil {
			t.Fatal(err)
		}
		before = append(before, v)
	}
	f.parses.Store(0)
	for i, s := range all {
		v, err := reg.Register(ctx, s)
		if err != nil || v.ID != before[i].ID || v.Number != 1 {
			t.Errorf("again: %v, %v", v, err)
		}
		if v, err = reg.Lookup(ctx, s, registry.Live); err != nil || v.ID != before[i].ID {
			t.Errorf("looked up: %v, %v", v, err)
		}
	}
	if n := f.parses.Load(); n != 0 {
		t.Errorf("%d parses of what was registered before", n)
	}
}

// A text that is stored as it comes in is known without a parse, also by a registry that has just started.
func TestStoredTextsAreKnownAtStart(t *testing.T) {
	ctx, store := context.Background(), storetest.NewMemory()
	want, err := openCounted(t, store, newCounted(), registry.Options{}).Register(ctx, registry.Submission{Subject: "s", Text: wide(1)})
	if err != nil {
		t.Fatal(err)
	}
	f := newCounted()
	reg := openCounted(t, store, f, registry.Options{})
	if v, err := reg.Register(ctx, registry.Submission{Subject: "s", Text: wide(1)}); err != nil || v.ID != want.ID || v.Number != 1 {
		t.Errorf("again: %v, %v", v, err)
	}
	if v, err := reg.Lookup(ctx, registry.Submission{Subject: "s", Text: wide(1)}, registry.Live); err != nil || v.ID != want.ID {
		t.Errorf("looked up: %v, %v", v, err)
	}
	if n := f.parses.Load(); n != 0 {
		t.Errorf("%d parses", n)
	}
}

// Outcomes are kept by content: a version number that comes to mean something else is judged anew.
func TestKeptOutcomesFollowTheContent(t *testing.T) {
	s := newStory(t, registry.Options{})
	for _, block := range []string{
		"setconfig \"\" {\"compatibility\":\"NONE\"}", "register base\nx", "register user refs=b=base=1\n@b y",
		"delete user", "delete user permanent", "delete base", "delete base permanent", "register base\nz",
	} {
		s.play(block)
	}
	const question = "register user refs=b=base=1\n@b y"
	if got, want := s.play(question), question+"\n----\nuser v1 id=4 WORDS \"@b y\" ref=b=base=1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := s.play("render user 1 resolved"), "render user 1 resolved\n----\n\"z y\""; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A chain of schemas that each refer twice to the one before is linear to parse even if nothing can be kept.
func TestDoublingReferencesAreLinear(t *testing.T) {
	ctx, f := context.Background(), newCounted()
	reg := openCounted(t, storetest.NewMemory(), f, registry.Options{CachedSchemas: 1, CachedSchemaBytes: 1, Level: "NONE"})
	const depth = 24
	for i := range depth {
		s := registry.Submission{Subject: fmt.Sprint("s", i), Text: "own" + letters(i)}
		if i > 0 {
			below := fmt.Sprint("s", i-1)
			s.References = []schema.Reference{{Name: "a", Subject: below, Version: 1}, {Name: "b", Subject: below, Version: 1}}
			s.Text += " @a"
		}
		f.parses.Store(0)
		if _, err := reg.Register(ctx, s); err != nil {
			t.Fatal(err)
		}
		if n := int(f.parses.Load()); n > 4*(i+2) {
			t.Fatalf("%d parses for %d schemas", n, i+1)
		}
	}
}
