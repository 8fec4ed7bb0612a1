package broker

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

// coordinator drives the machines of consumer groups: it serialises the calls to each, carries out their effects, keeps their
// timers and stores their offsets.
type coordinator struct {
	broker  *Broker
	tickets atomic.Uint64
	offsets offsetLog
	pending pendingOffsets

	mu     sync.Mutex
	groups map[string]*coordinated
	closed bool
}

// coordinated is one group with what waits for it.
type coordinated struct {
	id    string
	owner *coordinator

	mu        sync.Mutex
	machine   *group.Group                       // members under the classic protocol, and the offsets of all
	consumers *group.Consumers                   // members under that of KIP-848; nil: the group is classic
	waiting   map[group.Ticket]chan group.Effect // each takes one reply
	deadlines map[group.Timer]time.Time
	timer     *time.Timer // fires at the earliest deadline or before; nil: none was ever set
	next      time.Time   // when timer fires; zero: it does not
	gone      bool        // no longer in the coordinator's map

	emptySince int64 // when the last member went, or the group began without one; 0: it has members
}

func newCoordinator(b *Broker) *coordinator {
	c := &coordinator{broker: b, groups: make(map[string]*coordinated)}
	c.offsets.broker = b
	return c
}

// open replays the offsets that were committed.
func (c *coordinator) open(ctx context.Context) error { return c.offsets.replay(ctx, c) }

// close answers everything that waits and stops all timers.
func (c *coordinator) close() {
	c.mu.Lock()
	c.closed = true
	all := make([]*coordinated, 0, len(c.groups))
	for _, g := range c.groups {
		all = append(all, g)
	}
	c.mu.Unlock()
	for _, g := range all {
		g.close()
	}
}

func (g *coordinated) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.timer != nil {
		g.timer.Stop()
	}
	clear(g.deadlines)
	for ticket, c := range g.waiting {
		close(c)
		delete(g.waiting, ticket)
	}
}

// presence says what a call wants of a group that is not there.
type presence bool

const (
	mustExist presence = false
	mayBegin  presence = true
)

// maxGroupID is the longest id of a group, in bytes: it is kept with a 16-bit length.
const maxGroupID = 1<<15 - 1

// find returns a group, made if need be.
func (c *coordinator) find(id string, want presence) (*coordinated, error) {
	const op = "broker.group"
	if id == "" || len(id) > maxGroupID {
		return nil, fault.New(ErrInvalidGroup, op, "a group needs an id of at most %d bytes, not of %d", maxGroupID, len(id))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fault.New(ErrClosed, op, "the broker is shutting down")
	}
	if g := c.groups[id]; g != nil {
		return g, nil
	}
	if want == mustExist {
		return nil, fault.New(ErrUnknownGroup, op, "there is no group %q", id)
	}
	g := &coordinated{id: id, owner: c, machine: group.New(c.broker.opts.Group.Options), waiting: make(map[group.Ticket]chan group.Effect),
		deadlines: make(map[group.Timer]time.Time)}
	c.groups[id] = g
	return g, nil
}

// with runs f on a group's machine under its lock and carries out the effects that f returns.
func (c *coordinator) with(id string, want presence, f func(*coordinated) ([]group.Effect, error)) error {
	for {
		g, err := c.find(id, want)
		if err != nil {
			return err
		}
		again, idle, err := g.run(f)
		if again {
			continue
		}
		if idle {
			c.drop(g)
		}
		return err
	}
}

// run is one call to the machine. again is true if the group was dropped in the meantime.
func (g *coordinated) run(f func(*coordinated) ([]group.Effect, error)) (again, idle bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone {
		return true, false, nil
	}
	effects, err := f(g)
	g.carryOut(effects)
	g.observe()
	return false, g.idle(), err
}

// drop takes a group out of the map if nothing is left of it.
func (c *coordinator) drop(g *coordinated) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone || !g.idle() {
		return
	}
	g.gone = true
	if g.timer != nil {
		g.timer.Stop()
	}
	delete(c.groups, g.id)
}

// carryOut sends answers and sets timers. The caller holds g.mu.
func (g *coordinated) carryOut(effects []group.Effect) {
	for _, e := range effects {
		switch e := e.(type) {
		case group.JoinReply:
			g.answer(e.Ticket, e)
		case group.SyncReply:
			g.answer(e.Ticket, e)
		case group.Arm:
			g.deadlines[e.Timer] = g.owner.broker.opts.Clock().Add(e.After)
		case group.Disarm:
			delete(g.deadlines, e.Timer)
		}
	}
	g.schedule()
}

func (g *coordinated) answer(t group.Ticket, e group.Effect) {
	if c := g.waiting[t]; c != nil {
		c <- e // it has room for the one answer of a ticket
		delete(g.waiting, t)
	}
}

// schedule makes the timer fire at the earliest deadline. A deadline that moved back, as with each heartbeat, is left to the
// timer that is set: it finds nothing to do and sets itself anew.
func (g *coordinated) schedule() {
	var earliest time.Time
	for _, at := range g.deadlines {
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
	}
	if earliest.IsZero() || (!g.next.IsZero() && !earliest.Before(g.next)) {
		return
	}
	g.next = earliest
	after := max(earliest.Sub(g.owner.broker.opts.Clock()), 0)
	if g.timer == nil {
		g.timer = time.AfterFunc(after, g.fire)
		return
	}
	g.timer.Reset(after)
}

// fire expires the timers that are due.
func (g *coordinated) fire() {
	if g.expire() {
		g.owner.drop(g)
	}
}

// expire expires the timers that are due in the order of their deadlines, and reports whether nothing is left of the group.
func (g *coordinated) expire() (idle bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone {
		return false
	}
	now := g.owner.broker.opts.Clock()
	g.next = time.Time{}
	for {
		timer, ok := g.due(now)
		if !ok {
			break
		}
		delete(g.deadlines, timer)
		g.carryOut(g.expired(timer))
	}
	g.schedule()
	g.observe()
	return g.idle()
}

func (g *coordinated) due(now time.Time) (first group.Timer, ok bool) {
	var at time.Time
	for timer, deadline := range g.deadlines {
		if deadline.After(now) || (ok && !deadline.Before(at)) {
			continue
		}
		first, at, ok = timer, deadline, true
	}
	return first, ok
}

// await waits for the answer to a ticket; f brings the request to the machine.
func (c *coordinator) await(ctx context.Context, id string, want presence, f func(*coordinated, group.Ticket) ([]group.Effect, error)) (group.Effect, error) {
	ticket := group.Ticket(c.tickets.Add(1))
	answer := make(chan group.Effect, 1)
	err := c.with(id, want, func(g *coordinated) ([]group.Effect, error) {
		effects, err := f(g, ticket)
		if err == nil {
			g.waiting[ticket] = answer
		}
		return effects, err
	})
	if err != nil {
		return nil, err
	}
	select {
	case e, ok := <-answer:
		if !ok {
			return nil, fault.New(ErrClosed, "broker.group", "the broker is shutting down")
		}
		return e, nil
	case <-ctx.Done():
		c.abandon(id, ticket)
		return nil, fault.Wrap(ErrClosed, "broker.group", ctx.Err(), "the request was given up")
	}
}

func (c *coordinator) abandon(id string, t group.Ticket) {
	err := c.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		delete(g.waiting, t)
		return g.machine.Abandon(t), nil
	})
	if err != nil {
		return // the group is gone, and the ticket with it
	}
}

// ids lists the groups in alphabetical order.
func (c *coordinator) ids() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]string, 0, len(c.groups))
	for id := range c.groups {
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}
