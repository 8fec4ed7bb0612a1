package registry

import (
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
	ends    slot[K, V] // a ring: next is the most recent, prev the least
	slots   map[K]*slot[K, V]
	pending map[K]*flight[V]
}

type slot[K comparable, V any] struct {
	next, prev *slot[K, V]
	key        K
	value      V
	cost       int64
}

// unlink takes a slot out of the ring.
func (s *slot[K, V]) unlink() { s.prev.next, s.next.prev = s.next, s.prev }

// front makes a slot that is not in the ring the most recent one.
func (c *lru[K, V]) front(s *slot[K, V]) {
	s.prev, s.next = &c.ends, c.ends.next
	s.prev.next, s.next.prev = s, s
}

// touch returns the value of a key, which is now the most recent one. The caller holds the lock.
func (c *lru[K, V]) touch(key K) (value V, ok bool) {
	s := c.slots[key]
	if s == nil {
		return value, false
	}
	if s != c.ends.next {
		s.unlink()
		c.front(s)
	}
	return s.value, true
}

type flight[V any] struct {
	done  chan struct{} // nil unless somebody waits
	value V
	err   error
}

// errAbandoned is what others get when the one who computes panics.
var errAbandoned = fault.New(ErrTimeout, "registry.lru", "The computation that this call waited for was abandoned")

func newLRU[K comparable, V any](maxLen int, maxCost int64) *lru[K, V] {
	c := &lru[K, V]{maxLen: maxLen, maxCost: maxCost, slots: map[K]*slot[K, V]{}, pending: map[K]*flight[V]{}}
	c.ends.next, c.ends.prev = &c.ends, &c.ends
	return c
}

// do returns the value of a key, computing it with compute if it is not kept. Failures are not kept. compute returns what the value
// costs.
func (c *lru[K, V]) do(key K, compute func() (V, int64, error)) (V, error) {
	c.mu.Lock()
	if value, ok := c.touch(key); ok {
		c.mu.Unlock()
		return value, nil
	}
	if f, ok := c.pending[key]; ok {
		if f.done == nil {
			f.done = make(chan struct{})
		}
		done := f.done
		c.mu.Unlock()
		<-done
		return f.value, f.err
	}
	f := &flight[V]{err: errAbandoned}
	c.pending[key] = f
	c.mu.Unlock()
	return c.fly(key, f, compute)
}

// get returns the value of a key if it is kept.
func (c *lru[K, V]) get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.touch(key)
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
		done := f.done
		c.mu.Unlock()
		if done != nil {
			close(done)
		}
	}()
	f.value, cost, f.err = compute()
	return f.value, f.err
}

func (c *lru[K, V]) keep(key K, value V, cost int64) {
	if cost > c.maxCost {
		return
	}
	s := &slot[K, V]{key: key, value: value, cost: cost}
	c.front(s)
	c.slots[key] = s
	c.cost += cost
	for len(c.slots) > c.maxLen || c.cost > c.maxCost {
		oldest := c.ends.prev
		oldest.unlink()
		delete(c.slots, oldest.key)
		c.cost -= oldest.cost
	}
}
