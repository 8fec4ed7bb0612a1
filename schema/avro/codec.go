package avro

import (
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
