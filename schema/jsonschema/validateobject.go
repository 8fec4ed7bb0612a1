package jsonschema

import "slices"

// wordsOnStack is how many words of property bits need no allocation.
const wordsOnStack = 4

// object applies the keywords of objects.
func (r *run) object(c *objectCheck, i int, m *marks) bool {
	var few [wordsOnStack]uint64
	seen := few[:]
	if need := (len(c.props) + 63) / 64; need > wordsOnStack {
		seen = make([]uint64, need)
	}
	if !r.members(c, i, seen, m) {
		return false
	}
	for w, bits := range c.required {
		if seen[w]&bits != bits {
			return r.missing(c, seen)
		}
	}
	if c.min >= 0 || c.max >= 0 {
		if !r.size(c, i) {
			return false
		}
	}
	return len(c.needs) == 0 || r.dependencies(c.needs, i, m)
}

// members applies what each member must fit. Members mostly come in the order in which the schema describes them, so the next
// property is tried before the index.
func (r *run) members(c *objectCheck, i int, seen []uint64, m *marks) bool {
	t := r.t
	next, end := 0, int(t.tokens[i].next)
	for k, j := 0, i+1; j < end; k, j = k+1, int(t.tokens[j+1].next) {
		name := t.text(j)
		at := -1
		if next < len(c.props) && c.props[next].name == string(name) {
			at = next
		} else if known, ok := c.index[string(name)]; ok {
			at = known
		}
		var x *check
		if at >= 0 {
			next = at + 1
			seen[at/64] |= 1 << (at % 64)
			x = c.props[at].check
		}
		if x != nil {
			if m != nil {
				m.set(k)
			}
			if !r.check(x, j+1, nil) {
				return r.below(string(t.text(j)))
			}
		}
		if c.touched && !r.undescribed(c, j, k, x != nil, m) {
			return false
		}
	}
	return true
}

// undescribed applies propertyNames, patternProperties and additionalProperties to the member whose key is token j.
func (r *run) undescribed(c *objectCheck, j, k int, described bool, m *marks) bool {
	if c.names != nil && !r.check(c.names, j, nil) {
		return r.below(string(r.t.text(j)))
	}
	for p := range c.patterns {
		found, ok := r.matches(c.patterns[p].pattern, j)
		if !ok {
			return false
		}
		if !found {
			continue
		}
		described = true
		if m != nil {
			m.set(k)
		}
		if !r.check(c.patterns[p].check, j+1, nil) {
			return r.below(string(r.t.text(j)))
		}
	}
	if described || c.extra == nil {
		return true
	}
	if m != nil {
		m.set(k)
	}
	if c.extra.never {
		if r.quiet > 0 {
			return false
		}
		return r.fail("additionalProperties", "the property %q is not allowed", r.t.text(j))
	}
	if !r.check(c.extra, j+1, nil) {
		return r.below(string(r.t.text(j)))
	}
	return true
}

func (r *run) missing(c *objectCheck, seen []uint64) bool {
	if r.quiet > 0 {
		return false
	}
	for at := range c.props {
		bit := uint64(1) << (at % 64)
		if at/64 < len(c.required) && c.required[at/64]&bit != 0 && seen[at/64]&bit == 0 {
			return r.fail("required", "the property %q is missing", c.props[at].name)
		}
	}
	return false
}

// size counts distinct names.
func (r *run) size(c *objectCheck, i int) bool {
	t := r.t
	n := int(t.tokens[i].count)
	if !r.spend(n) {
		return false
	}
	if n > 1 && n >= c.min {
		n = t.distinctNames(i)
	}
	if n < c.min {
		return r.fail("minProperties", "%d properties, fewer than %d", n, c.min)
	}
	if c.max >= 0 && n > c.max {
		return r.fail("maxProperties", "%d properties, more than %d", n, c.max)
	}
	return true
}

func (t *tape) distinctNames(i int) int {
	names := make([]string, 0, t.tokens[i].count)
	for j := i + 1; j < int(t.tokens[i].next); j = int(t.tokens[j+1].next) {
		names = append(names, string(t.text(j)))
	}
	slices.Sort(names)
	return len(slices.Compact(names))
}

func (r *run) dependencies(needs []dependency, i int, m *marks) bool {
	if !r.spend(len(needs)) {
		return false
	}
	find := r.t.finder(i)
	for n := range needs {
		d := &needs[n]
		if find(d.name) < 0 {
			continue
		}
		for _, name := range d.names {
			if find(name) < 0 {
				return r.fail(d.keyword, "the property %q needs the property %q", d.name, name)
			}
		}
		if d.check != nil && !r.check(d.check, i, m) {
			return false
		}
	}
	return true
}
