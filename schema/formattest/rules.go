package formattest

import (
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/schema"
)

func checkRules(t *testing.T, f schema.Format) {
	if len(f.Rules()) == 0 {
		t.Fatal("Rules() is empty")
	}
	seen := map[string]bool{}
	for i, r := range f.Rules() {
		if seen[r.ID] {
			t.Errorf("rule %s is listed twice", r.ID)
		}
		seen[r.ID] = true
		if r.ID == "" || r.ID != strings.ToUpper(r.ID) || strings.ContainsAny(r.ID, " \t\n-") {
			t.Errorf("rule %d: ID %q is not upper snake case", i, r.ID)
		}
		for what, line := range map[string]string{"purpose": r.Purpose, "remedy": r.Remedy} {
			if strings.TrimSpace(line) == "" || strings.Contains(line, "\n") {
				t.Errorf("rule %s: the %s %q is not one line", r.ID, what, line)
			}
		}
		if again := f.Rules()[i]; again != r {
			t.Errorf("the order of Rules() is not stable at %d", i)
		}
	}
}

func ruleIDs(f schema.Format) map[string]bool {
	ids := map[string]bool{}
	for _, r := range f.Rules() {
		ids[r.ID] = true
	}
	return ids
}

func checkPair(t *testing.T, f schema.Format, p Pair) {
	reader, writer := mustParse(t, f, p.Reader), mustParse(t, f, p.Writer)
	q := schema.Question{Policy: p.Policy, Reader: "new", Writer: "old"}
	found := reader.Differences(writer, q)
	if (len(found) == 0) != p.Compatible {
		t.Errorf("compatible = %t, want %t: %+v", len(found) == 0, p.Compatible, found)
	}
	checkFindings(t, ruleIDs(f), found)
	checkRepeat(t, reader, writer, q, found)
}

func checkFindings(t *testing.T, ids map[string]bool, found []schema.Difference) {
	t.Helper()
	for _, d := range found {
		if !ids[d.Rule] {
			t.Errorf("rule %q is not in Rules()", d.Rule)
		}
		if strings.TrimSpace(d.Detail) == "" || !strings.Contains(d.Message, d.Rule) {
			t.Errorf("difference without a detail, or whose message does not name its rule: %+v", d)
		}
	}
}

// checkRepeat asks the same question again: answers must not depend on what was asked before.
func checkRepeat(t *testing.T, reader, writer schema.Schema, q schema.Question, want []schema.Difference) {
	t.Helper()
	got := reader.Differences(writer, q)
	if len(got) != len(want) {
		t.Fatalf("the second answer has %d differences, the first %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("the second answer differs at %d: %+v, first %+v", i, got[i], want[i])
		}
	}
}
