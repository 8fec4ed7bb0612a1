package broker

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

// Retain lets go of the segments that the topics' retention.ms and retention.bytes no longer cover, of producers that have
// long been silent, and of committed offsets that were replaced or have expired. The broker calls it by itself every Options.RetentionEvery.
func (b *Broker) Retain(ctx context.Context) {
	if err := b.groups.offsets.expire(ctx, b.groups); err != nil && ctx.Err() == nil {
		b.logger.Error("cannot expire committed offsets", "error", err)
	}
	if err := b.groups.offsets.compact(ctx, b.groups); err != nil && ctx.Err() == nil {
		b.logger.Error("cannot compact the committed offsets", "error", err)
	}
	if err := b.transactions.compact(ctx); err != nil && ctx.Err() == nil {
		b.logger.Error("cannot compact the states of transactions", "error", err)
	}
	if err := b.saveProducers(ctx); err != nil && ctx.Err() == nil {
		b.logger.Error("cannot save the states of producers", "error", err)
	}
	for _, t := range b.Topics() {
		s := t.settings.Load()
		for _, p := range t.Partitions() {
			p.forgetProducers()
			if err := p.rollIfDue(ctx, *t.values.Load()); err != nil && ctx.Err() == nil {
				b.logger.Error("cannot begin a segment", "topic", t.name, "partition", p.index, "error", err)
			}
			if !s.delete || t.internal || ctx.Err() != nil {
				continue
			}
			if err := p.retain(ctx, s); err != nil {
				b.logger.Error("retention failed", "topic", t.name, "partition", p.index, "error", err)
			}
		}
	}
}

func (p *Partition) retain(ctx context.Context, s *settings) error {
	sizer, ok := p.log.(commitlog.Sizer)
	if !ok {
		return nil
	}
	start := p.log.Bounds().Start
	keep := keepFrom(sizer.Segments(), s, p.broker.Now())
	if keep = min(keep, p.log.Bounds().HighWatermark); keep <= start {
		return nil
	}
	if err := p.log.TrimBefore(ctx, keep); err != nil {
		return err
	}
	p.broker.logger.Info("retention moved the start of a partition", "topic", p.topic.name, "partition", p.index, "from", int64(start), "to", int64(keep))
	return nil
}

// keepFrom returns the base of the oldest segment to keep, or 0 if there is none to drop. The active segment, the last, always
// stays. A segment goes by age when its newest record is too old, and by size when what is left without it is still enough.
func keepFrom(segments []commitlog.Segment, s *settings, now int64) batch.Offset {
	var total int64
	for _, segment := range segments {
		total += segment.Bytes
	}
	var keep batch.Offset
	for i := range len(segments) - 1 {
		segment := segments[i]
		old := s.retentionMillis >= 0 && segment.MaxTimestamp < now-s.retentionMillis
		large := s.retentionBytes >= 0 && total-segment.Bytes >= s.retentionBytes
		if !old && !large {
			break
		}
		total -= segment.Bytes
		keep = segments[i+1].Base
	}
	return keep
}
