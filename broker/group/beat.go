package group

import (
	"slices"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// Beat is a member's heartbeat: that it lives, and what has changed since the last. The first, with JoinEpoch, tells everything.
type Beat struct {
	Member       string // empty: a new member takes NewMember (ConsumerGroupHeartbeat 0)
	NewMember    string
	Epoch        int32 // the member's, JoinEpoch, LeaveEpoch or StaticLeaveEpoch
	Instance     string
	Rack         string
	Client, Host string
	Rebalance    time.Duration // how long the member may take to let go of partitions; negative: as before
	Names        []string      // topics subscribed by name; nil: as before; kept
	Regex        *string       // RE2, which has to match the whole name of a topic; empty: none; nil: as before
	Assignor     string        // empty: as before
	Owned        []Place       // partitions that the member has not let go of; nil: as before
}

// Standing is the answer to a Beat.
type Standing struct {
	Member     string
	Epoch      int32
	Heartbeat  time.Duration // until the next beat
	Told       bool          // Assignment is set
	Assignment []Place       // what the member may read, all of it, by topic and partition
}

// Heartbeat takes a member in, hears what it says and moves it towards its target. Catalog is what topics there are now; the
// same one as before means that nothing has changed.
func (c *Consumers) Heartbeat(b Beat, catalog *Catalog) (Standing, []Effect, error) {
	s, err := c.heartbeat(b, catalog)
	return s, c.take(), err
}

func (c *Consumers) heartbeat(b Beat, catalog *Catalog) (Standing, error) {
	if err := b.check(); err != nil {
		return Standing{}, err
	}
	if b.Epoch < JoinEpoch {
		return c.leave(b)
	}
	matching, err := c.compile(b.Regex)
	if err != nil {
		return Standing{}, err
	}
	m, err := c.admit(&b)
	if err != nil {
		return Standing{}, err
	}
	c.look(catalog)
	c.subscribe(m, b, matching)
	c.retarget()
	changed := c.reconcile(m, b.Owned)
	c.arm(Session, m.id, c.opts.Session)
	s := Standing{Member: m.id, Epoch: m.epoch, Heartbeat: c.opts.Heartbeat}
	if changed || b.full() {
		s.Told, s.Assignment = true, m.held.sorted()
	}
	return s, nil
}

// full reports whether a beat tells everything, and so wants to be told everything.
func (b *Beat) full() bool {
	return b.Epoch == JoinEpoch || (b.Rebalance >= 0 && (b.Names != nil || b.Regex != nil) && b.Owned != nil)
}

// maxID is the longest id that a member may bring, in bytes.
const maxID = 1<<15 - 1

// check refuses a beat that no group can understand.
func (b *Beat) check() error {
	const op = "group.Heartbeat"
	switch {
	case b.Member == "" && (b.Epoch != JoinEpoch || b.NewMember == ""):
		return fault.New(ErrBeat, op, "the member id is missing")
	case len(b.Member) > maxID || len(b.Instance) > maxID || len(b.Rack) > maxID:
		return fault.New(ErrBeat, op, "an id of a member, of its instance or of its rack has at most %d bytes", maxID)
	case b.Epoch < StaticLeaveEpoch:
		return fault.New(ErrBeat, op, "there is no member epoch %d", b.Epoch)
	case b.Assignor != "" && !slices.Contains(Assignors(), b.Assignor):
		return fault.New(ErrAssignor, op, "assignor %q is not among %v", b.Assignor, Assignors())
	case b.Epoch != JoinEpoch:
		return nil
	case b.Rebalance < 0:
		return fault.New(ErrBeat, op, "a member that joins has to say its rebalance time-out")
	case b.Owned == nil || len(b.Owned) > 0:
		return fault.New(ErrBeat, op, "a member that joins has to say that it owns no partitions")
	case b.Names == nil && b.Regex == nil:
		return fault.New(ErrBeat, op, "a member that joins has to say what it subscribes to")
	}
	return nil
}

// admit finds the member that a beat speaks for, or takes it in.
func (c *Consumers) admit(b *Beat) (*consumer, error) {
	if b.Member == "" {
		b.Member = b.NewMember
	}
	if m := c.static[b.Instance]; b.Instance != "" && m != nil && m.id != b.Member {
		return c.succeed(m, b)
	}
	m := c.members[b.Member]
	switch {
	case m != nil && b.Instance != "" && m.instance != b.Instance:
		return nil, fault.New(ErrUnknownMember, "group.Heartbeat", "member %s has another instance id than %q", m.id, b.Instance)
	case m != nil && b.Epoch == JoinEpoch:
		// It starts anew, or the answer to its first beat was lost: it owns nothing, and is given what it held at once.
		c.rest(m)
		m.epoch, m.previous = JoinEpoch, JoinEpoch
		return m, nil
	case m != nil:
		return m, m.fence(b)
	case b.Epoch != JoinEpoch:
		return nil, fault.New(ErrUnknownMember, "group.Heartbeat", "no member has id %q", b.Member)
	}
	if err := c.room(); err != nil {
		return nil, err
	}
	m = &consumer{id: b.Member, instance: b.Instance, held: places{}}
	c.enter(m)
	c.moved = true
	return m, nil
}

func (c *Consumers) room() error {
	if n := len(c.members); c.opts.MaxSize > 0 && n >= c.opts.MaxSize {
		return fault.New(ErrFull, "group.Heartbeat", "the group has %d members already, the most it may have", n)
	}
	return nil
}

func (c *Consumers) enter(m *consumer) {
	c.members[m.id] = m
	if m.instance != "" {
		c.static[m.instance] = m
	}
}

// succeed gives the place of a static member that went to the one that comes under another id.
func (c *Consumers) succeed(m *consumer, b *Beat) (*consumer, error) {
	const op = "group.Heartbeat"
	if b.Epoch != JoinEpoch {
		return nil, fault.New(ErrFencedInstance, op, "instance id %q belongs to another member", b.Instance)
	}
	if m.epoch != StaticLeaveEpoch {
		return nil, fault.New(ErrUnreleasedInstance, op, "instance id %q is in use by member %s", b.Instance, m.id)
	}
	if c.members[b.Member] != nil {
		return nil, fault.New(ErrUnknownMember, op, "member %s has another instance id than %q", b.Member, b.Instance)
	}
	delete(c.members, m.id)
	c.disarm(Session, m.id)
	m.id, m.epoch, m.previous = b.Member, JoinEpoch, JoinEpoch
	c.enter(m)
	return m, nil
}

// fence refuses a member that is not in the epoch that it believes to be in. The epoch before is taken too, from a member that
// owns no more than it did then: it may have missed the answer that moved it on.
func (m *consumer) fence(b *Beat) error {
	if b.Epoch == m.epoch || (b.Epoch == m.previous && b.Epoch < m.epoch && b.Owned != nil && m.held.covers(b.Owned)) {
		return nil
	}
	return fault.New(ErrFencedEpoch, "group.Heartbeat", "the member is in epoch %d, not in %d: join again", m.epoch, b.Epoch)
}

// rest makes a member one that lets go of nothing: it holds nothing any more but what it is given anew.
func (c *Consumers) rest(m *consumer) {
	c.release(m, m.letting)
	m.letting = nil
	if m.progress == revoking {
		c.disarm(Rebalance, m.id)
	}
	m.progress = settled
}

// leave takes a member out, or, of a static one that means to come back, keeps the place until its session ends.
func (c *Consumers) leave(b Beat) (Standing, error) {
	const op = "group.Heartbeat"
	if m := c.static[b.Instance]; b.Instance != "" && m != nil && m.id != b.Member {
		return Standing{}, fault.New(ErrFencedInstance, op, "instance id %q belongs to another member", b.Instance)
	}
	m, err := c.find(op, b.Member)
	if err != nil {
		return Standing{}, err
	}
	switch {
	case b.Epoch == LeaveEpoch:
		c.remove(m)
	case m.instance == "":
		return Standing{}, fault.New(ErrBeat, op, "member %s has no instance id to come back with", m.id)
	default:
		c.rest(m)
		m.epoch, m.previous = StaticLeaveEpoch, StaticLeaveEpoch
	}
	return Standing{Member: b.Member, Epoch: b.Epoch}, nil
}
