package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
	"golang.org/x/sync/semaphore"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

// readAll reads the partitions once, in the order of the request. The first batch is read even if it is larger than all bounds
// of the request, so that a consumer always gets on (KIP-74). granted is memory that was acquired before. wanting tells that
// nothing was read because there was not so much memory.
func (c *call) readAll(a *fetchAnswer, req *kmsg.FetchRequest, granted int64) (failed bool, wanting int64) {
	g := &gathering{
		limit:     min(int(max(req.MaxBytes, 0)), c.server.opts.MaxFetchBytes),
		committed: a.committed,
		memory:    c.server.fetches, most: c.server.opts.MaxFetchMemory, granted: granted, held: granted,
	}
	for f := range a.each {
		f.size, f.pieces, f.stable, f.aborted = 0, f.pieces[:0], -1, nil
		if f.err == nil {
			g.read(c.ctx, f)
		}
		failed = failed || f.err != nil
	}
	a.size, a.free = g.size, g.free
	if g.size == 0 {
		wanting = g.wanting
	}
	return failed, wanting
}

// gathering is the records of a Fetch as they are read, in memory that is charged to that of all Fetch responses.
type gathering struct {
	limit     int  // of what may be read, in bytes
	committed bool // nothing at or beyond the last stable offset is read

	memory  *semaphore.Weighted
	most    int64 // of memory
	granted int64 // acquired and not used yet
	held    int64 // acquired
	wanting int64 // what could not be acquired

	buffers []*buffer
	space   []byte // what is left of the last buffer
	size    int    // of what was read
}

const (
	leastBuffer = 16 << 10 // so that many partitions with little share one
	mostBuffer  = 4 << 20  // read at a time from one partition, if its batches are not larger
)

// room returns memory for n bytes of a partition of which left may be read; nil if it is not to be.
func (g *gathering) room(n, left int) []byte {
	if n > left && g.size > 0 {
		return nil // only the very first batch may pass the bounds
	}
	if n > len(g.space) && !g.grow(n) {
		return nil
	}
	return g.space[:0:n]
}

// grow takes another buffer, if there is memory for it.
func (g *gathering) grow(n int) bool {
	size := bufferSize(max(n, leastBuffer))
	charge := min(int64(size), g.most)
	if g.granted >= charge {
		g.granted -= charge
	} else if g.memory.TryAcquire(charge) {
		g.held += charge
	} else {
		g.wanting = charge
		return false
	}
	b := takeBuffer(size)
	g.buffers, g.space = append(g.buffers, b), b.b
	return true
}

// free gives all memory back.
func (g *gathering) free() {
	g.memory.Release(g.held)
	for _, b := range g.buffers {
		b.release()
	}
}

// read adds what the partition has, up to its own bound and that of all. Only the very first batch may pass them.
func (g *gathering) read(ctx context.Context, f *fetched) {
	next := g.readTo(ctx, f)
	if g.committed && f.err == nil && f.size > 0 {
		if f.aborted, f.err = f.partition.Aborted(ctx, f.from, next); f.err != nil {
			g.size -= f.size
			f.size, f.pieces = 0, f.pieces[:0]
		}
	}
}

// end returns where reading ends, and the marks of the partition.
func (g *gathering) end(ctx context.Context, f *fetched) (batch.Offset, commitlog.Bounds, error) {
	if !g.committed {
		bounds, err := f.partition.Bounds()
		return bounds.HighWatermark, bounds, err
	}
	stable, bounds, err := f.partition.LastStable(ctx)
	f.stable = int64(stable)
	return stable, bounds, err
}

// readTo is read without what belongs to transactions. It returns the offset that follows the last batch.
func (g *gathering) readTo(ctx context.Context, f *fetched) (from batch.Offset) {
	from, left := f.from, min(f.maxBytes, g.limit-g.size)
	for {
		end, bounds, err := g.end(ctx, f)
		f.highWatermark, f.logStart = int64(bounds.HighWatermark), int64(bounds.Start)
		if f.err = err; err != nil || from == end || (left <= 0 && g.size > 0) {
			return from
		}
		if from > end && from <= bounds.HighWatermark {
			return from // a reader of everything went on to read what is committed
		}
		room := func(n int) []byte { return g.room(n, left) }
		got, bounds, err := f.partition.ReadTo(ctx, from, max(min(left, mostBuffer), 0), room)
		if err != nil {
			if f.size == 0 { // else the log was trimmed over what is already read: the next Fetch will tell
				f.err, f.highWatermark, f.logStart = err, int64(bounds.HighWatermark), int64(bounds.Start)
			}
			return from
		}
		got, next := before(got, from, end)
		if len(got) == 0 {
			return from
		}
		g.space = g.space[len(got):]
		f.pieces = append(f.pieces, got)
		f.size, g.size, left = f.size+len(got), g.size+len(got), left-len(got)
		from = next
	}
}

// before returns the batches, which a log returned whole, up to the one that begins at end or later, and the offset that
// follows the last of them; from if there is none.
func before(batches []byte, from, end batch.Offset) (kept []byte, next batch.Offset) {
	next = from
	for rest := batches; len(rest) > 0; {
		b, others, err := batch.Cut(rest)
		if err != nil {
			panic("kafka: a log returned a batch that is none: " + err.Error())
		}
		if b.BaseOffset() >= end {
			return batches[:len(batches)-len(rest)], next
		}
		next, rest = b.NextOffset(), others
	}
	return batches, next
}
