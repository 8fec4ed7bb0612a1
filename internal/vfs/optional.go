package vfs

import (
	"io"

	"github.com/pawl-registry/pawl/fault"
)

// ErrLocked is returned by Locker.Lock while someone else holds the lock.
var ErrLocked = fault.NewCode(fault.Conflict, "directory_locked")

// Locker is implemented by file systems that can keep two owners apart.
type Locker interface {
	// Lock takes an exclusive lock on the file called name, making it if need be, and holds it until the result is closed or
	// the process ends. It does not wait: it fails with ErrLocked.
	Lock(name string) (io.Closer, error)
}

// Allocator is implemented by files that can reserve space ahead of writes.
type Allocator interface {
	// Allocate makes the file at least size bytes long, the new ones zero, with its space reserved where the system can.
	Allocate(size int64) error
}

// Lock takes the lock of fsys if it has locks; closing the result of one that has none does nothing.
func Lock(fsys FS, name string) (io.Closer, error) {
	if l, ok := fsys.(Locker); ok {
		return l.Lock(name)
	}
	return unlocked{}, nil
}

type unlocked struct{}

func (unlocked) Close() error { return nil }

// Allocate reserves space in f if it can be done; it is a hint otherwise.
func Allocate(f File, size int64) error {
	if a, ok := f.(Allocator); ok {
		return a.Allocate(size)
	}
	return nil
}
