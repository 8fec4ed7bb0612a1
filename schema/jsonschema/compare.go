package jsonschema

import "github.com/pawl-registry/pawl/schema"

// Bounds of one comparison. Honest schemas of a thousand properties stay far below them.
const (
	maxSteps        = 1_000_000 // pairs compared, edges tried and findings copied
	maxCompareDepth = 20_000    // pairs below one another
	maxFindings     = 2_000     // kept for one pair
)

// finding is one difference: a rule and a path relative to the pair it was found in.
type finding struct {
	rule string
	path string // "properties/a/minLength"; empty is the pair itself
}

// result is what comparing one pair gave.
type result struct {
	findings []finding // those that the policy does not tolerate
}

func (r *result) ok() bool { return len(r.findings) == 0 }

// pair is a memo key: two nodes by identity, after a ref has been followed.
type pair struct{ o, u *node }

// comparer answers one question: what the update u does to readers of what the original o described. It finds the greatest
// fixpoint: a pair met again while it is being compared counts as compatible, and the whole comparison is repeated with the
// pairs that turned out incompatible until their set no longer grows.
type comparer struct {
	policy   schema.Policy
	known    map[pair]*result // incompatible in an earlier pass
	memo     map[pair]*result // finished in this pass; nil while in progress
	assumed  bool             // this pass met a pair in progress
	steps    int
	depth    int
	exceeded bool
}

// compareModels returns the differences that the policy does not tolerate.
func compareModels(o, u *node, policy schema.Policy) []finding {
	c := &comparer{policy: policy, known: map[pair]*result{}}
	for {
		c.memo, c.assumed = map[pair]*result{}, false
		r := c.compare(o, u)
		if c.exceeded {
			return []finding{{rule: ruleLimit}}
		}
		if !c.assumed || !c.learn() {
			return r.findings
		}
	}
}

// learn keeps the incompatible pairs of a pass and reports whether there are new ones.
func (c *comparer) learn() bool {
	before := len(c.known)
	for p, r := range c.memo {
		if r != nil && !r.ok() {
			c.known[p] = r
		}
	}
	return len(c.known) > before
}

// step counts work; false means the comparison has to be given up.
func (c *comparer) step(n int) bool {
	if c.steps += n; c.steps > maxSteps {
		c.exceeded = true
	}
	return !c.exceeded
}

// add records a difference unless the policy tolerates it.
func (c *comparer) add(r *result, rule, path string) { c.addAt(r, rule, path, "") }

// addAt records a difference at prefix and name, which together are its path.
func (c *comparer) addAt(r *result, rule, prefix, name string) {
	if !tolerated(rule, c.policy) && len(r.findings) < maxFindings {
		r.findings = append(r.findings, finding{rule, prefix + name})
	}
}

// graft adds what was found below prefix and name, which together are a path.
func (c *comparer) graft(r *result, below *result, prefix, name string) {
	if below.ok() {
		return
	}
	c.step(len(below.findings))
	path := prefix + name
	for _, f := range below.findings {
		if len(r.findings) >= maxFindings {
			return
		}
		if f.path == "" {
			f.path = path
		} else {
			f.path = path + "/" + f.path
		}
		r.findings = append(r.findings, f)
	}
}

// child compares a pair below a path, which is given in two parts because mostly nobody asks for it.
func (c *comparer) child(r *result, o, u *node, prefix, name string) {
	if o != nil || u != nil {
		c.graft(r, c.compare(o, u), prefix, name)
	}
}

// hop follows a ref once. A target that is a ref again stays one, as in Confluent's comparison.
func hop(n *node) *node {
	if n != nil && n.kind == kindRef && n.target != nil {
		return n.target
	}
	return n
}

var (
	compatible  = &result{}
	schemaAdded = &result{findings: []finding{{rule: "SCHEMA_ADDED"}}}
)

// compare compares two nodes, either of which may be absent. The result is shared: it must not be changed.
func (c *comparer) compare(o, u *node) *result {
	switch {
	case o == nil && u == nil:
		return compatible
	case o == nil:
		return schemaAdded
	case u == nil:
		return compatible // SCHEMA_REMOVED, which every policy tolerates
	}
	p := pair{hop(o), hop(u)}
	if p.o.hasNoRefs && p.u.hasNoRefs && p.o.print == p.u.print {
		return compatible
	}
	if done, met := c.memo[p]; met {
		if done != nil {
			return done
		}
		c.assumed = true
		if old := c.known[p]; old != nil {
			return old
		}
		return compatible
	}
	if c.depth >= maxCompareDepth {
		c.exceeded = true
	}
	if !c.step(1) {
		return compatible
	}
	if p.o.leaf() && p.u.leaf() {
		return c.finish(p)
	}
	c.memo[p] = nil
	r := c.finish(p)
	c.memo[p] = r
	return r
}

// finish compares a pair that is not in progress.
func (c *comparer) finish(p pair) *result {
	c.depth++
	var found result
	c.pair(&found, p.o, p.u)
	c.depth--
	if found.ok() {
		return compatible
	}
	return &result{findings: found.findings}
}

// leaf reports whether comparing the node is cheaper than remembering the outcome.
func (n *node) leaf() bool {
	switch n.kind {
	case kindObject, kindArray, kindCombined, kindNot, kindEnum, kindRef:
		return false
	}
	return true
}

// pair compares two present nodes.
func (c *comparer) pair(r *result, o, u *node) {
	if c.unions(r, o, u) {
		return
	}
	if o.kind != u.kind {
		if o.kind == kindFalse || u.empty() || connectBytes(o) && connectBytes(u) {
			return
		}
		c.add(r, "TYPE_CHANGED", "")
		return
	}
	switch o.kind {
	case kindString:
		c.strings(r, o.str, u.str)
	case kindNumber:
		c.numbers(r, o.num, u.num)
	case kindConst:
		if !sameValue(o.values[0], u.values[0]) {
			c.add(r, "ENUM_ARRAY_CHANGED", "const")
		}
	case kindEnum:
		c.enum(r, o.values, u.values)
	case kindNot:
		if c.compare(u.inner, o.inner).ok() {
			c.add(r, "NOT_TYPE_NARROWED", "not")
		} else {
			c.add(r, "NOT_TYPE_EXTENDED", "not")
		}
	case kindCombined:
		c.combined(r, o, u)
	case kindObject:
		c.objects(r, o.obj, u.obj)
	case kindArray:
		c.arrays(r, o.arr, u.arr)
	}
}

// unions handles a combination against a plain node; it reports whether that settled the pair.
func (c *comparer) unions(r *result, o, u *node) bool {
	switch {
	case o.kind != kindCombined && u.kind == kindCombined:
		if len(u.members) == 1 {
			if c.compare(o, u.members[0]).ok() {
				return true
			}
		}
		return u.criterion != allOf && c.first(u.members, func(m *node) bool { return c.compare(o, m).ok() })
	case o.kind == kindCombined && u.kind != kindCombined:
		if len(o.members) == 1 && c.compare(o.members[0], u).ok() {
			return true
		}
		return o.criterion == allOf && c.first(o.members, func(m *node) bool { return c.compare(m, u).ok() })
	}
	return false
}

func (c *comparer) first(members []*node, fits func(*node) bool) bool {
	for _, m := range members {
		if fits(m) {
			return true
		}
	}
	return false
}

// connectBytes reports whether Kafka Connect marked the node as bytes.
func connectBytes(n *node) bool {
	for _, m := range n.extra {
		if m.key == "connect.type" {
			return m.value.kind == jsonString && m.value.text == "bytes"
		}
	}
	return false
}
