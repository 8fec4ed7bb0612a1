package avro

import "strconv"

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
