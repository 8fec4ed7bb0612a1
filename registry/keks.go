package registry

import (
	"context"
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/fault"
)

// Keks lists the names of keks that f (Live or All) selects, sorted. With prefixes, only those that have a dek whose subject
// begins with one of them.
func (r *Registry) Keks(ctx context.Context, prefixes []string, f Filter) ([]string, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	if len(prefixes) > 0 {
		return r.view.kekNames(f, func(subject string) bool {
			return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(subject, p) })
		}), nil
	}
	var names []string
	for _, k := range r.view.keks(f) {
		names = append(names, k.Name)
	}
	return names, nil
}

// Kek returns a kek. f is Live or All. Errors: ErrInvalidKey, ErrKeyNotFound.
func (r *Registry) Kek(ctx context.Context, name string, f Filter) (Kek, error) {
	if err := checkKekName(name); err != nil {
		return Kek{}, err
	}
	if err := r.current(ctx); err != nil {
		return Kek{}, err
	}
	k := r.view.kek(name, f)
	if k == nil {
		return Kek{}, keyNotFound(name)
	}
	return *k, nil
}

// Trial says whether a shared kek is tried out at the KMS before it is stored.
type Trial bool

// CreateKek stores a kek. One that is stored already and differs only in being deleted takes that over from k. Errors:
// ErrInvalidKey, ErrKeyExists, ErrTooManyKeys, ErrKMS and ErrKMSDenied (of the trial), ErrStore, ErrTimeout.
func (r *Registry) CreateKek(ctx context.Context, k Kek, t Trial) (stored Kek, err error) {
	if err := k.check(); err != nil {
		return Kek{}, err
	}
	k.KMSType = kmsType(k.KMSType)
	if err := r.try(ctx, k, t); err != nil {
		return Kek{}, err
	}
	err = r.write(ctx, opKeys, func(j judge) (*change, error) { return j.createKek(k) })
	if err != nil {
		return Kek{}, err
	}
	return r.storedKek(k), nil
}

// storedKek returns a kek with the time of its write, as far as nobody deleted it since.
func (r *Registry) storedKek(k Kek) Kek {
	if s := r.view.kek(k.Name, All); s != nil {
		return *s
	}
	return k
}

func (j judge) createKek(k Kek) (*change, error) {
	old := j.view.kek(k.Name, All)
	if old != nil && (k.Deleted == old.Deleted || !k.same(old)) {
		return nil, keyExists(k.Name)
	}
	if old == nil {
		held, _ := j.view.keysHeld()
		if err := j.roomForKey(held); err != nil {
			return nil, err
		}
	}
	return putKek(k), nil
}

func putKek(k Kek) *change {
	return &change{additions: additions{PutKeks: []kekRecord{{Kek: k}}}}
}

// UpdateKek changes a live kek and returns what is stored then. Errors: ErrInvalidKey, ErrKeyNotFound, ErrKMS and ErrKMSDenied
// (of the trial), ErrStore, ErrTimeout.
func (r *Registry) UpdateKek(ctx context.Context, name string, u KekUpdate, t Trial) (stored Kek, err error) {
	old, err := r.Kek(ctx, name, Live)
	if err != nil {
		return Kek{}, err
	}
	if err := r.try(ctx, u.over(old), t); err != nil {
		return Kek{}, err
	}
	err = r.write(ctx, opKeys, func(j judge) (c *change, err error) {
		c, stored, err = j.updateKek(name, u)
		return c, err
	})
	if err != nil {
		return Kek{}, err
	}
	return r.storedKek(stored), nil
}

func (j judge) updateKek(name string, u KekUpdate) (*change, Kek, error) {
	old := j.view.kek(name, Live)
	if old == nil {
		return nil, Kek{}, keyNotFound(name)
	}
	next := u.over(*old)
	if next.same(old) {
		return nil, *old, nil
	}
	return putKek(next), next, nil
}

func (u KekUpdate) over(k Kek) Kek {
	if u.KMSProps.Given {
		k.KMSProps = nil
		if u.KMSProps.Value != nil {
			k.KMSProps = *u.KMSProps.Value
		}
	}
	editText(u.Doc, &k.Doc)
	if u.Shared.Given {
		k.Shared = u.Shared.Value != nil && *u.Shared.Value
	}
	return k
}

// DeleteKek deletes a kek. Deleting softly what is soft-deleted changes nothing. Errors: ErrInvalidKey, ErrKeyNotFound, ErrKeyReferenced (softly: by live deks; for good: by any),
// ErrKeyNotSoftDeleted, ErrStore, ErrTimeout.
func (r *Registry) DeleteKek(ctx context.Context, name string, d Deletion) error {
	if err := checkKekName(name); err != nil {
		return err
	}
	return r.write(ctx, opKeys, func(j judge) (*change, error) { return j.deleteKek(name, d) })
}

// touches returns what stands in the way of a deletion: of soft ones only what is live.
func (d Deletion) touches() Filter {
	if d == Permanent {
		return All
	}
	return Live
}

func (j judge) deleteKek(name string, d Deletion) (*change, error) {
	k := j.view.kek(name, All)
	switch {
	case k == nil:
		return nil, keyNotFound(name)
	case len(j.view.deksUnder(name, d.touches())) > 0:
		return nil, fault.New(ErrKeyReferenced, opKeys, "One or more references exist to the key '%s'", name)
	case d == Soft && k.Deleted:
		return nil, nil
	case d == Soft:
		hidden := *k
		hidden.Deleted = true
		return putKek(hidden), nil
	case !k.Deleted:
		return nil, keyNotSoftDeleted(name)
	}
	return &change{additions: additions{RemoveKeks: []string{name}}}, nil
}

// UndeleteKek brings a soft-deleted kek back; a live one is left alone. Errors: ErrInvalidKey, ErrKeyNotFound, ErrStore,
// ErrTimeout.
func (r *Registry) UndeleteKek(ctx context.Context, name string) error {
	if err := checkKekName(name); err != nil {
		return err
	}
	return r.write(ctx, opKeys, func(j judge) (*change, error) {
		k := j.view.kek(name, All)
		switch {
		case k == nil:
			return nil, keyNotFound(name)
		case !k.Deleted:
			return nil, nil
		}
		back := *k
		back.Deleted = false
		return putKek(back), nil
	})
}

// TestKek wraps and unwraps a new key with a shared kek. Errors: ErrInvalidKey (also if the kek is not shared),
// ErrKeyNotFound, ErrKMS, ErrKMSDenied.
func (r *Registry) TestKek(ctx context.Context, name string) (Kek, error) {
	k, err := r.Kek(ctx, name, Live)
	if err != nil {
		return Kek{}, err
	}
	if !k.Shared {
		return Kek{}, invalidKey("shared")
	}
	return k, r.try(ctx, k, true)
}
