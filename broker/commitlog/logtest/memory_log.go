package logtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

// memoryLog is one open log of a Memory. Lock order: Memory.mu before memoryLog.mu.
type memoryLog struct {
	mu     sync.Mutex
	s      *stored
	closed bool
	moved  chan struct{} // closed and replaced at each append, and at Close
}

func newMemoryLog(s *stored) *memoryLog { return &memoryLog{s: s, moved: make(chan struct{})} }

func (l *memoryLog) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

func (l *memoryLog) usable(ctx context.Context, op string) error {
	if l.closed {
		return fault.New(commitlog.ErrClosed, op, "the log is closed")
	}
	return ctx.Err()
}

func (l *memoryLog) wake() {
	close(l.moved)
	l.moved = make(chan struct{})
}

// Append implements commitlog.Log.
func (l *memoryLog) Append(ctx context.Context, b batch.Batch, _ commitlog.Durability) (batch.Offset, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx, "logtest.Append"); err != nil {
		return 0, err
	}
	base := l.s.end
	b.SetBaseOffset(base)
	b.SetLeaderEpoch(0)
	l.s.batches = append(l.s.batches, slices.Clone(b))
	l.s.end = b.NextOffset()
	l.wake()
	return base, nil
}

// Read implements commitlog.Log.
func (l *memoryLog) Read(ctx context.Context, dst []byte, from batch.Offset, maxBytes int) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx, "logtest.Read"); err != nil {
		return dst, err
	}
	if from < l.s.start || from > l.s.end {
		return dst, outOfRange("logtest.Read", from, l.s.start, l.s.end)
	}
	had := len(dst)
	for _, b := range l.s.batches[l.s.holding(from):] {
		if len(dst) > had && len(dst)-had+len(b) > maxBytes {
			break
		}
		dst = append(dst, b...)
	}
	return dst, nil
}

func outOfRange(op string, offset, start, end batch.Offset) error {
	return fault.New(commitlog.ErrOutOfRange, op, "offset %d is outside %d to %d", offset, start, end)
}

// holding returns the index of the first batch that ends beyond offset.
func (s *stored) holding(offset batch.Offset) int {
	i, _ := slices.BinarySearchFunc(s.batches, offset, func(b batch.Batch, o batch.Offset) int {
		if b.NextOffset() <= o {
			return -1
		}
		return 1
	})
	return i
}

// Bounds implements commitlog.Log.
func (l *memoryLog) Bounds() commitlog.Bounds {
	l.mu.Lock()
	defer l.mu.Unlock()
	return commitlog.Bounds{Start: l.s.start, HighWatermark: l.s.end, End: l.s.end}
}

// Find implements commitlog.Log.
func (l *memoryLog) Find(ctx context.Context, t time.Time) (commitlog.Found, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx, "logtest.Find"); err != nil {
		return commitlog.Found{}, false, err
	}
	for _, b := range l.s.batches {
		if f, ok := commitlog.FindIn(b, l.s.start, t.UnixMilli()); ok {
			return f, true, nil
		}
	}
	return commitlog.Found{}, false, nil
}

// TrimBefore implements commitlog.Log.
func (l *memoryLog) TrimBefore(ctx context.Context, offset batch.Offset) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(ctx, "logtest.TrimBefore"); err != nil {
		return err
	}
	if offset > l.s.end {
		return outOfRange("logtest.TrimBefore", offset, l.s.start, l.s.end)
	}
	if offset > l.s.start {
		l.s.start = offset
		l.s.batches = l.s.batches[l.s.holding(offset):]
		l.s.rolls = slices.DeleteFunc(l.s.rolls, func(o batch.Offset) bool { return o <= offset && o < l.s.end })
	}
	return nil
}

// Wait implements commitlog.Log.
func (l *memoryLog) Wait(ctx context.Context, offset batch.Offset) error {
	for {
		l.mu.Lock()
		err, end, moved := l.usable(ctx, "logtest.Wait"), l.s.end, l.moved
		l.mu.Unlock()
		if err != nil {
			return err
		}
		if end > offset {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
		}
	}
}

// Segments implements commitlog.Sizer: there is one, and another from each Roll on.
func (l *memoryLog) Segments() []commitlog.Segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	base := l.s.start
	if len(l.s.batches) > 0 {
		base = min(base, l.s.batches[0].BaseOffset())
	}
	var all []commitlog.Segment
	for _, next := range append(slices.Clone(l.s.rolls), l.s.end) {
		if next > l.s.start || next == l.s.end {
			all = append(all, l.s.segment(base, next))
		}
		base = max(base, next)
	}
	return all
}

func (s *stored) segment(base, next batch.Offset) commitlog.Segment {
	seg := commitlog.Segment{Base: base, Next: next, MaxTimestamp: batch.NoTimestamp}
	for _, b := range s.batches {
		if b.BaseOffset() >= base && b.BaseOffset() < next {
			seg.Bytes += int64(len(b))
			seg.MaxTimestamp = max(seg.MaxTimestamp, b.MaxTimestamp())
		}
	}
	return seg
}

// Close implements commitlog.Log.
func (l *memoryLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		l.wake()
	}
	return nil
}
