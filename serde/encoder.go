package serde

import (
	"context"
	"sync/atomic"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Mode is how an Encoder finds its schema.
type Mode uint8

const (
	// Register registers the encoder's own schema under the subject on first use.
	Register Mode = iota
	// Lookup demands that the encoder's own schema is already registered under the subject.
	Lookup
	// UseLatest encodes with the newest live version of the subject.
	UseLatest
	// UseID encodes with the schema of one ID.
	UseID
)

// Form is how an Encoder names the schema on the wire.
type Form uint8

const (
	// ByID puts magic byte 0 and the ID in front of the payload: what every client reads.
	ByID Form = iota
	// ByGUID puts magic byte 1 and the GUID there. EncodeHeader uses this form always.
	ByGUID
)

// EncoderOptions says what an Encoder encodes with. The zero value registers nothing and is refused: a Mode that needs a
// schema or an ID must be given one.
type EncoderOptions struct {
	Field    Field
	Strategy Strategy
	Mode     Mode
	Form     Form
	// Schema is the encoder's own schema: needed by Register and Lookup, ignored otherwise. Its References must be registered.
	// Normalize is passed on to the registry.
	Schema Unregistered
	// ID is the schema of UseID.
	ID schema.ID
	// Message is the full name of the message type within the schema; empty is its root. With UseLatest, strategies that name
	// the record need it before there is a schema.
	Message string
	// MessageOf, if not nil, names the message type of each value instead of Message: several types behind one Encoder. It is
	// called for every value and must be quick.
	MessageOf func(v any) string
	// Context is a registry context such as ".prod"; empty is the default context.
	Context string
}

func (o EncoderOptions) check() error {
	const op = "serde.NewEncoder"
	switch {
	case o.Mode > UseID || o.Strategy > TopicRecordName || o.Field > Key || o.Form > ByGUID:
		return fault.New(ErrOptions, op, "unknown mode, strategy, field or form")
	case (o.Mode == Register || o.Mode == Lookup) && o.Schema.Text == "":
		return fault.New(ErrOptions, op, "a schema is needed: set Schema, or use Mode UseLatest or UseID")
	case o.Mode == UseID && o.ID <= 0:
		return fault.New(ErrOptions, op, "an ID above 0 is needed by Mode UseID")
	case o.Mode == UseLatest && o.Strategy.NeedsName() && o.Message == "" && o.MessageOf == nil:
		return fault.New(ErrOptions, op, "the subject strategy %s needs Message or MessageOf to find the latest version", o.Strategy)
	}
	return nil
}

// Encoder turns values into framed bytes.
type Encoder struct {
	resolver *Resolver
	options  EncoderOptions
	memo     [memoTopics]atomic.Pointer[writePlan]
	plans    *table[planKey, *writePlan]
}

const memoTopics = 16 // a power of two

// planKey is what decides the bytes in front of a payload.
type planKey struct{ topic, message string }

// writePlan is everything about one topic and message type that does not depend on the value.
type writePlan struct {
	key     planKey
	head    []byte // frame and format prefix
	header  []byte // value of a record header: frame by GUID and format prefix; nil if the registry gave no GUID
	message schema.Message
	lease   *lease // nil unless the mode is UseLatest
	built   *Resolved
}

// NewEncoder returns an encoder. It fails with ErrOptions; the registry is asked on first use.
func NewEncoder(r *Resolver, o EncoderOptions) (*Encoder, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return &Encoder{resolver: r, options: o, plans: newTable[planKey, *writePlan](r.options.MaxSchemas)}, nil
}

// Encode appends frame and payload of v to dst and returns the extended slice. v is what the format's Message.Append takes; a
// nil v gives nil, the null record, whatever dst is. On error dst's contents up to its old length are intact. Errors have
// schema.ErrPayload (v does not fit), ErrUnknownSchema, ErrSchema, the registry's own code (an incompatible schema under
// Register), or ErrRegistry, the only one worth a retry.
func (e *Encoder) Encode(ctx context.Context, dst []byte, topic string, v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	p, err := e.plan(ctx, topic, v)
	if err != nil {
		return dst, err
	}
	out, err := p.message.Append(append(dst, p.head...), v)
	if err != nil {
		return dst, e.refuse(topic, err)
	}
	return out, nil
}

// EncodeHeader appends the bare payload to dst and returns, beside it, the value of the record header Field.Header that names
// the schema by GUID. The header value is shared: do not change it. The registry must give GUIDs (Confluent 7.9 and later do).
func (e *Encoder) EncodeHeader(ctx context.Context, dst []byte, topic string, v any) (data, header []byte, err error) {
	if v == nil {
		return nil, nil, nil
	}
	p, err := e.plan(ctx, topic, v)
	if err != nil {
		return dst, nil, err
	}
	if p.header == nil {
		return dst, nil, noGUID(p.built)
	}
	out, err := p.message.Append(dst, v)
	if err != nil {
		return dst, nil, e.refuse(topic, err)
	}
	return out, p.header, nil
}

// Resolve returns the schema with which values of a topic are encoded, asking the registry if need be. With MessageOf the
// value decides; without it v is not looked at.
func (e *Encoder) Resolve(ctx context.Context, topic string, v any) (*Resolved, schema.Message, error) {
	p, err := e.plan(ctx, topic, v)
	if err != nil {
		return nil, nil, err
	}
	return p.built, p.message, nil
}

// AppendJSON appends frame and payload of a value given in the JSON mapping of the schema's format.
func (e *Encoder) AppendJSON(ctx context.Context, dst []byte, topic string, text []byte) ([]byte, error) {
	p, err := e.plan(ctx, topic, nil)
	if err != nil {
		return dst, err
	}
	out, err := p.message.ParseJSON(append(dst, p.head...), text)
	if err != nil {
		return dst, e.refuse(topic, err)
	}
	return out, nil
}

func (e *Encoder) refuse(topic string, err error) error {
	return fault.Wrap(codeOr(err, schema.ErrPayload), "serde.Encoder", err, "encode %s of topic %q: %s", e.options.Field, topic, reasonOf(err))
}

func noGUID(r *Resolved) error {
	return fault.New(ErrSchema, "serde.Encoder", "the registry gave no GUID for %s; use the form ByID", nameOf(r.Registered))
}
