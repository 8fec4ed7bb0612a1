// Package commitlog is the contract of one partition's log.
//
// A log holds record batches (package batch) in offset order. Offsets and the committed mark belong to the log; idempotence,
// isolation, retention policy and compaction policy are decided once, above it. Three engines are meant to stand behind the
// contract: local (this disk), a gateway to another cluster, and replicated (a quorum a partition); so nothing above may
// assume that an appended batch is committed, that terms never change, or that the log ends at the high watermark.
//
// Implementations sit the exam in commitlog/logtest and are safe for concurrent use.
package commitlog

import (
	"context"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/fault"
)

var (
	// ErrOutOfRange: the offset asked for lies before the start or after the end of the log.
	ErrOutOfRange = fault.NewCode(fault.Invalid, "offset_out_of_range")
	// ErrClosed: the log was closed.
	ErrClosed = fault.NewCode(fault.Unavailable, "log_closed")
	// ErrFailed: the directory failed (a write or sync error, a full disk); the log takes nothing more until it is reopened.
	ErrFailed = fault.NewCode(fault.Unavailable, "log_failed")
	// ErrCorrupt: stored bytes below the durable end fail their checksum. Nothing is truncated; the log refuses to open.
	ErrCorrupt = fault.NewCode(fault.Internal, "log_corrupt")
	// ErrBadName: a log's name is empty, too long, or holds a character that names may not hold.
	ErrBadName = fault.NewCode(fault.Invalid, "bad_log_name")
	// ErrNotLeader: this engine may not append now (replicated engines only).
	ErrNotLeader = fault.NewCode(fault.Unavailable, "not_leader")
)

// Durability says what Append waits for.
type Durability uint8

const (
	// Fsync waits until the batch would survive a loss of power (replicated: on a quorum).
	Fsync Durability = iota
	// OS waits until the operating system has the bytes: they survive a crash of the process, not of the machine.
	OS
)

// Term numbers the reigns of a log's leaders: Kafka's leader epoch. A local log has one term for ever.
type Term int32

// Bounds is a consistent view of a log's marks. Start <= HighWatermark <= End.
type Bounds struct {
	Start         batch.Offset // first offset that can be read
	HighWatermark batch.Offset // one past the last committed offset: readers see nothing at or beyond it
	End           batch.Offset // one past the last appended offset
	Term          Term
}

// Found is the answer of Find.
type Found struct {
	Offset    batch.Offset
	Timestamp int64 // milliseconds since the Unix epoch
	Term      Term
}

// Log is one partition's log.
type Log interface {
	// Append writes one batch at the end: it sets the base offset and the leader epoch in b in place, and waits for d. b is
	// not kept after the call, and must have passed batch.Open or come from batch.Build. The order of concurrent Appends is the order of the offsets they return. An error means that
	// the batch is not acknowledged; it may still be found after a restart.
	Append(ctx context.Context, b batch.Batch, d Durability) (base batch.Offset, err error)
	// Read appends to dst whole stored batches from the one that holds offset from, up to maxBytes but always at least one
	// batch if there is any below the high watermark, and returns the extended slice. from == HighWatermark gives dst
	// unchanged. Outside [Start, HighWatermark] it fails with ErrOutOfRange.
	Read(ctx context.Context, dst []byte, from batch.Offset, maxBytes int) ([]byte, error)
	// Bounds returns the marks.
	Bounds() Bounds
	// Find returns the first record whose timestamp is at or after t, below the high watermark, exact to the record
	// (ListOffsets by time), or ok=false.
	Find(ctx context.Context, t time.Time) (f Found, ok bool, err error)
	// TrimBefore moves Start forward to offset and lets whole segments before it go. It never moves back: an offset before
	// Start is no error and changes nothing. Beyond the high watermark it fails with ErrOutOfRange.
	TrimBefore(ctx context.Context, offset batch.Offset) error
	// Wait returns nil once the high watermark is beyond offset, or ctx's error, or ErrClosed.
	Wait(ctx context.Context, offset batch.Offset) error
	// Close ends the log; waiting calls return ErrClosed.
	Close() error
}

// Sizer is implemented by logs that know their size on disk and the age of their segments (retention).
type Sizer interface {
	// Segments lists the segments, oldest first. The last one is active and never trimmed.
	Segments() []Segment
}

// Segment describes one segment of a log.
type Segment struct {
	Base         batch.Offset // first offset
	Next         batch.Offset // one past the last offset
	Bytes        int64
	MaxTimestamp int64 // milliseconds since the Unix epoch; -1 if it has no record
}

// Engine keeps many logs in one place, such as a data directory. Names are "<topic>-<partition>", made of letters, digits,
// '.', '_' and '-'. It is safe for concurrent use.
type Engine interface {
	// Open returns the log of a name, making it if there is none. Each name is open at most once: a second Open returns the
	// same Log, until that was closed. It fails with ErrBadName for names that CheckName refuses.
	Open(ctx context.Context, name string) (Log, error)
	// Remove closes a log and deletes it durably: it will not come back after a restart. An unknown name is no error.
	Remove(ctx context.Context, name string) error
	// Names lists the logs that exist, open or not, in alphabetical order.
	Names(ctx context.Context) ([]string, error)
	// Close closes every open log after making what was acknowledged durable.
	Close() error
}
