package seglog

import (
	"errors"
	"strings"
	"sync"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// Options say how a log is kept.
type Options struct {
	// SegmentBytes is the size at which a new segment is begun; a group larger than it gets a segment of its own. The default
	// is 64 MiB.
	SegmentBytes int64
	// Preallocate reserves each segment's space when it is made, and keeps some trimmed segments to be written over: both make
	// syncs cheaper, because the file system has nothing of its own to write.
	Preallocate bool
	// First is the number of the first entry of a new log; the default is 1.
	First uint64
	// Durable is the number of an entry that the caller knows to have been durable, from a witness of its own: a log that ends
	// before it is damaged, however well its end looks. 0: nothing is known.
	Durable uint64
}

// Log is an open log.
type Log struct {
	fs  vfs.FS
	dir string
	o   Options

	writing sync.Mutex // held by whoever changes files
	next    uint64     // number of the next entry; guarded by writing
	end     int64      // end of the last segment, written but perhaps not synced; guarded by writing
	pending []point    // entries written and not yet synced; guarded by writing
	spares  []string   // files to be written over; guarded by writing

	mu       sync.RWMutex
	segments []*segment // never empty
	failed   error
	closed   bool
}

// Open opens the log in the folder dir, making it if there is none. It reads and verifies every entry, and cuts off what a
// crash left half written. It fails with ErrCorrupt, and changes nothing, where durable entries are damaged or missing. The
// caller sees to it that a folder is open only once.
func Open(fsys vfs.FS, dir string, o Options) (*Log, error) {
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 64 << 20
	}
	l := &Log{fs: fsys, dir: dir, o: o}
	if err := makeDir(fsys, dir); err != nil {
		return nil, err
	}
	if err := l.recover(); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Bounds returns the numbers of the first durable entry and of the one after the last; they are equal for an empty log.
func (l *Log) Bounds() (first, next uint64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.segments[0].first, l.last().next
}

// Size returns how many bytes the segments take, without space reserved ahead.
func (l *Log) Size() int64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var total int64
	for _, s := range l.segments {
		total += s.size
	}
	return total
}

func (l *Log) usable(op string) error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	switch {
	case l.closed:
		return fault.New(ErrClosed, op, "the log is closed")
	case l.failed != nil:
		return fault.Wrap(ErrFailed, op, l.failed, "%s failed earlier: open it again", l.dir)
	}
	return nil
}

func (l *Log) fail(op string, err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed == nil {
		l.failed = err
	}
	return fault.Wrap(ErrFailed, op, err, "cannot write to %s", l.dir)
}

// Write puts the entries of g behind the last one and returns the number of the first. They are durable, and can be read, after
// the next Sync. It fails with ErrFailed, ErrClosed or ErrTooLarge.
func (l *Log) Write(g *Group) (first uint64, err error) {
	const op = "seglog.Write"
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.usable(op); err != nil {
		return 0, err
	}
	if err := g.check(op); err != nil {
		return 0, err
	}
	if l.end > headerSize && l.end+int64(len(g.buf)) > l.o.SegmentBytes {
		if err := l.roll(); err != nil {
			return 0, l.fail(op, err)
		}
	}
	s := l.last()
	first = l.next
	g.seal(first, s.next-1)
	if _, err := s.f.WriteAt(g.buf, l.end); err != nil {
		return 0, l.fail(op, err)
	}
	l.note(g)
	return first, nil
}

func (g *Group) check(op string) error {
	for b := g.buf; len(b) > 0; {
		length := parseFrame(b).length
		if length > MaxEntry {
			return fault.New(ErrTooLarge, op, "an entry of %d bytes; the limit is %d", length, MaxEntry)
		}
		b = b[padded(int64(length)):]
	}
	return nil
}

// note moves the end past the entries of g.
func (l *Log) note(g *Group) {
	for b := g.buf; len(b) > 0; {
		size := parseFrame(b).size()
		l.pending = append(l.pending, point{l.next, l.end})
		l.next, l.end, b = l.next+1, l.end+size, b[size:]
	}
}

// Sync makes every entry durable whose Write has returned.
func (l *Log) Sync() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.sync("seglog.Sync")
}

func (l *Log) sync(op string) error {
	if err := l.usable(op); err != nil {
		return err
	}
	if len(l.pending) == 0 {
		return nil
	}
	s := l.last()
	if err := s.f.Sync(); err != nil {
		return l.fail(op, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pending {
		s.note(p)
	}
	l.pending = l.pending[:0]
	s.next, s.size = l.next, l.end
	return nil
}

// Append writes one entry and makes it durable.
func (l *Log) Append(payload []byte) (seq uint64, err error) {
	var g Group
	g.Add(payload, nil)
	if seq, err = l.Write(&g); err != nil {
		return 0, err
	}
	return seq, l.Sync()
}

// roll seals the last segment, exactly as long as its entries and durable, and begins the next.
func (l *Log) roll() error {
	s := l.last()
	if l.o.Preallocate {
		if err := s.f.Truncate(l.end); err != nil {
			return err
		}
	}
	if err := s.f.Sync(); err != nil {
		return err
	}
	l.mu.Lock()
	for _, p := range l.pending {
		s.note(p)
	}
	l.pending = l.pending[:0]
	s.next, s.size = l.next, l.end
	l.mu.Unlock()
	return l.create(l.next)
}

// Roll begins a new segment if the last one holds entries, so that TrimBefore can let it go.
func (l *Log) Roll() error {
	const op = "seglog.Roll"
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.usable(op); err != nil {
		return err
	}
	if l.end == headerSize {
		return nil
	}
	if err := l.roll(); err != nil {
		return l.fail(op, err)
	}
	return nil
}

// TrimBefore removes the segments whose entries all come before seq. The last segment stays.
func (l *Log) TrimBefore(seq uint64) error {
	const op = "seglog.TrimBefore"
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.usable(op); err != nil {
		return err
	}
	for {
		s := l.oldestBefore(seq)
		if s == nil {
			return nil
		}
		// One name at a time, durably: a gap in the middle would look like damage.
		if err := errors.Join(l.discard(s), l.fs.SyncDir(l.dir)); err != nil {
			return errors.Join(l.fail(op, err), l.release(s))
		}
		if err := l.release(s); err != nil {
			return l.fail(op, err)
		}
	}
}

// maxSpares is how many trimmed segments are kept to be written over.
const maxSpares = 4

// discard removes the file of a segment that is off the list, or puts it by. A file that someone still reads is not put by.
func (l *Log) discard(s *segment) error {
	l.mu.RLock()
	unread := s.refs == 1
	l.mu.RUnlock()
	if !l.o.Preallocate || !unread || len(l.spares) >= maxSpares {
		return l.fs.Remove(s.name)
	}
	spare := strings.TrimSuffix(s.name, nameSuffix) + spareSuffix
	if err := l.fs.Rename(s.name, spare); err != nil {
		return err
	}
	l.spares = append(l.spares, spare)
	return nil
}

// oldestBefore takes the first segment off the list if it ends before seq.
func (l *Log) oldestBefore(seq uint64) *segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.segments[0]
	if len(l.segments) == 1 || s.next > seq {
		return nil
	}
	l.segments = append([]*segment(nil), l.segments[1:]...)
	return s
}

// release drops one reference and closes the file after the last.
func (l *Log) release(s *segment) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.refs--; s.refs == 0 {
		return s.f.Close()
	}
	return nil
}

// Close ends the log; it makes nothing durable. A second call does nothing.
func (l *Log) Close() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	closed, segments := l.closed, l.segments
	l.closed = true
	l.mu.Unlock()
	if closed {
		return nil
	}
	var err error
	for _, s := range segments {
		err = errors.Join(err, l.release(s))
	}
	return err
}
