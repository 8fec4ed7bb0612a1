package protobuf

import (
	"cmp"
	"slices"
	"strings"
)

// rewriter builds another tree of the same meaning. In both of its uses type names become full names with a leading dot and map
// entries become maps; sorted also puts everything whose order has no meaning in one order (Confluent: normalize=true). The order
// of messages, services and methods has a meaning: message indexes count on it.
type rewriter struct {
	universe *universe
	scope    string
}

func normalized(u *universe) *file {
	f := u.main.file
	w := &rewriter{u, f.pkg}
	out := &file{
		pkg:           f.pkg,
		pkgAt:         f.pkgAt,
		imports:       sortedUnique(f.imports),
		publicImports: sortedUnique(f.publicImports),
		options:       w.options(f.options),
		messages:      w.messages(f.messages),
		enums:         w.enums(f.enums),
		extends:       w.extends(f.extends),
		services:      mapped(f.services, w.service),
	}
	if f.syntax == "proto3" {
		out.syntax = f.syntax
	}
	return out
}

func sortedUnique(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

func mapped[T any](in []*T, change func(*T) *T) []*T {
	out := make([]*T, len(in))
	for i, x := range in {
		out[i] = change(x)
	}
	return out
}

// byKey returns a copy in the order of a key; equal keys keep their order.
func byKey[T any](in []T, key func(T) int32) []T {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return out
}

// within runs f in the scope of a type.
func (w *rewriter) within(name string, f func()) {
	outer := w.scope
	w.scope = join(outer, name)
	f()
	w.scope = outer
}

func (w *rewriter) messages(in []*message) []*message {
	var out []*message
	for _, m := range in {
		if t, ok := w.universe.resolve(w.scope, m.name); ok && t.mapType != "" {
			continue
		}
		w.within(m.name, func() { out = append(out, w.message(m)) })
	}
	return out
}

func (w *rewriter) message(m *message) *message {
	return &message{
		name:       m.name,
		options:    w.options(m.options),
		reserved:   splitRanges(m.reserved),
		fields:     w.fields(m.fields),
		oneofs:     w.oneofs(m.oneofs),
		groups:     w.groups(m.groups),
		extensions: splitRanges(m.extensions),
		extends:    w.extends(m.extends),
		messages:   w.messages(m.messages),
		enums:      w.enums(m.enums),
		at:         m.at,
	}
}

func (w *rewriter) enums(in []*enum) []*enum {
	return mapped(in, func(e *enum) *enum {
		out := &enum{name: e.name, reserved: splitRanges(e.reserved), at: e.at}
		w.within(e.name, func() {
			out.options = w.options(e.options)
			out.values = mapped(e.values, func(v *enumValue) *enumValue {
				return &enumValue{v.name, v.number, w.options(v.options)}
			})
		})
		slices.SortStableFunc(out.values, func(a, b *enumValue) int {
			return cmp.Or(cmp.Compare(a.number, b.number), strings.Compare(a.name, b.name))
		})
		return out
	})
}

func (w *rewriter) service(s *service) *service {
	return &service{s.name, w.options(s.options), mapped(s.rpcs, func(r *rpc) *rpc {
		out := *r
		out.request, out.response, out.options = w.typeName(r.request), w.typeName(r.response), w.options(r.options)
		return &out
	})}
}

func (w *rewriter) fields(in []*field) []*field {
	return mapped(byKey(in, func(f *field) int32 { return f.number }), w.field)
}

func (w *rewriter) field(f *field) *field {
	out := &field{label: f.label, typ: w.fieldType(f.typ), name: f.name, number: f.number, at: f.at}
	if isMap(out.typ) {
		out.label = noLabel
	}
	all := f.allOptions()
	if f.def != nil {
		for i := range all {
			if all[i].name == "default" {
				all[i].value = defaultOf(out.typ, *f.def)
			}
		}
	}
	out.options = w.options(all)
	return out
}

// fieldType resolves a type as it stands in a field: map entries become maps, and values of maps are resolved if they can be.
func (w *rewriter) fieldType(typ string) string {
	if !isMap(typ) {
		if scalars[typ] {
			return typ
		}
		t, ok := w.universe.resolve(w.scope, typ)
		if !ok {
			return typ
		}
		if t.mapType == "" {
			return "." + t.full
		}
		typ = t.mapType
	}
	key, val := mapParts(typ)
	if t, ok := w.universe.resolve(w.scope, val); ok {
		val = "." + t.full
	}
	return mapType(key, val)
}

func (w *rewriter) typeName(name string) string {
	if t, ok := w.universe.resolve(w.scope, name); ok {
		return "." + t.full
	}
	return name
}

func (w *rewriter) oneofs(in []*oneof) []*oneof {
	var out []*oneof
	for _, o := range in {
		if len(o.fields) > 0 {
			out = append(out, &oneof{o.name, w.options(o.options), w.fields(o.fields), w.groups(o.groups), o.at})
		}
	}
	return byKey(out, func(o *oneof) int32 { return o.fields[0].number })
}

func (w *rewriter) groups(in []*group) []*group {
	return mapped(byKey(in, func(g *group) int32 { return g.number }), func(g *group) *group {
		return &group{g.label, g.name, g.number, w.fields(g.fields), g.at}
	})
}

// extends groups extension fields by the type they extend, in the order of first appearance.
func (w *rewriter) extends(in []*extend) []*extend {
	var out []*extend
	index := map[string]*extend{}
	for _, e := range in {
		name := w.typeName(e.name)
		for _, f := range e.fields {
			x := index[name]
			if x == nil {
				x = &extend{name: name, at: e.at}
				index[name] = x
				out = append(out, x)
			}
			x.fields = append(x.fields, f)
		}
	}
	for _, x := range out {
		x.fields = w.fields(x.fields)
	}
	return out
}

// splitRanges gives each range a statement of its own: numbers by their start, then names.
func splitRanges(in []ranges) []ranges {
	var all ranges
	for _, r := range in {
		all = append(all, r...)
	}
	for i := range all {
		all[i].span = all[i].span && all[i].first != all[i].last
	}
	slices.SortStableFunc(all, compareRanges)
	out := make([]ranges, len(all))
	for i := range all {
		out[i] = all[i : i+1]
	}
	return out
}

func compareRanges(a, b numberRange) int {
	if c := cmp.Compare(a.start(), b.start()); c != 0 {
		return c
	}
	return strings.Compare(a.sortText(), b.sortText())
}

func (r numberRange) start() int32 {
	if r.named {
		return 1<<31 - 1
	}
	return r.first
}
