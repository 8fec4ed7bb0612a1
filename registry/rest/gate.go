package rest

import (
	"context"
	"net/http"

	"golang.org/x/sync/semaphore"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// errBusy is a server that holds as many large bodies as it may.
var errBusy = fault.NewCode(fault.Unavailable, "http_busy")

const (
	// longBody is the size from which a body has to wait for others of its kind. Schemas are rarely that long.
	longBody = 64 << 10
	// shortWork bounds the bytes of short bodies that are worked on at the same time.
	shortWork = 4 << 20
	// held is how many bodies of the greatest size may be in memory at the same time, read or being read.
	held = 8
)

// gate bounds the memory that bodies take. A parsed schema is some thirty times as large as its text, so that a few long texts at
// the same time would be gigabytes: they take turns, and short ones do not wait for them. Who waits for a turn and leaves is not
// served. Bodies that are being read count with the bytes that came so far, so that who sends slowly holds up nobody.
type gate struct {
	short, long, memory *semaphore.Weighted
	longWork            int64
}

func newGate(maxBody int64) *gate {
	return &gate{
		short: semaphore.NewWeighted(shortWork), long: semaphore.NewWeighted(maxBody), memory: semaphore.NewWeighted(held * maxBody), longWork: maxBody,
	}
}

// work waits for the turn of a body of n bytes. The caller ends it with done.
func (g *gate) work(ctx context.Context, n int64) (done func(), err error) {
	lane, weight := g.short, max(n, 1)
	if n >= longBody {
		lane, weight = g.long, min(n, g.longWork)
	}
	if err := lane.Acquire(ctx, weight); err != nil {
		return nil, fault.Wrap(registry.ErrTimeout, "rest.work", err, "The operation timed out")
	}
	return func() { lane.Release(weight) }, nil
}

// hold counts n more bytes in memory, or fails if that would be too many.
func (g *gate) hold(n int64) error {
	if g.memory.TryAcquire(n) {
		return nil
	}
	return fault.New(errBusy, "rest.hold", "The server is reading as many large requests as it can hold. Try again")
}

// limitWork ends the context of requests that change or judge something when their time is over.
func (x *exchange) limitWork() (done context.CancelFunc) {
	if x.r.Method != http.MethodPost && x.r.Method != http.MethodPut || x.s.opts.WorkTimeout <= 0 {
		return func() {}
	}
	ctx, done := context.WithTimeout(x.r.Context(), x.s.opts.WorkTimeout)
	x.r = x.r.WithContext(ctx)
	return done
}
