package serde

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde/frame"
)

// Rigor is how deep a Validator looks.
type Rigor uint8

const (
	// CheckID asks that the record names a schema that is registered under the expected subject, as Confluent Server does.
	CheckID Rigor = iota
	// CheckPayload asks, in addition, that the payload is a complete, valid value of that schema.
	CheckPayload
)

// Rule is what a field of the records of a topic must fulfil.
type Rule struct {
	Topic    string
	Field    Field
	Strategy Strategy
	Rigor    Rigor
	// Context is the registry context that the records' IDs and subjects belong to, such as ".prod"; empty is the default one.
	Context string
}

// Cause is the sort of a Refusal, for programs to count by. The words are part of the interface: dashboards depend on them.
type Cause string

// The causes of refusals.
const (
	NoSchemaID     Cause = "no_schema_id"          // the field begins with no frame that can be read
	UnknownSchema  Cause = "unknown_schema"        // the registry has no such schema
	NotInSubject   Cause = "schema_not_in_subject" // the schema is registered, but not under the expected subject
	UnusableSchema Cause = "unusable_schema"       // the schema does not parse, or has no such message
	InvalidPayload Cause = "invalid_payload"       // the payload is no value of the schema
)

// Refusal says why a field of a record is refused. The zero value is that it passes.
type Refusal struct {
	Cause   Cause
	Subject string // the expected one, with its context unless that is the default; empty if the record does not tell
	Reason  string // one sentence for the producer
}

// Passes reports whether there is nothing to refuse.
func (r Refusal) Passes() bool { return r.Reason == "" }

// ValidatorOptions bounds what a Validator remembers. The zero value takes every default.
type ValidatorOptions struct {
	// MaxVerdicts is how many pairs of subject and schema are remembered; the default is 8192.
	MaxVerdicts int
	// Remember is how long a pass is remembered; the default is 1 minute. If the registry does not answer then, the old pass
	// stays good. With a Revisioned source passes and refusals alike hold until the next change and no longer.
	Remember time.Duration
}

// Validator judges for a broker whether a field of a record may enter a topic.
type Validator struct {
	resolver *Resolver
	options  ValidatorOptions
	verdicts *cache[demand, pass]
}

// demand is what a verdict is about: the schema of ref under the subject that the other fields make.
type demand struct {
	topic    string
	name     string // of the record; empty unless the strategy needs it
	context  string
	ref      frame.Ref
	field    Field
	strategy Strategy
}

// subject returns the expected subject, or "" if it depends on a name that is not known.
func (d demand) subject() string {
	if d.strategy.NeedsName() && d.name == "" {
		return ""
	}
	return qualify(d.context, d.strategy.Subject(d.topic, d.field, d.name))
}

func (d demand) refuse(c Cause, format string, args ...any) Refusal {
	return Refusal{Cause: c, Subject: d.subject(), Reason: fmt.Sprintf(format, args...)}
}

// pass is a good verdict with the time until which, and the revision of the registry at which, it holds. Refusals are errors.
type pass struct {
	revision uint64
	until    time.Time
}

// NewValidator returns a validator.
func NewValidator(r *Resolver, o ValidatorOptions) *Validator {
	if o.MaxVerdicts <= 0 {
		o.MaxVerdicts = 8192
	}
	if o.Remember <= 0 {
		o.Remember = time.Minute
	}
	return &Validator{resolver: r, options: o, verdicts: newCache[demand, pass](o.MaxVerdicts, r.options, r.revision)}
}

// Batch starts a round of judgements that are meant to be of one moment: one look at clock and revision serves them all.
func (v *Validator) Batch() *Batch {
	b := &Batch{v: v, now: time.Now()}
	if v.resolver.revision != nil {
		b.revision = v.resolver.revision()
	}
	return b
}

// Batch is a round of judgements by one Validator, for one goroutine. Use it for the records of one batch and let it go.
type Batch struct {
	v        *Validator
	now      time.Time
	revision uint64
	passed   demand // the last one that did: mostly the next is the same
	last     [2]glance
}

// glance is the beginning of the last key, or value, that passed by its ID alone: one that begins alike, under the same rule, need
// not be looked at further.
type glance struct {
	rule  Rule
	begin [frame.SizeID]byte
	known bool
}

// knows reports whether data passes because the last one did.
func (g *glance) knows(r Rule, data []byte) bool {
	return g.known && len(data) >= len(g.begin) && [frame.SizeID]byte(data) == g.begin && g.rule == r
}

// Judge judges a field of a record: the zero Refusal if it passes. header is the value of the record's last header named
// Field.Header, nil if there is none; data is the field itself. Null data passes, empty framed data does not. Soft-deleted
// versions count as registered. An error, always ErrRegistry, means that the registry could not be asked: the producer should
// try again.
func (b *Batch) Judge(ctx context.Context, r Rule, header, data []byte) (Refusal, error) {
	if data == nil {
		return Refusal{}, nil
	}
	last := &b.last[r.Field&1]
	if header == nil && last.knows(r, data) {
		return Refusal{}, nil
	}
	framed := data
	if header != nil {
		framed = header
	}
	ref, body, err := frame.Split(framed)
	d := demand{topic: r.Topic, context: r.Context, ref: ref, field: r.Field, strategy: r.Strategy}
	if err != nil {
		return d.refuse(NoSchemaID, "%s: %s", r.Field, reasonOf(err)), nil
	}
	if !r.Strategy.NeedsName() && r.Rigor != CheckPayload {
		refusal, err := b.registered(ctx, d)
		if err == nil && refusal.Passes() && header == nil && !ref.ByGUID {
			*last = glance{r, [frame.SizeID]byte(data), true}
		}
		return refusal, err
	}
	m, payload, refusal, err := b.open(ctx, d, body)
	if err != nil || !refusal.Passes() {
		return refusal, err
	}
	if r.Strategy.NeedsName() {
		d.name = m.Name()
	}
	if refusal, err := b.registered(ctx, d); err != nil || !refusal.Passes() || r.Rigor != CheckPayload {
		return refusal, err
	}
	if header != nil {
		payload = data
	}
	if err := m.Check(payload); err != nil {
		return d.refuse(InvalidPayload, "%s: the payload is no valid %s of schema %s: %s", d.field, m.Name(), d.ref, reasonOf(err)), nil
	}
	return Refusal{}, nil
}

// open finds the message of a body, for the record's name and for its payload.
func (b *Batch) open(ctx context.Context, d demand, body []byte) (schema.Message, []byte, Refusal, error) {
	res, err := b.v.resolver.ByRef(ctx, d.context, d.ref)
	if err != nil {
		refusal, err := refusalOrError(d, err)
		return nil, nil, refusal, err
	}
	m, payload, err := res.Schema.Open(body)
	if err != nil {
		return nil, nil, d.refuse(UnusableSchema, "%s: schema %s: %s", d.field, d.ref, reasonOf(err)), nil
	}
	return m, payload, Refusal{}, nil
}

// registered asks, or remembers, whether the schema is registered under the subject.
func (b *Batch) registered(ctx context.Context, d demand) (Refusal, error) {
	if d == b.passed {
		return Refusal{}, nil
	}
	old, known := b.v.verdicts.known.get(d)
	if known && b.holds(old) {
		b.passed = d
		return Refusal{}, nil
	}
	_, err := b.v.verdicts.renew(ctx, d, b.holds, func(ctx context.Context) (pass, error) { return b.v.ask(ctx, d) })
	switch {
	case err == nil, known && fault.KindOf(err) == fault.Unavailable:
		return Refusal{}, nil
	case errors.Is(err, errNotInSubject):
		return Refusal{NotInSubject, d.subject(), fault.DetailOf(err)}, nil
	case errors.Is(err, errNowhere):
		return Refusal{UnknownSchema, d.subject(), fault.DetailOf(err)}, nil
	}
	return refusalOrError(d, err)
}

func (b *Batch) holds(p pass) bool { return p.revision == b.revision && b.now.Before(p.until) }

func (v *Validator) ask(ctx context.Context, d demand) (pass, error) {
	p := pass{until: time.Now().Add(v.options.Remember)}
	if v.resolver.revision != nil {
		p.revision = v.resolver.revision()
	}
	subject := d.subject()
	has, err := v.has(ctx, d, subject)
	if errors.Is(err, ErrUnknownSchema) {
		return p, err
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return p, asked("serde.Validator", fmt.Sprintf("subject %q", subject), err)
	}
	if !has {
		code := errNotInSubject
		if err != nil {
			code = errNowhere
		}
		return p, fault.New(code, "serde.Validator",
			"%s: schema %s is not registered under subject %q; register it there or produce with a schema of that subject", d.field, d.ref, subject)
	}
	return p, nil
}

// has reports whether the subject has the schema. The ID that goes with a GUID may be one of another context, where it means
// nothing for the subject.
func (v *Validator) has(ctx context.Context, d demand, subject string) (bool, error) {
	if !d.ref.ByGUID {
		return v.resolver.schemas.Has(ctx, subject, d.ref.ID)
	}
	res, err := v.resolver.ByRef(ctx, d.context, d.ref)
	if err != nil {
		return false, err
	}
	if h, ok := v.resolver.schemas.(Holder); ok {
		return h.HasGUID(ctx, subject, d.ref.GUID)
	}
	if contextOf(res.Subject) != contextOf(subject) {
		return false, nil
	}
	return v.resolver.schemas.Has(ctx, subject, res.ID)
}

// refusalOrError tells a fault of the record from a registry that did not answer.
func refusalOrError(d demand, err error) (Refusal, error) {
	switch fault.KindOf(err) {
	case fault.NotFound:
		return d.refuse(UnknownSchema, "%s: schema %s is not in the registry; register it, or produce with a schema that is", d.field, d.ref), nil
	case fault.Invalid:
		return d.refuse(UnusableSchema, "%s: schema %s cannot be used: %s", d.field, d.ref, reasonOf(err)), nil
	}
	return Refusal{}, err
}
