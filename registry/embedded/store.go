package embedded

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path"
	"sync"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/seglog"
	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
)

// ErrCorrupt: stored changes are damaged or missing. Nothing was changed; restore the folder from a backup.
var ErrCorrupt = fault.NewCode(fault.Internal, "store_corrupt")

// Names in the store's folder. Frozen.
const (
	lockName     = "LOCK"
	journalName  = "journal"
	snapshotName = "snapshot"
	markName     = "acknowledged"
)

// Options say how a store is kept. The zero value will do.
type Options struct {
	SegmentBytes int64        // size of the journal's files; the default is 64 MiB
	Logger       *slog.Logger // nil: no logs
}

// Store is an open store.
type Store struct {
	fs   vfs.FS
	dir  string
	log  *slog.Logger
	lock io.Closer

	compacting sync.Mutex

	mu       sync.Mutex
	journal  *seglog.Log
	mark     *mark
	end      registry.Seq
	snapshot registry.Seq  // 0: none
	grown    chan struct{} // closed and replaced at each append, and at Close
	closed   bool
}

// Open opens the store in the folder dir of fsys, making it if there is none, and verifies all of it. It fails with
// vfs.ErrLocked while another process has it open, and with ErrCorrupt if what was durable is damaged.
func Open(ctx context.Context, fsys vfs.FS, dir string, o Options) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, fault.Wrap(registry.ErrStore, "embedded.Open", err, "cannot make the folder %s", dir)
	}
	lock, err := vfs.Lock(fsys, path.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	s := &Store{fs: fsys, dir: dir, log: o.Logger, lock: lock, grown: make(chan struct{})}
	if err := s.load(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.log.Info("registry store open", "dir", dir, "end", s.end, "snapshot", s.snapshot)
	return s, nil
}

func (s *Store) load(o Options) error {
	snapshot, err := s.readSnapshot(func(registry.Entry) error { return nil })
	if err != nil {
		return err
	}
	var known registry.Seq
	if s.mark, known, err = openMark(s.fs, s.dir); err != nil {
		return translate("embedded.Open", err)
	}
	s.journal, err = seglog.Open(s.fs, path.Join(s.dir, journalName), seglog.Options{SegmentBytes: o.SegmentBytes, Durable: uint64(known)})
	if err != nil {
		return translate("embedded.Open", err)
	}
	first, next := s.journal.Bounds()
	s.snapshot, s.end = snapshot, registry.Seq(next-1)
	// A crash may have left segments that the snapshot stands for.
	if err := s.journal.TrimBefore(uint64(snapshot) + 1); err != nil {
		return translate("embedded.Open", err)
	}
	if s.end > known {
		if err := s.mark.set(s.end); err != nil { // readers will see it from now on
			return translate("embedded.Open", err)
		}
	}
	if registry.Seq(first) > snapshot+1 || s.end < snapshot {
		return fault.New(ErrCorrupt, "embedded.Open", "%s: the snapshot ends at change %d and the journal holds %d to %d", s.dir, snapshot, first, s.end)
	}
	return nil
}

// translate gives errors of the journal the codes of a store.
func translate(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, seglog.ErrCorrupt):
		return fault.Wrap(ErrCorrupt, op, err, "stored changes are damaged: restore the folder from a backup")
	case errors.Is(err, seglog.ErrClosed):
		return closedError(op)
	default:
		return fault.Wrap(registry.ErrStore, op, err, "the disk failed; restart once it is sound")
	}
}

func closedError(op string) error { return fault.New(registry.ErrStore, op, "the store is closed") }

func (s *Store) usable(ctx context.Context, op string) error {
	if s.closed {
		return closedError(op)
	}
	return ctx.Err()
}

// Append implements registry.Store. After a failure of the disk the store takes nothing more until it is opened again.
func (s *Store) Append(ctx context.Context, after registry.Seq, data []byte) error {
	const op = "embedded.Append"
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx, op); err != nil {
		return err
	}
	if after != s.end {
		return fault.New(registry.ErrStale, op, "the log ends at %d, not at %d", s.end, after)
	}
	if _, err := s.journal.Append(data); err != nil {
		return translate(op, err)
	}
	s.end++
	s.wake()
	return translate(op, s.mark.set(s.end))
}

func (s *Store) wake() {
	close(s.grown)
	s.grown = make(chan struct{})
}

// Wait implements registry.Store.
func (s *Store) Wait(ctx context.Context, after registry.Seq) error {
	for {
		s.mu.Lock()
		err, end, grown := s.usable(ctx, "embedded.Wait"), s.end, s.grown
		s.mu.Unlock()
		if err != nil || end > after {
			return err
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

// Read implements registry.Store. If a Compact overtakes it, the next entry is the new snapshot.
func (s *Store) Read(ctx context.Context, after registry.Seq, yield func(registry.Entry) error) error {
	for {
		next, err := s.read(ctx, after, yield)
		if !errors.Is(err, errOvertaken) {
			return err
		}
		after = next
	}
}

// errOvertaken: the entries that Read wanted next have gone into a snapshot.
var errOvertaken = errors.New("compacted meanwhile")

// read is one attempt at Read. It returns the number of the last entry that it yielded.
func (s *Store) read(ctx context.Context, after registry.Seq, yield func(registry.Entry) error) (registry.Seq, error) {
	const op = "embedded.Read"
	s.mu.Lock()
	err, snapshot := s.usable(ctx, op), s.snapshot
	s.mu.Unlock()
	if err != nil {
		return after, err
	}
	if after < snapshot {
		seq, err := s.readSnapshot(func(e registry.Entry) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return yield(e)
		})
		if err != nil {
			return after, err
		}
		after = seq
	}
	var refused error // by yield or ctx, so that it is not taken for the journal's
	err = s.journal.Read(uint64(after)+1, func(seq uint64, data []byte) error {
		if refused = ctx.Err(); refused == nil {
			refused = yield(registry.Entry{Seq: registry.Seq(seq), Data: data})
		}
		if refused == nil {
			after = registry.Seq(seq)
		}
		return refused
	})
	switch {
	case refused != nil:
		return after, refused
	case errors.Is(err, seglog.ErrTrimmed):
		return after, errOvertaken
	}
	return after, translate(op, err)
}

// Close implements registry.Store. It waits for a Compact under way.
func (s *Store) Close() error {
	s.compacting.Lock()
	defer s.compacting.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.wake()
	var err error
	if s.journal != nil {
		err = s.journal.Close()
	}
	if s.mark != nil {
		err = errors.Join(err, s.mark.close())
	}
	return errors.Join(err, s.lock.Close())
}
