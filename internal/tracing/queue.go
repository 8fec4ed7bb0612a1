package tracing

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// exporter sends spans somewhere. It is called from one goroutine.
type exporter interface {
	// export sends a batch once. It returns how many spans were refused although the rest was taken. Its error is a *busyError if it
	// is worth to try again.
	export(ctx context.Context, batch []*Span) (refused int, err error)
	close()
}

// busyError is a failure that passes.
type busyError struct {
	cause error
	after time.Duration // that the collector asks for; 0: it does not say
}

func (e *busyError) Error() string { return e.cause.Error() }

// queue takes the spans that end and sends them in batches, from one goroutine.
type queue struct {
	in      chan *Span
	config  Config
	out     []exporter
	logger  *slog.Logger
	life    context.Context // ends when what is left is given up
	kill    context.CancelFunc
	stop    chan struct{} // closed when no more spans are taken
	stopped sync.Once
	done    chan struct{}

	sent, lost atomic.Uint64
	told       time.Time // when a failure was last logged
	untold     int       // spans lost since
}

func newQueue(c Config, out []exporter, logger *slog.Logger) *queue {
	q := &queue{
		in: make(chan *Span, c.QueueSpans), config: c, out: out, logger: logger, stop: make(chan struct{}), done: make(chan struct{}),
	}
	q.life, q.kill = context.WithCancel(context.Background())
	go q.run()
	return q
}

// add queues a span, or loses it when the queue is full or closed.
func (q *queue) add(s *Span) {
	select {
	case <-q.stop:
	default:
		select {
		case q.in <- s:
			return
		default:
		}
	}
	q.lost.Add(1)
}

// errLost is a stop that came before everything was sent.
var errLost = fault.NewCode(fault.Unavailable, "traces_lost")

func (q *queue) close(ctx context.Context) error {
	q.stopped.Do(func() { close(q.stop) })
	defer q.kill()
	select {
	case <-q.done:
		return nil
	case <-ctx.Done():
		lost := q.lost.Load()
		q.kill()
		if <-q.done; q.lost.Load() == lost {
			return nil // it was done all the same
		}
		return fault.Wrap(errLost, "tracing.Close", ctx.Err(), "the last spans could not be sent in time")
	}
}

// run sends a batch when it is full, and what there is when the first of it has waited for the delay.
func (q *queue) run() {
	defer close(q.done)
	timer := time.NewTimer(q.config.Delay)
	timer.Stop()
	defer timer.Stop()
	var batch []*Span
	for {
		select {
		case s := <-q.in:
			if batch = append(batch, s); len(batch) == 1 {
				timer.Reset(q.config.Delay)
			}
			if len(batch) < q.config.BatchSpans {
				continue
			}
		case <-timer.C:
		case <-q.stop:
			q.drain(batch)
			return
		}
		timer.Stop()
		q.export(batch)
		batch = nil
	}
}

// drain sends what is left.
func (q *queue) drain(batch []*Span) {
	for {
		select {
		case s := <-q.in:
			if batch = append(batch, s); len(batch) < q.config.BatchSpans {
				continue
			}
			q.export(batch)
			batch = nil
			continue
		default:
		}
		break
	}
	q.export(batch)
	for _, e := range q.out {
		e.close()
	}
}

// export sends a batch everywhere. A span counts as lost if anybody did not get it.
func (q *queue) export(batch []*Span) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(q.life, q.config.ExportTimeout)
	defer cancel()
	lost := 0
	var failed error
	for _, e := range q.out {
		refused, err := q.try(ctx, e, batch)
		if err != nil {
			refused, failed = len(batch), err
		}
		lost = max(lost, refused)
	}
	lost = min(lost, len(batch))
	q.sent.Add(uint64(len(batch) - lost))
	q.lost.Add(uint64(lost))
	if lost > 0 {
		q.tell(lost, failed)
	}
}

// The pause before a batch is sent again, unless the collector says another.
const firstPause, longestPause = time.Second, 5 * time.Second

// try sends a batch, and again while that is worth it, until ctx ends or the queue is closed.
func (q *queue) try(ctx context.Context, e exporter, batch []*Span) (refused int, err error) {
	for wait := firstPause; ; wait = min(2*wait, longestPause) {
		refused, err = e.export(ctx, batch)
		var busy *busyError
		if !errors.As(err, &busy) {
			return refused, err
		}
		pause := busy.after
		if pause == 0 {
			pause = wait/2 + rand.N(wait/2) // so that servers that failed together do not return together
		}
		if !q.pause(ctx, pause) {
			return 0, err
		}
	}
}

// pause waits, and reports whether there is time left after that.
func (q *queue) pause(ctx context.Context, d time.Duration) bool {
	if end, bounded := ctx.Deadline(); bounded && time.Until(end) < d {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-q.stop:
	}
	return false
}

// patience is how long failures are counted until they are logged again: a collector that is down must not fill the log.
const patience = time.Minute

func (q *queue) tell(lost int, err error) {
	q.untold += lost
	if now := time.Now(); q.told.IsZero() || now.Sub(q.told) >= patience {
		attrs := []any{"spans", q.untold}
		if err != nil {
			attrs = append(attrs, "error", err)
		}
		q.logger.Warn("spans were lost", attrs...)
		q.told, q.untold = now, 0
	}
}
