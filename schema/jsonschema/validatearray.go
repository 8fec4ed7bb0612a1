package jsonschema

import "hash/maphash"

// array applies the keywords of arrays.
func (r *run) array(c *arrayCheck, i int, m *marks) bool {
	t := r.t
	n := int(t.tokens[i].count)
	if n < c.min {
		return r.fail("minItems", "%d items, fewer than %d", n, c.min)
	}
	if c.max >= 0 && n > c.max {
		return r.fail("maxItems", "%d items, more than %d", n, c.max)
	}
	for k, j := 0, i+1; j < int(t.tokens[i].next); k, j = k+1, int(t.tokens[j].next) {
		x := c.rest
		if k < len(c.tuple) {
			x = c.tuple[k]
		}
		if x == nil {
			break
		}
		if m != nil {
			m.set(k)
		}
		if x.never && k >= len(c.tuple) {
			return r.fail(c.restName, "%d items, more than the %d described", n, len(c.tuple))
		}
		if !r.check(x, j, nil) {
			return r.item(k)
		}
	}
	if c.contains != nil && !r.contains(c, i, m) {
		return false
	}
	return !c.unique || r.unique(i)
}

func (r *run) contains(c *arrayCheck, i int, m *marks) bool {
	t := r.t
	matched := 0
	for k, j := 0, i+1; j < int(t.tokens[i].next); k, j = k+1, int(t.tokens[j].next) {
		r.quiet++
		ok := r.check(c.contains, j, nil)
		r.quiet--
		if !ok {
			continue
		}
		matched++
		if m != nil && c.marks {
			m.set(k)
		}
	}
	switch {
	case r.aborted != "":
		return false
	case matched < c.minimum:
		return r.fail("contains", "%d items match, fewer than %d", matched, c.minimum)
	case matched > c.maximum:
		return r.fail("maxContains", "%d items match, more than %d", matched, c.maximum)
	}
	return true
}

// pairwise is the number of items up to which comparing all pairs beats hashing.
const pairwise = 8

// unique reports whether no two items are equal.
func (r *run) unique(i int) bool {
	t := r.t
	items := r.items[:0]
	for j := i + 1; j < int(t.tokens[i].next); j = int(t.tokens[j].next) {
		items = append(items, j)
	}
	r.items = items
	if !r.spend(int(t.tokens[i].next) - i) {
		return false
	}
	if len(items) > pairwise {
		return r.uniqueByHash(items)
	}
	for b := range items {
		for a := range b {
			if t.same(items[a], items[b]) {
				return r.fail("uniqueItems", "the items %d and %d are equal", a, b)
			}
		}
	}
	return true
}

func (r *run) uniqueByHash(items []int) bool {
	if r.seed == (maphash.Seed{}) {
		r.seed = maphash.MakeSeed()
	}
	seen := make(map[uint64][]int, len(items))
	for b, j := range items {
		h := r.t.hash(r.seed, j)
		for _, a := range seen[h] {
			if !r.spend(1) {
				return false
			}
			if r.t.same(items[a], j) {
				return r.fail("uniqueItems", "the items %d and %d are equal", a, b)
			}
		}
		seen[h] = append(seen[h], b)
	}
	return true
}
