package protobuf

import "fmt"

// use is one place in a file where a type is named.
type use struct {
	scope string
	typ   string
	what  string
	name  string
	field bool // fields may have scalar and map types; the rest names messages
	at    position
}

// check reports the first type name that resolves to nothing. Values of maps may be unknown, as in the reference registry.
func (u *universe) check() error {
	var first error
	walkUses(u.main.file, func(x use) bool {
		if x.field && (isMap(x.typ) || scalars[x.typ]) {
			return true
		}
		if _, ok := u.resolve(x.scope, x.typ); !ok {
			first = fmt.Errorf("line %d, column %d: Could not resolve type: %s (%s %s); define it, or add a reference to the file that does",
				x.at.line, x.at.column, x.typ, x.what, x.name)
		}
		return first == nil
	})
	return first
}

// walkUses visits the types of fields, extensions and methods until visit returns false.
func walkUses(f *file, visit func(use) bool) {
	w := walker{visit: visit, on: true}
	w.body(f.messages, f.extends, f.pkg)
	for _, s := range f.services {
		for _, r := range s.rpcs {
			w.see(use{f.pkg, r.request, "method", r.name, false, r.at})
			w.see(use{f.pkg, r.response, "method", r.name, false, r.at})
		}
	}
}

type walker struct {
	visit func(use) bool
	on    bool
}

func (w *walker) see(x use) { w.on = w.on && w.visit(x) }

func (w *walker) body(messages []*message, extends []*extend, scope string) {
	for _, e := range extends {
		w.see(use{scope, e.name, "extend", e.name, false, e.at})
		w.fields(e.fields, scope)
	}
	for _, m := range messages {
		inner := join(scope, m.name)
		w.fields(m.fields, inner)
		w.groups(m.groups, inner)
		for _, o := range m.oneofs {
			w.fields(o.fields, inner)
			w.groups(o.groups, inner)
		}
		w.body(m.messages, m.extends, inner)
	}
}

func (w *walker) groups(groups []*group, scope string) {
	for _, g := range groups {
		w.fields(g.fields, scope)
	}
}

func (w *walker) fields(fields []*field, scope string) {
	for _, f := range fields {
		w.see(use{scope, f.typ, "field", f.name, true, f.at})
	}
}
