package registry

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

const opRead = "registry.Read"

func versionText(number int) string {
	if number == Latest {
		return "latest"
	}
	return strconv.Itoa(number)
}

func checkVersion(op string, number int) error {
	if number == Latest || number >= 1 && number <= math.MaxInt32 {
		return nil
	}
	return fault.New(ErrInvalidVersion, op, "The specified version '%d' is not a valid version id. Allowed values are between [1, 2^31-1] and the string \"latest\"", number)
}

// Versions lists the version numbers of a subject that f selects, ascending. Error: ErrSubjectNotFound, when the subject has
// no live version (Live) or no version at all (All, DeletedOnly).
func (r *Registry) Versions(ctx context.Context, subject string, f Filter) ([]int, error) {
	rows, err := r.existing(ctx, subject, f)
	out := []int{}
	for _, x := range rows {
		if f.takes(x) {
			out = append(out, x.Number)
		}
	}
	return out, err
}

// SignedVersions lists all versions of a subject ascending by absolute value, soft-deleted ones negated. must is what the
// subject needs to be found: Live asks for a live version, All for any.
func (r *Registry) SignedVersions(ctx context.Context, subject string, must Filter) ([]int, error) {
	rows, err := r.existing(ctx, subject, must)
	out := []int{}
	for _, x := range rows {
		if x.Deleted {
			out = append(out, -x.Number)
		} else {
			out = append(out, x.Number)
		}
	}
	return out, err
}

// existing returns the versions of a subject if f finds anything among them.
func (r *Registry) existing(ctx context.Context, subject string, f Filter) ([]*row, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	n := ParseName(subject)
	rows := r.view.rows(n)
	if !holds(rows, f) {
		return nil, subjectNotFound(opRead, n)
	}
	return rows, nil
}

// Version returns one version: a number, or Latest. f is Live or All. A name in the default context falls back to the same
// name in other contexts. A number that is known here and not deleted is answered without asking the store, for what it holds
// does not change. Errors: ErrInvalidVersion, ErrSubjectNotFound, ErrVersionNotFound.
func (r *Registry) Version(ctx context.Context, subject string, version int, f Filter) (Version, error) {
	if err := checkVersion(opRead, version); err != nil {
		return Version{}, err
	}
	n := ParseName(subject)
	if x := r.view.row(n, version); x != nil && !x.Deleted {
		return x.Version, nil
	}
	if err := r.current(ctx); err != nil {
		return Version{}, err
	}
	find := func(n Name) *row {
		if x := pick(r.view.rows(n), version); x != nil && f.takes(x) {
			return x
		}
		return nil
	}
	x := find(n)
	if x == nil {
		x = r.elsewhere(n, find)
	}
	if x == nil {
		return Version{}, absent(opRead, n, version, holds(r.view.rows(n), f))
	}
	return x.Version, nil
}

// ReferencedBy lists the IDs of the schemas that directly refer to a version (a number or Latest; it may be soft-deleted), by
// context and ID of the referrer. f selects the referrers (Live or All). Errors: as Version.
func (r *Registry) ReferencedBy(ctx context.Context, subject string, version int, f Filter) ([]schema.ID, error) {
	if err := checkVersion(opRead, version); err != nil {
		return nil, err
	}
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	n := ParseName(subject)
	rows := r.view.rows(n)
	x := pick(rows, version)
	if x == nil {
		return nil, absent(opRead, n, version, len(rows) > 0)
	}
	var found []ContextID
	for _, by := range r.view.referrersOf(n, x.Number) {
		if f.takes(by) {
			found = append(found, ContextID{by.name.Context, by.ID})
		}
	}
	slices.SortFunc(found, func(a, b ContextID) int {
		return cmp.Or(compareUTF16(a.Context, b.Context), cmp.Compare(a.ID, b.ID))
	})
	ids := make([]schema.ID, 0, len(found))
	for _, at := range slices.Compact(found) {
		ids = append(ids, at.ID)
	}
	return ids, nil
}

// LatestWithMetadata returns the highest version whose metadata has all the properties. A version without metadata never
// matches. Errors: ErrSubjectNotFound, ErrSchemaNotFound.
func (r *Registry) LatestWithMetadata(ctx context.Context, subject string, properties map[string]string, f Filter) (Version, error) {
	rows, err := r.existing(ctx, subject, f)
	if err != nil {
		return Version{}, err
	}
	for _, x := range slices.Backward(rows) {
		if f.takes(x) && x.Metadata.contains(properties) {
			return x.Version, nil
		}
	}
	return Version{}, fault.New(ErrSchemaNotFound, opRead, "Schema not found")
}

func (m *Metadata) contains(properties map[string]string) bool {
	for k, want := range properties {
		if got, ok := m.property(k); !ok || got != want {
			return false
		}
	}
	return m != nil
}
