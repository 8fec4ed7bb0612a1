package avro

import (
	"context"
	"fmt"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Bounds of a search for a proof.
const (
	maxTrialPlans = 1 << 16 // pairs of types looked at
	maxTrialSteps = 1 << 20 // fields, symbols and branches looked at
)

// Prove looks for a payload of writer that leads the receiver to what it cannot read. Schema resolution signals such an error
// when the data are read (Avro specification, section Schema Resolution), so data that lead elsewhere would be read: the payload
// takes the branch, the symbol, the item that matters, and has the least value everywhere else. It was read in vain before it is
// returned.
func (s *Schema) Prove(ctx context.Context, writer schema.Schema) (payload []byte, refusal error, found bool) {
	w, ok := writer.(*Schema)
	if !ok {
		return nil, nil, false
	}
	t := &trial{ctx: ctx}
	p := planner{resolver: newResolver(schema.Question{}), plans: map[[2]*node]*plan{}, enc: encoder{form: anyBranch, quiet: 1}, lenient: t}
	root, err := p.plan(s.root, w.root)
	if err != nil || p.resolver.fatal != nil {
		return nil, nil, false
	}
	payload, ok = t.sample(root)
	if !ok || w.main.Check(payload) != nil {
		return nil, nil, false
	}
	read := transcoder{cursor: cursor{buf: payload}}
	read.run(root)
	return payload, read.err, read.err != nil
}

// trial is what a lenient planner keeps of its plans.
type trial struct {
	ctx   context.Context
	plans []*plan // in the order of their making, so that inner plans follow as a rule
	steps int
}

// meet counts a new plan and refuses to go on without end.
func (t *trial) meet(pl *plan, rd, wr *node) error {
	t.plans = append(t.plans, pl)
	t.steps += 1 + len(rd.branches) + len(wr.branches)
	for _, n := range [...]*named{rd.named, wr.named} {
		if n != nil {
			t.steps += len(n.fields) + len(n.symbols)
		}
	}
	if len(t.plans) > maxTrialPlans || t.steps > maxTrialSteps || t.ctx.Err() != nil {
		return fault.New(schema.ErrInvalid, "avro.Schema.Prove", "the search for a proof has no time left")
	}
	return nil
}

// unreadable says why no value of the writer's type can be read, if the types alone tell. Unions have a say of their own.
func unreadable(rd, wr *node) string {
	switch {
	case rd.kind == kindUnion || wr.kind == kindUnion:
		return ""
	case rd.kind != wr.kind:
		if rd.kind.primitive() && wr.kind.primitive() && promotes(wr.kind, rd.kind) {
			return ""
		}
		return fmt.Sprintf("the reader's %s does not read the writer's %s", rd.title(), wr.title())
	case rd.named == nil:
		return ""
	case !rd.named.reads(wr.named):
		return fmt.Sprintf("the reader's %s does not read the writer's %s: that is neither its name nor an alias", rd.title(), wr.title())
	case rd.kind == kindFixed && rd.named.size != wr.named.size:
		return fmt.Sprintf("the reader's %s has %d bytes, the writer's %d", rd.title(), rd.named.size, wr.named.size)
	}
	return ""
}

// title is the kind of a type, and its name if it has one.
func (n *node) title() string {
	if n.named == nil {
		return n.kind.String()
	}
	return n.kind.String() + " " + n.named.name.full()
}
