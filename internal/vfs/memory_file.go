package vfs

import (
	"io"
	"io/fs"
	"sync/atomic"
	"syscall"
	"time"
)

// memoryFile is one handle.
type memoryFile struct {
	m      *Memory
	n      *node
	name   string
	closed atomic.Bool
}

func (f *memoryFile) begin(op Op, bytes int) (int, error) {
	if f.closed.Load() {
		return 0, &fs.PathError{Op: "use", Path: f.name, Err: fs.ErrClosed}
	}
	return f.m.ask(Call{Op: op, Name: f.name, Bytes: bytes})
}

// ReadAt implements File.
func (f *memoryFile) ReadAt(p []byte, at int64) (int, error) {
	if _, err := f.begin(OpRead, len(p)); err != nil {
		return 0, err
	}
	if at < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: syscall.EINVAL}
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if at >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements File.
func (f *memoryFile) WriteAt(p []byte, at int64) (int, error) {
	n, failed := f.begin(OpWrite, len(p))
	if failed != nil && n == 0 {
		return 0, failed
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	room := n
	if f.m.limit > 0 {
		room = int(max(0, min(int64(n), f.m.limit-f.m.used+int64(len(f.n.data))-at)))
	}
	if room > 0 {
		had := len(f.n.data)
		f.n.write(p[:room], at)
		f.m.used += int64(len(f.n.data) - had)
	}
	if failed == nil && room < n {
		failed = &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	return room, failed
}

// Sync implements File. After a failure nothing that was unsynced ever becomes durable, although later calls succeed: this is
// how operating systems behave.
func (f *memoryFile) Sync() error {
	_, err := f.begin(OpSync, 0)
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err != nil {
		f.n.poisoned = true
		return err
	}
	f.n.sync()
	return nil
}

// Truncate implements File.
func (f *memoryFile) Truncate(size int64) error {
	if _, err := f.begin(OpTruncate, 0); err != nil {
		return err
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return f.resize(size)
}

func (f *memoryFile) resize(size int64) error {
	growth := size - int64(len(f.n.data))
	if growth > 0 && f.m.limit > 0 && f.m.used+growth > f.m.limit {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: syscall.ENOSPC}
	}
	f.m.used += growth
	f.n.truncate(size)
	return nil
}

// Allocate implements Allocator.
func (f *memoryFile) Allocate(size int64) error {
	if _, err := f.begin(OpTruncate, 0); err != nil {
		return err
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if size <= int64(len(f.n.data)) {
		return nil
	}
	return f.resize(size)
}

// Size implements File.
func (f *memoryFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return int64(len(f.n.data)), nil
}

// Close implements File.
func (f *memoryFile) Close() error {
	if f.closed.Swap(true) {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	return nil
}

// info is the fs.FileInfo of a node.
type info struct {
	name string
	size int64
	dir  bool
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) IsDir() bool        { return i.dir }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | dirMode
	}
	return fileMode
}
