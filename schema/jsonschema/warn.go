package jsonschema

import (
	"slices"
	"strconv"

	"github.com/pawl-registry/pawl/schema"
)

// Warnings walks the pairs of schemas that the comparison takes, each once, and looks at what it leaves out. The steps of both
// together are bounded as those of a comparison are.
func (s *parsed) Warnings(writer schema.Schema, q schema.Question) []schema.Difference {
	w, ok := writer.(*parsed)
	if !ok || s == w {
		return nil
	}
	x := &warner{comparer: settled(w.model, s.model, q.Policy), draft: s.draft, met: map[pair]bool{}}
	x.visit(w.model, s.model, "")
	out := describeBy(warningTable(), x.found, q)
	for i := range out {
		out[i].Message = ""
	}
	return out
}

// settled returns the comparer of two models in its last pass, which knows the verdicts of the pairs below.
func settled(o, u *node, policy schema.Policy) *comparer {
	c := &comparer{policy: policy, known: map[pair]*result{}}
	for {
		c.memo, c.assumed = map[pair]*result{}, false
		c.compare(o, u)
		if c.exceeded || !c.assumed || !c.learn() {
			return c
		}
	}
}

// warner looks at pairs of an original o and an update u.
type warner struct {
	*comparer
	draft draft // of the update
	met   map[pair]bool
	below int
	found []finding
}

func (x *warner) warn(rule, path string) {
	if len(x.found) < maxFindings {
		x.found = append(x.found, finding{rule, path})
	}
}

// reads reports whether the rules let u read what o describes. Absent schemas describe anything.
func (x *warner) reads(o, u *node) bool {
	if u == nil || u.empty() || x.exceeded {
		return true
	}
	return o != nil && x.compare(o, u).ok()
}

func under(path, name string) string {
	if path == "" {
		return name
	}
	return path + "/" + name
}

// pathAStep is how many bytes of a path cost as much as one step: paths are made for every pair.
const pathAStep = 64

// visit looks at one pair, once.
func (x *warner) visit(o, u *node, path string) {
	if o == nil || u == nil || x.below >= maxCompareDepth {
		return
	}
	var p pair
	p.o, p.u = x.references(o, u, path)
	if p.o == nil || p.u == nil || x.met[p] || !x.step(1+len(path)/pathAStep) {
		return
	}
	x.met[p] = true
	x.below++
	x.pair(p.o, p.u, path)
	x.below--
}

// references follows both sides to the end. It warns where the comparison stopped half way and took two schemas for equal.
func (x *warner) references(o, u *node, path string) (was, is *node) {
	chained := hop(o).kind == kindRef && hop(u).kind == kindRef
	o, u = x.end(o), x.end(u)
	if chained && !x.reads(o, u) {
		x.warn(warnReferences, path)
		return nil, nil
	}
	return o, u
}

// end follows references; it returns nil where they lead in a circle.
func (x *warner) end(n *node) *node {
	for i := 0; n != nil && n.kind == kindRef; i++ {
		if n.target == nil || i > maxLoadDepth || !x.step(1) {
			return nil
		}
		n = n.target
	}
	return n
}

func (x *warner) pair(o, u *node, path string) {
	switch {
	case o.kind == kindCombined || u.kind == kindCombined:
		x.combined(o, u, path)
	case o.kind != u.kind:
	case u.kind == kindString:
		x.format(o.str, u.str, path)
	case u.kind == kindNumber:
		x.numbers(o.num, u.num, path)
	case u.kind == kindConditional:
		x.condition(o.parts, u.parts, path)
	case u.kind == kindObject:
		x.objects(o.obj, u.obj, path)
	case u.kind == kindArray:
		x.arrays(o.arr, u.arr, path)
	}
}

// combined pairs each of the update's members with one of the original's that it reads: the one of its place if possible.
func (x *warner) combined(o, u *node, path string) {
	olds, news := x.members(o), x.members(u)
	if u.kind == kindCombined && u.criterion == oneOf {
		x.overlaps(olds, news, path)
	}
	for j, m := range news {
		at := path
		if u.kind == kindCombined && !u.generated {
			at = under(path, u.criterion+"/"+strconv.Itoa(j))
		}
		if j < len(olds) && x.step(1) && olds[j].kind == m.kind && x.compare(olds[j], m).ok() {
			x.visit(olds[j], m, at)
			continue
		}
		i := slices.IndexFunc(olds, func(was *node) bool { return was.kind == m.kind && x.step(1) && x.compare(was, m).ok() })
		if i >= 0 {
			x.visit(olds[i], m, at)
		}
	}
}

func (x *warner) members(n *node) []*node {
	if n.kind == kindCombined {
		return n.members
	}
	return []*node{n}
}

// overlaps warns of alternatives that are new, or changed, and take all that another takes, or the reverse.
func (x *warner) overlaps(olds, news []*node, path string) {
	kept := x.kept(olds, news)
	for j, m := range news {
		if kept[j] || m.kind == kindFalse {
			continue
		}
		if slices.ContainsFunc(news, func(other *node) bool { return other != m && other.kind != kindFalse && x.overlap(m, other) }) {
			x.warn(warnOverlap, under(path, oneOf+"/"+strconv.Itoa(j)))
		}
	}
}

// kept tells which of the update's alternatives the original had, each of whose alternatives stands for one: equal ones first,
// then those that read each other.
func (x *warner) kept(olds, news []*node) []bool {
	kept, used := make([]bool, len(news)), make([]bool, len(olds))
	for _, same := range [...]func(o, u *node) bool{
		func(o, u *node) bool { return o.print == u.print },
		func(o, u *node) bool { return o.kind == u.kind && x.compare(o, u).ok() && x.compare(u, o).ok() },
	} {
		for j, u := range news {
			for i := 0; i < len(olds) && !kept[j]; i++ {
				if !used[i] && x.step(1) && same(olds[i], u) {
					kept[j], used[i] = true, true
				}
			}
		}
	}
	return kept
}

func (x *warner) overlap(a, b *node) bool {
	return x.step(1) && !x.exceeded && (x.compare(a, b).ok() || x.compare(b, a).ok())
}
