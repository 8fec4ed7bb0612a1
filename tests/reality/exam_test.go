package reality

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
)

// exam is one real text with its references, parsed.
type exam struct {
	format schema.Format
	path   string
	text   string
	deps   []schema.Dep
	// typeless says that the text declares no type of its own, but only what others use.
	typeless bool
	// restless says that the normal text is not its own canonical text; see the list of that name.
	restless bool
}

// patience is how long one text may take before the run is given up as hanging. The slowest takes about a second.
const patience = 2 * time.Minute

// sit runs the exam and returns the schema, or the error with which its text was refused.
func (e exam) sit(t *testing.T) (schema.Schema, error) {
	guard := time.AfterFunc(patience, func() { panic("hanging: " + e.path) })
	defer guard.Stop()
	first, err := e.parse(e.text, schema.AsNew)
	if err != nil {
		return nil, err
	}
	if _, err := first.Message(""); err != nil && !e.typeless {
		t.Errorf("%s: no root message: %v", e.path, err)
	}
	second := e.fixpoint(t, "canonical", first)
	normal := first.Normalize()
	if again := normal.Normalize().Canonical(); again != normal.Canonical() {
		t.Errorf("%s: Normalize is not idempotent:\n%s", e.path, excerpt(normal.Canonical(), again))
	}
	reparsed := e.fixpoint(t, "normal", normal)
	if again := reparsed.Normalize().Canonical(); again != normal.Canonical() {
		t.Errorf("%s: the normal text is not normal:\n%s", e.path, excerpt(normal.Canonical(), again))
	}
	for what, other := range map[string]schema.Schema{"itself": first, "its canonical form": second, "its normal form": reparsed} {
		e.compatible(t, what+" as writer", first, other)
		e.compatible(t, what+" as reader", other, first)
	}
	return first, nil
}

func (e exam) parse(text string, rigor schema.Rigor) (schema.Schema, error) {
	src := schema.Source{Text: text, Rigor: rigor}
	for _, d := range e.deps {
		src.References = append(src.References, d.Reference)
	}
	return e.format.Parse(src, e.deps)
}

// fixpoint parses a schema's text again: it must be the same text, and an equal schema, under either rigor.
func (e exam) fixpoint(t *testing.T, what string, s schema.Schema) schema.Schema {
	again := s
	for _, rigor := range []schema.Rigor{schema.AsStored, schema.AsNew} {
		got, err := e.parse(s.Canonical(), rigor)
		if err != nil {
			t.Errorf("%s: the %s text is refused: %v", e.path, what, err)
			return again
		}
		again = got
		if stable := again.Canonical() == s.Canonical(); stable == (e.restless && what == "normal") {
			t.Errorf("%s: the %s text is stable = %t:\n%s", e.path, what, stable, excerpt(s.Canonical(), again.Canonical()))
		}
	}
	if (!e.restless || what != "normal") && !schema.Equal(s, again) {
		t.Errorf("%s: the schema differs from its own %s text", e.path, what)
	}
	return again
}

func (e exam) compatible(t *testing.T, what string, reader, writer schema.Schema) {
	for _, policy := range []schema.Policy{schema.Strict, schema.Lenient} {
		if found := reader.Differences(writer, schema.Question{Policy: policy}); len(found) > 0 {
			t.Errorf("%s against %s: %d differences, the first: %+v", e.path, what, len(found), found[0])
		}
	}
}

// excerpt is a diff of two texts around the first place where they differ.
func excerpt(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, i-200):min(len(s), i+200)] }
	return cmp.Diff(cut(a), cut(b))
}

// each runs f for every element on all processors and waits.
func each[T any](list []T, f func(i int, x T)) {
	var all sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := range next {
				f(i, list[i])
			}
		})
	}
	for i := range list {
		next <- i
	}
	close(next)
	all.Wait()
}
