package broker

import (
	"context"
	"errors"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

// OffsetsTopic is the topic that committed offsets are records of, as in Kafka.
const OffsetsTopic = "__consumer_offsets"

// offsetLog stores committed offsets in the topic __consumer_offsets. A group's offsets are in one partition, chosen by the
// hash that Kafka uses, and are written under the lock of the group, so that memory and log agree on their order.
type offsetLog struct{ broker *Broker }

// prepare makes the topic if this is the first commit. It must be called without any lock.
func (l *offsetLog) prepare(ctx context.Context) error {
	if _, err := l.broker.Topic(OffsetsTopic); err == nil {
		return nil
	}
	_, err := l.broker.CreateTopic(ctx, NewTopic{Name: OffsetsTopic, Partitions: l.broker.opts.Group.OffsetPartitions, Replicas: -1, internal: true,
		Configs: map[string]string{cleanupPolicy: "compact", segmentBytes: "104857600"}}, Apply)
	if fault.CodeOf(err) == ErrTopicExists {
		return nil
	}
	return err
}

// partition returns where a group's offsets are.
func (l *offsetLog) partition(id string) (*Partition, error) {
	t, err := l.broker.Topic(OffsetsTopic)
	if err != nil {
		return nil, err
	}
	all := t.Partitions()
	p := all[int(javaHash(id)&0x7fffffff)%len(all)]
	if p.log == nil {
		return nil, p.broken("broker.offsets")
	}
	return p, nil
}

// javaHash is Java's String.hashCode, by which Kafka's coordinator picks a partition.
func javaHash(s string) int32 {
	var h int32
	for _, r := range s {
		if r > 0xffff { // a surrogate pair in Java's UTF-16
			r -= 0x10000
			h = 31*h + (0xd800 + r>>10)
			r = 0xdc00 + r&0x3ff
		}
		h = 31*h + r
	}
	return h
}

// store appends offsets and tells the group. wait returns when they are durable. The caller holds g.mu.
func (l *offsetLog) store(ctx context.Context, g *coordinated, offsets []Committed) (wait func(context.Context) error, err error) {
	records := make([]batch.Record, len(offsets))
	for i, o := range offsets {
		records[i] = batch.Record{Timestamp: l.broker.Now(), Key: appendOffsetKey(nil, g.id, o.Topic, o.Partition), Value: appendOffsetValue(nil, o.Offset)}
	}
	pending, err := l.append(ctx, g.id, records)
	if err != nil {
		return nil, err
	}
	for i, o := range offsets {
		o.Position = pending.Base + batch.Offset(i)
		g.machine.Commit(o.Topic, o.Partition, o.Offset)
	}
	return pending.Wait, nil
}

// forget appends tombstones and tells the group. The caller holds g.mu.
func (l *offsetLog) forget(ctx context.Context, g *coordinated, offsets []Committed) (wait func(context.Context) error, err error) {
	if len(offsets) == 0 {
		return nil, nil
	}
	records := make([]batch.Record, len(offsets))
	for i, o := range offsets {
		records[i] = batch.Record{Timestamp: l.broker.Now(), Key: appendOffsetKey(nil, g.id, o.Topic, o.Partition)}
	}
	pending, err := l.append(ctx, g.id, records)
	if err != nil {
		return nil, err
	}
	for _, o := range offsets {
		g.machine.Forget(o.Topic, o.Partition)
	}
	return pending.Wait, nil
}

func (l *offsetLog) append(ctx context.Context, id string, records []batch.Record) (Pending, error) {
	p, err := l.partition(id)
	if err != nil {
		return Pending{}, err
	}
	b, err := batch.Build(nil, batch.Spec{}, records)
	if err != nil {
		return Pending{}, fault.Wrap(ErrStorage, "broker.offsets", err, "cannot build a batch of offsets")
	}
	pending, err := p.append(ctx, b)
	pending.partition = p
	return pending, err
}

// replay tells the coordinator everything that is in the log.
func (l *offsetLog) replay(ctx context.Context, c *coordinator) error {
	t, err := l.broker.Topic(OffsetsTopic)
	if err != nil {
		return nil // nobody has committed yet
	}
	for _, p := range t.Partitions() {
		if p.log == nil {
			continue
		}
		each := func(b batch.Batch) error { return c.replayBatch(p.index, b) }
		if err := scan(ctx, p.log, p.log.Bounds().Start, each); err != nil {
			return fault.Wrap(ErrStorage, "broker.Open", err, "cannot read partition %d of %s", p.index, OffsetsTopic)
		}
	}
	for _, id := range c.ids() {
		_ = c.with(id, mustExist, func(*coordinated) ([]group.Effect, error) { return nil, nil }) // drops those with nothing left
	}
	return nil
}

func (c *coordinator) replayOffset(r batch.Record) error {
	id, topic, partition, err := parseOffsetKey(r.Key)
	if errors.Is(err, errOtherKey) {
		return nil
	}
	if err != nil {
		return err
	}
	g, err := c.find(id, mayBegin)
	if err != nil {
		return err
	}
	if r.Value == nil {
		g.machine.Forget(topic, partition)
		return nil
	}
	o, err := parseOffsetValue(r.Value)
	if err != nil {
		return err
	}
	o.Position = r.Offset
	g.machine.Commit(topic, partition, o)
	return nil
}
