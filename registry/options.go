package registry

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// Options configure a Registry. Store and Formats are required; the zero value of anything else is Confluent's default.
type Options struct {
	Store   Store
	Formats *schema.Formats
	Clock   func() time.Time // nil is time.Now
	Logger  *slog.Logger     // nil discards
	Trace   Trace            // nil tells nobody

	Level                compat.Level // where nothing is configured; empty is BACKWARD (schema.compatibility.level)
	ImmutableModes       bool         // refuses every change of a mode (mode.mutability=false)
	ValidateFields       bool         // where nothing is configured (schema.validate.fields)
	SkipValidation       bool         // takes new schemas as leniently as stored ones (schema.validate.new.schemas=false)
	RejectEmptySubject   bool         // refuses to register under "" and "*" (schema.reject.empty.subject)
	StrictReferences     bool         // refuses one reference name with two versions (schema.providers.reference.versions.strict)
	MaxSchemaBytes       int          // of one text; 0 is 16 MiB
	MaxReferenceDepth    int          // of nested references; 0 is 256
	MaxReferencedSchemas int          // reached from one schema; 0 is 10,000

	KMS     KMS // for keks that are shared with the registry; nil refuses what needs one
	MaxKeys int // keks, and again versions of deks; 0 is 20,000 (Confluent: dek.registry.max.keys)

	Reads Freshness

	CompactBytes      int64 // of changes in the store, beyond twice what lives, that make a snapshot due; 0 is 16 MiB, negative is never
	SnapshotPartBytes int   // of texts in a part of a snapshot; 0 is 1 MiB

	CachedSchemas     int   // parsed schemas kept; 0 is 5,000
	CachedSchemaBytes int64 // of their texts, and again of the outcomes below; 0 is 32 MiB
	CachedPairs       int   // outcomes of comparisons kept; 0 is 100,000
	CachedTexts       int   // incoming texts whose canonical form is known again by hash, about 250 bytes each; 0 is 100,000
}

// Freshness says what a read knows of writes on other nodes of the same store. Reads of what cannot change, a schema by ID or by
// the number of its version that is known here, never ask the store: they may show what was deleted on another node a moment ago.
type Freshness uint8

const (
	// Current reads see every write that was finished, on any node, before the read began. It costs one question to the store.
	Current Freshness = iota
	// Local reads see what this node has applied: all of its own writes, and those of others soon after they happen.
	Local
)

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Level == "" {
		o.Level = compat.Backward
	}
	o.MaxSchemaBytes = cmp.Or(o.MaxSchemaBytes, 16<<20)
	o.MaxReferenceDepth = cmp.Or(o.MaxReferenceDepth, 256)
	o.MaxReferencedSchemas = cmp.Or(o.MaxReferencedSchemas, 10_000)
	o.MaxKeys = cmp.Or(o.MaxKeys, 20_000)
	o.CompactBytes = cmp.Or(o.CompactBytes, 16<<20)
	o.SnapshotPartBytes = cmp.Or(o.SnapshotPartBytes, 1<<20)
	o.CachedSchemas = cmp.Or(o.CachedSchemas, 5_000)
	o.CachedSchemaBytes = cmp.Or(o.CachedSchemaBytes, 32<<20)
	o.CachedTexts = cmp.Or(o.CachedTexts, 100_000)
	o.CachedPairs = cmp.Or(o.CachedPairs, 100_000)
	return o
}
