package jsonschema

// matcher finds the size of a maximum matching between p and q members by Kuhn's algorithm. An edge is a comparison, which may be
// dear, so edges are asked for when they are needed and only once; members that look alike, and those that stand where the
// last match leads one to expect them, are tried first. The size does not depend on the order.
type matcher struct {
	p, q    int
	edge    func(i, j int) bool
	alike   func(i, j int) bool // a cheap guess
	known   []edgeState         // p rows of q
	partner []int               // of the right side, or -1
	visited []bool
	next    int // where the next partner is expected
}

type edgeState uint8

const (
	edgeUnknown edgeState = iota
	edgeThere
	edgeMissing
)

func newMatcher(p, q int) *matcher {
	m := &matcher{p: p, q: q, known: make([]edgeState, p*q), partner: make([]int, q), visited: make([]bool, q)}
	for j := range m.partner {
		m.partner[j] = -1
	}
	return m
}

func (m *matcher) size() int {
	n := 0
	for i := range m.p {
		clear(m.visited)
		if m.augment(i) {
			n++
		}
	}
	return n
}

func (m *matcher) has(i, j int) bool {
	k := &m.known[i*m.q+j]
	if *k == edgeUnknown {
		*k = edgeMissing
		if m.edge(i, j) {
			*k = edgeThere
		}
	}
	return *k == edgeThere
}

// augment finds a partner for i: a free one if there is any, else one whose partner finds another.
func (m *matcher) augment(i int) bool {
	if m.take(i, m.alike) || m.take(i, func(int, int) bool { return true }) {
		return true
	}
	for j := range m.q {
		if m.visited[j] || m.partner[j] < 0 || !m.has(i, j) {
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

// take gives i the first free partner among those that a guess allows.
func (m *matcher) take(i int, guess func(i, j int) bool) bool {
	for k := range m.q {
		j := (m.next + k) % m.q
		if m.partner[j] < 0 && guess(i, j) && m.has(i, j) {
			m.partner[j], m.next = i, j+1
			return true
		}
	}
	return false
}
