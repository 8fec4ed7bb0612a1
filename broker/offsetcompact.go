package broker

import (
	"context"
	"slices"

	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

// A partition of __consumer_offsets is written anew when it has this many records at least, and this many times as many as
// there are offsets in force.
const (
	compactBeyond = 10_000
	compactRatio  = 4
)

// compact writes the offsets in force again, in the partitions where most records are stale, and trims what came before them.
// A crash on the way leaves records that say the same twice.
func (l *offsetLog) compact(ctx context.Context, c *coordinator) error {
	t, err := l.broker.Topic(OffsetsTopic)
	if err != nil {
		return nil // nobody has committed yet
	}
	groups := make(map[*Partition][]string)
	for _, id := range c.ids() {
		if p, err := l.partition(id); err == nil {
			groups[p] = append(groups[p], id)
		}
	}
	for _, p := range t.Partitions() {
		if p.log == nil {
			continue
		}
		if err := l.compactPartition(ctx, c, p, groups[p]); err != nil {
			return err
		}
	}
	return nil
}

func (l *offsetLog) compactPartition(ctx context.Context, c *coordinator, p *Partition, ids []string) error {
	bounds := p.log.Bounds()
	if bounds.End-bounds.Start < compactBeyond {
		return nil
	}
	live := 0
	for _, id := range ids {
		all, err := l.broker.Offsets(id)
		if err != nil {
			return err
		}
		live += len(all)
	}
	if int64(bounds.End-bounds.Start) < compactRatio*int64(live) {
		return nil
	}
	if stable, _, err := p.LastStable(ctx); err != nil || stable < bounds.End {
		return err // offsets of open transactions are in nobody's hands yet: another time
	}
	// A group that comes later writes after bounds.End; each of these does so now.
	for _, id := range ids {
		if whole, err := l.rewrite(ctx, c, id); err != nil || !whole {
			return err
		}
	}
	return p.log.TrimBefore(ctx, bounds.End)
}

// rewrite stores the offsets of a group again, unless an open transaction is about to replace one: its record would come before
// what is written now, and be taken for the older one.
func (l *offsetLog) rewrite(ctx context.Context, c *coordinator, id string) (whole bool, err error) {
	var wait func(context.Context) error
	err = c.with(id, mustExist, func(g *coordinated) ([]group.Effect, error) {
		all := g.committed()
		if slices.ContainsFunc(all, func(o Committed) bool { return l.broker.Unstable(id, o.Topic, o.Partition) }) {
			return nil, nil
		}
		whole = true
		if len(all) == 0 {
			return nil, nil
		}
		var err error
		wait, err = l.store(ctx, g, all)
		return nil, err
	})
	if fault.CodeOf(err) == ErrUnknownGroup {
		return true, nil
	}
	if err != nil || wait == nil {
		return whole, err
	}
	return whole, wait(ctx)
}
