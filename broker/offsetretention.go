package broker

import (
	"context"

	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

// expire forgets the offsets that have outlived offsets.retention.minutes (KIP-211): those of a group that has been without
// members for that long, and, in one that has members, those of topics that none of them reads. An offset committed since then
// stays. How long a group has been empty is not stored: after a restart it counts from there.
func (l *offsetLog) expire(ctx context.Context, c *coordinator) error {
	keep := l.broker.opts.Group.OffsetRetention
	if keep < 0 {
		return nil
	}
	before := l.broker.Now() - keep.Milliseconds()
	for _, id := range c.ids() {
		if err := l.expireGroup(ctx, c, id, before); err != nil && fault.CodeOf(err) != ErrUnknownGroup {
			return err
		}
	}
	return nil
}

func (l *offsetLog) expireGroup(ctx context.Context, c *coordinator, id string, before int64) error {
	var wait func(context.Context) error
	expired := 0
	err := c.with(id, mustExist, func(g *coordinated) (_ []group.Effect, err error) {
		old := g.outdated(before)
		expired = len(old)
		wait, err = l.forget(ctx, g, old)
		return nil, err
	})
	if err != nil || wait == nil {
		return err
	}
	l.broker.logger.Info("committed offsets have expired", "group", id, "offsets", expired)
	return wait(ctx)
}

// outdated lists the offsets that nobody has needed since a time.
func (g *coordinated) outdated(before int64) []Committed {
	vacant := g.vacant()
	if vacant && g.emptySince > before {
		return nil
	}
	var old []Committed
	for _, o := range g.committed() {
		if o.CommittedAt <= before && (vacant || g.mayForget(o.Topic) == nil) {
			old = append(old, o)
		}
	}
	return old
}

// vacant reports whether the group has no members.
func (g *coordinated) vacant() bool {
	return g.machine.Vacant() && (g.consumers == nil || g.consumers.Vacant())
}

// observe notes when the group lost its last member. The caller holds g.mu.
func (g *coordinated) observe() {
	switch vacant := g.vacant(); {
	case !vacant:
		g.emptySince = 0
	case g.emptySince == 0:
		g.emptySince = g.owner.broker.Now()
	}
}
