package serde

import (
	"context"
	"sync"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// cache remembers the answers to slow questions: good ones until the table is full, lasting refusals for a short time. At
// most one question per key is under way, and no lock is held while it is.
type cache[K comparable, V any] struct {
	known    *table[K, V]
	limit    int
	negative time.Duration // how long a refusal is remembered
	timeout  time.Duration // how long a question may take
	revision func() uint64 // nil unless the source is Revisioned

	mu       sync.Mutex // guards the two maps; never held over a question
	underway map[K]*question[V]
	refused  map[K]refusal
}

type question[V any] struct {
	revision uint64
	done     chan struct{} // closed when value and err are set
	value    V
	err      error
}

type refusal struct {
	err      error
	until    time.Time
	revision uint64
}

func newCache[K comparable, V any](limit int, o Options, revision func() uint64) *cache[K, V] {
	return &cache[K, V]{
		known: newTable[K, V](limit), limit: limit, negative: o.NegativeTTL, timeout: o.Timeout, revision: revision,
		underway: map[K]*question[V]{}, refused: map[K]refusal{},
	}
}

// get returns the answer for k, asking if it is not known. A caller whose ctx ends stops waiting; the question goes on for the
// others, within its own time limit.
func (c *cache[K, V]) get(ctx context.Context, k K, ask func(context.Context) (V, error)) (V, error) {
	if v, ok := c.known.get(k); ok {
		return v, nil
	}
	return c.renew(ctx, k, func(V) bool { return true }, ask)
}

// renew is get for answers that do not stay good: one for which good is false is asked for anew.
func (c *cache[K, V]) renew(ctx context.Context, k K, good func(V) bool, ask func(context.Context) (V, error)) (V, error) {
	q, v, err := c.join(ctx, k, good, ask)
	if q == nil {
		return v, err
	}
	select {
	case <-q.done:
		return q.value, q.err
	case <-ctx.Done():
		return v, fault.Wrap(ErrRegistry, "serde.Resolver", ctx.Err(), "the registry did not answer in time")
	}
}

// join returns the question under way for k, started here if need be, or no question and the answer.
func (c *cache[K, V]) join(ctx context.Context, k K, good func(V) bool, ask func(context.Context) (V, error)) (*question[V], V, error) {
	rev := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.known.get(k); ok && good(v) { // answered since the caller looked
		return nil, v, nil
	}
	var none V
	if r, ok := c.refused[k]; ok {
		if r.revision == rev && time.Now().Before(r.until) {
			return nil, none, r.err
		}
		delete(c.refused, k)
	}
	q := c.underway[k]
	if q == nil || q.revision != rev { // one asked before the last change may miss what the caller knows to be there
		q = &question[V]{revision: rev, done: make(chan struct{})}
		c.underway[k] = q
		go c.answer(context.WithoutCancel(ctx), k, q, ask)
	}
	return q, none, nil
}

func (c *cache[K, V]) now() uint64 {
	if c.revision == nil {
		return 0
	}
	return c.revision()
}

func (c *cache[K, V]) answer(ctx context.Context, k K, q *question[V], ask func(context.Context) (V, error)) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	q.value, q.err = ask(ctx)
	if q.err == nil {
		c.known.put(k, q.value)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.underway[k] == q {
		delete(c.underway, k)
	}
	if q.err != nil && lasting(q.err) {
		c.refuse(k, refusal{err: q.err, until: time.Now().Add(c.negative), revision: q.revision})
	}
	close(q.done)
}

// refuse remembers a refusal; c.mu is held. Whoever sends ever new unknown IDs costs a bounded number of entries.
func (c *cache[K, V]) refuse(k K, r refusal) {
	if len(c.refused) >= c.limit {
		clear(c.refused)
	}
	c.refused[k] = r
}
