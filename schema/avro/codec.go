package avro

import (
	"strconv"

	"github.com/twmb/avro"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// codec moves Go values in and out of payloads. It is the only home of github.com/twmb/avro, which is given a text of the
// type without whatever it would refuse and payloads do not show: attributes, aliases, invalid logical types, odd defaults.
type codec struct {
	node  *node
	avro  *avro.Schema
	guard bool // its own limits are not enough: payloads are walked before and after
}

func newCodec(n *node) (*codec, error) {
	var first error
	for _, plain := range []bool{false, true} {
		p := plainPrinter{bare: plain, enc: encoder{form: anyBranch, quiet: 1}}
		p.typ(n, "")
		s, err := avro.Parse(string(p.buf), avro.WithLaxNames(func(string) error { return nil }))
		if err == nil {
			return &codec{node: n, avro: s, guard: needsGuard(n)}, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, fault.New(schema.ErrPayload, "avro.Message", "the type %s has no Go values: %v", n.typeText(), first)
}

func (c *codec) append(dst []byte, v any) ([]byte, error) {
	out, err := c.avro.AppendEncode(dst, v)
	if err != nil {
		return dst, fault.New(schema.ErrPayload, "avro.Message.Append", "the value does not fit the type %s: %v", c.node.typeText(), err)
	}
	if c.guard {
		w := cursor{buf: out[len(dst):]}
		w.skip(c.node)
		if err := w.end(); err != nil {
			return dst, err
		}
	}
	return out, nil
}

func (c *codec) decode(payload []byte, v any) error {
	if c.guard {
		w := cursor{buf: payload}
		w.skip(c.node)
		if err := w.end(); err != nil {
			return err
		}
	}
	rest, err := c.avro.Decode(payload, v)
	if err != nil {
		return fault.New(schema.ErrPayload, "avro.Message.Decode", "the payload is no %s for a %T: %v", c.node.typeText(), v, err)
	}
	if len(rest) > 0 {
		return fault.New(schema.ErrPayload, "avro.Message.Decode", "byte %d: %d bytes follow the value", len(payload)-len(rest), len(rest))
	}
	return nil
}

// needsGuard reports whether a type holds array items or records with fields that take no bytes, which cost memory without
// bytes that pay for it, or types without values.
func needsGuard(root *node) bool {
	sizes := map[*named]bool{}
	guard := false
	eachNode(root, func(n *node) {
		switch {
		case n.kind == kindArray && takesNoBytes(n.items, sizes, 0),
			n.kind == kindRecord && len(n.named.fields) > 0 && takesNoBytes(n, sizes, 0):
			guard = true
		case n.kind == kindUnion && len(n.branches) == 0, n.kind == kindEnum && len(n.named.symbols) == 0:
			guard = true
		}
	})
	return guard
}

// takesNoBytes reports whether all values of a type are empty, or may be.
func takesNoBytes(n *node, known map[*named]bool, depth int) bool {
	switch n.kind {
	case kindNull:
		return true
	case kindFixed:
		return n.named.size == 0
	case kindRecord:
		if empty, ok := known[n.named]; ok {
			return empty
		}
		if depth > maxPayloadDepth {
			return true
		}
		known[n.named] = false // a record within itself has no finite value
		empty := true
		for i := range n.named.fields {
			empty = empty && takesNoBytes(n.named.fields[i].typ, known, depth+1)
		}
		known[n.named] = empty
		return empty
	}
	return false
}

// eachNode visits every type that is reachable from root once.
func eachNode(root *node, visit func(*node)) {
	open := []*node{root}
	seen := map[*named]bool{}
	for len(open) > 0 {
		n := open[len(open)-1]
		open = open[:len(open)-1]
		if n.named != nil {
			if seen[n.named] {
				continue
			}
			seen[n.named] = true
			for i := range n.named.fields {
				open = append(open, n.named.fields[i].typ)
			}
		}
		visit(n)
		if n.items != nil {
			open = append(open, n.items)
		}
		open = append(open, n.branches...)
	}
}

// plainPrinter prints what the codec needs of a type.
type plainPrinter struct {
	buf  []byte
	seen nameSet
	bare bool // also without logical types and defaults
	enc  encoder
}

func (p *plainPrinter) word(s string) { p.buf = append(p.buf, s...) }

func (p *plainPrinter) typ(n *node, space string) {
	switch {
	case n.kind == kindUnion:
		p.word("[")
		for i, b := range n.branches {
			if i > 0 {
				p.word(",")
			}
			p.typ(b, space)
		}
		p.word("]")
	case n.named != nil:
		p.namedType(n, space)
	case n.items != nil:
		p.word(`{"type":"` + n.kind.String() + map[kind]string{kindArray: `","items":`, kindMap: `","values":`}[n.kind])
		p.typ(n.items, space)
		p.word("}")
	case n.logical == noLogical || p.bare:
		p.word(`"` + n.kind.String() + `"`)
	default:
		p.word(`{"type":"` + n.kind.String() + `"`)
		p.logical(n)
		p.word("}")
	}
}

func (p *plainPrinter) logical(n *node) {
	if n.logical == noLogical || p.bare {
		return
	}
	first, _ := n.splitProps()
	for _, m := range first {
		p.word(`,"` + m.key + `":`)
		p.buf = appendValue(p.buf, &m.val, false)
	}
}

func (p *plainPrinter) namedType(n *node, space string) {
	t := n.named
	if p.seen.has(t.name) {
		p.buf = appendString(p.buf, t.name.within(space))
		return
	}
	p.seen.add(t.name)
	p.word(`{"type":"` + n.kind.String() + `","name":`)
	p.buf = appendString(p.buf, t.name.simple)
	p.word(`,"namespace":`)
	p.buf = appendString(p.buf, t.name.space)
	switch n.kind {
	case kindFixed:
		p.word(`,"size":` + strconv.Itoa(t.size))
	case kindEnum:
		p.symbols(t.symbols)
	default:
		p.fields(t)
	}
	p.logical(n)
	p.word("}")
}

func (p *plainPrinter) symbols(list []string) {
	p.word(`,"symbols":[`)
	for i, s := range list {
		if i > 0 {
			p.word(",")
		}
		p.buf = appendString(p.buf, s)
	}
	p.word("]")
}

func (p *plainPrinter) fields(t *named) {
	p.word(`,"fields":[`)
	for i := range t.fields {
		if i > 0 {
			p.word(",")
		}
		f := &t.fields[i]
		p.word(`{"name":`)
		p.buf = appendString(p.buf, f.name)
		p.word(`,"type":`)
		p.typ(f.typ, t.name.space)
		if f.def != nil && !p.bare && p.fits(f) {
			p.word(`,"default":`)
			p.buf = appendValue(p.buf, f.def, false)
		}
		p.word("}")
	}
	p.word("]")
}

// fits reports whether a default is a value of the field, which Java does not ask of symbols, sizes and bytes. All defaults
// of a type share one budget; those beyond it are left out.
func (p *plainPrinter) fits(f *field) bool {
	_, err := p.enc.encode(nil, f.typ, f.def)
	return err == nil
}
