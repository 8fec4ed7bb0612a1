package registry

import (
	"context"
	"iter"

	"github.com/pawl-registry/pawl/fault"
)

// Seq is the position of a change in a store. The first change is 1; 0 is the position before it.
type Seq uint64

// ErrStale is returned by Store.Append when the log does not end where the writer thought: read the newcomers and decide again.
var ErrStale = fault.NewCode(fault.Conflict, "stale_sequence")

// ErrStore is the code of a store that cannot answer now.
var ErrStore = fault.NewCode(fault.Unavailable, "store_unavailable")

// Entry is one change as a store holds it. Data is one encoded Change (see change.go); stores do not look inside, except to
// show it: it is one JSON object.
type Entry struct {
	Seq  Seq
	Data []byte
}

// Store keeps the changes of a registry in one order. It is the only durable thing that a registry has; everything else is
// folded from it. Implementations sit the exam in registry/storetest and are safe for concurrent use.
type Store interface {
	// Append writes data as the change after the one at seq after, durably before it returns. It fails with ErrStale, and
	// writes nothing, unless the log ends at after. Any other failure leaves open whether data was written: the caller reads
	// before it decides again. data is not kept after the call.
	Append(ctx context.Context, after Seq, data []byte) error
	// Read calls yield for every change after seq after, in order, up to the end of the log as it was at some moment after
	// the call began. It stops at the first error of yield and returns it. Entry.Data is valid during the call of yield only.
	Read(ctx context.Context, after Seq, yield func(Entry) error) error
	// Wait returns nil when the log ends beyond after, or ctx's error.
	Wait(ctx context.Context, after Seq) error
	// Close releases what the store holds. Calls under way fail with ErrStore.
	Close() error
}

// Compactor is implemented by stores that can replace a prefix of the log by one snapshot.
type Compactor interface {
	// Compact makes a snapshot, which is a change encoded in one or several parts, stand for all changes up to and including
	// seq upTo. Readers that ask from before upTo get the parts first, in order, each as an entry at upTo. A part is not kept
	// after the next one is asked for. The snapshot takes effect as a whole: an error of parts is returned and leaves all as it
	// was. Appends may go on meanwhile.
	Compact(ctx context.Context, upTo Seq, parts iter.Seq2[[]byte, error]) error
}
