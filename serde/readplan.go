package serde

import (
	"context"
	"sync/atomic"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde/frame"
)

// readPlan is a writer's schema and the reader's views of its message types.
type readPlan struct {
	id       schema.ID
	resolved *Resolved
	plain    bool                      // there is no reader schema: records are read as they were written
	first    atomic.Pointer[namedView] // the message type seen first: mostly the only one
	views    *table[string, *namedView]
}

// namedView is how the reader sees a message type of the writer's, or why it cannot.
type namedView struct {
	name string
	view schema.Projection
	err  error
}

// maxMessages bounds the views kept for one schema with many message types.
const maxMessages = 256

// plan returns the plan of a schema: from the memo, from the tables, or from the registry.
func (d *Decoder) plan(ctx context.Context, ref frame.Ref) (*readPlan, error) {
	if ref.ByGUID {
		return d.planByGUID(ctx, ref)
	}
	slot := &d.memo[uint32(ref.ID)%memoIDs]
	if p := slot.Load(); p != nil && p.id == ref.ID {
		return p, nil
	}
	p, ok := d.ids.get(ref.ID)
	if !ok {
		var err error
		if p, err = d.build(ctx, ref); err != nil {
			return nil, err
		}
		d.ids.put(ref.ID, p)
	}
	slot.Store(p)
	return p, nil
}

func (d *Decoder) planByGUID(ctx context.Context, ref frame.Ref) (*readPlan, error) {
	if p, ok := d.guids.get(ref.GUID); ok {
		return p, nil
	}
	p, err := d.build(ctx, ref)
	if err != nil {
		return nil, err
	}
	d.guids.put(ref.GUID, p)
	return p, nil
}

func (d *Decoder) build(ctx context.Context, ref frame.Ref) (*readPlan, error) {
	res, err := d.resolver.ByRef(ctx, d.options.Context, ref)
	if err != nil {
		return nil, err
	}
	return &readPlan{id: ref.ID, resolved: res, plain: d.options.Reader.Text == "", views: newTable[string, *namedView](maxMessages)}, nil
}

// view returns how the decoder's reader schema sees a writer's message type, prepared once per pair.
func (p *readPlan) view(ctx context.Context, d *Decoder, writer schema.Message) (schema.Projection, error) {
	name := writer.Name()
	if f := p.first.Load(); f != nil && f.name == name {
		return f.view, f.err
	}
	if v, ok := p.views.get(name); ok {
		return v.view, v.err
	}
	reader, err := d.reader.get(ctx, struct{}{}, func(ctx context.Context) (schema.Schema, error) {
		return d.resolver.Parse(ctx, d.options.Context, d.options.Reader)
	})
	if err != nil {
		return nil, err
	}
	v, err := p.project(d, reader, writer)
	named := &namedView{name, v, err} // two schemas that do not resolve never will
	p.first.CompareAndSwap(nil, named)
	p.views.put(name, named)
	return v, err
}

func (p *readPlan) project(d *Decoder, s schema.Schema, writer schema.Message) (schema.Projection, error) {
	const op = "serde.Decoder"
	if s.Format() != p.resolved.Schema.Format() {
		return nil, fault.New(ErrSchema, op, "%s is %s and the reader schema is %s", nameOf(p.resolved.Registered), p.resolved.Schema.Format(), s.Format())
	}
	reader, err := d.readerMessage(s, writer)
	if err != nil {
		return nil, err
	}
	pr, ok := reader.(schema.Projector)
	if !ok {
		return reader, nil // its format reads any compatible payload as it is
	}
	v, err := pr.Project(writer)
	if err != nil {
		return nil, fault.Wrap(ErrSchema, op, err, "the reader schema cannot read %s: %s", nameOf(p.resolved.Registered), reasonOf(err))
	}
	return v, nil
}

func (d *Decoder) readerMessage(s schema.Schema, writer schema.Message) (schema.Message, error) {
	if d.options.Message != "" {
		m, err := s.Message(d.options.Message)
		if err != nil {
			return nil, fault.Wrap(codeOr(err, schema.ErrMessageNotFound), "serde.Decoder", err, "the reader schema has no message %q", d.options.Message)
		}
		return m, nil
	}
	if m, err := s.Message(writer.Name()); err == nil {
		return m, nil
	}
	return s.Message("")
}
