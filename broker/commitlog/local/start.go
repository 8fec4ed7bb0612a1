package local

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

var _ commitlog.Starter = (*Log)(nil)

// Start implements commitlog.Starter: the batch is in line behind those that were started before it, in its group of the
// write-ahead log, and wait returns when the group was synced. With commitlog.OS there is nothing to wait for.
func (l *Log) Start(b batch.Batch, d commitlog.Durability) (batch.Offset, func(context.Context) error, error) {
	const op = "local.Start"
	if l.isClosed() {
		return 0, nil, fault.New(commitlog.ErrClosed, op, "the log is closed")
	}
	if size, err := batch.SizeOf(b); err != nil || size != int64(len(b)) || b.LastOffsetDelta() < 0 {
		return 0, nil, fault.New(batch.ErrHeader, op, "%d bytes are not one batch", len(b))
	}
	base, g, err := l.p.append(b, d)
	if err != nil {
		return 0, nil, err
	}
	if g == nil {
		return base, func(context.Context) error { return nil }, nil
	}
	return base, g.wait, nil
}
