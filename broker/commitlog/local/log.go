package local

import (
	"context"
	"sync"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/seglog"
)

// maxBatch is the largest batch that the write-ahead log takes, in bytes.
const maxBatch = seglog.MaxEntry - recordHead

// Log is an open log of an Engine. It implements commitlog.Log and commitlog.Sizer.
type Log struct {
	p      *partition
	once   sync.Once
	closed chan struct{}
}

func newLog(p *partition) *Log { return &Log{p: p, closed: make(chan struct{})} }

func (l *Log) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

func (l *Log) usable(ctx context.Context, op string) error {
	if l.isClosed() {
		return fault.New(commitlog.ErrClosed, op, "the log is closed")
	}
	return ctx.Err()
}

// Append implements commitlog.Log. It copies b once, into the write-ahead log's buffer, and with commitlog.OS not at all.
func (l *Log) Append(ctx context.Context, b batch.Batch, d commitlog.Durability) (batch.Offset, error) {
	const op = "local.Append"
	if err := l.usable(ctx, op); err != nil {
		return 0, err
	}
	if size, err := batch.SizeOf(b); err != nil || size != int64(len(b)) || b.LastOffsetDelta() < 0 {
		return 0, fault.New(batch.ErrHeader, op, "%d bytes are not one batch", len(b))
	}
	if len(b) > maxBatch {
		return 0, fault.New(batch.ErrTooLarge, op, "a batch of %d bytes; the limit is %d", len(b), maxBatch)
	}
	base, g, err := l.p.append(b, d)
	if err != nil || g == nil {
		return base, err
	}
	return base, g.wait(ctx)
}

// Read implements commitlog.Log.
func (l *Log) Read(ctx context.Context, dst []byte, from batch.Offset, maxBytes int) ([]byte, error) {
	if err := l.usable(ctx, "local.Read"); err != nil {
		return dst, err
	}
	return l.p.read(dst, from, maxBytes)
}

var _ commitlog.Placer = (*Log)(nil)

// ReadTo implements commitlog.Placer.
func (l *Log) ReadTo(ctx context.Context, from batch.Offset, maxBytes int, room func(n int) []byte) ([]byte, error) {
	if err := l.usable(ctx, "local.ReadTo"); err != nil {
		return nil, err
	}
	return l.p.readTo(from, maxBytes, room)
}

// Bounds implements commitlog.Log.
func (l *Log) Bounds() commitlog.Bounds { return l.p.bounds() }

// Find implements commitlog.Log.
func (l *Log) Find(ctx context.Context, t time.Time) (commitlog.Found, bool, error) {
	if err := l.usable(ctx, "local.Find"); err != nil {
		return commitlog.Found{}, false, err
	}
	return l.p.find(t)
}

// TrimBefore implements commitlog.Log. The new start is durable before any segment goes.
func (l *Log) TrimBefore(ctx context.Context, offset batch.Offset) error {
	const op = "local.TrimBefore"
	if err := l.usable(ctx, op); err != nil {
		return err
	}
	bounds := l.p.bounds()
	if offset > bounds.HighWatermark {
		return fault.New(commitlog.ErrOutOfRange, op, "offset %d is beyond the high watermark %d", offset, bounds.HighWatermark)
	}
	if offset <= bounds.Start {
		return nil
	}
	if err := l.p.e.commitTrim(ctx, l.p.id, offset); err != nil {
		return err
	}
	if err := l.p.trim(offset); err != nil {
		return l.p.e.fail(op, err)
	}
	return nil
}

// Wait implements commitlog.Log.
func (l *Log) Wait(ctx context.Context, offset batch.Offset) error {
	for {
		if err := l.usable(ctx, "local.Wait"); err != nil {
			return err
		}
		visible, moved := l.p.movement()
		if visible > offset {
			return nil
		}
		select {
		case <-moved:
		case <-l.closed:
		case <-ctx.Done():
		}
	}
}

// Segments implements commitlog.Sizer.
func (l *Log) Segments() []commitlog.Segment { return l.p.describe() }

// Close implements commitlog.Log. What was appended stays with the engine, which makes it durable as if the log were open.
func (l *Log) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}
