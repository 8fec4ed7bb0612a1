package commitlog

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
)

// Placer is implemented by logs that know how much they will read before they read it, so that a reader can bring memory of
// that size, or none.
type Placer interface {
	// ReadTo is Log.Read into the memory that room gives for n bytes: an empty slice with a capacity of n at least, or nil to have
	// nothing read. The result is that slice with the batches in it, perhaps fewer bytes than n, and perhaps less than Log.Read
	// would give; nil if nothing is read. What room gave in an earlier call is not looked at any more.
	ReadTo(ctx context.Context, from batch.Offset, maxBytes int, room func(n int) []byte) ([]byte, error)
}
