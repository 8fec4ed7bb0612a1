package registry

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// ByID returns a version that has an ID, live ones first, soft-deleted ones included. The subject chooses the context: "" is
// the default one, ":.ctx:" that one, ":.ctx:name" asks for exactly that subject, and a bare name is tried in the default
// context, then in every other, and then ignored. Error: ErrSchemaNotFound.
func (r *Registry) ByID(ctx context.Context, subject string, id schema.ID) (Version, error) {
	x, err := r.byID(ctx, subject, id)
	if err != nil {
		return Version{}, err
	}
	if x == nil {
		return Version{}, fault.New(ErrSchemaNotFound, opRead, "Schema %d not found", id)
	}
	return x.Version, nil
}

// byID returns a version with an ID, or nil. The store is asked only if the ID is not known here.
func (r *Registry) byID(ctx context.Context, subject string, id schema.ID) (*row, error) {
	n := ParseName(subject)
	if x := r.withID(n, id); x != nil {
		return x, nil
	}
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	return r.withID(n, id), nil
}

func (r *Registry) withID(n Name, id schema.ID) *row {
	if n.Subject == "" {
		return r.view.byID(n.Context, id)
	}
	find := func(n Name) *row { return underSubject(r.view.rows(n), id) }
	if x := find(n); x != nil || n.Context != DefaultContext {
		return x
	}
	if x := r.elsewhere(n, find); x != nil {
		return x
	}
	return r.view.byID(DefaultContext, id)
}

// MaxID returns the highest ID given so far in the context of a subject name; 0 if there is none.
func (r *Registry) MaxID(ctx context.Context, subject string) (schema.ID, error) {
	if err := r.current(ctx); err != nil {
		return 0, err
	}
	return r.view.lastID(ParseName(subject).Context), nil
}

// SubjectsOfID lists the subjects that have a version with the ID which f selects (Live or All), sorted. The subject chooses
// the context as in ByID. Error: ErrSchemaNotFound.
func (r *Registry) SubjectsOfID(ctx context.Context, subject string, id schema.ID, f Filter) ([]string, error) {
	places, err := r.VersionsOfID(ctx, subject, id, f)
	out := make([]string, len(places))
	for i, p := range places {
		out[i] = p.Subject
	}
	return out, err
}

// VersionsOfID is SubjectsOfID with the version number: the most recently written one of each subject.
func (r *Registry) VersionsOfID(ctx context.Context, subject string, id schema.ID, f Filter) ([]Place, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	x := r.withID(ParseName(subject), id)
	if x == nil {
		return nil, fault.New(ErrSchemaNotFound, opRead, "Schema not found")
	}
	last := map[string]*row{}
	for _, use := range r.view.uses(x.name.Context, id) {
		if old := last[use.Subject]; old == nil || old.written < use.written {
			last[use.Subject] = use
		}
	}
	out := []Place{}
	for _, name := range slices.SortedFunc(maps.Keys(last), compareUTF16) {
		if f.takes(last[name]) {
			out = append(out, Place{name, last[name].Number})
		}
	}
	return out, nil
}

// ByGUID returns a version with that content, from the default context if it has one. Error: ErrSchemaNotFound.
func (r *Registry) ByGUID(ctx context.Context, guid schema.GUID) (Version, error) {
	found, err := r.withGUID(ctx, guid)
	if err != nil {
		return Version{}, err
	}
	for _, at := range found {
		if x := r.view.byID(at.Context, at.ID); x != nil {
			return x.Version, nil
		}
	}
	return Version{}, fault.New(ErrSchemaNotFound, opRead, "Schema %s not found", guid)
}

// IDsOfGUID lists the IDs of a content, sorted by context and ID. Unknown content has none.
func (r *Registry) IDsOfGUID(ctx context.Context, guid schema.GUID) ([]ContextID, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	return r.idsOf(guid), nil
}

func (r *Registry) withGUID(ctx context.Context, guid schema.GUID) ([]ContextID, error) {
	if found := r.idsOf(guid); len(found) > 0 {
		return found, nil
	}
	return r.IDsOfGUID(ctx, guid)
}

func (r *Registry) idsOf(guid schema.GUID) []ContextID {
	out := []ContextID{}
	for _, context := range append([]string{DefaultContext}, r.view.contexts()...) {
		for _, id := range r.view.idsOf(context, guid) {
			out = append(out, ContextID{context, id})
		}
	}
	slices.SortFunc(out, func(a, b ContextID) int {
		return cmp.Or(compareUTF16(a.Context, b.Context), cmp.Compare(a.ID, b.ID))
	})
	return out
}
