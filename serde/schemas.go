package serde

import (
	"context"

	"github.com/pawl-registry/pawl/schema"
)

// Schemas is where an Encoder, a Decoder and a Validator get their schemas. *client.Client (over HTTP) and the adapter in cmd
// (over a registry in the same process) both satisfy it. Implementations are safe for concurrent use; a Resolver in this
// package keeps their answers, so they need no cache.
type Schemas interface {
	// ByID returns the schema text of an ID as a subject uses it. A subject may be empty: the default context.
	ByID(ctx context.Context, subject string, id schema.ID) (Registered, error)
	// Latest returns the newest live version of a subject.
	Latest(ctx context.Context, subject string) (Registered, error)
	// Version returns one version of a subject, deleted ones included: it resolves references.
	Version(ctx context.Context, subject string, version int) (Registered, error)
	// Register registers a text under a subject and returns it as the registry keeps it; registering twice is harmless.
	Register(ctx context.Context, subject string, s Unregistered) (Registered, error)
	// Lookup finds the text among the live versions of a subject.
	Lookup(ctx context.Context, subject string, s Unregistered) (Registered, error)
	// Has reports whether a live or soft-deleted version of the subject has the ID.
	Has(ctx context.Context, subject string, id schema.ID) (bool, error)
}

// GUIDs is implemented by Schemas that can find a schema by GUID. Without it, records framed by GUID are refused.
type GUIDs interface {
	// ByGUID returns the schema of a GUID, its ID being that of the default context if it has one there.
	ByGUID(ctx context.Context, guid schema.GUID) (Registered, error)
}

// Holder is implemented by Schemas that know which subjects have a schema by its GUID, which is the same in every context.
type Holder interface {
	// HasGUID reports whether a live or soft-deleted version of the subject has the GUID.
	HasGUID(ctx context.Context, subject string, guid schema.GUID) (bool, error)
}

// Revisioned is implemented by Schemas that know when anything in them changed. Negative answers are then forgotten at the
// next change instead of by time, so a schema is usable the moment it is registered.
type Revisioned interface {
	// Revision returns a number that differs after every change.
	Revision() uint64
}

// Unregistered is a schema on its way into a registry.
type Unregistered = schema.Unregistered

// Registered is a schema as a registry holds it.
type Registered = schema.Registered
