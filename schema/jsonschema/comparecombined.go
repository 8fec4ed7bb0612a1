package jsonschema

// guessesAStep is how many looks at a pair of members cost as much as one step: none of them is free.
const guessesAStep = 32

// combined compares two combinations: the criteria, the number of distinct members, and a largest matching of members.
func (c *comparer) combined(r *result, o, u *node) {
	if o.criterion != u.criterion {
		if !wider(o, u) {
			c.add(r, "COMBINED_TYPE_CHANGED", "")
			return
		}
		c.add(r, "COMBINED_TYPE_EXTENDED", "")
	}
	p, q := len(o.distinct), len(u.distinct)
	switch {
	case p < q && u.criterion == allOf:
		c.add(r, "PRODUCT_TYPE_EXTENDED", "")
	case p < q:
		c.add(r, "SUM_TYPE_EXTENDED", "")
	case p > q && o.criterion == allOf:
		c.add(r, "PRODUCT_TYPE_NARROWED", "")
	case p > q:
		c.add(r, "SUM_TYPE_NARROWED", "")
	}
	// Only compatible pairs are matched, so a matched pair has no differences to report.
	if !c.step(p * q / guessesAStep) {
		return
	}
	m := newMatcher(p, q)
	m.edge = func(i, j int) bool { return c.step(1) && c.compare(o.distinct[i], u.distinct[j]).ok() }
	m.alike = func(i, j int) bool { return o.distinct[i].print == u.distinct[j].print }
	if m.size() < min(p, q) {
		c.add(r, "COMBINED_TYPE_SUBSCHEMAS_CHANGED", "")
	}
}

// wider reports whether changing o's criterion to u's takes nothing away.
func wider(o, u *node) bool {
	return u.criterion == anyOf ||
		len(o.members) == 1 && len(u.members) == 1 ||
		len(o.members) == 1 && u.criterion == oneOf ||
		len(u.members) == 1 && o.criterion == allOf
}
