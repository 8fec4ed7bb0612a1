package avro

import "slices"

// sameness says what two types must share to be equal.
type sameness uint8

const (
	// loosely is Java's Schema.equals: doc, aliases and an enum's default do not count.
	loosely sameness = iota
	// wholly is the equality by which a registry finds a schema again: everything counts but the order of attributes and
	// aliases and the word "error".
	wholly
)

// equalTypes compares two types with all they hold. It walks a list of pairs, not the call stack, and meets each pair once.
func equalTypes(a, b *node, how sameness) bool {
	c := comparison{how: how}
	c.push(a, b)
	for len(c.open) > 0 {
		p := c.open[len(c.open)-1]
		c.open = c.open[:len(c.open)-1]
		if !c.shallow(p[0], p[1]) {
			return false
		}
	}
	return true
}

type comparison struct {
	how  sameness
	open [][2]*node
	seen map[[2]*node]struct{}
}

func (c *comparison) push(a, b *node) {
	if a != b {
		c.open = append(c.open, [2]*node{a, b})
	}
}

// shallow compares two nodes and leaves their inner types to the list.
func (c *comparison) shallow(a, b *node) bool {
	if a.kind != b.kind || len(a.branches) != len(b.branches) || !equalProps(a.props, b.props) {
		return false
	}
	if a.items != nil {
		c.push(a.items, b.items)
	}
	for i := range a.branches {
		c.push(a.branches[i], b.branches[i])
	}
	if a.named == nil {
		return true
	}
	pair := [2]*node{a, b}
	if _, met := c.seen[pair]; met {
		return true
	}
	if !c.namedTypes(a.named, b.named) { // which leaves inner types for later, and so need not know that the pair was met
		return false
	}
	if c.seen == nil {
		c.seen = map[[2]*node]struct{}{}
	}
	c.seen[pair] = struct{}{}
	return true
}

func (c *comparison) namedTypes(a, b *named) bool {
	if a.name != b.name || a.size != b.size || len(a.fields) != len(b.fields) || !slices.Equal(a.symbols, b.symbols) {
		return false
	}
	if c.how == wholly && (a.doc != b.doc || a.hasDoc != b.hasDoc || a.fallback != b.fallback || !sameSet(a.aliases, b.aliases)) {
		return false
	}
	for i := range a.fields {
		if !c.sameField(&a.fields[i], &b.fields[i]) {
			return false
		}
	}
	for i := range a.fields { // not before, for most schemas that differ do so in a name
		c.push(a.fields[i].typ, b.fields[i].typ)
	}
	return true
}

// sameField compares two fields but for their types.
func (c *comparison) sameField(a, b *field) bool {
	if a.name != b.name || a.order != b.order || !equalProps(a.props, b.props) {
		return false
	}
	if (a.def == nil) != (b.def == nil) || a.def != nil && !equalValues(a.def, b.def) {
		return false
	}
	if c.how == wholly && (a.doc != b.doc || a.hasDoc != b.hasDoc || !sameSet(a.aliases, b.aliases)) {
		return false
	}
	return true
}

// sameSet compares two lists without repetitions, in any order.
func sameSet[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	if slices.Equal(a, b) {
		return true
	}
	in := make(map[T]struct{}, len(a))
	for _, x := range a {
		in[x] = struct{}{}
	}
	for _, x := range b {
		if _, ok := in[x]; !ok {
			return false
		}
	}
	return true
}

func equalProps(a, b []member) bool {
	return len(a) == len(b) && (len(a) == 0 || equalMembers(a, b))
}

func equalMembers(a, b []member) bool {
	if len(a) != len(b) {
		return false
	}
	a, b = byKey(a), byKey(b)
	for i := range a {
		if a[i].key != b[i].key || !equalValues(&a[i].val, &b[i].val) {
			return false
		}
	}
	return true
}

// equalValues compares JSON values as Jackson's trees do: an integer never equals a double.
func equalValues(a, b *value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case jsonFloat:
		x, y := parseDouble(a.text), parseDouble(b.text)
		return x == y || x != x && y != y
	case jsonArray:
		return slices.EqualFunc(a.elems, b.elems, func(x, y member) bool { return equalValues(&x.val, &y.val) })
	case jsonObject:
		return equalMembers(a.elems, b.elems)
	}
	return a.text == b.text
}
