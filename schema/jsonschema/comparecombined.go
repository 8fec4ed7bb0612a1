package jsonschema

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
	if matching(p, q, func(i, j int) bool { return c.step(1) && c.compare(o.distinct[i], u.distinct[j]).ok() }) < min(p, q) {
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

// matching returns the size of a maximum matching between p and q members (Hopcroft and Karp's bound is not needed: sizes are
// small and augmenting paths are found by breadth first over edges computed once).
func matching(p, q int, edge func(i, j int) bool) int {
	edges := make([][]int, p)
	for i := range edges {
		for j := range q {
			if edge(i, j) {
				edges[i] = append(edges[i], j)
			}
		}
	}
	m := matcher{edges: edges, partner: make([]int, q)}
	for j := range m.partner {
		m.partner[j] = -1
	}
	size := 0
	for i := range edges {
		m.visited = make([]bool, q)
		if m.augment(i) {
			size++
		}
	}
	return size
}

// matcher is Kuhn's algorithm.
type matcher struct {
	edges   [][]int
	partner []int // of the right side
	visited []bool
}

func (m *matcher) augment(i int) bool {
	for _, j := range m.edges[i] {
		if m.partner[j] < 0 {
			m.partner[j] = i
			return true
		}
	}
	for _, j := range m.edges[i] {
		if m.visited[j] {
			continue
		}
		m.visited[j] = true
		if m.augment(m.partner[j]) {
			m.partner[j] = i
			return true
		}
	}
	return false
}
