package serve

import (
	"context"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/schema"
)

// schemas is a registry in the same process as package serde asks for it. It satisfies serde.Schemas, serde.GUIDs,
// serde.Holder and serde.Revisioned.
type schemas struct{ registry *registry.Registry }

func (s schemas) Revision() uint64 { return s.registry.Revision() }

func (s schemas) ByID(ctx context.Context, subject string, id schema.ID) (schema.Registered, error) {
	v, err := s.registry.ByID(ctx, subject, id)
	return registered(v), err
}

func (s schemas) ByGUID(ctx context.Context, guid schema.GUID) (schema.Registered, error) {
	v, err := s.registry.ByGUID(ctx, guid)
	return registered(v), err
}

func (s schemas) Latest(ctx context.Context, subject string) (schema.Registered, error) {
	v, err := s.registry.Version(ctx, subject, registry.Latest, registry.Live)
	return registered(v), err
}

func (s schemas) Version(ctx context.Context, subject string, version int) (schema.Registered, error) {
	v, err := s.registry.Version(ctx, subject, version, registry.All)
	return registered(v), err
}

func (s schemas) Register(ctx context.Context, subject string, u schema.Unregistered) (schema.Registered, error) {
	v, err := s.registry.Register(ctx, submission(subject, u))
	return registered(v), err
}

func (s schemas) Lookup(ctx context.Context, subject string, u schema.Unregistered) (schema.Registered, error) {
	v, err := s.registry.Lookup(ctx, submission(subject, u), registry.Live)
	return registered(v), err
}

// Has reports whether exactly this subject has the ID, in a live or soft-deleted version.
func (s schemas) Has(ctx context.Context, subject string, id schema.ID) (bool, error) {
	uses, err := s.registry.SubjectsOfID(ctx, subject, id, registry.All)
	for _, name := range uses {
		if name == subject {
			return true, nil
		}
	}
	return false, err
}

// HasGUID is Has by a GUID. One content may have several IDs in a context.
func (s schemas) HasGUID(ctx context.Context, subject string, guid schema.GUID) (bool, error) {
	all, err := s.registry.IDsOfGUID(ctx, guid)
	if err != nil {
		return false, err
	}
	for _, one := range all {
		if one.Context != registry.ParseName(subject).Context {
			continue
		}
		if has, err := s.Has(ctx, subject, one.ID); has || err != nil {
			return has, err
		}
	}
	return false, nil
}

func submission(subject string, u schema.Unregistered) registry.Submission {
	return registry.Submission{Subject: subject, Format: u.Format, Text: u.Text, References: u.References, Normalize: u.Normalize}
}

func registered(v registry.Version) schema.Registered {
	return schema.Registered{
		Subject: v.Subject, Version: v.Number, ID: v.ID, GUID: v.GUID.String(), Format: v.Format, Text: v.Text,
		References: v.QualifiedReferences(),
	}
}
