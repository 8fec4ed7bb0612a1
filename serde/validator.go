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

// ValidatorOptions bounds what a Validator remembers. The zero value takes every default.
type ValidatorOptions struct {
	Rigor Rigor
	// Context is the registry context that the records' IDs belong to; empty is the default context.
	Context string
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
	ref      frame.Ref
	field    Field
	strategy Strategy
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
}

// Judge returns why a field of a record is refused, in one sentence for its producer, or the empty string if it passes. header
// is the value of the record's last header named Field.Header, nil if there is none; data is the field itself. Null data
// passes, empty framed data does not. Soft-deleted versions count as registered. An error, always ErrRegistry, means that the
// registry could not be asked: the producer should try again.
func (b *Batch) Judge(ctx context.Context, topic string, f Field, s Strategy, header, data []byte) (reason string, err error) {
	if data == nil {
		return "", nil
	}
	framed := data
	if header != nil {
		framed = header
	}
	ref, body, err := frame.Split(framed)
	if err != nil {
		return fmt.Sprintf("%s: %s", f, reasonOf(err)), nil
	}
	d := demand{topic: topic, ref: ref, field: f, strategy: s}
	if s.NeedsName() || b.v.options.Rigor == CheckPayload {
		reason, err = b.look(ctx, &d, body, header != nil, data)
		if reason != "" || err != nil {
			return reason, err
		}
	}
	return b.registered(ctx, d)
}

// look opens the body, for the record's name and for its payload.
func (b *Batch) look(ctx context.Context, d *demand, body []byte, headed bool, data []byte) (reason string, err error) {
	res, err := b.v.resolver.ByRef(ctx, b.v.options.Context, d.ref)
	if err != nil {
		return refusalOrError(*d, err)
	}
	m, payload, err := res.Schema.Open(body)
	if err != nil {
		return fmt.Sprintf("%s: schema %s: %s", d.field, d.ref, reasonOf(err)), nil
	}
	if headed {
		payload = data
	}
	if d.strategy.NeedsName() {
		d.name = m.Name()
	}
	if b.v.options.Rigor != CheckPayload {
		return "", nil
	}
	if err := m.Check(payload); err != nil {
		return fmt.Sprintf("%s: the payload is no valid %s of schema %s: %s", d.field, m.Name(), d.ref, reasonOf(err)), nil
	}
	return "", nil
}

// registered asks, or remembers, whether the schema is registered under the subject.
func (b *Batch) registered(ctx context.Context, d demand) (reason string, err error) {
	if d == b.passed {
		return "", nil
	}
	old, known := b.v.verdicts.known.get(d)
	if known && b.holds(old) {
		b.passed = d
		return "", nil
	}
	_, err = b.v.verdicts.renew(ctx, d, b.holds, func(ctx context.Context) (pass, error) { return b.v.ask(ctx, d) })
	if known && fault.KindOf(err) == fault.Unavailable {
		return "", nil
	}
	if errors.Is(err, errRefused) {
		return fault.DetailOf(err), nil
	}
	if err != nil {
		return refusalOrError(d, err)
	}
	return "", nil
}

func (b *Batch) holds(p pass) bool { return p.revision == b.revision && b.now.Before(p.until) }

func (v *Validator) ask(ctx context.Context, d demand) (pass, error) {
	p := pass{until: time.Now().Add(v.options.Remember)}
	if v.resolver.revision != nil {
		p.revision = v.resolver.revision()
	}
	subject := qualify(v.options.Context, d.strategy.Subject(d.topic, d.field, d.name))
	id, err := v.id(ctx, d.ref)
	if err != nil {
		return p, err
	}
	has, err := v.resolver.schemas.Has(ctx, subject, id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return p, asked("serde.Validator", fmt.Sprintf("subject %q", subject), err)
	}
	if !has {
		return p, fault.New(errRefused, "serde.Validator",
			"%s: schema %s is not registered under subject %q; register it there or produce with a schema of that subject", d.field, d.ref, subject)
	}
	return p, nil
}

func (v *Validator) id(ctx context.Context, ref frame.Ref) (schema.ID, error) {
	if !ref.ByGUID {
		return ref.ID, nil
	}
	res, err := v.resolver.ByRef(ctx, v.options.Context, ref)
	if err != nil {
		return 0, err
	}
	return res.ID, nil
}

// refusalOrError tells a fault of the record from a registry that did not answer.
func refusalOrError(d demand, err error) (string, error) {
	switch fault.KindOf(err) {
	case fault.NotFound:
		return fmt.Sprintf("%s: schema %s is not in the registry; register it, or produce with a schema that is", d.field, d.ref), nil
	case fault.Invalid:
		return fmt.Sprintf("%s: schema %s cannot be used: %s", d.field, d.ref, reasonOf(err)), nil
	}
	return "", err
}
