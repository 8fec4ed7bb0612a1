package group

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// The refusals of a group under the protocol of KIP-848, beside those of Group.
var (
	ErrFencedEpoch        = fault.NewCode(fault.Conflict, "fenced_member_epoch")
	ErrStaleEpoch         = fault.NewCode(fault.Conflict, "stale_member_epoch")
	ErrUnreleasedInstance = fault.NewCode(fault.Conflict, "unreleased_instance_id")
	ErrAssignor           = fault.NewCode(fault.Invalid, "unsupported_assignor")
	ErrRegex              = fault.NewCode(fault.Invalid, "invalid_regular_expression")
	ErrBeat               = fault.NewCode(fault.Invalid, "invalid_heartbeat")
)

// The epochs by which a member says what it wants.
const (
	JoinEpoch        = 0
	LeaveEpoch       = -1
	StaticLeaveEpoch = -2 // a static member goes, and is expected back before its session ends
)

// ConsumerOptions bound a group under the protocol of KIP-848.
type ConsumerOptions struct {
	Session   time.Duration // group.consumer.session.timeout.ms
	Heartbeat time.Duration // group.consumer.heartbeat.interval.ms, which members are told
	MaxSize   int           // group.consumer.max.size; 0: no bound
}

// Consumers is the machine of a group under the protocol of KIP-848, in which the broker assigns. It has three epochs: that of
// the group rises with every change of members, subscriptions or topics; that of the target is the group's as of the last
// assignment; that of a member is the target's once the member has let go of all that the target takes from it. A partition is
// given to a member only when no other holds it.
//
// Like [Group] it is pure and not safe for concurrent use. Offsets are in the Group of the same name. Of the timers it uses
// Session and Rebalance, both with a member.
type Consumers struct {
	opts     ConsumerOptions
	epoch    int32
	moved    bool  // the epoch has to rise: somebody came, or what is read has changed
	targeted int32 // the epoch of the target
	assignor string
	members  map[string]*consumer
	static   map[string]*consumer // by instance id
	owners   map[Place]*consumer  // who holds a partition, or has not confirmed that it let go
	catalog  *Catalog
	patterns map[string]*pattern
	effects  []Effect
}

// progress is how far a member has come towards its target.
type progress uint8

const (
	settled  progress = iota // it holds what it may hold in its epoch
	revoking                 // it has to confirm that it let go of partitions
	waiting                  // others have to let go of partitions of its target
)

type consumer struct {
	id, instance, rack string
	client, host       string
	rebalance          time.Duration
	assignor           string
	names              []string // subscribed by name, in alphabetical order
	regex              string
	topics             []string // subscribed topics that exist, in alphabetical order

	epoch, previous int32
	progress        progress
	target          places // its part of the target
	dealt           places // its part of the target in the making
	held            places // what it may read
	letting         places // what it has to let go of
}

// NewConsumers returns a group without members.
func NewConsumers(opts ConsumerOptions) *Consumers {
	return &Consumers{opts: opts, assignor: Uniform, members: make(map[string]*consumer), static: make(map[string]*consumer),
		owners: make(map[Place]*consumer), catalog: NewCatalog(nil), patterns: make(map[string]*pattern)}
}

// Vacant reports whether the group has no members.
func (c *Consumers) Vacant() bool { return len(c.members) == 0 }

func (c *Consumers) take() []Effect {
	effects := c.effects
	c.effects = nil
	return effects
}

func (c *Consumers) arm(kind TimerKind, id string, after time.Duration) {
	c.effects = append(c.effects, Arm{Timer: Timer{Kind: kind, Member: id}, After: after})
}

func (c *Consumers) disarm(kind TimerKind, id string) {
	c.effects = append(c.effects, Disarm{Timer: Timer{Kind: kind, Member: id}})
}

// sorted lists the members in the order in which partitions are dealt: static members by their instance, then the others.
func (c *Consumers) sorted() []*consumer {
	return slices.SortedFunc(maps.Values(c.members), func(a, b *consumer) int {
		if (a.instance == "") != (b.instance == "") {
			return cmp.Compare(len(b.instance), len(a.instance))
		}
		return cmp.Or(cmp.Compare(a.instance, b.instance), cmp.Compare(a.id, b.id))
	})
}

// remove takes a member out and frees what it held.
func (c *Consumers) remove(m *consumer) {
	delete(c.members, m.id)
	if m.instance != "" && c.static[m.instance] == m {
		delete(c.static, m.instance)
	}
	c.release(m, m.held)
	c.release(m, m.letting)
	c.disarm(Session, m.id)
	if m.progress == revoking {
		c.disarm(Rebalance, m.id)
	}
	c.epoch++
}

func (c *Consumers) release(m *consumer, gone places) {
	for p := range gone {
		if c.owners[p] == m {
			delete(c.owners, p)
		}
	}
}

// Expire tells the group that a timer has run out: the member was silent too long, or did not let go of partitions in time.
func (c *Consumers) Expire(t Timer) []Effect {
	if m := c.members[t.Member]; m != nil && (t.Kind == Session || t.Kind == Rebalance && m.progress == revoking) {
		c.remove(m)
	}
	return c.take()
}

// MayCommit says whether a member may commit offsets of these partitions now. An epoch below zero and no member is a simple
// commit, which only a group without members takes. A member that has been moved to a new epoch without having heard of it
// may commit what it has held since the epoch that it knows (KIP-1251).
func (c *Consumers) MayCommit(id string, epoch int32, partitions []Place) error {
	const op = "group.Commit"
	if epoch < 0 && c.Vacant() {
		return nil
	}
	m, err := c.find(op, id)
	if err != nil {
		return err
	}
	if epoch == m.epoch {
		return nil
	}
	for _, p := range partitions {
		since, ok := m.held[p]
		if !ok {
			since, ok = m.letting[p]
		}
		if !ok || epoch > m.epoch || epoch < since {
			return fault.New(ErrStaleEpoch, op, "the member is in epoch %d, the commit of epoch %d", m.epoch, epoch)
		}
	}
	return nil
}

// MayFetch says whether a member may ask for the offsets of its group.
func (c *Consumers) MayFetch(id string, epoch int32) error {
	const op = "group.Fetch"
	m, err := c.find(op, id)
	if err != nil {
		return err
	}
	if epoch != m.epoch {
		return fault.New(ErrStaleEpoch, op, "the member is in epoch %d, the request of epoch %d", m.epoch, epoch)
	}
	return nil
}

// MayForget says whether the offsets of a topic may be dropped: members guard those of the topics that they read.
func (c *Consumers) MayForget(topic string) error {
	for _, m := range c.members {
		if _, ok := slices.BinarySearch(m.names, topic); ok || slices.Contains(m.topics, topic) {
			return fault.New(ErrSubscribed, "group.MayForget", "a member of the group reads topic %q", topic)
		}
	}
	return nil
}

func (c *Consumers) find(op, id string) (*consumer, error) {
	if m := c.members[id]; m != nil {
		return m, nil
	}
	return nil, fault.New(ErrUnknownMember, op, "no member has id %q", id)
}
