package broker

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

// The configurations that rule compaction.
const (
	deleteRetention = "delete.retention.ms"
	dirtyRatio      = "min.cleanable.dirty.ratio"
	minLag          = "min.compaction.lag.ms"
	maxLag          = "max.compaction.lag.ms"
	segmentMillis   = "segment.ms"
	segmentBytes    = "segment.bytes"
)

// stallMillis is how long a partition is left alone after a compaction that failed or had nothing to do.
const stallMillis = 10 * 60 * 1000

// settleMillis is how long an active segment stays at least, unless it is full: records with old timestamps, such as those of a
// mirror, would otherwise have a segment for each look.
const settleMillis = 10 * 60 * 1000

// compaction is what the broker remembers of a partition between compactions.
type compaction struct {
	mu      sync.Mutex
	base    batch.Offset // of the segment whose age is known
	began   int64        // its oldest timestamp that is known, milliseconds since the Unix epoch
	seen    int64        // when it was first looked at
	known   bool
	stalled int64 // leave the partition alone until then, milliseconds since the Unix epoch
}

// Compact rolls the segments of compacted topics that are due (segment.ms, max.compaction.lag.ms), and compacts the partitions
// whose share of records that were not compacted before is larger than min.cleanable.dirty.ratio, or which have waited for
// max.compaction.lag.ms, the most urgent first. The broker calls it by itself every Options.CompactionEvery.
func (b *Broker) Compact(ctx context.Context) {
	for {
		due := b.dirty(ctx)
		if len(due) == 0 || ctx.Err() != nil {
			return
		}
		for _, d := range due {
			d.partition.compact(ctx, d)
		}
	}
}

// dirt is a partition that ought to be compacted.
type dirt struct {
	partition *Partition
	log       commitlog.Compactor
	rules     values
	upTo      batch.Offset
	overdue   bool
	ratio     float64
}

// dirty lists the partitions to compact, the most urgent first.
func (b *Broker) dirty(ctx context.Context) []dirt {
	var due []dirt
	for _, t := range b.Topics() {
		if !t.settings.Load().compact {
			continue
		}
		for _, p := range t.Partitions() {
			if ctx.Err() != nil {
				return nil
			}
			if d, ok := p.dirt(ctx, *t.values.Load()); ok {
				due = append(due, d)
			}
		}
	}
	slices.SortStableFunc(due, func(x, y dirt) int {
		if x.overdue != y.overdue {
			if x.overdue {
				return -1
			}
			return 1
		}
		return cmp.Compare(y.ratio, x.ratio)
	})
	return due
}

// dirt rolls the active segment if it is due, and tells whether the partition ought to be compacted now.
func (p *Partition) dirt(ctx context.Context, v values) (dirt, bool) {
	log, ok := p.log.(commitlog.Compactor)
	if !ok {
		return dirt{}, false
	}
	sizer, ok := p.log.(commitlog.Sizer)
	if !ok || p.resting() {
		return dirt{}, false
	}
	if err := p.rollIfDue(ctx, v); err != nil {
		p.failed(ctx, "cannot begin a segment", err)
		return dirt{}, false
	}
	now, clean := p.broker.Now(), max(log.Compacted(), p.log.Bounds().Start)
	segments := sizer.Segments()
	d := dirt{partition: p, log: log, rules: v, upTo: compactableUpTo(segments, now-v.int64(minLag))}
	var total, unclean int64
	first := batch.Offset(-1)
	for _, s := range segments {
		if s.Base >= d.upTo {
			break
		}
		total += s.Bytes
		if s.Next > clean {
			unclean += s.Bytes
			if first < 0 {
				first = s.Base
			}
		}
	}
	if unclean == 0 {
		return dirt{}, false
	}
	d.ratio = float64(unclean) / float64(total)
	if lag := v.int64(maxLag); lag < maxLong {
		d.overdue = p.oldest(ctx, max(first, clean)) <= now-lag
	}
	return d, d.overdue || d.ratio > v.float64(dirtyRatio)
}

// compactableUpTo returns the base of the first segment that must stay: one with records younger than the given time, or the
// active one.
func compactableUpTo(segments []commitlog.Segment, young int64) batch.Offset {
	for _, s := range segments[:len(segments)-1] {
		if s.MaxTimestamp > young {
			return s.Base
		}
	}
	return segments[len(segments)-1].Base
}

// oldest returns the time of the batch at offset, or the end of time if it cannot be read.
func (p *Partition) oldest(ctx context.Context, at batch.Offset) int64 {
	data, err := p.log.Read(ctx, nil, at, 1)
	if err != nil {
		return math.MaxInt64
	}
	b, _, err := batch.Cut(data)
	if err != nil || b.MaxTimestamp() < 0 {
		return math.MaxInt64
	}
	return b.MaxTimestamp()
}

// rollIfDue keeps the active segment to segment.bytes and seals it once its first record is older than segment.ms, or, on a
// compacted topic, than max.compaction.lag.ms.
func (p *Partition) rollIfDue(ctx context.Context, v values) error {
	log, ok := p.log.(commitlog.Compactor)
	sizer, sized := p.log.(commitlog.Sizer)
	if !ok || !sized {
		return nil
	}
	if v.set(segmentBytes) {
		log.SetSegmentBytes(v.int64(segmentBytes))
	} else {
		log.SetSegmentBytes(0)
	}
	segments := sizer.Segments()
	active := segments[len(segments)-1]
	age := v.int64(segmentMillis)
	if p.topic.settings.Load().compact {
		age = min(age, v.int64(maxLag))
	}
	full := v.set(segmentBytes) && active.Bytes >= v.int64(segmentBytes)
	if active.Bytes == 0 || !full && !p.aged(ctx, active, age) {
		return nil
	}
	return log.Roll(ctx)
}

// aged tells whether the first batch of a segment is so many milliseconds old. The batch is read once.
func (p *Partition) aged(ctx context.Context, s commitlog.Segment, age int64) bool {
	c, now := &p.compaction, p.broker.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known || c.base != s.Base {
		at := max(s.Base, p.log.Bounds().Start)
		if at >= p.log.Bounds().HighWatermark {
			return false
		}
		c.base, c.began, c.seen, c.known = s.Base, p.oldest(ctx, at), now, true
	}
	return c.began <= now-age && c.seen <= now-min(age, settleMillis)
}

// resting tells whether the partition is to be left alone for now.
func (p *Partition) resting() bool {
	p.compaction.mu.Lock()
	defer p.compaction.mu.Unlock()
	return p.broker.Now() < p.compaction.stalled
}

func (p *Partition) rest() {
	p.compaction.mu.Lock()
	defer p.compaction.mu.Unlock()
	p.compaction.stalled = p.broker.Now() + stallMillis
}

// failed reports why a partition cannot be compacted now, unless it was closed.
func (p *Partition) failed(ctx context.Context, what string, err error) {
	p.rest()
	if ctx.Err() == nil && !errors.Is(err, commitlog.ErrClosed) {
		p.broker.logger.Error(what, "topic", p.topic.name, "partition", p.index, "error", err)
	}
}

// compact compacts the partition. If that brought it no further, because a transaction is open or a log is damaged, it is left
// alone for a while.
func (p *Partition) compact(ctx context.Context, d dirt) {
	keep, err := p.sequenced(ctx)
	if err != nil {
		p.failed(ctx, "cannot compact a partition", err)
		return
	}
	before := d.log.Compacted()
	done, err := d.log.Compact(ctx, commitlog.Compaction{
		UpTo: d.upTo, Now: p.broker.Now(), DeleteRetention: d.rules.int64(deleteRetention), KeepProducer: keep,
		MaxMemory: p.broker.opts.CompactionMemory,
	})
	if err != nil {
		p.failed(ctx, "cannot compact a partition", err)
		return
	}
	if done.UpTo <= before {
		p.rest()
	}
	p.broker.logger.Info("compacted a partition", "topic", p.topic.name, "partition", p.index, "up_to", int64(done.UpTo),
		"records_dropped", done.Records, "bytes_before", done.Before, "bytes_after", done.After)
}

// sequenced tells whose sequences the partition still remembers: their last batches must stay.
func (p *Partition) sequenced(ctx context.Context) (func(id int64) bool, error) {
	active, err := p.Producers(ctx)
	if err != nil {
		return nil, err
	}
	ids := make(map[int64]struct{}, len(active))
	for _, a := range active {
		ids[a.Producer] = struct{}{}
	}
	return func(id int64) bool {
		_, ok := ids[id]
		return ok
	}, nil
}
