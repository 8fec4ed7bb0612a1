package jsonschema

func generatedAllOf(members ...*node) *node {
	return &node{kind: kindCombined, criterion: allOf, generated: true, members: members}
}

// join puts two contributions of one schema object together; the first rule that fits decides.
func join(a, b *node) *node {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	switch {
	case a.kind == b.kind && mergeable(a):
		return merge(a, b)
	case a.generated && a.criterion == anyOf && holdsKind(a.members, b.kind):
		return &node{kind: kindCombined, criterion: anyOf, generated: true, members: accumulate(a.members, b)}
	case b.generated && b.criterion == anyOf && holdsKind(b.members, a.kind):
		return &node{kind: kindCombined, criterion: anyOf, generated: true, members: accumulate(b.members, a)}
	}
	var members []*node
	for _, side := range [...]*node{a, b} {
		parts := []*node{side}
		if side.generated && side.criterion == allOf {
			parts = side.members
		}
		for _, p := range parts {
			members = accumulate(members, p)
		}
	}
	return generatedAllOf(members...)
}

func mergeable(n *node) bool {
	return n.kind == kindString || n.kind == kindNumber || n.kind == kindObject || n.kind == kindArray
}

func holdsKind(members []*node, k kind) bool {
	for _, m := range members {
		if m.kind == k {
			return true
		}
	}
	return false
}

// accumulate merges x into the first member of its kind, or appends it. The list given is not changed.
func accumulate(members []*node, x *node) []*node {
	out := append(make([]*node, 0, len(members)+1), members...)
	if mergeable(x) {
		for i, m := range out {
			if m.kind == x.kind {
				out[i] = merge(m, x)
				return out
			}
		}
	}
	return append(out, x)
}

// merge unites two nodes of one mergeable kind; what b sets wins. It may change a, which no other node holds yet.
func merge(a, b *node) *node {
	a.typed = a.typed || b.typed
	if b.title != nil {
		a.title = b.title
	}
	if b.description != nil {
		a.description = b.description
	}
	if b.def != nil {
		a.def = b.def
	}
	if len(b.extra) > 0 {
		a.extra = b.extra
	}
	switch a.kind {
	case kindString:
		mergeStrings(a.str, b.str)
	case kindNumber:
		mergeNumbers(a.num, b.num)
	case kindObject:
		mergeObjects(a.obj, b.obj)
	case kindArray:
		mergeArrays(a.arr, b.arr)
	}
	return a
}

// over returns b if it is set, else a.
func over[T any](a, b *T) *T {
	if b != nil {
		return b
	}
	return a
}

func mergeStrings(a, b *stringFacets) {
	a.minLength, a.maxLength = over(a.minLength, b.minLength), over(a.maxLength, b.maxLength)
	a.pattern, a.format = over(a.pattern, b.pattern), over(a.format, b.format)
}

func mergeNumbers(a, b *numberFacets) {
	a.minimum, a.maximum = over(a.minimum, b.minimum), over(a.maximum, b.maximum)
	a.exclusiveMinimum = over(a.exclusiveMinimum, b.exclusiveMinimum)
	a.exclusiveMaximum = over(a.exclusiveMaximum, b.exclusiveMaximum)
	a.multipleOf, a.integer = over(a.multipleOf, b.multipleOf), a.integer || b.integer
}

func mergeObjects(a, b *objectFacets) {
	a.properties = append(a.properties, b.properties...)
	a.required = append(a.required, b.required...)
	a.patterns = append(a.patterns, b.patterns...)
	a.propertyDeps = append(a.propertyDeps, b.propertyDeps...)
	a.schemaDeps = append(a.schemaDeps, b.schemaDeps...)
	a.closed = a.closed || b.closed
	a.additional, a.names, a.unevaluated = over(a.additional, b.additional), over(a.names, b.names), over(a.unevaluated, b.unevaluated)
	a.min, a.max = over(a.min, b.min), over(a.max, b.max)
}

func mergeArrays(a, b *arrayFacets) {
	a.tuple = append(a.tuple, b.tuple...)
	a.closed, a.unique = a.closed || b.closed, a.unique || b.unique
	a.all, a.additional = over(a.all, b.all), over(a.additional, b.additional)
	a.contains, a.unevaluated = over(a.contains, b.contains), over(a.unevaluated, b.unevaluated)
	a.min, a.max = over(a.min, b.min), over(a.max, b.max)
	a.minContains, a.maxContains = over(a.minContains, b.minContains), over(a.maxContains, b.maxContains)
}
