package jsonschema

// marks are the members and items of one value that some keyword has evaluated, by their place.
type marks struct {
	bits []uint64
}

func (m *marks) set(i int) {
	for len(m.bits) <= i/64 {
		m.bits = append(m.bits, 0)
	}
	m.bits[i/64] |= 1 << (i % 64)
}

func (m *marks) has(i int) bool { return i/64 < len(m.bits) && m.bits[i/64]&(1<<(i%64)) != 0 }

func (m *marks) unite(other *marks) {
	for w, bits := range other.bits {
		if w < len(m.bits) {
			m.bits[w] |= bits
		} else {
			m.bits = append(m.bits, bits)
		}
	}
}

// composed applies a check with keywords that apply others to the same value.
func (r *run) composed(c *check, i int, m *marks) bool {
	own := m
	if c.unevaluatedProperties != nil || c.unevaluatedItems != nil {
		own = &marks{}
	}
	ok := r.references(c, i, own) && r.content(c, i, own) && r.combined(c, i, own) && r.conditional(c, i, own)
	if ok && own != m {
		ok = r.unevaluated(c, i, own)
		if ok && m != nil {
			m.unite(own)
		}
	}
	return ok
}

func (r *run) references(c *check, i int, m *marks) bool {
	if c.ref != nil && !r.check(c.ref, i, m) {
		return false
	}
	return c.dynamic == nil || r.check(r.resolve(c.dynamic), i, m)
}

// resolve finds what a dynamic reference means here: the outermost resource of the dynamic scope that has the anchor decides.
func (r *run) resolve(d *dynamicCheck) *check {
	for _, res := range r.scope {
		if d.recursive {
			if res.recursive != nil {
				return res.recursive
			}
		} else if x := res.anchors[d.anchor]; x != nil && d.anchor != "" {
			return x
		}
	}
	return d.static
}

// attempt applies a check whose failure is no fault. What it marks counts only if it succeeds.
func (r *run) attempt(c *check, i int, m *marks) bool {
	var trial *marks
	if m != nil {
		trial = &marks{}
	}
	r.quiet++
	ok := r.check(c, i, trial)
	r.quiet--
	if ok && m != nil {
		m.unite(trial)
	}
	return ok
}

func (r *run) combined(c *check, i int, m *marks) bool {
	for _, x := range c.all {
		if !r.check(x, i, m) {
			return false
		}
	}
	if len(c.any) > 0 && !r.anyOf(c.any, i, m) {
		return false
	}
	if len(c.one) > 0 && !r.oneOf(c.one, i, m) {
		return false
	}
	if c.not != nil && r.attempt(c.not, i, nil) {
		return r.fail("not", "the value fits what it must not fit")
	}
	return r.aborted == ""
}

// anyOf stops at the first alternative that fits, unless all of them may mark something.
func (r *run) anyOf(list []*check, i int, m *marks) bool {
	fits := false
	for _, x := range list {
		if r.attempt(x, i, m) {
			fits = true
			if m == nil {
				break
			}
		}
	}
	if r.aborted != "" {
		return false
	}
	return fits || r.none(anyOf, list, i)
}

func (r *run) oneOf(list []*check, i int, m *marks) bool {
	fits := -1
	for k, x := range list {
		if !r.attempt(x, i, m) {
			continue
		}
		if fits >= 0 {
			return r.fail(oneOf, "the value fits the alternatives %d and %d, and must fit exactly one", fits, k)
		}
		fits = k
	}
	if r.aborted != "" {
		return false
	}
	return fits >= 0 || r.none(oneOf, list, i)
}

// none reports that no alternative fits. If the value has the type of one alternative only, such as the object in a choice
// between an object and null, that alternative's own fault says more.
func (r *run) none(keyword string, list []*check, i int) bool {
	if r.quiet > 0 {
		return false
	}
	var likely *check
	candidates := 0
	for _, x := range list {
		if r.suits(x, i) {
			likely = x
			candidates++
		}
	}
	if candidates == 1 && len(list) > 1 {
		return r.check(likely, i, nil)
	}
	return r.fail(keyword, "the value fits none of %d alternatives", len(list))
}

// suits reports whether a check, behind plain references, takes values of the token's type.
func (r *run) suits(c *check, i int) bool {
	for hops := 0; c.ref != nil && c.types == 0 && hops < 10; hops++ {
		c = c.ref
	}
	x := &r.t.tokens[i]
	return !c.never && (c.types == 0 || c.types&typeOfKind[x.kind] != 0 || c.types&typeInteger != 0 && x.kind == jsonNumber)
}

func (r *run) conditional(c *check, i int, m *marks) bool {
	if c.cond == nil {
		return true
	}
	branch := c.otherwise
	if r.attempt(c.cond, i, m) {
		branch = c.then
	}
	if r.aborted != "" {
		return false
	}
	return branch == nil || r.check(branch, i, m)
}

// unevaluated applies unevaluatedProperties and unevaluatedItems to what m has not marked.
func (r *run) unevaluated(c *check, i int, m *marks) bool {
	t := r.t
	x := &t.tokens[i]
	switch {
	case x.kind == jsonObject && c.unevaluatedProperties != nil:
		for k, j := 0, i+1; j < int(x.next); k, j = k+1, int(t.tokens[j+1].next) {
			if m.has(k) {
				continue
			}
			m.set(k)
			if c.unevaluatedProperties.never {
				return r.fail("unevaluatedProperties", "the property %q is not allowed", t.text(j))
			}
			if !r.check(c.unevaluatedProperties, j+1, nil) {
				return r.below(string(t.text(j)))
			}
		}
	case x.kind == jsonArray && c.unevaluatedItems != nil:
		for k, j := 0, i+1; j < int(x.next); k, j = k+1, int(t.tokens[j].next) {
			if m.has(k) {
				continue
			}
			m.set(k)
			if c.unevaluatedItems.never {
				return r.fail("unevaluatedItems", "the item %d is not allowed", k)
			}
			if !r.check(c.unevaluatedItems, j, nil) {
				return r.item(k)
			}
		}
	}
	return true
}
