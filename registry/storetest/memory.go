package storetest

import (
	"bytes"
	"context"
	"iter"
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
	base    registry.Seq  // the change that the snapshot ends with; 0: there is none
	parts   [][]byte      // of the snapshot; replaced, never altered
	entries [][]byte      // the changes after base
	grown   chan struct{} // closed and replaced at each append
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return newHandle(&journal{grown: make(chan struct{})})
}

func newHandle(j *journal) *Memory { return &Memory{j: j, closed: make(chan struct{})} }

// Peer returns a second, independent handle on the same changes, as another process on a shared database would have.
func (m *Memory) Peer() *Memory { return newHandle(m.j) }

// Reopen closes m and returns a new handle on the same changes, as after a restart.
func (m *Memory) Reopen() *Memory {
	_ = m.Close() // never fails
	return newHandle(m.j)
}

func (j *journal) end() registry.Seq { return j.base + registry.Seq(len(j.entries)) }

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
	var scratch []byte // what yield sees dies after the call, so that keeping it shows as a failure in tests above
	for _, e := range m.j.after(after) {
		if err := m.usable(ctx, op); err != nil {
			return err
		}
		scratch = append(scratch[:0], e.Data...)
		if err := yield(registry.Entry{Seq: e.Seq, Data: scratch}); err != nil {
			return err
		}
		clear(scratch)
	}
	return nil
}

// after returns what a reader gets from a sequence on.
func (j *journal) after(after registry.Seq) []registry.Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []registry.Entry
	if after < j.base {
		for _, part := range j.parts {
			out = append(out, registry.Entry{Seq: j.base, Data: part})
		}
		after = j.base
	}
	for seq := after + 1; seq <= j.end(); seq++ {
		out = append(out, registry.Entry{Seq: seq, Data: j.entries[seq-j.base-1]})
	}
	return out
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
func (m *Memory) Compact(ctx context.Context, upTo registry.Seq, parts iter.Seq2[[]byte, error]) error {
	const op = "storetest.Compact"
	var kept [][]byte
	for part, err := range parts {
		if err != nil {
			return err
		}
		kept = append(kept, bytes.Clone(part))
	}
	if err := m.usable(ctx, op); err != nil {
		return err
	}
	j := m.j
	j.mu.Lock()
	defer j.mu.Unlock()
	if upTo > j.end() {
		return fault.New(registry.ErrStale, op, "the log ends at %d, before %d", j.end(), upTo)
	}
	if upTo <= j.base {
		return nil // a later snapshot stands already
	}
	j.entries = j.entries[upTo-j.base:]
	j.base, j.parts = upTo, kept
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
