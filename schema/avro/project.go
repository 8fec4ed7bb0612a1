package avro

import (
	"sync"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// projection reads payloads of a writer as the reader's type. It rewrites each payload as the reader would have written it,
// then reads it as one of the reader's own.
type projection struct {
	reader *message
	plan   *plan
	same   bool // the payloads need no rewriting
}

// maxReadings bounds the projections that one reader keeps.
const maxReadings = 1024

// Project prepares the receiver, as reader, for payloads of writer. Projections are kept with the reader.
func (m *message) Project(writer schema.Message) (schema.Projection, error) {
	w, ok := writer.(*message)
	if !ok {
		return nil, fault.New(schema.ErrInvalid, "avro.Message.Project", "the writer's message is not of the format %s", name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.readings[w.node]; p != nil {
		return p, nil
	}
	p, err := newProjection(m, w.node)
	if err != nil {
		return nil, err
	}
	if m.readings == nil || len(m.readings) >= maxReadings {
		m.readings = map[*node]*projection{}
	}
	m.readings[w.node] = p
	return p, nil
}

func newProjection(reader *message, writer *node) (*projection, error) {
	if reader.node == writer {
		return &projection{reader: reader, same: true}, nil
	}
	r := newResolver(schema.Question{})
	if found := r.list(r.check(reader.node, writer, nil)); len(found) > 0 {
		return nil, fault.New(schema.ErrInvalid, "avro.Message.Project", "the reader does not read the writer: %s", found[0].Detail)
	}
	p := planner{resolver: r, plans: map[[2]*node]*plan{}, enc: encoder{form: anyBranch, quiet: 1}}
	root, err := p.plan(reader.node, writer)
	if err != nil {
		return nil, err
	}
	return &projection{reader: reader, plan: root, same: p.copies(root)}, nil
}

// buffers hold rewritten payloads while they are read.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxPooled = 64 << 10 // capacity up to which a buffer is kept

// with calls use with the payload as the reader would have written it.
func (p *projection) with(payload []byte, use func([]byte) error) error {
	if p.same {
		return use(payload)
	}
	buf, _ := buffers.Get().(*[]byte)
	t := transcoder{cursor: cursor{buf: payload}, dst: (*buf)[:0]}
	t.run(p.plan)
	err := t.end()
	if err == nil {
		err = use(t.dst)
	}
	if cap(t.dst) <= maxPooled {
		*buf = t.dst[:0]
		buffers.Put(buf)
	}
	return err
}

// Decode decodes a payload of the writer into v as Message.Decode does with one of the reader.
func (p *projection) Decode(payload []byte, v any) error {
	return p.with(payload, func(b []byte) error { return p.reader.Decode(b, v) })
}

// AppendJSON appends a payload of the writer as JSON of the reader's type.
func (p *projection) AppendJSON(dst, payload []byte) ([]byte, error) {
	out := dst
	err := p.with(payload, func(b []byte) (err error) {
		out, err = p.reader.AppendJSON(dst, b)
		return err
	})
	return out, err
}
