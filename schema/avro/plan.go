package avro

import (
	"fmt"
	"slices"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// op is what a plan does with one value of the writer.
type op uint8

const (
	opCopy   op = iota // the bytes are those of the reader
	opNumber           // an int or a long becomes a float or a double, or a float a double
	opEnum             // the index of the symbol changes
	opItems            // the items of an array or a map change
	opBranch           // the writer's union picks one of several plans
	opWrap             // the value becomes a branch of the reader's union
	opRecord
	opRefuse // the reader does not read the value; only in plans of a lenient planner
)

// plan rewrites values of one writer's type as values of one reader's type.
type plan struct {
	op     op
	writer *node
	to     kind    // opNumber
	index  []int32 // opEnum: the reader's symbols by the writer's index; -1: none
	branch int     // opWrap
	inner  []*plan // opItems and opWrap: one; opBranch: by the writer's index
	fields []step  // opRecord
	sorted bool    // the writer's fields come in the order of the steps
	whole  bool    // opEnum and opBranch: the reader has as many, so an index beyond the writer's is beyond the reader's too
	same   bool    // known to copy
	why    string  // opRefuse
}

// step is one field of the reader or, if the reader has no such field, one of the writer that is passed over.
type step struct {
	from  int    // the writer's field; -1: none
	plan  *plan  // nil: pass over
	bytes []byte // the default, where from is -1
}

// planner makes the plans of one pair of types. The pair is known to resolve, unless the planner is lenient.
type planner struct {
	resolver *resolver
	plans    map[[2]*node]*plan
	depth    int
	enc      encoder // of defaults; one budget for all
	lenient  *trial  // nil: what does not resolve is an error; else it becomes a plan that refuses
}

// cannot says why a pair does not resolve.
func (p *planner) cannot(pl *plan, format string, args ...any) error {
	if p.lenient == nil {
		return fault.New(schema.ErrInvalid, "avro.Message.Project", format, args...)
	}
	*pl = plan{op: opRefuse, writer: pl.writer, why: fmt.Sprintf(format, args...)}
	return nil
}

func (p *planner) plan(rd, wr *node) (*plan, error) {
	pair := [2]*node{rd, wr}
	if known := p.plans[pair]; known != nil {
		return known, nil
	}
	if p.depth++; p.depth > maxComparing {
		return nil, fault.New(schema.ErrInvalid, "avro.Message.Project", "the types of reader and writer lead to one another over too many steps")
	}
	defer func() { p.depth-- }()
	made := &plan{writer: wr}
	p.plans[pair] = made
	if p.lenient == nil {
		return made, p.fill(made, rd, wr)
	}
	if err := p.lenient.meet(made, rd, wr); err != nil {
		return nil, err
	}
	if why := unreadable(rd, wr); why != "" {
		return made, p.cannot(made, "%s", why)
	}
	return made, p.fill(made, rd, wr)
}

func (p *planner) fill(pl *plan, rd, wr *node) error {
	switch {
	case wr.kind == kindUnion:
		return p.branches(pl, rd, wr)
	case rd.kind == kindUnion:
		return p.wrap(pl, rd, wr)
	case rd.kind.primitive() && wr.kind.primitive():
		if rd.kind != wr.kind && (rd.kind == kindFloat || rd.kind == kindDouble) {
			pl.op, pl.to = opNumber, rd.kind
		}
	case rd.kind == kindEnum:
		pl.op = opEnum
		pl.index = enumIndex(rd.named, wr.named)
		pl.whole = len(rd.named.symbols) == len(wr.named.symbols)
	case rd.kind == kindArray || rd.kind == kindMap:
		pl.op = opItems
		inner, err := p.plan(rd.items, wr.items)
		pl.inner = []*plan{inner}
		return err
	case rd.kind == kindRecord:
		pl.op = opRecord
		return p.record(pl, rd.named, wr)
	}
	return nil
}

func enumIndex(rd, wr *named) []int32 {
	index := make([]int32, len(wr.symbols))
	for i, s := range wr.symbols {
		at := rd.symbol(s)
		if at < 0 {
			at = rd.fallback
		}
		index[i] = int32(at)
	}
	return index
}

func (p *planner) branches(pl *plan, rd, wr *node) error {
	pl.op = opBranch
	pl.whole = rd.kind == kindUnion && len(rd.branches) == len(wr.branches)
	pl.inner = make([]*plan, len(wr.branches))
	for i, b := range wr.branches {
		var err error
		if pl.inner[i], err = p.plan(rd, b); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) wrap(pl *plan, rd, wr *node) error {
	pl.op = opWrap
	pl.branch = p.choose(rd, wr)
	if pl.branch < 0 {
		return p.cannot(pl, "no branch of the reader's union reads the writer's %s", wr.typeText())
	}
	inner, err := p.plan(rd.branches[pl.branch], wr)
	pl.inner = []*plan{inner}
	return err
}

// choose returns the reader's branch for a writer's type: one of the same type and full name, then one of the same kind, then
// the first that reads it.
func (p *planner) choose(rd, wr *node) int {
	reads := func(b *node) bool { return p.resolver.check(b, wr, nil) == nil }
	for i, b := range rd.branches {
		if b.kind == wr.kind && (b.named == nil || b.named.name == wr.named.name) && reads(b) {
			return i
		}
	}
	for i, b := range rd.branches {
		if b.kind == wr.kind && reads(b) {
			return i
		}
	}
	return slices.IndexFunc(rd.branches, reads)
}

// record orders the steps by the reader's fields. Fields that only the writer has are passed over where they stand, if the
// rest comes in order; else the values of all are found first.
func (p *planner) record(pl *plan, rd *named, wr *node) error {
	used := make([]bool, len(wr.named.fields))
	last := -1
	pl.sorted = true
	steps := make([]step, 0, len(rd.fields))
	for i := range rd.fields {
		s, why, err := p.step(&rd.fields[i], wr.named)
		if err != nil {
			return err
		}
		if why != "" {
			return p.cannot(pl, "%s", why)
		}
		if s.from >= 0 {
			pl.sorted = pl.sorted && s.from > last
			last, used[s.from] = s.from, true
		}
		steps = append(steps, s)
	}
	pl.fields = steps
	if pl.sorted {
		pl.fields = withSkips(steps, used)
	}
	return nil
}

// step returns the step of one field of the reader, or why there is none.
func (p *planner) step(f *field, wr *named) (s step, why string, err error) {
	candidates := candidatesOf(f, wr)
	if len(candidates) == 1 {
		inner, err := p.plan(f.typ, wr.fields[candidates[0]].typ)
		return step{from: candidates[0], plan: inner}, "", err
	}
	if len(candidates) > 1 {
		return step{}, fmt.Sprintf("the reader's field %q stands for several fields of the writer", f.name), nil
	}
	if f.def == nil {
		return step{}, fmt.Sprintf("the reader's field %q has no default, and the writer's %s has no such field", f.name, wr.name.full()), nil
	}
	bytes, err := p.enc.encode(nil, f.typ, f.def)
	if err != nil && p.lenient == nil {
		return step{}, fmt.Sprintf("the default of the reader's field %q is no value of its type", f.name), nil
	}
	return step{from: -1, bytes: bytes}, "", nil // a lenient planner's values are never read
}

// withSkips adds the writer's other fields to steps that are in the writer's order.
func withSkips(steps []step, used []bool) []step {
	out := make([]step, 0, len(steps))
	next := 0
	for _, s := range steps {
		for ; next < s.from; next++ {
			if !used[next] {
				out = append(out, step{from: next})
			}
		}
		if s.from >= 0 {
			next = s.from + 1
		}
		out = append(out, s)
	}
	for ; next < len(used); next++ {
		out = append(out, step{from: next})
	}
	return out
}

// maxRounds bounds the search for plans that copy; it matters to types that lead to one another over many steps only.
const maxRounds = 64

// copies finds the plans that change nothing and reports whether root is one. All plans are taken to copy at first; those
// that do not are struck out until nothing changes, so that recursive types are judged rightly.
func (p *planner) copies(root *plan) bool {
	for _, pl := range p.plans {
		pl.same = true
	}
	changed := true
	for round := 0; changed && round < maxRounds; round++ {
		changed = false
		for _, pl := range p.plans {
			if pl.same && !pl.keeps() {
				pl.same, changed = false, true
			}
		}
	}
	for _, pl := range p.plans {
		pl.same = pl.same && !changed
	}
	return root.same
}

// keeps reports whether a plan changes nothing, provided that the inner plans are judged.
func (pl *plan) keeps() bool {
	switch pl.op {
	case opCopy:
		return true
	case opEnum:
		for i, to := range pl.index {
			if int32(i) != to {
				return false
			}
		}
		return pl.whole
	case opItems:
		return pl.inner[0].same
	case opBranch:
		for i, b := range pl.inner {
			if b.op != opWrap || b.branch != i || !b.inner[0].same {
				return false
			}
		}
		return pl.whole
	case opRecord:
		for _, s := range pl.fields {
			if s.from < 0 || s.plan == nil || !s.plan.same {
				return false
			}
		}
		return pl.sorted
	}
	return false
}
