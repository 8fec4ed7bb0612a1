package broker

import (
	"context"
	"errors"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

// Read appends to dst the stored batches from the one that holds offset from, as commitlog.Log.Read does, and returns the
// marks that go with them. It does not wait: see Waiter.
func (p *Partition) Read(ctx context.Context, dst []byte, from batch.Offset, maxBytes int) ([]byte, commitlog.Bounds, error) {
	bounds, empty, err := p.readable(from)
	if err != nil || empty {
		return dst, bounds, err
	}
	had := len(dst)
	dst, err = p.log.Read(ctx, dst, from, maxBytes)
	p.broker.counts.fetchedBytes.Add(uint64(len(dst) - had))
	return dst, p.log.Bounds(), p.gone(err)
}

// ReadTo is Read into memory that room brings once it is known how much is needed, see commitlog.Placer.
func (p *Partition) ReadTo(ctx context.Context, from batch.Offset, maxBytes int, room func(n int) []byte) ([]byte, commitlog.Bounds, error) {
	placer, ok := p.log.(commitlog.Placer)
	if !ok {
		got, bounds, err := p.Read(ctx, nil, from, maxBytes)
		if err != nil || len(got) == 0 {
			return nil, bounds, err
		}
		if dst := room(len(got)); dst != nil {
			return append(dst, got...), bounds, nil
		}
		return nil, bounds, nil
	}
	bounds, empty, err := p.readable(from)
	if err != nil || empty {
		return nil, bounds, err
	}
	got, err := placer.ReadTo(ctx, from, maxBytes, room)
	p.broker.counts.fetchedBytes.Add(uint64(len(got)))
	return got, p.log.Bounds(), p.gone(err)
}

// readable tells whether from is an offset to read from, and whether nothing is there.
func (p *Partition) readable(from batch.Offset) (bounds commitlog.Bounds, empty bool, err error) {
	if p.log == nil {
		return bounds, true, p.broken("broker.Read")
	}
	bounds = p.log.Bounds()
	if from < bounds.Start || from > bounds.HighWatermark {
		err = fault.New(commitlog.ErrOutOfRange, "broker.Read", "offset %d of topic %s, partition %d is not between %d and %d",
			from, p.topic.name, p.index, bounds.Start, bounds.HighWatermark)
	}
	return bounds, from == bounds.HighWatermark, err
}

// gone turns the error of a log that was closed because its topic was deleted into one that says so.
func (p *Partition) gone(err error) error {
	if errors.Is(err, commitlog.ErrClosed) {
		if _, unknown := p.broker.TopicByID(p.topic.id); unknown != nil {
			return unknown
		}
	}
	return err
}

// FindTime returns the first record at or after t.
func (p *Partition) FindTime(ctx context.Context, t time.Time) (commitlog.Found, bool, error) {
	if p.log == nil {
		return commitlog.Found{}, false, p.broken("broker.FindTime")
	}
	return p.log.Find(ctx, t)
}

// FindNewest returns the first record that has the greatest timestamp of the partition (KIP-734).
func (p *Partition) FindNewest(ctx context.Context) (found commitlog.Found, ok bool, err error) {
	if p.log == nil {
		return found, false, p.broken("broker.FindNewest")
	}
	if s, sized := p.log.(commitlog.Sizer); sized {
		newest := int64(-1)
		for _, segment := range s.Segments() {
			newest = max(newest, segment.MaxTimestamp)
		}
		// The record may have been trimmed, or not be committed yet: then the headers are read.
		if found, ok, err = p.log.Find(ctx, time.UnixMilli(newest)); ok || err != nil || newest < 0 {
			return found, ok && newest >= 0, err
		}
	}
	newest, err := p.newestOf(ctx, p.log.Bounds().Start)
	if err != nil || newest < 0 {
		return found, false, err
	}
	return p.log.Find(ctx, time.UnixMilli(newest))
}

// newestOf reads headers for the greatest timestamp.
func (p *Partition) newestOf(ctx context.Context, from batch.Offset) (int64, error) {
	newest := int64(-1)
	err := scan(ctx, p.log, from, func(b batch.Batch) error {
		newest = max(newest, b.MaxTimestamp())
		return nil
	})
	return newest, err
}

// DeleteBefore moves the start of the partition to offset, or to the high watermark if it is -1 (DeleteRecords), and returns
// where it is then.
func (p *Partition) DeleteBefore(ctx context.Context, offset batch.Offset) (batch.Offset, error) {
	const op = "broker.DeleteBefore"
	if p.log == nil {
		return 0, p.broken(op)
	}
	if p.topic.internal {
		return 0, fault.New(ErrInvalidTopic, op, "topic %s is the broker's own", p.topic.name)
	}
	bounds := p.log.Bounds()
	if offset == -1 {
		offset = bounds.HighWatermark
	}
	if offset < 0 || offset > bounds.HighWatermark {
		return 0, fault.New(commitlog.ErrOutOfRange, op, "offset %d of topic %s, partition %d is not between %d and %d",
			offset, p.topic.name, p.index, bounds.Start, bounds.HighWatermark)
	}
	if offset > bounds.Start {
		if err := p.log.TrimBefore(ctx, offset); err != nil {
			return 0, fault.Wrap(ErrStorage, op, err, "cannot move the start of topic %s, partition %d", p.topic.name, p.index)
		}
	}
	return p.log.Bounds().Start, nil
}
