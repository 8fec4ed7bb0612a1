package registry

import (
	"context"
)

// Register registers a schema under a subject, or returns the version that already holds it. The order of judgement is
// Confluent's. Errors: ErrInvalidSubject, ErrInvalidRuleSet, ErrInvalidSchema, ErrSchemaTooLarge, ErrNotPermitted,
// ErrIncompatible (with an *Incompatible in its tree), ErrStore, ErrTimeout.
func (r *Registry) Register(ctx context.Context, s Submission) (Version, error) {
	n, err := admit(&r.opts, &s)
	if err != nil {
		return Version{}, err
	}
	if err := r.current(ctx); err != nil {
		return Version{}, err
	}
	known, err := r.judgeOf(ctx).known(n, s)
	if err != nil {
		return Version{}, err
	}
	if known != nil {
		return known.Version, nil
	}
	return r.register(ctx, func(judge) (Name, Submission, error) { return n, s, nil })
}

// DeleteSubject deletes the versions of a subject and returns their numbers, ascending. Errors: ErrSubjectNotFound,
// ErrSubjectSoftDeleted, ErrNotPermitted, ErrReferenceExists, ErrSubjectNotSoftDeleted, ErrStore, ErrTimeout.
func (r *Registry) DeleteSubject(ctx context.Context, subject string, d Deletion) (numbers []int, err error) {
	err = r.write(ctx, opDelete, func(j judge) (c *change, err error) {
		c, numbers, err = j.deleteSubject(ParseName(subject), d)
		return c, err
	})
	return numbers, err
}

// DeleteVersion deletes one version (a number or Latest) and returns its number. Errors: ErrInvalidVersion,
// ErrVersionSoftDeleted, ErrSubjectNotFound, ErrVersionNotFound, ErrNotPermitted, ErrReferenceExists,
// ErrVersionNotSoftDeleted, ErrStore, ErrTimeout.
func (r *Registry) DeleteVersion(ctx context.Context, subject string, version int, d Deletion) (number int, err error) {
	if err := checkVersion(opDelete, version); err != nil {
		return 0, err
	}
	err = r.write(ctx, opDelete, func(j judge) (c *change, err error) {
		c, number, err = j.deleteVersion(ParseName(subject), version, d)
		return c, err
	})
	return number, err
}

// DeleteContext forgets an empty context, given as "ctx", ".ctx" or ":.ctx:". An unknown one is no error. Error:
// ErrContextNotEmpty, ErrStore, ErrTimeout.
func (r *Registry) DeleteContext(ctx context.Context, name string) error {
	return r.write(ctx, opDelete, func(j judge) (*change, error) { return j.deleteContext(ParseContext(name)) })
}

// SetConfig changes what is stored for a name, field by field, and returns all that is stored then. Errors: ErrInvalidLevel,
// ErrInvalidRuleSet, ErrInvalidSubject, ErrNotPermitted, ErrStore, ErrTimeout.
func (r *Registry) SetConfig(ctx context.Context, name string, u ConfigUpdate) (stored Config, err error) {
	err = r.write(ctx, opConfig, func(j judge) (c *change, err error) {
		c, stored, err = j.setConfig(name, u)
		return c, err
	})
	return stored, err
}

// DeleteConfig removes what is stored for a name and returns it. Errors: ErrSubjectNotFound when nothing is stored (subjects
// and contexts only), ErrNotPermitted, ErrStore, ErrTimeout.
func (r *Registry) DeleteConfig(ctx context.Context, name string) (old Config, err error) {
	err = r.write(ctx, opConfig, func(j judge) (c *change, err error) {
		c, old, err = j.deleteConfig(ParseName(name))
		return c, err
	})
	return old, err
}

// ModeUpdate is a change of mode.
type ModeUpdate struct {
	Mode  Mode // empty clears
	Force bool // Import even over live versions
}

// SetMode stores a mode for a name; the empty mode clears it. Import over live versions needs force. Errors: ErrInvalidMode,
// ErrInvalidSubject, ErrNotPermitted, ErrReferenceExists, ErrStore, ErrTimeout.
func (r *Registry) SetMode(ctx context.Context, name string, u ModeUpdate) error {
	return r.write(ctx, opMode, func(j judge) (*change, error) { return j.setMode(name, u) })
}

// DeleteMode removes the mode stored for a name and returns it; it is empty when only subjects below had one. Errors:
// ErrSubjectNotFound when nothing is stored and the extent is Exactly (subjects and contexts only), ErrNotPermitted, ErrStore,
// ErrTimeout.
func (r *Registry) DeleteMode(ctx context.Context, name string, e Extent) (old Mode, err error) {
	err = r.write(ctx, opMode, func(j judge) (c *change, err error) {
		c, old, err = j.deleteMode(ParseName(name), e)
		return c, err
	})
	return old, err
}

// EditTags registers a live version anew with other inline tags. Errors: as Version and Register.
func (r *Registry) EditTags(ctx context.Context, subject string, version int, e TagEdit) (Version, error) {
	if err := checkVersion(opTags, version); err != nil {
		return Version{}, err
	}
	if err := r.current(ctx); err != nil {
		return Version{}, err
	}
	return r.register(ctx, func(j judge) (Name, Submission, error) {
		s, err := j.tagEdit(ParseName(subject), version, e)
		if err != nil {
			return Name{}, s, err
		}
		n, err := admit(&r.opts, &s)
		return n, s, err
	})
}
