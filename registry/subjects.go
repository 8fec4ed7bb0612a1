package registry

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Subjects lists the subjects that f selects, in the order of UTF-16 code units. Prefix forms: "" and "foo" are of the default
// context, ":.ctx:" and ":.ctx:foo" of that context, ":*:" and ":*:foo" of all.
func (r *Registry) Subjects(ctx context.Context, prefix string, f Filter) ([]string, error) {
	names, err := r.EachSubject(ctx, prefix, f)
	if err != nil {
		return nil, err
	}
	return slices.AppendSeq([]string{}, names), nil
}

// EachSubject is Subjects one by one, for lists that are too long to hold. A subject that is registered or deleted while the
// caller goes through them may be among them or not.
func (r *Registry) EachSubject(ctx context.Context, prefix string, f Filter) (iter.Seq[string], error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	return func(yield func(string) bool) {
		for s := range r.view.each(parsePrefix(prefix)) {
			if alive := latest(s.rows) != nil; (f == All || alive == (f == Live)) && !yield(s.name) {
				return
			}
		}
	}, nil
}

// List returns the selected versions by subject (in the order of UTF-16 code units), then by number.
func (r *Registry) List(ctx context.Context, s Selection) ([]Listed, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	p := parsePrefix(s.Prefix)
	subjects := r.view.each(p)
	var aliases map[string][]string
	if s.Aliases {
		subjects, aliases = r.withAliases(p, subjects)
	}
	out, skip := []Listed{}, s.Offset
	for sub := range subjects {
		bonds, takes := s.bonds(r.view, sub.name)
		if !takes {
			continue
		}
		found := s.pick(sub.rows)
		if skip >= len(found) {
			skip -= len(found)
			continue
		}
		for _, x := range found[max(skip, 0):] {
			if out = append(out, Listed{x.Version, aliases[sub.name], bonds}); len(out) == s.Limit {
				return out, nil
			}
		}
		skip = 0
	}
	return out, nil
}

// withAliases adds the subjects that aliases of matching subjects point at, and returns which aliases lead to each subject.
func (r *Registry) withAliases(p prefix, selected iter.Seq[listing]) (iter.Seq[listing], map[string][]string) {
	subjects, aliases := slices.Collect(selected), map[string][]string{}
	targets := r.view.aliases(p)
	for _, from := range slices.SortedFunc(maps.Keys(targets), compareUTF16) {
		aliases[targets[from]] = append(aliases[targets[from]], from)
	}
	for target := range aliases {
		if n := ParseName(target); !p.takes(n) {
			subjects = append(subjects, listing{target, r.view.rows(n)})
		}
	}
	slices.SortFunc(subjects, func(a, b listing) int { return compareUTF16(a.name, b.name) })
	return slices.Values(subjects), aliases
}

// bonds returns the associations of a subject that the selection asks for, and whether they let it take the subject.
func (s *Selection) bonds(v *view, subject string) ([]Association, bool) {
	f := s.Associations
	if f == nil {
		return nil, true
	}
	all := v.associated(ParseName(subject))
	found := f.pick(all)
	return found, len(found) > 0 || len(all) == 0 && slices.Contains(f.Lifecycles, NoLifecycle)
}

func (s *Selection) pick(rows []*row) []*row {
	var out []*row
	for _, x := range rows {
		if s.Filter.takes(x) {
			out = append(out, x)
		}
	}
	if s.LatestOnly && len(out) > 0 {
		out = out[len(out)-1:]
	}
	if s.RuleType != "" {
		out = slices.DeleteFunc(slices.Clone(out), func(x *row) bool { return !x.RuleSet.has(s.RuleType) })
	}
	return out
}

// Contexts lists the contexts whose name, such as ".prod", has the prefix: the default one first, then sorted.
func (r *Registry) Contexts(ctx context.Context, prefix string) ([]string, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	out := []string{}
	for _, name := range append([]string{DefaultContext}, r.view.contexts()...) {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	return out, nil
}
