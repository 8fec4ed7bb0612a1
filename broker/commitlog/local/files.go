package local

import (
	"container/list"
	"errors"
	"io/fs"
	"sync"

	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// files keeps a bounded number of segment files open, the ones used last.
type files struct {
	fs     vfs.FS
	max    int
	failed func(error) // told when a file that had to make room could not be synced
	full   func()      // told when unsynced files pass the bound: a checkpoint makes room

	mu     sync.Mutex
	used   *list.List // of *file, open ones, last used first
	closed bool
}

// file is a file that is opened when it is used. Its fields are guarded by files.mu.
type file struct {
	name   string
	alias  string // where the file is until it gets its name; empty once it has
	f      vfs.File
	at     *list.Element
	users  int
	writes uint64 // so many times written
	synced uint64 // value of writes that is durable
	gone   bool   // unlinked: to be closed with the last user
}

func newFiles(fsys vfs.FS, most int, failed func(error), full func()) *files {
	return &files{fs: fsys, max: most, failed: failed, full: full, used: list.New()}
}

// acquire opens f if need be, and keeps it open until release.
func (c *files) acquire(f *file) (vfs.File, error) {
	return c.use(f, c.fs.Open)
}

// create is acquire for a file that is to be new and empty.
func (c *files) create(f *file) (vfs.File, error) {
	return c.use(f, c.fs.Create)
}

func (c *files) use(f *file, open func(string) (vfs.File, error)) (vfs.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fault.New(commitlog.ErrClosed, "local.files", "the engine is closed")
	}
	if f.f == nil {
		if f.gone { // another file may have its name by now
			return nil, &fs.PathError{Op: "open", Path: f.name, Err: fs.ErrNotExist}
		}
		opened, err := open(f.where())
		if err != nil {
			return nil, err
		}
		f.f, f.at = opened, c.used.PushFront(f)
		c.shrink()
	} else {
		c.used.MoveToFront(f.at)
	}
	f.users++
	return f.f, nil
}

// release ends a use. wrote tells that it wrote.
func (c *files) release(f *file, wrote bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.users--
	if wrote {
		f.writes++
	}
	if f.users == 0 && (f.gone || c.closed) {
		c.close(f)
	}
}

// shrink closes idle files until the bound holds. Unsynced ones may stay until there are twice as many as the bound: then they
// are synced and closed one by one. They are never closed unsynced, because an error of the later write-back would have nobody
// to go to.
func (c *files) shrink() {
	if c.used.Len() <= c.max {
		return
	}
	c.closeIdle(c.max, false)
	if c.used.Len() > c.max {
		c.full()
	}
	c.closeIdle(2*c.max, true)
}

// closeIdle closes idle files, last used first to stay, until most are left.
func (c *files) closeIdle(most int, dirtyToo bool) {
	for at := c.used.Back(); at != nil && c.used.Len() > most; {
		f, ahead := at.Value.(*file), at.Prev()
		dirty := f.writes != f.synced
		if f.users == 0 && at != c.used.Front() && (dirtyToo || !dirty) {
			if dirty {
				c.sync(f)
			}
			c.close(f)
		}
		at = ahead
	}
}

func (c *files) sync(f *file) {
	if err := f.f.Sync(); err != nil {
		c.failed(err)
		return
	}
	f.synced = f.writes
}

func (c *files) close(f *file) {
	if f.f == nil {
		return
	}
	if err := f.f.Close(); err != nil {
		c.failed(err)
	}
	c.used.Remove(f.at)
	f.f, f.at = nil, nil
}

// flush makes durable what was written to f before the call.
func (c *files) flush(f *file) error {
	h, err := c.acquire(f)
	if err != nil {
		return err
	}
	defer c.release(f, false)
	c.mu.Lock()
	writes := f.writes
	c.mu.Unlock()
	if err := h.Sync(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f.synced = max(f.synced, writes)
	return nil
}

// unlink removes f. Those who use it may go on.
func (c *files) unlink(f *file) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.gone = true
	if f.users == 0 {
		c.close(f)
	}
	return c.fs.Remove(f.where())
}

// where returns the name under which f is now.
func (f *file) where() string {
	if f.alias != "" {
		return f.alias
	}
	return f.name
}

// settle gives f its name.
func (c *files) settle(f *file) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.gone || f.alias == "" {
		return nil
	}
	if err := c.fs.Rename(f.alias, f.name); err != nil {
		return err
	}
	f.alias = ""
	return nil
}

func (c *files) isGone(f *file) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return f.gone
}

// closeAll closes every file that is not in use, and the others with their last user.
func (c *files) closeAll() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var err error
	for at := c.used.Front(); at != nil; {
		f, next := at.Value.(*file), at.Next()
		if f.users == 0 {
			err = errors.Join(err, f.f.Close())
			c.used.Remove(at)
			f.f, f.at = nil, nil
		}
		at = next
	}
	return err
}
