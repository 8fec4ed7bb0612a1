package jsonschema

import (
	"slices"
	"strconv"
	"strings"
)

// described is one named property of a place with the values to try.
type described struct {
	name     string
	required bool
	values   []string
}

// objects adds objects that hold what is required, or all that is described, and vary one property at a time.
func (p *prover) objects(all []*objectFacets, depth int, out *sampleList) {
	if len(all) == 0 {
		return
	}
	properties := p.describe(all, depth)
	least, full := object{}, object{}
	for _, d := range properties {
		full = append(full, entry{d.name, d.values[0]})
		if d.required {
			least = append(least, entry{d.name, d.values[0]})
		}
	}
	for _, base := range [...]object{least, full} {
		out.add(base.text())
	}
	for _, d := range properties {
		if out.full() {
			return
		}
		for _, base := range [...]object{least, full} {
			out.add(base.without(d.name).text())
			for _, v := range d.values {
				out.add(base.with(d.name, v).text())
			}
		}
		for _, other := range properties[:min(len(properties), 8)] {
			out.add(object{}.with(d.name, d.values[0]).with(other.name, other.values[0]).text())
		}
	}
	for _, v := range p.undescribed(all, depth) {
		out.add(least.with("undescribed", v).text())
		out.add(full.with("undescribed", v).text())
	}
	for _, f := range all {
		for _, n := range around(f.min, f.max) {
			out.add(least.grown(n).text())
		}
	}
}

// describe lists the properties that any of the facets names.
func (p *prover) describe(all []*objectFacets, depth int) []described {
	var names []string
	for _, f := range all {
		names = append(names, f.required...)
		for _, list := range [...][]property{f.properties, f.schemaDeps} {
			for _, x := range list {
				names = append(names, x.name)
			}
		}
		for _, d := range f.propertyDeps {
			names = append(names, d.name)
			for name := range d.names {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var out []described
	for _, name := range slices.Compact(names) {
		d := described{name: name, required: slices.ContainsFunc(all, func(f *objectFacets) bool { return f.requires(name) })}
		d.values = p.samples(valuesOf(all, name), depth+1, maxSamples)
		out = append(out, d)
	}
	return out
}

// valuesOf returns what the facets say of a property: its own schema, or what covers it.
func valuesOf(all []*objectFacets, name string) []*node {
	var nodes []*node
	for _, f := range all {
		if n := f.property(name); n != nil {
			nodes = append(nodes, n)
			continue
		}
		nodes = append(nodes, f.additional, f.unevaluated)
		for _, x := range f.patterns {
			if found, err := x.pattern.find(name); found && err == nil {
				nodes = append(nodes, x.node)
			}
		}
	}
	return nodes
}

func (p *prover) undescribed(all []*objectFacets, depth int) []string {
	return p.samples(valuesOf(all, "undescribed"), depth+1, maxSamples/2)
}

// object is a JSON object in the making.
type object []entry

type entry struct{ name, text string }

func (o object) with(name, text string) object {
	return append(slices.Clone(o.without(name)), entry{name, text})
}

func (o object) without(name string) object {
	return slices.DeleteFunc(slices.Clone(o), func(e entry) bool { return e.name == name })
}

// grown cuts or extends o to n entries.
func (o object) grown(n int) object {
	out := slices.Clone(o[:min(n, len(o))])
	for i := len(out); i < n; i++ {
		out = append(out, entry{"more" + strconv.Itoa(i), "1"})
	}
	return out
}

func (o object) text() string {
	b := []byte{'{'}
	for i, e := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(appendString(b, e.name), ':'), e.text...)
	}
	return string(append(b, '}'))
}

// arrays adds arrays of the sizes around the limits, and of each value that an item may have.
func (p *prover) arrays(all []*arrayFacets, depth int, out *sampleList) {
	for _, f := range all {
		if out.full() {
			return
		}
		var tuple []string
		for i := range f.tuple {
			tuple = append(tuple, p.samples(itemsOf(all, i), depth+1, maxSamples)[0])
		}
		items := p.samples(itemsOf(all, len(tuple)), depth+1, maxSamples)
		fill := func(n int) []string {
			list := slices.Clone(tuple[:min(n, len(tuple))])
			for len(list) < n {
				list = append(list, items[0])
			}
			return list
		}
		for _, n := range append(around(f.min, f.max), around(f.minContains, f.maxContains)...) {
			out.add(list(fill(n)))
			numbered := fill(n)
			for i := len(tuple); i < n; i++ {
				numbered[i] = strconv.Itoa(i)
			}
			out.add(list(numbered))
		}
		for i := range tuple {
			for _, v := range p.samples(itemsOf(all, i), depth+1, maxSamples) {
				out.add(list(append(slices.Clone(tuple[:i]), v)))
			}
		}
		for _, v := range items {
			out.add(list(append(slices.Clone(tuple), v)))
			out.add(list(append(slices.Clone(tuple), v, v)))
		}
	}
}

// itemsOf returns what the facets say of the item at a position.
func itemsOf(all []*arrayFacets, at int) []*node {
	var nodes []*node
	for _, f := range all {
		if at < len(f.tuple) {
			nodes = append(nodes, f.tuple[at])
			continue
		}
		nodes = append(nodes, f.all, f.additional, f.unevaluated, f.contains)
	}
	return nodes
}

func list(items []string) string { return "[" + strings.Join(items, ",") + "]" }
