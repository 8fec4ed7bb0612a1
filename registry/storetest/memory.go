package storetest

import (
	"context"
	"sync"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// Memory is a registry.Store in memory: the reference that the exam is tried on first, and the double for tests of the layers
// above. It is safe for concurrent use.
type Memory struct {
	j      *journal
	mu     sync.Mutex
	closed chan struct{}
}

// journal is what several handles share: the changes, as a disk would hold them.
type journal struct {
	mu      sync.Mutex
	first   registry.Seq // sequence of entries[0]
	entries [][]byte
	grown   chan struct{} // closed and replaced at each append
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return newHandle(&journal{first: 1, grown: make(chan struct{})})
}

func newHandle(j *journal) *Memory { return &Memory{j: j, closed: make(chan struct{})} }

// Peer returns a second, independent handle on the same changes, as another process on a shared database would have.
func (m *Memory) Peer() *Memory { return newHandle(m.j) }

// Reopen closes m and returns a new handle on the same changes, as after a restart.
func (m *Memory) Reopen() *Memory {
	_ = m.Close() // never fails
	return newHandle(m.j)
}

func (j *journal) end() registry.Seq { return j.first + registry.Seq(len(j.entries)) - 1 }

// Append implements registry.Store.
func (m *Memory) Append(ctx context.Context, after registry.Seq, data []byte) error {
	const op = "storetest.Append"
	if err := m.usable(ctx, op); err != nil {
		return err
	}
	m.j.mu.Lock()
	defer m.j.mu.Unlock()
	if end := m.j.end(); after != end {
		return fault.New(registry.ErrStale, op, "the log ends at %d, not at %d", end, after)
	}
	m.j.entries = append(m.j.entries, append([]byte{}, data...))
	close(m.j.grown)
	m.j.grown = make(chan struct{})
	return nil
}

// Read implements registry.Store.
func (m *Memory) Read(ctx context.Context, after registry.Seq, yield func(registry.Entry) error) error {
	const op = "storetest.Read"
	if err := m.usable(ctx, op); err != nil {
		return err
	}
	first, entries := m.j.snapshot()
	var scratch []byte // what yield sees dies after the call, so that keeping it shows as a failure in tests above
	for i, data := range entries {
		seq := first + registry.Seq(i)
		if seq <= after {
			continue
		}
		if err := m.usable(ctx, op); err != nil {
			return err
		}
		scratch = append(scratch[:0], data...)
		if err := yield(registry.Entry{Seq: seq, Data: scratch}); err != nil {
			return err
		}
		clear(scratch)
	}
	return nil
}

func (j *journal) snapshot() (first registry.Seq, entries [][]byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.first, j.entries[:len(j.entries):len(j.entries)]
}

// Wait implements registry.Store.
func (m *Memory) Wait(ctx context.Context, after registry.Seq) error {
	for {
		if err := m.usable(ctx, "storetest.Wait"); err != nil {
			return err
		}
		m.j.mu.Lock()
		end, grown := m.j.end(), m.j.grown
		m.j.mu.Unlock()
		if end > after {
			return nil
		}
		select {
		case <-grown:
		case <-m.closed:
		case <-ctx.Done():
		}
	}
}

// Compact implements registry.Compactor.
func (m *Memory) Compact(ctx context.Context, upTo registry.Seq, data []byte) error {
	const op = "storetest.Compact"
	if err := m.usable(ctx, op); err != nil {
		return err
	}
	j := m.j
	j.mu.Lock()
	defer j.mu.Unlock()
	if upTo > j.end() {
		return fault.New(registry.ErrStale, op, "the log ends at %d, before %d", j.end(), upTo)
	}
	if upTo < j.first {
		return nil // a later snapshot stands already
	}
	rest := j.entries[upTo-j.first+1:]
	j.entries = append([][]byte{append([]byte{}, data...)}, rest...)
	j.first = upTo
	return nil
}

// Close implements registry.Store. The changes stay for Peer and Reopen.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.closed:
	default:
		close(m.closed)
	}
	return nil
}

func (m *Memory) usable(ctx context.Context, op string) error {
	select {
	case <-m.closed:
		return fault.New(registry.ErrStore, op, "the store is closed")
	default:
		return ctx.Err()
	}
}
