package vfs

import (
	"bytes"
	"maps"
	"math/rand/v2"
)

// Crash returns a new file system with what the disk holds if the machine stops now. Everything synced is there. What was not
// synced is there or not as rng says: of each file an arbitrary selection of its unsynced writes, each whole or torn at both
// ends; of each folder the changes up to some moment. The original goes on as if nothing had happened, and locks are not
// carried over.
func (m *Memory) Crash(rng *rand.Rand) *Memory { return m.after(&whim{rng}) }

// CrashLosing is the Crash that keeps nothing unsynced.
func (m *Memory) CrashLosing() *Memory { return m.after(loseAll{}) }

// Kill returns a new file system with what is there if the process stops now but the machine goes on: everything written.
func (m *Memory) Kill() *Memory { return m.after(keepAll{}) }

// fate decides what becomes of unsynced changes.
type fate interface {
	changes(n int) int            // how many of n changes of a folder, from the oldest
	edit(size int) (from, to int) // which bytes of a write survive; from == to is none
	truncation() (survives bool)  // whether a new size survives
}

type keepAll struct{}

func (keepAll) changes(n int) int            { return n }
func (keepAll) edit(size int) (from, to int) { return 0, size }
func (keepAll) truncation() bool             { return true }

type loseAll struct{}

func (loseAll) changes(int) int         { return 0 }
func (loseAll) edit(int) (from, to int) { return 0, 0 }
func (loseAll) truncation() bool        { return false }

type whim struct{ rng *rand.Rand }

func (w *whim) changes(n int) int { return w.rng.IntN(n + 1) }
func (w *whim) truncation() bool  { return w.rng.IntN(2) == 0 }
func (w *whim) edit(size int) (from, to int) {
	switch w.rng.IntN(4) {
	case 0:
		return 0, 0
	case 1:
		from = w.rng.IntN(size + 1)
		return from, from + w.rng.IntN(size-from+1)
	case 2:
		return 0, w.rng.IntN(size + 1)
	}
	return 0, size
}

func (m *Memory) after(f fate) *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := NewMemory()
	next.limit = m.limit
	next.root = m.root.after(f, map[*node]*node{})
	next.used = next.root.size()
	return next
}

// after copies n as the fate leaves it. done keeps a file that has two names one file.
func (n *node) after(f fate, done map[*node]*node) *node {
	if c := done[n]; c != nil {
		return c
	}
	if !n.isDir() {
		done[n] = n.fileAfter(f)
		return done[n]
	}
	c := newDir()
	done[n] = c
	entries := maps.Clone(n.synced)
	for _, cs := range n.changes[:f.changes(len(n.changes))] {
		apply(entries, cs)
	}
	for _, name := range sortedNames(entries) { // in order, so that a seed gives one outcome
		c.entries[name] = entries[name].after(f, done)
	}
	c.syncEntries()
	return c
}

func (n *node) fileAfter(f fate) *node {
	data := bytes.Clone(n.durable)
	for _, e := range n.edits {
		if e.data == nil {
			if f.truncation() {
				data = e.apply(data)
			}
			continue
		}
		if from, to := f.edit(len(e.data)); to > from {
			data = edit{e.at + int64(from), e.data[from:to]}.apply(data)
		}
	}
	return &node{data: data, durable: bytes.Clone(data)}
}

func (n *node) size() int64 {
	total := int64(len(n.data))
	for _, c := range n.entries {
		total += c.size()
	}
	return total
}
