package protobuf

import (
	"maps"
	"slices"
)

// member is a field of a message and the oneof that holds it, if any.
type member struct {
	*field
	oneof string
	in    bool
}

// fields is the comparison of the fields of two messages, indexed by number.
type fields struct {
	*comparison
	old, new map[int32]member
	o, u     *message
	deleted  map[string]bool // oneofs of O that are gone with all their members
}

func newFields(c *comparison, o, u *message) *fields {
	return &fields{comparison: c, old: members(o), new: members(u), o: o, u: u}
}

// members indexes fields by number. Groups are left out, as in the reference; the last of several fields of one number counts.
func members(m *message) map[int32]member {
	out := make(map[int32]member, len(m.fields))
	for _, f := range m.fields {
		out[f.number] = member{field: f}
	}
	for _, o := range m.oneofs {
		for _, f := range o.fields {
			out[f.number] = member{f, o.name, true}
		}
	}
	return out
}

func (f *fields) compare() {
	f.findDeleted()
	for _, x := range f.u.oneofs {
		f.origins(x)
	}
	numbers := maps.Clone(f.old)
	maps.Copy(numbers, f.new)
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		f.number(n)
	}
}

func (f *fields) findDeleted() {
	f.deleted = map[string]bool{}
	for _, x := range f.o.oneofs {
		f.deleted[x.name] = !slices.ContainsFunc(f.u.oneofs, func(y *oneof) bool { return y.name == x.name })
	}
	for n, m := range f.old {
		if _, kept := f.new[n]; m.in && kept {
			f.deleted[m.oneof] = false
		}
	}
}

// origins looks at where the members of a oneof of U came from: more than one place means that fields which could be set together
// exclude each other now.
func (f *fields) origins(x *oneof) {
	type origin struct {
		oneof  string
		number int32
	}
	from := map[origin]bool{}
	loose := 0
	for _, m := range x.fields {
		was, ok := f.old[m.number]
		switch {
		case !ok:
		case was.in:
			from[origin{oneof: was.oneof}] = true
		case !from[origin{number: m.number}]:
			from[origin{number: m.number}] = true
			loose++
		}
	}
	switch {
	case len(from) < 2:
	case loose > 1:
		f.report(multipleFieldsMovedToOneof, "several fields of the "+f.comparison.o.word+" schema are members of one oneof in the "+f.comparison.u.word+" schema", x.name)
	default:
		f.report(fieldMovedToExistingOneof, "a field of the "+f.comparison.o.word+" schema joins fields of another oneof in the "+f.comparison.u.word+" schema", x.name)
	}
}

func (f *fields) number(n int32) {
	was, before := f.old[n]
	is, now := f.new[n]
	switch {
	case !now && was.in:
		if !f.deleted[was.oneof] {
			f.report(oneofFieldRemoved, "the "+f.comparison.u.word+" schema has no field "+was.name+" in oneof "+was.oneof+", unlike the "+f.comparison.o.word+" schema", was.oneof, tagPath(n))
		}
	case !now:
		if was.label == required {
			f.report(requiredFieldRemoved, "the "+f.comparison.u.word+" schema has no field "+was.name+" that is required in the "+f.comparison.o.word+" schema", tagPath(n))
		}
	case !before:
		if !is.in && is.label == required {
			f.report(requiredFieldAdded, "the "+f.comparison.u.word+" schema requires field "+is.name+" that is not in the "+f.comparison.o.word+" schema", tagPath(n))
		}
	case is.in:
		f.within(is.oneof, func() { f.within(tagPath(n), func() { f.fieldTypes(was.field, is.field) }) })
	default:
		f.within(tagPath(n), func() { f.fieldTypes(was.field, is.field) })
	}
}
