package broker

import (
	"context"

	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

// JoinGroup takes a member into a group and waits until the generation it is in begins. Ticket and NewMember are filled in
// here. On ErrMemberIDRequired the id to come back with is in Joined.Member.
func (b *Broker) JoinGroup(ctx context.Context, id string, j group.Join) (group.Joined, error) {
	drawn, err := b.newID()
	if err != nil {
		return group.Joined{}, err
	}
	j.NewMember = j.Client + "-" + drawn.String()
	if j.Instance != "" {
		j.NewMember = j.Instance + "-" + drawn.String()
	}
	e, err := b.groups.await(ctx, id, presence(j.Member == ""), func(g *coordinated, t group.Ticket) ([]group.Effect, error) {
		if err := g.asClassic(); err != nil {
			return nil, err
		}
		j.Ticket = t
		return g.machine.Join(j), nil
	})
	if err != nil {
		return group.Joined{}, asMember(err)
	}
	r := e.(group.JoinReply)
	return r.Joined, r.Err
}

// asMember turns the lack of a group into the lack of the member: whoever speaks as a member is told to join anew.
func asMember(err error) error {
	if fault.CodeOf(err) == ErrUnknownGroup {
		return fault.Wrap(group.ErrUnknownMember, "broker.group", err, "the group has no such member")
	}
	return err
}

// SyncGroup asks for a member's assignment and waits until the leader has brought it.
func (b *Broker) SyncGroup(ctx context.Context, id string, s group.Sync) (group.Synced, error) {
	e, err := b.groups.await(ctx, id, mustExist, func(g *coordinated, t group.Ticket) ([]group.Effect, error) {
		s.Ticket = t
		return g.machine.Sync(s), nil
	})
	if err != nil {
		return group.Synced{}, asMember(err)
	}
	r := e.(group.SyncReply)
	return r.Synced, r.Err
}

// Heartbeat notes that a member lives.
func (b *Broker) Heartbeat(id, member, instance string, generation int32) error {
	return asMember(b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		return g.machine.Heartbeat(member, instance, generation)
	}))
}

// LeaveGroup takes a member out of its group.
func (b *Broker) LeaveGroup(id, member, instance string) error {
	return asMember(b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		return g.machine.Leave(member, instance)
	}))
}

// Groups lists the ids of the groups in alphabetical order.
func (b *Broker) Groups() []string { return b.groups.ids() }

// DescribeGroup describes a group under the classic protocol.
func (b *Broker) DescribeGroup(id string) (d group.Description, err error) {
	err = b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		if g.consumers != nil {
			return nil, fault.New(ErrOtherProtocol, "broker.DescribeGroup", "group %s is not a classic group", id)
		}
		d = g.machine.Describe()
		return nil, nil
	})
	return d, err
}

// Committed is an offset that a group committed.
type Committed struct {
	Topic     string
	Partition int32
	group.Offset
}

// Commit is a group's wish to store offsets.
type Commit struct {
	Group      string
	Member     string // empty: a simple commit
	Instance   string
	Generation int32 // or member epoch; -1: a simple commit
	Offsets    []Committed
}

// CommitOffsets stores offsets and returns when they are durable. All are stored or none.
func (b *Broker) CommitOffsets(ctx context.Context, c Commit) error {
	const op = "broker.CommitOffsets"
	if err := b.groups.offsets.prepare(ctx); err != nil {
		return err
	}
	var wait func(context.Context) error
	err := b.groups.with(c.Group, presence(c.Generation < 0), func(g *coordinated) ([]group.Effect, error) {
		effects, err := g.mayCommit(c)
		if err != nil || len(c.Offsets) == 0 {
			return effects, err
		}
		wait, err = b.groups.offsets.store(ctx, g, c.Offsets)
		return effects, err
	})
	if fault.CodeOf(err) == ErrUnknownGroup {
		return fault.Wrap(group.ErrIllegalGeneration, op, err, "the group has no generation %d", c.Generation)
	}
	if err != nil || wait == nil {
		return err
	}
	return wait(ctx)
}

// CheckOffsetMetadata refuses metadata beyond the bound (offset.metadata.max.bytes).
func (b *Broker) CheckOffsetMetadata(metadata string) error {
	if limit := b.opts.Group.MaxOffsetMetadata; len(metadata) > limit {
		return fault.New(ErrOffsetMetadata, "broker.CommitOffsets", "offset metadata of %d bytes; at most %d", len(metadata), limit)
	}
	return nil
}

// Offsets lists what a group committed, by topic and partition. A group that does not exist has none.
func (b *Broker) Offsets(id string) ([]Committed, error) {
	var all []Committed
	err := b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		all = g.committed()
		return nil, nil
	})
	if fault.CodeOf(err) == ErrUnknownGroup {
		return nil, nil
	}
	return all, err
}

func (g *coordinated) committed() []Committed {
	var all []Committed
	for _, topic := range g.machine.Topics() {
		for _, p := range g.machine.Partitions(topic) {
			o, _ := g.machine.Committed(topic, p)
			all = append(all, Committed{Topic: topic, Partition: p, Offset: o})
		}
	}
	return all
}

// Offset returns what a group committed for one partition.
func (b *Broker) Offset(id, topic string, partition int32) (o group.Offset, ok bool, err error) {
	err = b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		o, ok = g.machine.Committed(topic, partition)
		return nil, nil
	})
	if fault.CodeOf(err) == ErrUnknownGroup {
		return o, false, nil
	}
	return o, ok, err
}

// DeleteGroup ends a group without members and forgets its offsets.
func (b *Broker) DeleteGroup(ctx context.Context, id string) error {
	var wait func(context.Context) error
	err := b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		if err := g.mayDelete(); err != nil {
			return nil, err
		}
		var err error
		wait, err = b.groups.offsets.forget(ctx, g, g.committed())
		return nil, err
	})
	if err != nil || wait == nil {
		return err
	}
	return wait(ctx)
}

// ForgetOffset drops what a group committed for one partition, unless a member reads the topic.
func (b *Broker) ForgetOffset(ctx context.Context, id, topic string, partition int32) error {
	var wait func(context.Context) error
	err := b.groups.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		if err := g.mayForget(topic); err != nil {
			return nil, err
		}
		if _, ok := g.machine.Committed(topic, partition); !ok {
			return nil, nil
		}
		var err error
		wait, err = b.groups.offsets.forget(ctx, g, []Committed{{Topic: topic, Partition: partition}})
		return nil, err
	})
	if err != nil || wait == nil {
		return err
	}
	return wait(ctx)
}

// forgetTopic drops the offsets of a topic that was deleted.
func (c *coordinator) forgetTopic(ctx context.Context, topic string) {
	for _, id := range c.ids() {
		err := c.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
			var gone []Committed
			for _, p := range g.machine.Partitions(topic) {
				gone = append(gone, Committed{Topic: topic, Partition: p})
			}
			_, err := c.offsets.forget(ctx, g, gone)
			return nil, err
		})
		if err != nil && fault.CodeOf(err) != ErrUnknownGroup {
			c.broker.logger.Error("cannot forget the offsets of a deleted topic", "group", id, "topic", topic, "error", err)
		}
	}
}
