package registry

import (
	"container/list"
	"sync"

	"github.com/pawl-registry/pawl/fault"
)

// lru keeps the most recently used values within a number and a total cost, and computes each missing value once however many
// ask for it at the same time. It is safe for concurrent use; computing takes place outside the lock.
type lru[K comparable, V any] struct {
	mu      sync.Mutex
	maxLen  int
	maxCost int64
	cost    int64
	order   list.List // of *slot[K, V]; front is the most recent
	slots   map[K]*list.Element
	pending map[K]*flight[V]
}

type slot[K comparable, V any] struct {
	key   K
	value V
	cost  int64
}

type flight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// errAbandoned is what others get when the one who computes panics.
var errAbandoned = fault.New(ErrTimeout, "registry.lru", "The computation that this call waited for was abandoned")

func newLRU[K comparable, V any](maxLen int, maxCost int64) *lru[K, V] {
	return &lru[K, V]{maxLen: maxLen, maxCost: maxCost, slots: map[K]*list.Element{}, pending: map[K]*flight[V]{}}
}

// do returns the value of a key, computing it with compute if it is not kept. Failures are not kept. compute returns what the value
// costs.
func (c *lru[K, V]) do(key K, compute func() (V, int64, error)) (V, error) {
	c.mu.Lock()
	if e, ok := c.slots[key]; ok {
		c.order.MoveToFront(e)
		value := e.Value.(*slot[K, V]).value
		c.mu.Unlock()
		return value, nil
	}
	if f, ok := c.pending[key]; ok {
		c.mu.Unlock()
		<-f.done
		return f.value, f.err
	}
	f := &flight[V]{done: make(chan struct{}), err: errAbandoned}
	c.pending[key] = f
	c.mu.Unlock()
	return c.fly(key, f, compute)
}

// get returns the value of a key if it is kept.
func (c *lru[K, V]) get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.slots[key]
	if !ok {
		return value, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*slot[K, V]).value, true
}

// put keeps the value of a key unless one is kept already.
func (c *lru[K, V]) put(key K, value V, cost int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.slots[key]; !ok {
		c.keep(key, value, cost)
	}
}

// fly fills a flight. It also ends it when compute panics, so that nobody waits for ever.
func (c *lru[K, V]) fly(key K, f *flight[V], compute func() (V, int64, error)) (V, error) {
	var cost int64
	defer func() {
		c.mu.Lock()
		delete(c.pending, key)
		if f.err == nil {
			c.keep(key, f.value, cost)
		}
		c.mu.Unlock()
		close(f.done)
	}()
	f.value, cost, f.err = compute()
	return f.value, f.err
}

func (c *lru[K, V]) keep(key K, value V, cost int64) {
	if cost > c.maxCost {
		return
	}
	c.slots[key] = c.order.PushFront(&slot[K, V]{key, value, cost})
	c.cost += cost
	for c.order.Len() > c.maxLen || c.cost > c.maxCost {
		oldest := c.order.Back()
		s := c.order.Remove(oldest).(*slot[K, V])
		delete(c.slots, s.key)
		c.cost -= s.cost
	}
}
