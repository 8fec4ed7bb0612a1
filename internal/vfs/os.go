package vfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pawl-registry/pawl/fault"
)

// Permissions of what is made: the owner's, readable by the group.
const (
	fileMode = 0o640
	dirMode  = 0o750
)

// OS returns the operating system's files under root, which need not exist yet: MkdirAll(".") makes it. Names that would lead
// out of root are refused with fs.ErrInvalid. The result implements Locker, and its files Allocator.
func OS(root string) FS { return osFS{root: root} }

type osFS struct{ root string }

func (s osFS) path(op, name string) (string, error) {
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return filepath.Join(s.root, local), nil
}

func (s osFS) open(op, name string, flag int) (File, error) {
	path, err := s.path(op, name)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag, fileMode)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (s osFS) Open(name string) (File, error) { return s.open("open", name, os.O_RDWR) }

func (s osFS) Create(name string) (File, error) {
	return s.open("create", name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (s osFS) Remove(name string) error {
	path, err := s.path("remove", name)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

func (s osFS) Rename(from, to string) error {
	source, err := s.path("rename", from)
	if err != nil {
		return err
	}
	target, err := s.path("rename", to)
	if err != nil {
		return err
	}
	return os.Rename(source, target)
}

func (s osFS) MkdirAll(dir string) error {
	path, err := s.path("mkdir", dir)
	if err != nil {
		return err
	}
	return os.MkdirAll(path, dirMode)
}

func (s osFS) ReadDir(dir string) ([]fs.DirEntry, error) {
	path, err := s.path("readdir", dir)
	if err != nil {
		return nil, err
	}
	return os.ReadDir(path)
}

func (s osFS) SyncDir(dir string) error {
	path, err := s.path("syncdir", dir)
	if err != nil {
		return err
	}
	return syncDir(path)
}

// Lock implements Locker.
func (s osFS) Lock(name string) (io.Closer, error) {
	path, err := s.path("lock", name)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		return nil, errors.Join(lockError(path, err), f.Close())
	}
	return f, nil // closing the file gives the lock back
}

func lockError(path string, err error) error {
	if lockHeld(err) {
		return fault.Wrap(ErrLocked, "vfs.Lock", err, "another process holds %s: stop it, or use another directory", path)
	}
	return &fs.PathError{Op: "lock", Path: path, Err: err}
}

type osFile struct{ *os.File }

// Size implements File.
func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Sync implements File.
func (f osFile) Sync() error { return syncData(f.File) }

// Allocate implements Allocator.
func (f osFile) Allocate(size int64) error { return allocate(f.File, size) }
