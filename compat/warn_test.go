package compat_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// cautious are letters that warn of every capital that only the writer has.
type cautious struct{ letters }

func (s cautious) Warnings(writer schema.Schema, q schema.Question) []schema.Difference {
	reader, w := q.Words()
	var out []schema.Difference
	for _, c := range strings.Split(writer.Canonical(), "") {
		if c != strings.ToLower(c) && !strings.Contains(s.text, c) {
			out = append(out, schema.Difference{Rule: "DROPS", Path: "/" + c, Detail: reader + " drops " + c + " of " + w})
		}
	}
	return out
}

func cautiously(texts ...string) []compat.Version {
	var out []compat.Version
	for i, text := range texts {
		out = append(out, compat.Version{Number: i + 1, Schema: cautious{letters{format: "A", text: text}}})
	}
	return out
}

// Warnings follow the pairs and directions of the level, each change is given once, and none decides the verdict.
func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name    string
		level   compat.Level
		history []compat.Version
		next    string
		quiet   bool
		want    []string
	}{
		{"only when asked", compat.Backward, cautiously("X"), "", true, nil},
		{"the new one reads", compat.Backward, cautiously("Xa"), "a", false, []string{"BACKWARD 1: new drops X of old"}},
		{"the old one reads", compat.Forward, cautiously("a"), "aX", false, []string{"FORWARD 1: old drops X of new"}},
		{"not the other way", compat.Forward, cautiously(""), "", false, nil},
		{"plain levels look at the newest", compat.Backward, cautiously("X", "Y"), "", false, []string{"BACKWARD 2: new drops Y of old"}},
		{"transitive ones at all", compat.BackwardTransitive, cautiously("X", "Y"), "", false, []string{"BACKWARD 2: new drops Y of old", "BACKWARD 1: new drops X of old"}},
		{"each change once", compat.BackwardTransitive, cautiously("XZ", "X"), "", false, []string{"BACKWARD 2: new drops X of old", "BACKWARD 1: new drops Z of old"}},
		{"NONE asks nothing", compat.None, cautiously("X"), "", false, nil},
		{"no Warner, no warning", compat.Forward, history("a"), "aX", false, nil},
		{"another format", compat.Backward, []compat.Version{{Number: 1, Schema: cautious{letters{format: "B", text: "X"}}}}, "", false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			next := cautious{letters{format: "A", text: c.next}}
			v := compat.Checker{Warn: !c.quiet}.Check(c.level, next, c.history)
			var got []string
			for _, f := range v.Warnings {
				for _, d := range f.Differences {
					got = append(got, fmt.Sprintf("%s %d: %s", f.Direction, f.Old.Number, d.Detail))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if plain := (compat.Checker{}).Check(c.level, next, c.history); plain.Compatible() != v.Compatible() {
				t.Errorf("warnings changed the verdict to %v", v.Compatible())
			}
		})
	}
}
