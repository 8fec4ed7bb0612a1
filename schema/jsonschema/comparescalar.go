package jsonschema

// bound compares one limit: name is the rule's stem, keyword the path part.
func (c *comparer) bound(r *result, o, u *number, name, keyword string) {
	switch {
	case o == nil && u == nil:
	case o == nil:
		c.add(r, name+"_ADDED", keyword)
	case u == nil:
		c.add(r, name+"_REMOVED", keyword)
	case u.compare(o) > 0:
		c.add(r, name+"_INCREASED", keyword)
	case u.compare(o) < 0:
		c.add(r, name+"_DECREASED", keyword)
	}
}

func (c *comparer) strings(r *result, o, u *stringFacets) {
	c.bound(r, o.maxLength, u.maxLength, "MAX_LENGTH", "maxLength")
	c.bound(r, o.minLength, u.minLength, "MIN_LENGTH", "minLength")
	switch {
	case o.pattern == nil && u.pattern == nil:
	case o.pattern == nil:
		c.add(r, "PATTERN_ADDED", "pattern")
	case u.pattern == nil:
		c.add(r, "PATTERN_REMOVED", "pattern")
	case *o.pattern != *u.pattern:
		c.add(r, "PATTERN_CHANGED", "pattern")
	}
}

func (c *comparer) numbers(r *result, o, u *numberFacets) {
	c.bound(r, o.maximum, u.maximum, "MAXIMUM", "maximum")
	c.bound(r, o.minimum, u.minimum, "MINIMUM", "minimum")
	c.exclusiveMaximum(r, o, u)
	c.bound(r, o.exclusiveMinimum, u.exclusiveMinimum, "EXCLUSIVE_MINIMUM", "exclusiveMinimum")
	c.multipleOf(r, o.multipleOf, u.multipleOf)
	if o.integer && !u.integer {
		c.add(r, "TYPE_EXTENDED", "")
	} else if u.integer && !o.integer {
		c.add(r, "TYPE_NARROWED", "")
	}
}

// exclusiveMaximum differs from the other bounds: a lowered limit counts only if it is above the update's maximum, as in
// Confluent's comparison. Without a maximum Confluent fails; here the lowered limit counts.
func (c *comparer) exclusiveMaximum(r *result, o, u *numberFacets) {
	const keyword = "exclusiveMaximum"
	was, is := o.exclusiveMaximum, u.exclusiveMaximum
	lowered := was != nil && is != nil && was.text != is.text && is.compare(was) <= 0
	switch {
	case !lowered:
		c.bound(r, was, is, "EXCLUSIVE_MAXIMUM", keyword)
	case u.maximum == nil:
		c.bound(r, was, is, "EXCLUSIVE_MAXIMUM", keyword)
	case was.compare(u.maximum) > 0:
		c.add(r, "EXCLUSIVE_MAXIMUM_DECREASED", keyword)
	}
}

func (c *comparer) multipleOf(r *result, o, u *number) {
	const keyword = "multipleOf"
	switch {
	case o == nil && u == nil:
	case o == nil:
		c.add(r, "MULTIPLE_OF_ADDED", keyword)
	case u == nil:
		c.add(r, "MULTIPLE_OF_REMOVED", keyword)
	case o.text == u.text:
	case u.multipleOf(o):
		c.add(r, "MULTIPLE_OF_EXPANDED", keyword)
	case o.multipleOf(u):
		c.add(r, "MULTIPLE_OF_REDUCED", keyword)
	default:
		c.add(r, "MULTIPLE_OF_CHANGED", keyword)
	}
}

func (c *comparer) enum(r *result, o, u []*value) {
	was, is := valueSet(o), valueSet(u)
	c.step(len(o) + len(u))
	switch grown, shrunk := !subset(is, was), !subset(was, is); {
	case grown && shrunk:
		c.add(r, "ENUM_ARRAY_CHANGED", "enum")
	case grown:
		c.add(r, "ENUM_ARRAY_EXTENDED", "enum")
	case shrunk:
		c.add(r, "ENUM_ARRAY_NARROWED", "enum")
	}
}

// valueSet keys values by their sorted text, which tells apart exactly what sameValue tells apart.
func valueSet(list []*value) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, v := range list {
		out[string(appendValue(nil, v, true))] = true
	}
	return out
}

// subset reports whether every element of a is in b.
func subset(a, b map[string]bool) bool {
	for x := range a {
		if !b[x] {
			return false
		}
	}
	return true
}
