package protobuf

import (
	"cmp"
	"slices"
	"strconv"
)

// member is a field of a message and the oneof that holds it, if any.
type member struct {
	*field
	oneof string
	in    bool
}

// members lists fields by number. Groups are left out, as in the reference; the last of several fields of one number counts.
type members []member

func membersOf(m *message) members {
	all := make(members, 0, len(m.fields))
	for _, f := range m.fields {
		all = append(all, member{field: f})
	}
	for _, o := range m.oneofs {
		for _, f := range o.fields {
			all = append(all, member{f, o.name, true})
		}
	}
	slices.SortStableFunc(all, func(a, b member) int { return cmp.Compare(a.number, b.number) })
	out := all[:0]
	for i, m := range all {
		if i+1 == len(all) || all[i+1].number != m.number {
			out = append(out, m)
		}
	}
	return out
}

func (m members) find(number int32) (member, bool) {
	i, ok := slices.BinarySearchFunc(m, number, func(x member, n int32) int { return cmp.Compare(x.number, n) })
	if !ok {
		return member{}, false
	}
	return m[i], true
}

// fields is the comparison of the fields of two messages.
type fields struct {
	*comparison
	old, new members
	deleted  map[string]bool // oneofs of O that are gone with all their members
}

func (c *comparison) fields(o, u *message) {
	f := &fields{comparison: c, old: membersOf(o), new: membersOf(u)}
	f.findDeleted(o, u)
	for _, x := range u.oneofs {
		f.origins(x)
	}
	f.numbers()
}

func (f *fields) findDeleted(o, u *message) {
	if len(o.oneofs) == 0 {
		return
	}
	f.deleted = map[string]bool{}
	for _, x := range o.oneofs {
		f.deleted[x.name] = true
	}
	for _, x := range u.oneofs {
		delete(f.deleted, x.name)
	}
	for _, m := range f.old {
		if _, kept := f.new.find(m.number); m.in && kept {
			delete(f.deleted, m.oneof)
		}
	}
}

// origins looks at where the members of a oneof of U came from: more than one place means that fields which could be set together
// exclude each other now.
func (f *fields) origins(x *oneof) {
	var oneofs map[string]bool
	var loose map[int32]bool
	for _, m := range x.fields {
		was, ok := f.old.find(m.number)
		switch {
		case !ok:
		case was.in && was.oneof == x.name && oneofs == nil && loose == nil:
			// the usual case, which needs no account unless others join
		case was.in:
			oneofs = with(oneofs, was.oneof)
		default:
			loose = with(loose, m.number)
		}
	}
	if len(oneofs)+len(loose) > 0 && slices.ContainsFunc(x.fields, func(m *field) bool {
		was, ok := f.old.find(m.number)
		return ok && was.in && was.oneof == x.name
	}) {
		oneofs = with(oneofs, x.name)
	}
	switch {
	case len(oneofs)+len(loose) < 2:
	case len(loose) > 1:
		f.report(multipleFieldsMovedToOneof, "several fields of the "+f.o.word+" schema are members of one oneof in the "+f.u.word+" schema", x.name)
	default:
		f.report(fieldMovedToExistingOneof, "a field of the "+f.o.word+" schema joins fields of another oneof in the "+f.u.word+" schema", x.name)
	}
}

func with[K comparable](set map[K]bool, k K) map[K]bool {
	if set == nil {
		set = map[K]bool{}
	}
	set[k] = true
	return set
}

// numbers walks both lists in step.
func (f *fields) numbers() {
	old, next := f.old, f.new
	for len(old) > 0 || len(next) > 0 {
		switch {
		case len(next) == 0 || len(old) > 0 && old[0].number < next[0].number:
			f.gone(old[0])
			old = old[1:]
		case len(old) == 0 || next[0].number < old[0].number:
			f.added(next[0])
			next = next[1:]
		default:
			f.kept(old[0], next[0])
			old, next = old[1:], next[1:]
		}
	}
}

func (f *fields) gone(was member) {
	number := strconv.Itoa(int(was.number))
	switch {
	case was.in && !f.deleted[was.oneof]:
		f.report(oneofFieldRemoved, "the "+f.u.word+" schema has no field "+was.name+" in oneof "+was.oneof+", unlike the "+f.o.word+" schema", was.oneof, number)
	case !was.in && was.label == required:
		f.report(requiredFieldRemoved, "the "+f.u.word+" schema has no field "+was.name+" that is required in the "+f.o.word+" schema", number)
	}
}

func (f *fields) added(is member) {
	if !is.in && is.label == required {
		f.report(requiredFieldAdded, "the "+f.u.word+" schema requires field "+is.name+" that is not in the "+f.o.word+" schema", strconv.Itoa(int(is.number)))
	}
}

func (f *fields) kept(was, is member) {
	outer := f.here
	if is.in {
		f.here.path = &step{up: f.here.path, name: is.oneof}
	}
	f.here.path = &step{up: f.here.path, number: is.number}
	f.typePair(was.typ, is.typ, was.label, is.label)
	f.here = outer
}
