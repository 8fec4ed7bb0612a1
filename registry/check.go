package registry

import (
	"log/slog"
	"slices"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// check compares a candidate with earlier versions, ascending, at the level in force.
func (j judge) check(c *candidate, next *parsed, earlier []*row) (Check, error) {
	out := Check{ValidateFields: orDefault(c.config.ValidateFields, j.opts.ValidateFields)}
	if out.ValidateFields {
		out.Reserved = reservedFindings(c.Metadata, next, earlier)
	}
	if g := c.config.Group; g != "" {
		earlier = sameGroup(c.Metadata, g, earlier)
	}
	if !c.config.Level.Transitive() && len(earlier) > 1 {
		earlier = earlier[len(earlier)-1:]
	}
	history, olds := make([]compat.Version, len(earlier)), make([]old, len(earlier))
	for i, r := range earlier {
		olds[i].row = r
		history[i] = compat.Version{Number: r.Number, Schema: &olds[i]}
	}
	ended := j.steps.begin(StepCheck)
	d := differ{judge: j, next: next}
	checker := compat.Checker{Differ: d.differences}
	if c.config.Policy == policyLenient {
		checker.Policy = schema.Lenient
	}
	out.Verdict = checker.Check(c.config.Level, next, history)
	if ended != nil {
		ended(d.err, slog.String("pawl.compatibility.level", string(c.config.Level)), slog.Int("pawl.compatibility.versions", len(history)),
			slog.Bool("pawl.compatibility.compatible", out.Compatible()))
	}
	for i := range out.Verdict.Findings {
		f := &out.Verdict.Findings[i]
		stored, err := j.parse(j.view, f.Old.Schema.(*old).row.source())
		if err != nil {
			return out, err
		}
		f.Old.Schema = stored.Schema
	}
	return out, d.err
}

// sameGroup keeps the versions of the candidate's compatibility group; no group is a group too.
func sameGroup(m *Metadata, group string, earlier []*row) []*row {
	want, has := m.property(group)
	return slices.DeleteFunc(slices.Clone(earlier), func(r *row) bool {
		got, ok := r.Metadata.property(group)
		return ok != has || got != want
	})
}

func reservedFindings(m *Metadata, next *parsed, earlier []*row) []string {
	var out []string
	names := m.reserved()
	if len(earlier) > 0 {
		for _, name := range earlier[len(earlier)-1].Metadata.reserved() {
			if !slices.Contains(names, name) {
				out = append(out, "{errorType:'RESERVED_FIELD_REMOVED', description:'The new schema no longer reserves the field "+name+", which the old schema reserves.', additionalInfo:'"+name+"'}")
			}
		}
	}
	fielder, ok := next.Schema.(schema.Fielder)
	if !ok || len(names) == 0 {
		return out
	}
	fields := fielder.Fields()
	for _, name := range names {
		if slices.Contains(fields, name) {
			out = append(out, "{errorType:'FIELD_CONFLICTS_WITH_RESERVED_FIELD', description:'The new schema has a field named "+name+", which its metadata reserves.', additionalInfo:'"+name+"'}")
		}
	}
	return out
}
