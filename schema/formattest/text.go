package formattest

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

var rigors = []schema.Rigor{schema.AsNew, schema.AsStored, schema.WithFields}

func mustParse(t *testing.T, f schema.Format, s Sample) schema.Schema {
	t.Helper()
	return mustParseText(t, f, s.Text, s.Deps, schema.AsNew)
}

func mustParseText(t *testing.T, f schema.Format, text string, deps []Dep, r schema.Rigor) schema.Schema {
	t.Helper()
	got, err := parse(t, f, text, deps, r)
	if err != nil {
		t.Fatalf("Parse(%s): %v", text, err)
	}
	return got
}

func parse(t *testing.T, f schema.Format, text string, deps []Dep, r schema.Rigor) (schema.Schema, error) {
	t.Helper()
	src := schema.Source{Text: text, Rigor: r}
	var parsed []schema.Dep
	for _, d := range deps {
		src.References = append(src.References, d.Reference)
		parsed = append(parsed, schema.Dep{Reference: d.Reference, Schema: mustParseText(t, f, d.Text, d.Deps, r)})
	}
	return f.Parse(src, parsed)
}

func checkText(t *testing.T, f schema.Format, s Sample) {
	first := mustParse(t, f, s)
	if first.Format() != f.Name() {
		t.Errorf("Format() = %q, want %q", first.Format(), f.Name())
	}
	for _, r := range rigors {
		got := mustParseText(t, f, s.Text, s.Deps, r)
		if diff := cmp.Diff(first.Canonical(), got.Canonical()); diff != "" {
			t.Errorf("canonical text depends on the rigor %d:\n%s", r, diff)
		}
	}
	again := mustParseText(t, f, first.Canonical(), s.Deps, schema.AsNew)
	if diff := cmp.Diff(first.Canonical(), again.Canonical()); diff != "" {
		t.Errorf("canonical text is no fixpoint of Parse:\n%s", diff)
	}
	if !schema.Equal(first, again) || !schema.Equal(again, first) {
		t.Error("a schema differs from its own canonical text")
	}
	for _, style := range []string{"", "no-such-style"} {
		if got, err := first.Render(style); err != nil || got != first.Canonical() {
			t.Errorf("Render(%q) = %q, %v; want the canonical text", style, got, err)
		}
	}
}

func checkNormalize(t *testing.T, f schema.Format, s Sample) {
	first := mustParse(t, f, s)
	before := first.Canonical()
	n := first.Normalize()
	if diff := cmp.Diff(n.Canonical(), n.Normalize().Canonical()); diff != "" {
		t.Errorf("Normalize is not idempotent:\n%s", diff)
	}
	again := mustParseText(t, f, n.Canonical(), s.Deps, schema.AsNew)
	if diff := cmp.Diff(n.Canonical(), again.Canonical()); diff != "" {
		t.Errorf("normal text is no fixpoint of Parse:\n%s", diff)
	}
	wantNone(t, "normal form as reader", n, first)
	wantNone(t, "normal form as writer", first, n)
	if first.Canonical() != before {
		t.Error("Normalize changed its receiver")
	}
}

func checkSelf(t *testing.T, f schema.Format, s Sample) {
	first, second := mustParse(t, f, s), mustParse(t, f, s)
	wantNone(t, "itself", first, first)
	wantNone(t, "its copy", first, second)
}

func wantNone(t *testing.T, what string, reader, writer schema.Schema) {
	t.Helper()
	for _, p := range []schema.Policy{schema.Strict, schema.Lenient} {
		if d := reader.Differences(writer, schema.Question{Policy: p}); len(d) > 0 {
			t.Errorf("%s: unwanted differences under policy %d: %+v", what, p, d)
		}
	}
}

func checkInvalid(t *testing.T, f schema.Format, in Invalid) {
	for _, r := range rigors {
		_, err := parse(t, f, in.Text, in.Deps, r)
		wantInvalid(t, err)
	}
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	switch {
	case err == nil:
		t.Error("Parse took an invalid text")
	case !errors.Is(err, schema.ErrInvalid):
		t.Errorf("Parse failed without the code %s: %v", schema.ErrInvalid.Name(), err)
	case strings.TrimSpace(fault.DetailOf(err)) == "":
		t.Errorf("Parse failed without a detail: %v", err)
	}
}
