package serde

import (
	"context"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"strings"
	"time"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde/frame"
)

// Options bounds what a Resolver keeps and how long. The zero value takes every default.
type Options struct {
	// MaxSchemas is how many schemas are kept; the default is 4096. The longest unread make room.
	MaxSchemas int
	// LatestTTL is how long the latest version of a subject is used without asking again; the default is 5 minutes. After
	// it the known version stays in use while one request in the background asks for the next, also while the registry
	// does not answer.
	LatestTTL time.Duration
	// NegativeTTL is how long an ID or subject that the registry does not have, or a schema that does not parse, is
	// refused without asking again; the default is 5 seconds.
	NegativeTTL time.Duration
	// Timeout bounds one resolution, references included; the default is 30 seconds.
	Timeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.MaxSchemas <= 0 {
		o.MaxSchemas = 4096
	}
	o.MaxSchemas = max(o.MaxSchemas, 2)
	if o.LatestTTL <= 0 {
		o.LatestTTL = 5 * time.Minute
	}
	if o.NegativeTTL <= 0 {
		o.NegativeTTL = 5 * time.Second
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	return o
}

// Limits on one schema's references. They are far above what registries hold and far below what hurts.
const (
	maxReferenceDepth = 32
	maxReferences     = 1000
)

// Resolved is a schema of the registry, parsed with its references. It is immutable and shared.
type Resolved struct {
	Registered
	Schema schema.Schema
}

// Resolver gets schemas and keeps them parsed. Share one among all encoders and decoders of a registry.
type Resolver struct {
	schemas Schemas
	formats *schema.Formats
	options Options

	refs     *cache[refKey, *Resolved]  // by ID or GUID
	texts    *cache[textKey, *Resolved] // registered or looked up, by subject and an encoder's own schema
	latest   *cache[string, *lease]     // by subject
	revision func() uint64              // nil unless schemas is Revisioned
	seed     maphash.Seed               // spreads renewals
}

type refKey struct {
	context string
	ref     frame.Ref
}

// textKey names a schema that an encoder brought along. The encoder itself stands for the text and its references.
type textKey struct {
	owner   *Encoder
	subject string
}

// NewResolver returns a resolver over a registry. formats are the languages it can read.
func NewResolver(s Schemas, formats *schema.Formats, o Options) *Resolver {
	o = o.withDefaults()
	r := &Resolver{schemas: s, formats: formats, options: o, seed: maphash.MakeSeed()}
	if v, ok := s.(Revisioned); ok {
		r.revision = v.Revision
	}
	r.refs = newCache[refKey, *Resolved](o.MaxSchemas, o, r.revision)
	r.texts = newCache[textKey, *Resolved](o.MaxSchemas, o, r.revision)
	r.latest = newCache[string, *lease](o.MaxSchemas, o, r.revision)
	return r
}

// ByRef returns the schema that a frame names. scope is a context such as ".prod"; empty is the default context.
func (r *Resolver) ByRef(ctx context.Context, scope string, ref frame.Ref) (*Resolved, error) {
	return r.refs.get(ctx, refKey{scope, ref}, func(ctx context.Context) (*Resolved, error) {
		reg, err := r.fetch(ctx, scope, ref)
		if err != nil {
			return nil, err
		}
		return r.parse(ctx, scope, reg)
	})
}

func (r *Resolver) fetch(ctx context.Context, scope string, ref frame.Ref) (Registered, error) {
	const op = "serde.Resolver.ByRef"
	if !ref.ByGUID {
		reg, err := r.schemas.ByID(ctx, qualify(scope, ""), ref.ID)
		if err != nil {
			return reg, asked(op, fmt.Sprintf("schema ID %d", ref.ID), err)
		}
		reg.ID = ref.ID
		return reg, nil
	}
	g, ok := r.schemas.(GUIDs)
	if !ok {
		return Registered{}, fault.New(ErrSchema, op, "the record names its schema by GUID, which this source of schemas cannot look up; produce with schema IDs")
	}
	reg, err := g.ByGUID(ctx, ref.GUID)
	if err != nil {
		return reg, asked(op, "schema GUID "+ref.GUID.String(), err)
	}
	reg.GUID = ref.GUID.String()
	return reg, nil
}

// Parse parses a schema that need not be registered, fetching its references from the registry.
func (r *Resolver) Parse(ctx context.Context, scope string, s Unregistered) (schema.Schema, error) {
	res, err := r.parse(ctx, scope, Registered{Format: s.Format, Text: s.Text, References: s.References})
	if err != nil {
		return nil, err
	}
	return res.Schema, nil
}

func (r *Resolver) parse(ctx context.Context, scope string, reg Registered) (*Resolved, error) {
	const op = "serde.Resolver.parse"
	f, err := r.formats.Lookup(reg.Format)
	if err != nil {
		return nil, fault.Wrap(ErrSchema, op, err, "%s is of a format that is not linked in here: %q", nameOf(reg), reg.Format)
	}
	w := walk{resolver: r, format: f, parsed: map[version]schema.Schema{}}
	if c := contextOf(reg.Subject); c != "" {
		scope = c
	}
	deps, err := w.deps(ctx, scope, reg.References, 1)
	if err != nil {
		return nil, err
	}
	s, err := f.Parse(schema.Source{Text: reg.Text, References: reg.References, Rigor: schema.AsStored}, deps)
	if err != nil {
		return nil, fault.Wrap(ErrSchema, op, err, "%s does not parse: %s", nameOf(reg), reasonOf(err))
	}
	return &Resolved{Registered: reg, Schema: s}, nil
}

func nameOf(reg Registered) string {
	switch {
	case reg.ID != 0:
		return fmt.Sprintf("schema ID %d", reg.ID)
	case reg.GUID != "":
		return "schema GUID " + reg.GUID
	case reg.Subject != "":
		return fmt.Sprintf("version %d of subject %q", reg.Version, reg.Subject)
	}
	return "the schema given"
}

// register registers (or, if lookup is set, finds) an encoder's own schema under a subject, once.
func (r *Resolver) register(ctx context.Context, owner *Encoder, subject string, s Unregistered, lookup bool) (*Resolved, error) {
	return r.texts.get(ctx, textKey{owner, subject}, func(ctx context.Context) (*Resolved, error) {
		call, verb := r.schemas.Register, "the schema for subject %q"
		if lookup {
			call, verb = r.schemas.Lookup, "this schema under subject %q"
		}
		reg, err := call(ctx, subject, s)
		if err != nil {
			return nil, asked("serde.Encoder", fmt.Sprintf(verb, subject), err)
		}
		if reg.Text == "" { // registries before Confluent 7.4 answer with the ID alone
			reg.Text, reg.Format, reg.References = s.Text, s.Format, s.References
		}
		reg.Subject = subject
		return r.parse(ctx, "", reg)
	})
}

// parseGUID reads the usual text form, with or without dashes.
func parseGUID(text string) (g schema.GUID, ok bool) {
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != len(g) {
		return g, false
	}
	return schema.GUID(raw), true
}
