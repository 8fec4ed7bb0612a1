package compat

import (
	"slices"

	"github.com/pawl-registry/pawl/schema"
)

// warnings asks the readers that the level asks for. Schemas that are no Warner warn of nothing.
func (c Checker) warnings(level Level, next schema.Schema, old Version) []Finding {
	if next.Format() != old.Schema.Format() {
		return nil
	}
	var found []Finding
	for _, d := range level.Directions() {
		reader, writer, q := c.question(d, next, old.Schema)
		w, ok := reader.(schema.Warner)
		if !ok {
			continue
		}
		if diffs := w.Warnings(writer, q); len(diffs) > 0 {
			found = append(found, Finding{Direction: d, Old: old, Differences: diffs})
		}
	}
	return found
}

// warn adds warnings, without those that were given for a newer version already: most changes show against all versions before.
func (v *Verdict) warn(found []Finding) {
	for _, f := range found {
		f.Differences = slices.DeleteFunc(f.Differences, func(d schema.Difference) bool { return v.warned(f.Direction, d) })
		if len(f.Differences) > 0 {
			v.Warnings = append(v.Warnings, f)
		}
	}
}

func (v *Verdict) warned(in Direction, d schema.Difference) bool {
	return slices.ContainsFunc(v.Warnings, func(f Finding) bool {
		return f.Direction == in && slices.ContainsFunc(f.Differences, func(x schema.Difference) bool {
			return x.Rule == d.Rule && x.Path == d.Path
		})
	})
}
