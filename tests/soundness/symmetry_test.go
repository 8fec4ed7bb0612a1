package soundness

import (
	"pgregory.net/rapid"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// symmetries holds the levels against each other, and each schema against its own canonical and normalised form.
func symmetries(t *rapid.T, f schema.Format, a, b schema.Schema) {
	is := func(level compat.Level, next, old schema.Schema) bool {
		return compat.Checker{}.Check(level, next, []compat.Version{{Number: 1, Schema: old}}).Compatible()
	}
	backward, forward := is(compat.Backward, b, a), is(compat.Forward, b, a)
	if swapped := is(compat.Backward, a, b); forward != swapped {
		t.Fatalf("FORWARD is %v, BACKWARD with the sides exchanged is %v\na %s\nb %s", forward, swapped, a.Canonical(), b.Canonical())
	}
	if full := is(compat.Full, b, a); full != (backward && forward) {
		t.Fatalf("FULL is %v, BACKWARD %v, FORWARD %v\na %s\nb %s", full, backward, forward, a.Canonical(), b.Canonical())
	}
	for _, s := range []schema.Schema{a, b} {
		again, err := f.Parse(schema.Source{Text: s.Canonical()}, nil)
		if err != nil {
			t.Fatalf("the canonical text does not parse: %v\n%s", err, s.Canonical())
		}
		if again.Canonical() != s.Canonical() {
			t.Fatalf("the canonical text is not stable\n%s\n%s", s.Canonical(), again.Canonical())
		}
		for _, same := range []schema.Schema{s, again, s.Normalize()} {
			if !is(compat.Full, same, s) {
				t.Fatalf("not compatible with itself, its canonical or its normalised form\n%s\n%s", s.Canonical(), same.Canonical())
			}
		}
	}
}
