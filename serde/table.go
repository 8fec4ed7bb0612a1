package serde

import (
	"sync"
	"sync/atomic"
)

// table is a bounded map for many readers and rare writers: readers take no lock, a writer copies the map. When it is full,
// entries that were not read since the last time it was full make room.
type table[K comparable, V any] struct {
	limit int
	mu    sync.Mutex // held by writers only, never while anything is awaited
	cells atomic.Pointer[map[K]*cell[V]]
}

type cell[V any] struct {
	value V
	read  atomic.Bool
}

func newTable[K comparable, V any](limit int) *table[K, V] {
	t := &table[K, V]{limit: limit}
	t.cells.Store(&map[K]*cell[V]{})
	return t
}

func (t *table[K, V]) get(k K) (v V, ok bool) {
	c := (*t.cells.Load())[k]
	if c == nil {
		return v, false
	}
	if !c.read.Load() { // a store on every read would bounce the line between cores
		c.read.Store(true)
	}
	return c.value, true
}

func (t *table[K, V]) put(k K, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := *t.cells.Load()
	next := make(map[K]*cell[V], len(old)+1)
	_, known := old[k]
	for key, c := range old {
		next[key] = c
	}
	if !known && len(next) >= t.limit {
		t.makeRoom(next)
	}
	next[k] = &cell[V]{value: v}
	t.cells.Store(&next)
}

// makeRoom drops what was not read since the last call, or any half if everything was.
func (t *table[K, V]) makeRoom(cells map[K]*cell[V]) {
	for k, c := range cells {
		if !c.read.Swap(false) {
			delete(cells, k)
		}
	}
	for k := range cells {
		if len(cells) <= t.limit/2 {
			return
		}
		delete(cells, k)
	}
}

func (t *table[K, V]) drop(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := *t.cells.Load()
	if _, ok := old[k]; !ok {
		return
	}
	next := make(map[K]*cell[V], len(old))
	for key, c := range old {
		if key != k {
			next[key] = c
		}
	}
	t.cells.Store(&next)
}
