package docs

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// warns proves that the engine warns of the hole and of nothing else, in the direction of the hole only.
func (h hole) warns(t *testing.T, p page, older, newer schema.Schema) {
	t.Helper()
	want := []string{h.warning}
	for _, c := range []struct {
		level     compat.Level
		next, old schema.Schema
		want      []string
	}{
		{compat.Backward, newer, older, want},
		{compat.Forward, older, newer, want},
		{compat.Backward, newer, newer, nil},
		{compat.FullTransitive, older, older, nil},
		{compat.None, newer, older, nil},
	} {
		v := compat.Checker{Warn: true}.Check(c.level, c.next, []compat.Version{{Number: 1, Schema: c.old}})
		if diff := cmp.Diff(c.want, warned(v)); diff != "" {
			t.Errorf("%s: warnings (-want +got):\n%s", c.level, diff)
		}
		if !v.Compatible() {
			t.Errorf("%s: a warning decided the verdict: %+v", c.level, v.Findings)
		}
	}
	if v := (compat.Checker{}).Check(compat.Backward, newer, []compat.Version{{Number: 1, Schema: older}}); len(v.Warnings) > 0 {
		t.Errorf("warned without being asked: %+v", v.Warnings)
	}
	lister, ok := p.format.(schema.WarningLister)
	if !ok || !slices.ContainsFunc(lister.WarningRules(), func(r schema.Rule) bool { return r.ID == h.warning }) {
		t.Errorf("the format does not list %s", h.warning)
	}
}

func warned(v compat.Verdict) []string {
	var ids []string
	for _, f := range v.Warnings {
		for _, d := range f.Differences {
			ids = append(ids, d.Rule)
		}
	}
	return ids
}

// TestWarningRules holds the lists of warnings against the page: each has a hole that proves it, and none is a rule.
func TestWarningRules(t *testing.T) {
	for _, p := range []page{avroPage, protobufPage, jsonPage} {
		lister, ok := p.format.(schema.WarningLister)
		if !ok {
			t.Fatalf("%s lists no warnings", p.file)
		}
		for _, r := range lister.WarningRules() {
			if !slices.ContainsFunc(holes[p.file], func(h hole) bool { return h.warning == r.ID }) {
				t.Errorf("%s: no hole proves it", r.ID)
			}
			if slices.ContainsFunc(p.format.Rules(), func(x schema.Rule) bool { return x.ID == r.ID }) {
				t.Errorf("%s is a rule as well", r.ID)
			}
			if !strings.HasPrefix(r.ID, "UNSOUND_") || r.Purpose == "" || r.Remedy == "" {
				t.Errorf("%+v: incomplete", r)
			}
		}
	}
}
