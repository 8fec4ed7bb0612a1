package commitlog

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
)

// Compactor is implemented by logs that can drop the records that later ones of the same key replace.
//
// Offsets never change: a batch keeps its first and its last offset whatever it loses, so Read, Find and TrimBefore work
// across the gaps, and Read from an offset that is gone returns what follows it. Compaction replaces sealed segments whole; a
// crash leaves the old ones or the new one. Readers are not disturbed.
type Compactor interface {
	// Roll seals the active segment if it holds anything, so that it can be compacted or trimmed; the next append begins
	// another.
	Roll(ctx context.Context) error
	// SetSegmentBytes changes the size at which the active segment is sealed; 0 is the engine's own, which is also the most.
	SetSegmentBytes(n int64)
	// Compacted returns how far the log was compacted: every key has at most one record before it. It is a hint: after a
	// restart it may be less than before, and then the next Compact does more than it must.
	Compacted() batch.Offset
	// Compact drops from the sealed segments before c.UpTo
	//   - records that a later one of the same key replaces, and records with no key,
	//   - tombstones, c.DeleteRetention after they were compacted first,
	//   - records of aborted transactions,
	//   - transaction markers, c.DeleteRetention after it was first found that no data of theirs is left,
	// and nothing at or above the high watermark or the first offset of an open transaction. A batch that cannot be unpacked
	// stays as it is. The last batch of each producer that c.KeepProducer wants stays, empty if need be. It fails with
	// ErrClosed if the log is closed or removed meanwhile, and with ctx's error; the log is then as it was, or partly
	// compacted, and sound. One Compact of a log runs at a time.
	Compact(ctx context.Context, c Compaction) (Compacted, error)
}

// Compaction says what to compact.
type Compaction struct {
	UpTo            batch.Offset        // nothing at or after it is touched
	Now             int64               // milliseconds since the Unix epoch
	DeleteRetention int64               // milliseconds that tombstones and markers are kept (delete.retention.ms)
	KeepProducer    func(id int64) bool // producers whose sequences are still wanted; nil: none
	MaxMemory       int64               // bytes, about, that keys may take at a time; 0: 64 MiB. The rest waits for the next Compact.
}

// Compacted says what a Compact did.
type Compacted struct {
	UpTo    batch.Offset // what Compactor.Compacted returns now
	Before  int64        // bytes of the segments that were read
	After   int64        // bytes of what is left of them
	Records int64        // that were dropped
}
