package avro

import (
	"encoding/binary"
	"math"
	"slices"
)

// never is the weight of what has no value small enough. Each value weighs its bytes, and one at least, so that a value lighter
// than never is built in few steps.
const never = 1 << 16

// weights say how large the least values are: of a type, and of those values of a plan that end in a refusal.
type weights struct {
	least  map[*node]int
	refuse map[*plan]int
}

// sample builds the lightest payload that root refuses.
func (t *trial) sample(root *plan) ([]byte, bool) {
	w := weights{least: map[*node]int{}, refuse: map[*plan]int{}}
	nodes := t.nodes()
	settle(nodes, w.least, w.weigh)
	settle(t.plans, w.refuse, w.weighRefusal)
	if w.of(root) >= never || t.ctx.Err() != nil {
		return nil, false
	}
	return w.appendRefused(nil, root), true
}

// nodes lists the writer's types that the plans touch, and all within those, outer ones first.
func (t *trial) nodes() []*node {
	var list []*node
	seen := map[*node]bool{}
	add := func(n *node) {
		if n != nil && !seen[n] {
			seen[n] = true
			list = append(list, n)
		}
	}
	for _, p := range t.plans {
		add(p.writer)
	}
	for i := 0; i < len(list); i++ {
		n := list[i]
		add(n.items)
		for _, b := range n.branches {
			add(b)
		}
		if n.named != nil {
			for f := range n.named.fields {
				add(n.named.fields[f].typ)
			}
		}
	}
	return list
}

// settle weighs until nothing gets lighter, in a bounded number of rounds. What is given up on stays heavy.
func settle[T comparable](all []T, weight map[T]int, weigh func(T) int) {
	for _, x := range all {
		weight[x] = never
	}
	for round, changed := 0, true; changed && round < maxRounds; round++ {
		changed = false
		for _, x := range slices.Backward(all) {
			if n := min(weigh(x), never); n < weight[x] {
				weight[x], changed = n, true
			}
		}
	}
}

func (w weights) weigh(n *node) int {
	switch n.kind {
	case kindFloat:
		return 4
	case kindDouble:
		return 8
	case kindFixed:
		return max(1, n.named.size)
	case kindUnion:
		if i := w.lightest(n); i >= 0 {
			return 1 + w.least[n.branches[i]]
		}
		return never
	case kindRecord:
		sum := 1
		for i := range n.named.fields {
			sum = min(sum+w.least[n.named.fields[i].typ], never)
		}
		return sum
	case kindEnum:
		if len(n.named.symbols) == 0 {
			return never
		}
	}
	return 1
}

// lightest returns the branch with the least value, or -1.
func (w weights) lightest(n *node) int {
	best := -1
	for i, b := range n.branches {
		if best < 0 || w.least[b] < w.least[n.branches[best]] {
			best = i
		}
	}
	return best
}

// of is the weight of the lightest value that a plan refuses.
func (w weights) of(p *plan) int { return w.refuse[p] }

func (w weights) weighRefusal(p *plan) int {
	switch p.op {
	case opRefuse:
		return w.least[p.writer] + 10 // a telling number is longer
	case opEnum:
		if slices.Contains(p.index, -1) {
			return 1
		}
	case opItems:
		return 4 + w.of(p.inner[0])
	case opBranch:
		if i := w.refusing(p); i >= 0 {
			return 1 + w.of(p.inner[i])
		}
	case opWrap:
		return 1 + w.of(p.inner[0])
	case opRecord:
		if i := w.refusingStep(p); i >= 0 {
			return w.around(p, p.fields[i].from) + w.of(p.fields[i].plan)
		}
	}
	return never
}

// refusing returns the writer's branch with the lightest refusal, or -1.
func (w weights) refusing(p *plan) int {
	best := -1
	for i, inner := range p.inner {
		if best < 0 || w.of(inner) < w.of(p.inner[best]) {
			best = i
		}
	}
	return best
}

// refusingStep returns the step with the lightest refusal, or -1.
func (w weights) refusingStep(p *plan) int {
	best := -1
	for i, s := range p.fields {
		if s.plan != nil && (best < 0 || w.of(s.plan) < w.of(p.fields[best].plan)) {
			best = i
		}
	}
	return best
}

// around is the weight of a record without one of its fields.
func (w weights) around(p *plan, without int) int {
	sum := 1
	for i := range p.writer.named.fields {
		if i != without {
			sum = min(sum+w.least[p.writer.named.fields[i].typ], never)
		}
	}
	return sum
}

// appendRefused appends the lightest value that the plan refuses.
func (w weights) appendRefused(dst []byte, p *plan) []byte {
	switch p.op {
	case opRefuse:
		return w.appendTelling(dst, p.writer)
	case opEnum:
		return appendLong(dst, int64(slices.Index(p.index, -1)))
	case opItems:
		dst = appendLong(dst, 1)
		if p.writer.kind == kindMap {
			dst = append(appendLong(dst, 1), 'k')
		}
		return appendLong(w.appendRefused(dst, p.inner[0]), 0)
	case opBranch:
		i := w.refusing(p)
		return w.appendRefused(appendLong(dst, int64(i)), p.inner[i])
	case opWrap:
		return w.appendRefused(dst, p.inner[0])
	}
	chosen := p.fields[w.refusingStep(p)]
	for i := range p.writer.named.fields {
		if i == chosen.from {
			dst = w.appendRefused(dst, chosen.plan)
		} else {
			dst = w.appendLeast(dst, p.writer.named.fields[i].typ)
		}
	}
	return dst
}

// appendTelling appends a value that shows why its type matters: one that other types have no room for.
func (w weights) appendTelling(dst []byte, n *node) []byte {
	switch n.kind {
	case kindInt:
		return appendLong(dst, 1)
	case kindLong:
		return appendLong(dst, math.MaxInt32+1)
	case kindFloat:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(0.5))
	case kindDouble:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(0.5))
	case kindString, kindBytes:
		return append(appendLong(dst, 1), 'x')
	}
	return w.appendLeast(dst, n)
}

// appendLeast appends the lightest value of a type.
func (w weights) appendLeast(dst []byte, n *node) []byte {
	switch n.kind {
	case kindNull:
		return dst
	case kindFloat:
		return append(dst, make([]byte, 4)...)
	case kindDouble:
		return append(dst, make([]byte, 8)...)
	case kindFixed:
		return append(dst, make([]byte, n.named.size)...)
	case kindUnion:
		i := w.lightest(n)
		return w.appendLeast(appendLong(dst, int64(i)), n.branches[i])
	case kindRecord:
		for i := range n.named.fields {
			dst = w.appendLeast(dst, n.named.fields[i].typ)
		}
		return dst
	}
	return append(dst, 0) // false, a zero, an empty string, the first symbol, no items
}
