package commitlog

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
)

// Starter is implemented by logs whose appends can be ordered apart from being waited for, so that one producer may keep
// several batches in flight without giving up their order.
type Starter interface {
	// Start is the first half of Append: it sets the base offset and the leader epoch in b in place and puts the batch in
	// line. The order of the calls is the order of the offsets; it never waits for a sync. b is not kept after the call
	// returns. wait is the second half: it returns nil once the durability asked for is reached (and the high watermark is
	// beyond the batch), else why it never will be; it may be called from another goroutine, once.
	Start(b batch.Batch, d Durability) (base batch.Offset, wait func(context.Context) error, err error)
}
