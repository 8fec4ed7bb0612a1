package registry

import (
	"context"
	"slices"

	"github.com/pawl-registry/pawl/fault"
)

// DekSubjects lists the subjects that have a dek under a kek, sorted. f is Live or All, for the kek and the deks alike. Errors:
// ErrInvalidKey, ErrKeyNotFound.
func (r *Registry) DekSubjects(ctx context.Context, kek string, f Filter) ([]string, error) {
	if _, err := r.Kek(ctx, kek, f); err != nil {
		return nil, err
	}
	var out []string
	for _, d := range r.view.deksUnder(kek, f) {
		out = append(out, d.Subject)
	}
	return slices.Compact(out), nil
}

// DekVersions lists the versions of a dek, ascending. f is Live or All, for the kek and the dek alike. Errors: ErrInvalidKey,
// ErrKeyNotFound.
func (r *Registry) DekVersions(ctx context.Context, n DekName, f Filter) ([]int, error) {
	found, err := r.deks(ctx, n, f)
	var out []int
	for _, d := range found {
		out = append(out, d.Version)
	}
	return out, err
}

// deks returns the versions of a dek under a kek that exists.
func (r *Registry) deks(ctx context.Context, n DekName, f Filter) ([]*Dek, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	if _, err := r.Kek(ctx, n.Kek, f); err != nil {
		return nil, err
	}
	return r.view.deks(n.normal(), f), nil
}

// Dek returns one version of a dek, a number or Latest. f is Live or All, for the kek and the dek alike. Under a shared kek it
// carries its material. Errors: ErrInvalidKey, ErrInvalidVersion, ErrKeyNotFound, ErrKMS, ErrKMSDenied.
func (r *Registry) Dek(ctx context.Context, n DekName, version int, f Filter) (Dek, error) {
	if err := checkVersion(opKeys, version); err != nil {
		return Dek{}, err
	}
	found, err := r.deks(ctx, n, f)
	if err != nil {
		return Dek{}, err
	}
	d := pickDek(found, version)
	if d == nil {
		return Dek{}, keyNotFound(n.normal().Subject)
	}
	return r.opened(ctx, *d)
}

func pickDek(list []*Dek, version int) *Dek {
	if version == Latest && len(list) > 0 {
		return list[len(list)-1]
	}
	if i, found := findDek(list, version); found {
		return list[i]
	}
	return nil
}

// CreateDek stores a version of a dek. One that is stored already and differs only in being deleted takes that over from d.
// Errors: ErrInvalidKey, ErrInvalidVersion, ErrKeyNotFound (the kek), ErrKeyExists, ErrTooManyKeys, ErrKMS, ErrKMSDenied,
// ErrStore, ErrTimeout.
func (r *Registry) CreateDek(ctx context.Context, d NewDek) (Dek, error) {
	if err := d.check(); err != nil {
		return Dek{}, err
	}
	d.DekName = d.normal()
	if d.Version == 0 {
		d.Version = 1
	}
	if err := checkVersion(opKeys, d.Version); err != nil || d.Version == Latest {
		return Dek{}, invalidKey("version")
	}
	if err := r.current(ctx); err != nil {
		return Dek{}, err
	}
	made, err := r.makeDek(ctx, d)
	if err != nil {
		return Dek{}, err
	}
	err = r.write(ctx, opKeys, func(j judge) (*change, error) { return j.createDek(d, made) })
	if err != nil {
		return Dek{}, err
	}
	if s := pickDek(r.view.deks(d.DekName, All), d.Version); s != nil {
		made.dek.Time = s.Time
	}
	return made.dek, nil
}

// createDek decides whether a dek that was made is stored.
func (j judge) createDek(d NewDek, made madeDek) (*change, error) {
	kek := j.view.kek(d.Kek, d.keks())
	if kek == nil {
		return nil, keyNotFound(d.Kek)
	}
	if !kek.same(&made.kek) {
		return nil, fault.New(ErrKMS, opKeys, "The kek '%s' was changed meanwhile; try again", d.Kek)
	}
	old := pickDek(j.view.deks(d.DekName, All), d.Version)
	if err := d.judge(kek, old); err != nil {
		return nil, err
	}
	if old == nil {
		_, held := j.view.keysHeld()
		if err := j.roomForKey(held); err != nil {
			return nil, err
		}
	}
	return &change{additions: additions{PutDeks: []dekRecord{{Dek: made.dek}}}}, nil
}

// keks returns which keks a new dek may be under: a deleted one also under a deleted one.
func (d *NewDek) keks() Filter {
	if d.Deleted {
		return All
	}
	return Live
}

// judge says whether a dek may take its place under a kek. old is the one that is there, or nil.
func (d *NewDek) judge(kek *Kek, old *Dek) error {
	same := old != nil && (d.Wrapped == old.Wrapped || d.Wrapped == "" && kek.Shared)
	switch {
	case old != nil && !d.Rewrap && (d.Deleted == old.Deleted || !same):
		return keyExists(d.Subject)
	case d.Wrapped != "" && kek.Shared && old != nil:
		return keyExists(d.Subject)
	case d.Wrapped == "" && !kek.Shared:
		return invalidKey("encryptedKeyMaterial")
	}
	return nil
}

// DeleteDek deletes a version of a dek; version 0 means all. Deleting softly what is soft-deleted changes nothing. Errors: ErrInvalidKey, ErrKeyNotFound, ErrKeyNotSoftDeleted,
// ErrStore, ErrTimeout.
func (r *Registry) DeleteDek(ctx context.Context, n DekName, version int, d Deletion) error {
	if err := n.check(); err != nil {
		return err
	}
	return r.write(ctx, opKeys, func(j judge) (*change, error) { return j.deleteDek(n.normal(), version, d) })
}

// dekVersions returns the versions that version means, 0 meaning all.
func (j judge) dekVersions(n DekName, version int) ([]*Dek, error) {
	if j.view.kek(n.Kek, All) == nil {
		return nil, keyNotFound(n.Kek)
	}
	list := j.view.deks(n, All)
	if version != 0 {
		d := pickDek(list, version)
		if d == nil {
			return nil, keyNotFound(n.Subject)
		}
		return []*Dek{d}, nil
	}
	if len(list) == 0 {
		return nil, keyNotFound(n.Subject)
	}
	return list, nil
}

func (j judge) deleteDek(n DekName, version int, d Deletion) (*change, error) {
	doomed, err := j.dekVersions(n, version)
	if err != nil {
		return nil, err
	}
	c := &change{}
	for _, x := range doomed {
		switch {
		case d == Soft && x.Deleted:
		case d == Soft:
			hidden := *x
			hidden.Deleted = true
			c.PutDeks = append(c.PutDeks, dekRecord{Dek: hidden})
		case !x.Deleted:
			return nil, keyNotSoftDeleted(n.Subject)
		default:
			c.RemoveDeks = append(c.RemoveDeks, x.place())
		}
	}
	return c, nil
}

// UndeleteDek brings a soft-deleted version of a dek back; version 0 means all. Live ones are left alone. Errors:
// ErrInvalidKey, ErrKeyNotFound, ErrKeySoftDeleted (the kek), ErrStore, ErrTimeout.
func (r *Registry) UndeleteDek(ctx context.Context, n DekName, version int) error {
	if err := n.check(); err != nil {
		return err
	}
	return r.write(ctx, opKeys, func(j judge) (*change, error) { return j.undeleteDek(n.normal(), version) })
}

func (j judge) undeleteDek(n DekName, version int) (*change, error) {
	found, err := j.dekVersions(n, version)
	if err != nil {
		return nil, err
	}
	if j.view.kek(n.Kek, Live) == nil {
		return nil, fault.New(ErrKeySoftDeleted, opKeys, "Key '%s' must be undeleted first", n.Kek)
	}
	c := &change{}
	for _, d := range found {
		if d.Deleted {
			back := *d
			back.Deleted = false
			c.PutDeks = append(c.PutDeks, dekRecord{Dek: back})
		}
	}
	return c, nil
}
