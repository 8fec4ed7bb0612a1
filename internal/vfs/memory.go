package vfs

import (
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/pawl-registry/pawl/fault"
)

// Op is a call that a Memory can be made to fail.
type Op uint8

// The calls of FS and File.
const (
	OpOpen Op = iota
	OpCreate
	OpRemove
	OpRename
	OpMkdirAll
	OpReadDir
	OpSyncDir
	OpRead
	OpWrite
	OpSync
	OpTruncate
)

// Call is one call about to be made.
type Call struct {
	Op    Op
	Name  string
	Bytes int // OpWrite: how many bytes are to be written
}

// Memory is a file system in memory that forgets, tears and fails on command. It knows what was synced and what was not, and
// Crash gives a state that a disk could hold after a loss of power. It is safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	root   *node
	locks  map[string]bool
	used   int64
	limit  int64 // bytes of all files; 0 is no limit
	before func(Call) (write int, err error)
}

// NewMemory returns an empty file system.
func NewMemory() *Memory { return &Memory{root: newDir(), locks: map[string]bool{}} }

// Before has f called ahead of every call. An error fails the call; an OpWrite then writes the first write bytes all the
// same, as a short write does. f may use the file system, and nil ends it.
func (m *Memory) Before(f func(c Call) (write int, err error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = f
}

// Limit makes the disk full once its files hold bytes bytes; 0 is no limit. Writes beyond are short and fail with ENOSPC.
func (m *Memory) Limit(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = bytes
}

func (m *Memory) ask(c Call) (int, error) {
	m.mu.Lock()
	before := m.before
	m.mu.Unlock()
	if before == nil {
		return c.Bytes, nil
	}
	n, err := before(c)
	if err != nil {
		return max(0, min(n, c.Bytes)), err
	}
	return c.Bytes, nil
}

// begin asks the hook and takes the lock.
func (m *Memory) begin(op Op, name string) error {
	if _, err := m.ask(Call{Op: op, Name: name}); err != nil {
		return err
	}
	m.mu.Lock()
	return nil
}

func parts(name string) []string {
	if name = path.Clean(name); name == "." {
		return nil
	}
	return strings.Split(name, "/")
}

// dir returns the folder called name, or nil.
func (m *Memory) dir(name string) *node {
	at := m.root
	for _, p := range parts(name) {
		if at = at.entries[p]; at == nil || !at.isDir() {
			return nil
		}
	}
	return at
}

// parent returns the folder that holds name, or nil, and the last part of name.
func (m *Memory) parent(name string) (*node, string) {
	dir, base := path.Split(path.Clean(name))
	return m.dir(dir), base
}

func notExist(op, name string) error { return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist} }

// Open implements FS.
func (m *Memory) Open(name string) (File, error) {
	if err := m.begin(OpOpen, name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	dir, base := m.parent(name)
	if dir == nil || dir.entries[base] == nil || dir.entries[base].isDir() {
		return nil, notExist("open", name)
	}
	return &memoryFile{m: m, n: dir.entries[base], name: name}, nil
}

// Create implements FS.
func (m *Memory) Create(name string) (File, error) {
	if err := m.begin(OpCreate, name); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	dir, base := m.parent(name)
	if dir == nil {
		return nil, notExist("create", name)
	}
	n := dir.entries[base]
	if n == nil {
		n = &node{}
		dir.set(change{base, n})
	} else if n.isDir() {
		return nil, &fs.PathError{Op: "create", Path: name, Err: syscall.EISDIR}
	}
	m.used -= int64(len(n.data))
	n.truncate(0)
	return &memoryFile{m: m, n: n, name: name}, nil
}

// Remove implements FS.
func (m *Memory) Remove(name string) error {
	if err := m.begin(OpRemove, name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	dir, base := m.parent(name)
	if dir == nil || dir.entries[base] == nil {
		return notExist("remove", name)
	}
	n := dir.entries[base]
	if len(n.entries) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: syscall.ENOTEMPTY}
	}
	m.used -= int64(len(n.data))
	dir.set(change{base, nil})
	return nil
}

// Rename implements FS. Within one folder it is atomic in a crash.
func (m *Memory) Rename(from, to string) error {
	if err := m.begin(OpRename, from); err != nil {
		return err
	}
	defer m.mu.Unlock()
	source, old := m.parent(from)
	target, base := m.parent(to)
	if source == nil || target == nil || source.entries[old] == nil {
		return notExist("rename", from)
	}
	n := source.entries[old]
	if gone := target.entries[base]; gone != nil && gone != n {
		m.used -= int64(len(gone.data))
	}
	if source == target {
		source.set(change{old, nil}, change{base, n})
		return nil
	}
	target.set(change{base, n})
	source.set(change{old, nil})
	return nil
}

// MkdirAll implements FS.
func (m *Memory) MkdirAll(dir string) error {
	if err := m.begin(OpMkdirAll, dir); err != nil {
		return err
	}
	defer m.mu.Unlock()
	at := m.root
	for _, p := range parts(dir) {
		next := at.entries[p]
		if next == nil {
			next = newDir()
			at.set(change{p, next})
		} else if !next.isDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		at = next
	}
	return nil
}

// ReadDir implements FS.
func (m *Memory) ReadDir(dir string) ([]fs.DirEntry, error) {
	if err := m.begin(OpReadDir, dir); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	d := m.dir(dir)
	if d == nil {
		return nil, notExist("readdir", dir)
	}
	var list []fs.DirEntry
	for name, n := range d.entries {
		list = append(list, fs.FileInfoToDirEntry(info{name: name, size: int64(len(n.data)), dir: n.isDir()}))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// SyncDir implements FS.
func (m *Memory) SyncDir(dir string) error {
	if err := m.begin(OpSyncDir, dir); err != nil {
		return err
	}
	defer m.mu.Unlock()
	d := m.dir(dir)
	if d == nil {
		return notExist("syncdir", dir)
	}
	d.syncEntries()
	return nil
}

// Lock implements Locker.
func (m *Memory) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[name] {
		return nil, fault.New(ErrLocked, "vfs.Lock", "another owner holds %s: stop it, or use another directory", name)
	}
	m.locks[name] = true
	return &memoryLock{m: m, name: name}, nil
}

type memoryLock struct {
	m    *Memory
	name string
	once sync.Once
}

func (l *memoryLock) Close() error {
	l.once.Do(func() {
		l.m.mu.Lock()
		defer l.m.mu.Unlock()
		delete(l.m.locks, l.name)
	})
	return nil
}
