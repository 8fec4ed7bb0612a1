package serde

import (
	"context"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde/frame"
)

// plan returns the plan for a value: from the memo, from the table, or built with the registry's help.
func (e *Encoder) plan(ctx context.Context, topic string, v any) (*writePlan, error) {
	k := planKey{topic: topic, message: e.options.Message}
	if e.options.MessageOf != nil {
		k.message = e.options.MessageOf(v)
	}
	slot := &e.memo[(len(topic)+len(k.message)+int(last(topic)))%memoTopics]
	if p := slot.Load(); p != nil && p.key == k && p.fresh(ctx, e.resolver) {
		return p, nil
	}
	p, ok := e.plans.get(k)
	if !ok || !p.fresh(ctx, e.resolver) {
		var err error
		if p, err = e.build(ctx, k); err != nil {
			return nil, err
		}
		e.plans.put(k, p)
	}
	slot.Store(p)
	return p, nil
}

func last(s string) byte {
	if s == "" {
		return 0
	}
	return s[len(s)-1]
}

// fresh reports whether the plan is built on what its lease holds now.
func (p *writePlan) fresh(ctx context.Context, r *Resolver) bool {
	return p.lease == nil || r.read(ctx, p.lease) == p.built && !p.lease.gone.Load()
}

func (e *Encoder) build(ctx context.Context, k planKey) (*writePlan, error) {
	p := &writePlan{key: k}
	var err error
	if p.built, err = e.resolve(ctx, k, p); err != nil {
		return nil, err
	}
	if p.message, err = p.built.Schema.Message(k.message); err != nil {
		return nil, fault.Wrap(codeOr(err, schema.ErrMessageNotFound), "serde.Encoder", err, "%s has no message %q", nameOf(p.built.Registered), k.message)
	}
	g, ok := parseGUID(p.built.GUID)
	if ok {
		p.header = p.message.AppendPrefix(frame.Append(nil, frame.Ref{GUID: g, ByGUID: true}))
	}
	switch {
	case e.options.Form == ByID:
		p.head = p.message.AppendPrefix(frame.AppendID(nil, p.built.ID))
	case !ok:
		return nil, noGUID(p.built)
	default:
		p.head = p.header
	}
	return p, nil
}

func (e *Encoder) resolve(ctx context.Context, k planKey, p *writePlan) (*Resolved, error) {
	o := e.options
	if o.Mode == UseID {
		return e.resolver.ByRef(ctx, o.Context, frame.Ref{ID: o.ID})
	}
	subject, err := e.subject(ctx, k)
	if err != nil {
		return nil, err
	}
	if o.Mode != UseLatest {
		return e.resolver.register(ctx, e, subject, o.Schema, o.Mode == Lookup)
	}
	if p.lease, err = e.resolver.lease(ctx, subject); err != nil {
		return nil, err
	}
	return e.resolver.read(ctx, p.lease), nil
}

// subject names the subject of a plan. The record's name is the message's own, which the schema knows better than the caller
// ("" is the root).
func (e *Encoder) subject(ctx context.Context, k planKey) (string, error) {
	o := e.options
	name := k.message
	if o.Strategy.NeedsName() && o.Mode != UseLatest {
		s, err := e.resolver.Parse(ctx, o.Context, o.Schema)
		if err != nil {
			return "", err
		}
		m, err := s.Message(name)
		if err != nil {
			return "", fault.Wrap(codeOr(err, schema.ErrMessageNotFound), "serde.Encoder", err, "the schema given has no message %q", name)
		}
		name = m.Name()
	}
	if o.Strategy.NeedsName() && name == "" {
		return "", fault.New(ErrOptions, "serde.Encoder", "the subject strategy %s needs a named record, and the schema's root has no name", o.Strategy)
	}
	return qualify(o.Context, o.Strategy.Subject(k.topic, o.Field, name)), nil
}
