package broker

import (
	"sync"
	"sync/atomic"

	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

// GroupType says which protocol the members of a group speak. An empty group has that of those who were there last, and takes
// members of either.
type GroupType string

// The types of groups, named as Kafka names them.
const (
	Classic  GroupType = "classic"
	Consumer GroupType = "consumer" // KIP-848
)

// ConsumerHeartbeat takes the heartbeat of a member under the protocol of KIP-848. NewMember is filled in here.
func (b *Broker) ConsumerHeartbeat(id string, beat group.Beat) (s group.Standing, err error) {
	if beat.Member == "" && beat.Epoch == group.JoinEpoch {
		drawn, err := b.newID()
		if err != nil {
			return s, err
		}
		beat.NewMember = drawn.String()
	}
	err = b.groups.with(id, presence(beat.Epoch == group.JoinEpoch), func(g *coordinated) ([]group.Effect, error) {
		consumers, err := g.asConsumers(beat.Epoch)
		if err != nil {
			return nil, err
		}
		var effects []group.Effect
		s, effects, err = consumers.Heartbeat(beat, b.catalog.now(b)) // under the lock: a group never sees an older one again
		if err == nil {
			g.consumers = consumers
		}
		return effects, err
	})
	return s, asMember(err)
}

// asConsumers returns the machine of a group under the protocol of KIP-848; for a group that had none, a new one.
func (g *coordinated) asConsumers(epoch int32) (*group.Consumers, error) {
	const op = "broker.ConsumerHeartbeat"
	switch {
	case g.consumers != nil:
		return g.consumers, nil
	case g.machine.State() == group.Dead:
		return nil, fault.New(group.ErrDead, op, "the group was deleted")
	case !g.machine.Vacant():
		return nil, fault.New(ErrOtherProtocol, op, "group %s has members under the classic protocol: stop them first", g.id)
	case epoch != group.JoinEpoch:
		return nil, fault.New(group.ErrUnknownMember, op, "the group has no members")
	}
	return group.NewConsumers(g.owner.broker.opts.Group.Consumers), nil
}

// asClassic makes the group one of the classic protocol, unless it has members under the other.
func (g *coordinated) asClassic() error {
	if g.consumers == nil {
		return nil
	}
	if !g.consumers.Vacant() {
		return fault.New(group.ErrProtocol, "broker.JoinGroup", "group %s has members under the protocol of KIP-848: stop them first", g.id)
	}
	g.consumers = nil
	return nil
}

// idle reports whether nothing is left of the group.
func (g *coordinated) idle() bool {
	return g.machine.Idle() && (g.consumers == nil || g.consumers.Vacant())
}

// expired tells the machine in charge that a timer has run out.
func (g *coordinated) expired(t group.Timer) []group.Effect {
	if g.consumers != nil && !g.consumers.Vacant() {
		return g.consumers.Expire(t)
	}
	return g.machine.Expire(t)
}

// mayCommit asks the machine in charge whether a member may commit.
func (g *coordinated) mayCommit(c Commit) ([]group.Effect, error) {
	if g.consumers == nil || (c.Generation < 0 && g.consumers.Vacant()) {
		return g.machine.MayCommit(c.Member, c.Instance, c.Generation)
	}
	partitions := make([]group.Place, 0, len(c.Offsets))
	for _, o := range c.Offsets {
		if t, err := g.owner.broker.Topic(o.Topic); err == nil {
			partitions = append(partitions, group.Place{Topic: group.TopicID(t.id), Partition: o.Partition})
		}
	}
	return nil, g.consumers.MayCommit(c.Member, c.Generation, partitions)
}

// mayForget asks the machine in charge whether the offsets of a topic may go.
func (g *coordinated) mayForget(topic string) error {
	if g.consumers != nil {
		return g.consumers.MayForget(topic)
	}
	return g.machine.MayForget(topic)
}

// mayDelete ends a group without members.
func (g *coordinated) mayDelete() error {
	if g.consumers != nil && !g.consumers.Vacant() {
		return fault.New(group.ErrNotEmpty, "broker.DeleteGroup", "the group has members: stop them first")
	}
	return g.machine.Delete()
}

// CheckFetch says whether a member may ask for the offsets of its group. Only members under the protocol of KIP-848 are asked
// for their epoch.
func (b *Broker) CheckFetch(id, member string, epoch int32) error {
	err := b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		if g.consumers == nil {
			return nil, nil
		}
		return nil, g.consumers.MayFetch(member, epoch)
	})
	if fault.CodeOf(err) == ErrUnknownGroup {
		return nil // it has no offsets either
	}
	return err
}

// Listed is a group in a list.
type Listed struct {
	State        string // Kafka's name
	Type         GroupType
	ProtocolType string
}

// ListGroup describes a group in few words, whatever its type.
func (b *Broker) ListGroup(id string) (l Listed, err error) {
	err = b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		if g.consumers != nil {
			l = Listed{State: g.consumers.State(), Type: Consumer, ProtocolType: "consumer"}
			return nil, nil
		}
		d := g.machine.Describe()
		l = Listed{State: d.State.String(), Type: Classic, ProtocolType: d.ProtocolType}
		return nil, nil
	})
	return l, err
}

// DescribeConsumers describes a group under the protocol of KIP-848.
func (b *Broker) DescribeConsumers(id string) (p group.Portrait, err error) {
	err = b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		if g.consumers == nil {
			return nil, fault.New(ErrOtherProtocol, "broker.DescribeConsumers", "group %s is not a consumer group", id)
		}
		p = g.consumers.Portray()
		return nil, nil
	})
	return p, err
}

// catalog keeps what groups have to know of the topics, until these change.
type catalog struct {
	version atomic.Uint64 // rises after each change

	mu     sync.Mutex
	of     uint64 // the version, that topics is as of
	topics *group.Catalog
}

// changed is called after a topic was made, deleted or given partitions.
func (c *catalog) changed() { c.version.Add(1) }

// now returns the topics as they are; the same pointer as before if nothing has changed.
func (c *catalog) now(b *Broker) *group.Catalog {
	c.mu.Lock()
	defer c.mu.Unlock()
	version := c.version.Load()
	if c.topics != nil && c.of == version {
		return c.topics
	}
	var all []group.Topic
	for _, t := range b.Topics() {
		all = append(all, group.Topic{Name: t.name, ID: group.TopicID(t.id), Partitions: int32(len(t.Partitions()))})
	}
	c.topics, c.of = group.NewCatalog(all), version
	return c.topics
}
