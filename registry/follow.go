package registry

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

const (
	// maxStale bounds how often a write decides again because other nodes were faster.
	maxStale = 64
	// batch is how many changes are taken from the store at a time.
	batch = 256
	// firstPause and longestPause bound the pause after the store failed to say what is new.
	firstPause, longestPause = 50 * time.Millisecond, 5 * time.Second
)

// write decides, appends and applies until nobody else was faster. decide sees a view that nobody changes meanwhile; nil or
// empty change is a decision that needs no write. A refusal counts only when nothing new has come in.
func (r *Registry) write(ctx context.Context, op string, decide func(judge) (*change, error)) error {
	if err := r.takeTurn(ctx, op); err != nil {
		return err
	}
	defer r.passTurn()
	for range maxStale {
		before := r.view.end()
		c, refusal := decide(r.judge())
		if refusal == nil && (c == nil || c.empty()) {
			return nil
		}
		err := refusal
		if refusal == nil {
			err = r.append(ctx, before, c)
		}
		if err == nil || refusal == nil && !errors.Is(err, ErrStale) {
			return storeFault(op, err)
		}
		if err := r.catchUpInTurn(ctx); err != nil {
			return storeFault(op, err)
		}
		if refusal != nil && r.view.end() == before {
			return refusal
		}
	}
	return outrun(op)
}

func outrun(op string) error {
	return fault.New(ErrTimeout, op, "Other nodes of this registry wrote %d times before this request could; try again", maxStale)
}

// append makes a decision durable and applies it as a replay would. The caller has the turn.
func (r *Registry) append(ctx context.Context, after Seq, c *change) error {
	c.Time = r.opts.Clock().UnixMilli()
	data, err := c.encode()
	if err != nil {
		return fault.Wrap(ErrCorrupt, "registry.append", err, "")
	}
	ended := r.steps(ctx).begin(StepAppend)
	err = r.opts.Store.Append(ctx, after, data)
	if ended != nil {
		ended(err, slog.Uint64("pawl.registry.seq", uint64(after)+1), slog.Int("pawl.registry.bytes", len(data)))
	}
	if err != nil {
		return err
	}
	return r.applyEntry(Entry{Seq: after + 1, Data: data})
}

// applyEntry applies what the store holds, unless it is applied already. The caller has the turn.
func (r *Registry) applyEntry(e Entry) error {
	if e.Seq <= r.view.end() {
		return nil
	}
	c, err := decodeChange(e.Data)
	if err != nil {
		return err
	}
	return r.applyChange(e.Seq, c, len(e.Data))
}

// applyChange applies a change that is not applied yet, of some encoded size. The caller has the turn.
func (r *Registry) applyChange(seq Seq, c *change, size int) error {
	if at := r.view.end(); seq != at+1 && !c.Snapshot {
		return fault.New(ErrCorrupt, "registry.applyChange", "The store went from change %d to %d", at, seq)
	}
	r.mass.add(c, size)
	c, err := r.gather(c)
	if c == nil {
		return err
	}
	r.view.apply(seq, c)
	r.weigh()
	return nil
}

func (r *Registry) takeTurn(ctx context.Context, op string) error {
	if r.life.Err() != nil {
		return closed(op)
	}
	select {
	case <-r.turn:
		return nil
	case <-r.life.Done():
		return closed(op)
	case <-ctx.Done():
		return storeFault(op, ctx.Err())
	}
}

func closed(op string) error { return fault.New(ErrClosed, op, "The registry is closed") }

func (r *Registry) passTurn() { r.turn <- struct{}{} }

var errEnough = errors.New("batch is full")

// fetch reads about a batch of entries after a sequence, and never a part of a snapshot without the others.
func (r *Registry) fetch(ctx context.Context, after Seq) ([]Entry, error) {
	var out []Entry
	err := r.opts.Store.Read(ctx, after, func(e Entry) error {
		if len(out) >= batch && e.Seq > out[len(out)-1].Seq {
			return errEnough
		}
		out = append(out, Entry{e.Seq, append([]byte(nil), e.Data...)})
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

// catchUp applies what other nodes wrote. It takes the turn only if there is something.
func (r *Registry) catchUp(ctx context.Context) error {
	for {
		entries, err := r.fetch(ctx, r.view.end())
		if err != nil || len(entries) == 0 {
			return err
		}
		if err := r.takeTurn(ctx, "registry.catchUp"); err != nil {
			return err
		}
		err = r.applyAll(entries)
		r.passTurn()
		if err != nil || len(entries) < batch {
			return err
		}
	}
}

func (r *Registry) catchUpInTurn(ctx context.Context) error {
	for {
		entries, err := r.fetch(ctx, r.view.end())
		if err != nil {
			return err
		}
		if err := r.applyAll(entries); err != nil || len(entries) < batch {
			return err
		}
	}
}

func (r *Registry) applyAll(entries []Entry) error {
	for _, e := range entries {
		if err := r.applyEntry(e); err != nil {
			return err
		}
	}
	return r.gathered()
}

// follow applies what other nodes write, as it comes, until Close.
func (r *Registry) follow() {
	pause := firstPause
	for r.life.Err() == nil {
		err := r.opts.Store.Wait(r.life, r.view.end())
		if err == nil {
			err = r.catchUp(r.life)
		}
		if err == nil {
			pause = firstPause
			continue
		}
		if r.life.Err() != nil {
			return
		}
		r.opts.Logger.Warn("cannot follow the store", slog.Any("error", err), slog.Duration("pause", pause))
		rest(r.life, pause)
		pause = min(2*pause, longestPause)
	}
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// storeFault gives failures of a store a code that callers know.
func storeFault(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrStore): // also if what it waited for ran into a time-out of its own
		return fault.Wrap(ErrStore, op, err, "Error while accessing the backend store: %s", fault.DetailOf(err))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(ErrTimeout, op, err, "The operation timed out")
	case errors.Is(err, ErrCorrupt), errors.Is(err, ErrClosed), errors.Is(err, ErrTimeout):
		return err
	}
	return fault.Wrap(ErrStore, op, err, "Error while accessing the backend store")
}

// asker lets callers share a question to the store, such that each answer was asked for after its callers came.
type asker struct {
	question func() error
	mu       sync.Mutex
	now      *round // asked, not answered yet: too late to join
	next     *round // asked once now is answered
}

type round struct {
	done chan struct{}
	err  error
}

func (a *asker) ask(ctx context.Context) error {
	a.mu.Lock()
	var mine *round
	switch {
	case a.now == nil:
		mine = &round{done: make(chan struct{})}
		a.now = mine
		go a.run(mine)
	case a.next == nil:
		a.next = &round{done: make(chan struct{})}
		mine = a.next
	default:
		mine = a.next
	}
	a.mu.Unlock()
	select {
	case <-mine.done:
		return storeFault("registry.catchUp", mine.err)
	case <-ctx.Done():
		return fault.Wrap(ErrTimeout, "registry.catchUp", ctx.Err(), "The operation timed out")
	}
}

// run answers rounds until nobody waits.
func (a *asker) run(r *round) {
	for r != nil {
		r.err = a.question()
		a.mu.Lock()
		a.now, a.next = a.next, nil
		next := a.now
		a.mu.Unlock()
		close(r.done)
		r = next
	}
}
