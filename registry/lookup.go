package registry

import (
	"context"

	"github.com/pawl-registry/pawl/fault"
)

// Lookup finds a schema among the versions of a subject that f selects (Live or All). A name in the default context falls back
// to the same name in every other context. Errors: ErrInvalidSchema, ErrSubjectNotFound, ErrSchemaNotFound.
func (r *Registry) Lookup(ctx context.Context, s Submission, f Filter) (Version, error) {
	if err := r.current(ctx); err != nil {
		return Version{}, err
	}
	j, n := r.judgeOf(ctx), ParseName(s.Subject)
	found, err := j.lookup(n, s, f)
	if err != nil {
		return Version{}, err
	}
	if found == nil {
		found = r.elsewhere(n, func(other Name) *row {
			x, err := j.lookup(other, s, f)
			if err != nil {
				return nil // what cannot be read there is not there
			}
			return x
		})
	}
	if found != nil {
		return found.Version, nil
	}
	if !holds(r.view.rows(n), f) {
		return Version{}, subjectNotFound(opRead, n)
	}
	return Version{}, fault.New(ErrSchemaNotFound, opRead, "Schema not found")
}

// elsewhere asks for a name of the default context in every other context until something is found.
func (r *Registry) elsewhere(n Name, ask func(Name) *row) *row {
	if n.Context != DefaultContext {
		return nil
	}
	for _, context := range r.view.contexts() {
		other := Name{context, n.Subject}
		if len(r.view.rows(other)) == 0 {
			continue
		}
		if x := ask(other); x != nil {
			return x
		}
	}
	return nil
}

// Compatibility checks a schema against one version, a number or Latest, at the level of the subject. Latest of a subject
// without live versions is compatible. Errors: ErrInvalidVersion, ErrVersionNotFound, ErrInvalidSchema.
func (r *Registry) Compatibility(ctx context.Context, s Submission, version int) (Check, error) {
	if err := checkVersion(opRead, version); err != nil {
		return Check{}, err
	}
	return r.compare(ctx, s, func(n Name) ([]*row, error) {
		x := pick(r.view.rows(n), version)
		switch {
		case x != nil && !x.Deleted:
			return []*row{x}, nil
		case version == Latest:
			return nil, nil
		}
		return nil, absent(opRead, n, version, true)
	})
}

// CompatibilityAll checks a schema as Register would. Errors: ErrInvalidSchema.
func (r *Registry) CompatibilityAll(ctx context.Context, s Submission) (Check, error) {
	return r.compare(ctx, s, func(n Name) ([]*row, error) { return live(r.view.rows(n)), nil })
}

func (r *Registry) compare(ctx context.Context, s Submission, earlier func(Name) ([]*row, error)) (Check, error) {
	if err := r.current(ctx); err != nil {
		return Check{}, err
	}
	j, n := r.judgeOf(ctx), ParseName(s.Subject)
	rows, err := earlier(n)
	if err != nil {
		return Check{}, err
	}
	c := j.candidate(n, s)
	if err := c.needText(); err != nil {
		return Check{}, err
	}
	next, err := j.read(&c, j.rigorOfNew(&c))
	if err != nil {
		return Check{}, err
	}
	return j.check(&c, next, rows)
}
