package jsonschema

import (
	"crypto/sha256"
	"sort"
)

// fingerprint identifies a node by what its members say: kind, keywords, annotations, unknown keywords, and of a ref its text.
// Confluent recognises repeated members of a combination by their printed text, which varies from run to run for generated
// combinations; here the order of their parts, and of object keys, does not count.
type fingerprint [sha256.Size]byte

// finisher completes loaded nodes: it seals object facets and finds the distinct members of combinations.
type finisher struct {
	prints map[*node]fingerprint
}

func (f *finisher) finish(n *node) {
	if n == nil {
		return
	}
	f.print(n)
}

func (f *finisher) print(n *node) fingerprint {
	if fp, ok := f.prints[n]; ok {
		return fp
	}
	f.prints[n] = fingerprint{} // a ref ends every cycle, so no node meets itself
	n.hasNoRefs = n.kind != kindRef
	n.children(func(x *node) {
		f.print(x)
		n.hasNoRefs = n.hasNoRefs && x.hasNoRefs
	})
	if n.obj != nil {
		n.obj.seal()
	}
	if n.kind == kindCombined {
		n.distinct = f.distinct(n.members)
	}
	fp := fingerprint(sha256.Sum256(f.encode(nil, n)))
	f.prints[n], n.print = fp, fp
	return fp
}

func (f *finisher) distinct(members []*node) []*node {
	seen := make(map[fingerprint]bool, len(members))
	var out []*node
	for _, m := range members {
		if fp := f.prints[m]; !seen[fp] {
			seen[fp] = true
			out = append(out, m)
		}
	}
	return out
}

// encode appends everything that tells n from another node, unambiguously: every part is tagged and quoted.
func (f *finisher) encode(b []byte, n *node) []byte {
	b = append(b, byte(n.kind), flag(n.typed), flag(n.generated && n.criterion == allOf))
	b = text(text(text(b, n.title), n.description), &n.ref)
	if n.def != nil {
		b = appendValue(append(b, 'd'), n.def, true)
	}
	for _, m := range sortedMembers(n.extra) {
		b = appendValue(appendString(append(b, 'x'), m.key), m.value, true)
	}
	switch {
	case n.str != nil:
		b = numbers(text(text(b, n.str.pattern), n.str.format), n.str.minLength, n.str.maxLength)
	case n.num != nil:
		b = numbers(append(b, flag(n.num.integer)), n.num.minimum, n.num.maximum, n.num.exclusiveMinimum, n.num.exclusiveMaximum, n.num.multipleOf)
	case n.obj != nil:
		b = f.object(b, n.obj)
	case n.arr != nil:
		b = f.array(b, n.arr)
	}
	b = f.nodes(b, n.inner, n.parts[0], n.parts[1], n.parts[2])
	for _, v := range n.values {
		b = appendValue(append(b, 'v'), v, true)
	}
	return f.combination(b, n)
}

func (f *finisher) combination(b []byte, n *node) []byte {
	prints := make([]string, len(n.members))
	for i, m := range n.members {
		fp := f.prints[m]
		prints[i] = string(fp[:])
	}
	if n.generated {
		sort.Strings(prints)
	}
	b = append(append(b, 'c'), n.criterion...)
	for _, p := range prints {
		b = append(b, p...)
	}
	return b
}

func (f *finisher) object(b []byte, o *objectFacets) []byte {
	b = append(b, 'o', flag(o.closed))
	for _, list := range [...][]property{o.properties, o.schemaDeps} {
		b = append(b, 'p')
		for _, p := range list {
			b = f.nodes(appendString(b, p.name), p.node)
		}
	}
	for _, p := range o.patterns {
		b = f.nodes(appendString(b, p.pattern.text), p.node)
	}
	for _, r := range o.required {
		b = appendString(append(b, 'r'), r)
	}
	for _, d := range o.propertyDeps {
		b = appendString(append(b, 'n'), d.name)
		names := make([]string, 0, len(d.names))
		for name := range d.names {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			b = appendString(b, name)
		}
	}
	return numbers(f.nodes(b, o.additional, o.names, o.unevaluated), o.min, o.max)
}

func (f *finisher) array(b []byte, a *arrayFacets) []byte {
	b = append(b, 'a', flag(a.closed), flag(a.unique))
	b = f.nodes(b, a.all, a.additional, a.contains, a.unevaluated)
	b = f.nodes(append(b, 't'), a.tuple...)
	return numbers(b, a.min, a.max, a.minContains, a.maxContains)
}

func (f *finisher) nodes(b []byte, list ...*node) []byte {
	for _, n := range list {
		if n == nil {
			b = append(b, 0)
			continue
		}
		fp := f.prints[n]
		b = append(append(b, 1), fp[:]...)
	}
	return b
}

func numbers(b []byte, list ...*number) []byte {
	for _, n := range list {
		if n == nil {
			b = append(b, ';')
			continue
		}
		b = append(append(b, n.text...), ';')
	}
	return b
}

func text(b []byte, s *string) []byte {
	if s == nil {
		return append(b, '-')
	}
	return appendString(b, *s)
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
