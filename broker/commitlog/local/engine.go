package local

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/seglog"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// Names in the data directory. Frozen.
const (
	lockName = "LOCK"
	walName  = "wal"
	logsName = "logs"
)

// Options say how an engine keeps its logs. The zero value will do.
type Options struct {
	SegmentBytes    int64         // size of a partition's segment files; the default is 1 GiB, the most 4 GiB - 1
	WALSegmentBytes int64         // size of the write-ahead log's files, reserved ahead; the default is 64 MiB
	CheckpointEvery time.Duration // how long segments may stay unsynced; the default is 5 s
	CheckpointBytes int64         // size of the write-ahead log that calls for a checkpoint at once; the default is 256 MiB
	OpenFiles       int           // how many segment files are kept open, twice as many while they are unsynced; the default is 2048
	Logger          *slog.Logger  // nil: no logs
}

func (o Options) withDefaults() Options {
	if o.SegmentBytes <= 0 || o.SegmentBytes > 1<<32-1 {
		o.SegmentBytes = 1 << 30
	}
	if o.WALSegmentBytes <= 0 {
		o.WALSegmentBytes = 64 << 20
	}
	if o.CheckpointEvery <= 0 {
		o.CheckpointEvery = 5 * time.Second
	}
	if o.CheckpointBytes <= 0 {
		o.CheckpointBytes = 256 << 20
	}
	if o.OpenFiles <= 0 {
		o.OpenFiles = 2048
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Engine keeps the logs of one data directory. It implements commitlog.Engine.
type Engine struct {
	fs        vfs.FS
	o         Options
	log       *slog.Logger
	lock      io.Closer
	catalog   *catalog
	files     *files
	indexes   *indexes
	committer *committer
	failure   atomic.Pointer[error]
	appends   atomic.Uint64
	syncs     atomic.Uint64

	mu         sync.Mutex
	partitions map[logID]*partition
	logs       map[string]*Log
	closed     bool

	checkpointing sync.Mutex
	written       atomic.Int64  // bytes in the write-ahead log since the last checkpoint
	due           chan struct{} // holds one token when a checkpoint should not wait
	stop          chan struct{}
	stopped       chan struct{}

	listMu  sync.Mutex
	unsaved []*partition // written since the last checkpoint
}

// Open opens the data directory at the root of fsys, making it if it is new, and recovers from whatever ended the process
// before. It fails with vfs.ErrLocked while another process has it open, and with commitlog.ErrCorrupt if the catalog or the
// write-ahead log is damaged; damage to one log shows when that log is opened.
func Open(ctx context.Context, fsys vfs.FS, o Options) (*Engine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := fsys.MkdirAll("."); err != nil {
		return nil, fault.Wrap(commitlog.ErrFailed, "local.Open", err, "cannot make the data directory")
	}
	lock, err := vfs.Lock(fsys, lockName)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults()
	e := &Engine{
		fs: fsys, o: o, log: o.Logger, lock: lock, indexes: newIndexes(),
		partitions: map[logID]*partition{}, logs: map[string]*Log{},
		due: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	e.files = newFiles(fsys, o.OpenFiles, func(err error) { _ = e.fail("local.files", err) }, e.hurry)
	if err := e.start(ctx); err != nil {
		return nil, errors.Join(err, e.files.closeAll(), lock.Close())
	}
	return e, nil
}

// Counts is what an engine has done since it was opened.
type Counts struct {
	Appends uint64 // batches taken
	Syncs   uint64 // of the write-ahead log; each made a group of batches durable
	Logs    int    // open now
}

// Counts returns what the engine has done.
func (e *Engine) Counts() Counts {
	c := Counts{Appends: e.appends.Load(), Syncs: e.syncs.Load()}
	e.mu.Lock()
	defer e.mu.Unlock()
	c.Logs = len(e.logs)
	return c
}

func (e *Engine) start(ctx context.Context) (err error) {
	if e.catalog, err = readCatalog(e.fs); err != nil {
		return err
	}
	wal, err := seglog.Open(e.fs, walName, seglog.Options{SegmentBytes: e.o.WALSegmentBytes, Preallocate: true})
	if err != nil {
		return translate("local.Open", err)
	}
	if err := e.recover(ctx, wal); err != nil {
		return errors.Join(err, wal.Close())
	}
	go e.committer.run()
	go e.checkpointLoop()
	return nil
}

func translate(op string, err error) error {
	switch {
	case errors.Is(err, seglog.ErrCorrupt):
		return fault.Wrap(commitlog.ErrCorrupt, op, err, "the write-ahead log is damaged: restore the data directory from a backup")
	case fault.CodeOf(err) == nil || errors.Is(err, seglog.ErrFailed):
		return fault.Wrap(commitlog.ErrFailed, op, err, "the disk failed; restart once it is sound")
	}
	return err
}

// fail makes the engine refuse everything but reading, from now on.
func (e *Engine) fail(op string, err error) error {
	if errors.Is(err, commitlog.ErrClosed) || errors.Is(err, commitlog.ErrFailed) {
		return err
	}
	if e.failure.CompareAndSwap(nil, &err) {
		e.log.Error("the data directory failed; restart once the disk is sound", "op", op, "error", err)
	}
	return fault.Wrap(commitlog.ErrFailed, op, err, "the data directory failed: free or mend the disk and restart")
}

func (e *Engine) usable(op string) error {
	if err := e.failure.Load(); err != nil {
		return fault.Wrap(commitlog.ErrFailed, op, *err, "the data directory failed earlier: free or mend the disk and restart")
	}
	return nil
}

// list puts p on the list for the next checkpoint.
func (e *Engine) list(p *partition) {
	e.listMu.Lock()
	defer e.listMu.Unlock()
	e.unsaved = append(e.unsaved, p)
}

func (e *Engine) newPartition(c entry) *partition {
	return &partition{e: e, id: c.id, dir: dirName(c.id, c.name), start: c.start}
}

// dirName begins with the id, so that a log made anew never meets the files of the removed one; the rest is for people.
func dirName(id logID, name string) string {
	return path.Join(logsName, fmt.Sprintf("%010d-%.100s", uint64(id), name))
}

func (e *Engine) checkOpen(ctx context.Context, op string) error {
	if e.closed {
		return fault.New(commitlog.ErrClosed, op, "the engine is closed")
	}
	return ctx.Err()
}

// Open implements commitlog.Engine.
func (e *Engine) Open(ctx context.Context, name string) (commitlog.Log, error) {
	const op = "local.Open"
	if err := commitlog.CheckName(name); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkOpen(ctx, op); err != nil {
		return nil, err
	}
	if l := e.logs[name]; l != nil && !l.isClosed() {
		return l, nil
	}
	c, ok := e.catalog.named(name)
	if !ok {
		var err error
		if c, err = e.make(ctx, name); err != nil {
			return nil, err
		}
	}
	p, err := e.partition(c)
	if err != nil {
		return nil, err
	}
	l := newLog(p)
	e.logs[name] = l
	return l, nil
}

// make adds a log to the catalog, durably.
func (e *Engine) make(ctx context.Context, name string) (entry, error) {
	id := e.catalog.newID()
	if err := e.committer.commit(context.WithoutCancel(ctx), kindCreate, id, []byte(name)); err != nil {
		return entry{}, err
	}
	c, _ := e.catalog.get(id)
	return c, nil
}

// partition returns the partition of a catalog entry, read from disk if this is its first use. e.mu is held.
func (e *Engine) partition(c entry) (*partition, error) {
	if c.corrupt {
		return nil, fault.New(commitlog.ErrCorrupt, "local.Open", "durable data of log %q is missing: restore it, or remove the log", c.name)
	}
	if p := e.partitions[c.id]; p != nil {
		return p, nil
	}
	p := e.newPartition(c)
	tail, err := p.load(c.point)
	if err == nil {
		err = p.cutTail(tail)
	}
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		return nil, wrapDisk(err)
	}
	e.partitions[c.id] = p
	return p, nil
}

// Remove implements commitlog.Engine.
func (e *Engine) Remove(ctx context.Context, name string) error {
	const op = "local.Remove"
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkOpen(ctx, op); err != nil {
		return err
	}
	c, ok := e.catalog.named(name)
	if !ok {
		return nil
	}
	if l := e.logs[name]; l != nil {
		_ = l.Close() // never fails
		delete(e.logs, name)
	}
	var segments []*segment
	if p := e.partitions[c.id]; p != nil {
		p.retire()
		p.compacting.Lock() // one that is under way ends soon
		defer p.compacting.Unlock()
		segments = p.current()
	}
	if err := e.committer.commit(context.WithoutCancel(ctx), kindRemove, c.id, nil); err != nil {
		return err
	}
	var err error
	if p := e.partitions[c.id]; p != nil {
		delete(e.partitions, c.id)
		err = p.unlink(segments)
	}
	if err = errors.Join(err, removeDir(e.fs, dirName(c.id, c.name))); err != nil {
		// The removal is durable, so the rest goes when the engine is opened next.
		e.log.Warn("cannot delete the files of a removed log yet", "log", name, "error", err)
	}
	return nil
}

// Names implements commitlog.Engine.
func (e *Engine) Names(ctx context.Context) ([]string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkOpen(ctx, "local.Names"); err != nil {
		return nil, err
	}
	names := e.catalog.names()
	slices.Sort(names)
	return names, nil
}

// commitTrim makes a new start durable.
func (e *Engine) commitTrim(ctx context.Context, id logID, start batch.Offset) error {
	return e.committer.commit(ctx, kindTrim, id, binary.BigEndian.AppendUint64(nil, uint64(start)))
}

// Close implements commitlog.Engine. It makes everything durable, what was appended with commitlog.OS included, unless the
// engine has failed.
func (e *Engine) Close() error {
	e.mu.Lock()
	closed := e.closed
	e.closed = true
	for _, l := range e.logs {
		_ = l.Close() // never fails
	}
	e.mu.Unlock()
	if closed {
		return nil
	}
	for _, p := range e.partitions { // nobody changes them any more
		p.compacting.Lock()   // one that is under way ends soon
		p.compacting.Unlock() //nolint:staticcheck // there is nothing to do but to wait
	}
	close(e.stop)
	<-e.stopped
	e.committer.close()
	var err error
	if e.usable("local.Close") == nil {
		err = e.checkpoint()
		for _, p := range e.partitions { // nobody changes them any more
			p.saveLast()
		}
	}
	return errors.Join(err, e.committer.wal.Close(), e.files.closeAll(), e.lock.Close())
}
