package logtest

import (
	"context"
	"slices"
	"sync"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

// Memory is a commitlog.Engine in memory: the reference that the exam is tried on first, and the double for tests of the
// broker. What is appended is committed at once. It is safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	logs   map[string]*stored
	open   map[string]*memoryLog
	closed bool
}

// NewMemory returns an engine without logs.
func NewMemory() *Memory {
	return &Memory{logs: map[string]*stored{}, open: map[string]*memoryLog{}}
}

// Reopen closes m and returns an engine that holds what m held, as after a restart.
func (m *Memory) Reopen() *Memory {
	_ = m.Close() // never fails
	return &Memory{logs: m.logs, open: map[string]*memoryLog{}}
}

// Open implements commitlog.Engine.
func (m *Memory) Open(ctx context.Context, name string) (commitlog.Log, error) {
	if err := commitlog.CheckName(name); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx, "logtest.Open"); err != nil {
		return nil, err
	}
	if l := m.open[name]; l != nil && !l.isClosed() {
		return l, nil
	}
	if m.logs[name] == nil {
		m.logs[name] = new(stored)
	}
	m.open[name] = newMemoryLog(m.logs[name])
	return m.open[name], nil
}

// Remove implements commitlog.Engine.
func (m *Memory) Remove(ctx context.Context, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx, "logtest.Remove"); err != nil {
		return err
	}
	if l := m.open[name]; l != nil {
		_ = l.Close() // never fails
	}
	delete(m.open, name)
	delete(m.logs, name)
	return nil
}

// Names implements commitlog.Engine.
func (m *Memory) Names(ctx context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx, "logtest.Names"); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(m.logs))
	for name := range m.logs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Close implements commitlog.Engine.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.open {
		_ = l.Close() // never fails
	}
	m.closed = true
	return nil
}

func (m *Memory) usable(ctx context.Context, op string) error {
	if m.closed {
		return fault.New(commitlog.ErrClosed, op, "the engine is closed")
	}
	return ctx.Err()
}

// stored is what outlives a log's Close: the batches, as a disk would hold them.
type stored struct {
	start, end batch.Offset
	batches    []batch.Batch
	rolls      []batch.Offset // where segments but the first begin, ascending
	compacted  batch.Offset
}
