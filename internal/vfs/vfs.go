// Package vfs is the file system as a seam: the few calls that durable code makes, the operating system behind them, and a
// double that fails, tears and forgets unsynced writes on command.
package vfs

import (
	"io"
	"io/fs"
)

// File is an open file. WriteAt and ReadAt may run at once; Sync makes every write that returned before it durable.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
	Truncate(size int64) error
	Size() (int64, error)
}

// FS is a tree of files. Names are slash-separated and relative to its root. Create, Rename and Remove are durable only after
// SyncDir of the folder that holds the name.
type FS interface {
	Open(name string) (File, error)   // read and write; fs.ErrNotExist if there is none
	Create(name string) (File, error) // read and write; truncates what is there
	Remove(name string) error
	Rename(from, to string) error
	MkdirAll(dir string) error
	ReadDir(dir string) ([]fs.DirEntry, error) // sorted by name
	SyncDir(dir string) error
}
