package seglog

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// recover finds the segments, verifies every entry, and cuts off the torn tail that a crash may have left.
func (l *Log) recover() error {
	firsts, err := l.list()
	if err != nil {
		return err
	}
	for i, first := range firsts {
		if i > 0 && l.last().next != first {
			return corrupt("%s is missing: entries %d to %d", l.dir, l.last().next, first-1)
		}
		if err := l.load(first, i == len(firsts)-1); err != nil {
			return err
		}
	}
	if len(firsts) == 0 && l.o.Durable > 0 {
		return corrupt("%s holds no segment, and entry %d was durable", l.dir, l.o.Durable)
	}
	if len(l.segments) == 0 {
		return l.create(max(l.o.First, 1))
	}
	tail := l.last()
	l.next, l.end = tail.next, tail.size
	return nil
}

func corrupt(format string, args ...any) error {
	return fault.New(ErrCorrupt, "seglog.Open", format, args...)
}

// list returns the first numbers of the segments, ascending.
func (l *Log) list() ([]uint64, error) {
	files, err := l.fs.ReadDir(l.dir)
	if err != nil {
		return nil, err
	}
	var firsts []uint64
	for _, f := range files { // sorted by name, and names have a fixed width
		if first, ok := parseName(f.Name()); ok {
			firsts = append(firsts, first)
		}
		if l.o.Preallocate && strings.HasSuffix(f.Name(), spareSuffix) && len(l.spares) < maxSpares {
			l.spares = append(l.spares, path.Join(l.dir, f.Name()))
		}
	}
	return firsts, nil
}

func (l *Log) last() *segment { return l.segments[len(l.segments)-1] }

// load opens one segment and scans it. Only the last one may end otherwise than with a whole entry.
func (l *Log) load(first uint64, last bool) error {
	s := &segment{name: path.Join(l.dir, fileName(first)), first: first, next: first, size: headerSize, refs: 1}
	f, err := l.fs.Open(s.name)
	if err != nil {
		return err
	}
	s.f = f
	fileSize, err := f.Size()
	if err == nil {
		err = l.verify(s, fileSize, last)
	}
	if err == nil && last {
		err = s.repair(fileSize)
	}
	if errors.Is(err, errUnborn) {
		return errors.Join(f.Close(), l.fs.Remove(s.name), l.fs.SyncDir(l.dir), l.reborn(first))
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.segments = append(l.segments, s)
	return nil
}

// errUnborn marks a last segment whose making was cut short: it holds no entry.
var errUnborn = errors.New("segment was never finished")

// reborn makes an unborn segment again, unless there is one before it that can go on.
func (l *Log) reborn(first uint64) error {
	if len(l.segments) > 0 {
		return nil
	}
	return l.create(first)
}

func (l *Log) verify(s *segment, fileSize int64, last bool) error {
	sc := scanner{f: s.f, end: fileSize, at: point{s.first, headerSize}}
	if ok, err := headerReads(s, fileSize); err != nil {
		return err
	} else if !ok {
		return l.unborn(&sc, s.name, last)
	}
	for {
		at := sc.at
		_, err := sc.next()
		if errors.Is(err, errBad) {
			break
		}
		if err != nil {
			return err
		}
		s.note(at)
	}
	s.next, s.size = sc.at.seq, sc.at.pos
	if !last {
		if s.size != fileSize {
			return corrupt("%s: entry %d at byte %d fails its checksum, and later segments exist", s.name, s.next, s.size)
		}
		return nil
	}
	if s.next <= l.o.Durable {
		return corrupt("%s ends with entry %d at byte %d, and entry %d was durable", s.name, s.next-1, s.size, l.o.Durable)
	}
	// A later entry that was written after this one had been synced proves that this one was durable once.
	found, err := sc.search(func(f frame) bool { return f.seq > s.next && f.durable >= s.next })
	if err == nil && found {
		err = corrupt("%s: entry %d at byte %d fails its checksum, and it was durable", s.name, s.next, s.size)
	}
	return err
}

func headerReads(s *segment, fileSize int64) (bool, error) {
	if fileSize < headerSize {
		return false, nil
	}
	h := make([]byte, headerSize)
	if _, err := s.f.ReadAt(h, 0); err != nil {
		return false, err
	}
	return headerOK(h, s.first), nil
}

// unborn decides what a segment without a valid header is. The header is durable before the first entry is written, so a
// segment with an entry was whole once.
func (l *Log) unborn(sc *scanner, name string, last bool) error {
	if !last {
		return corrupt("%s: the header is damaged, and later segments exist", name)
	}
	sc.at.pos = 0
	first := sc.at.seq
	if first <= l.o.Durable {
		return corrupt("%s: the header is damaged, and entry %d was durable", name, l.o.Durable)
	}
	found, err := sc.search(func(f frame) bool { return f.seq >= first })
	if err != nil {
		return err
	}
	if found {
		return corrupt("%s: the header is damaged, and entries follow it", name)
	}
	return errUnborn
}

// repair cuts off what follows the last whole entry, so that nothing of it can ever be taken for an entry again, and makes
// durable what is left: after a mere kill it may still be in the page cache only.
func (s *segment) repair(fileSize int64) error {
	if s.size < fileSize {
		if err := s.f.Truncate(s.size); err != nil {
			return err
		}
	}
	return s.f.Sync()
}

// create makes a new last segment. It is durable, header and name, before any entry is written to it.
func (l *Log) create(first uint64) error {
	s := &segment{name: path.Join(l.dir, fileName(first)), first: first, next: first, size: headerSize, refs: 1}
	f, err := l.newFile(s.name)
	if err != nil {
		return err
	}
	s.f = f
	if err := l.initialise(s); err != nil {
		return errors.Join(err, f.Close())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.segments = append(l.segments, s)
	l.next, l.end = first, headerSize
	return nil
}

// newFile makes a file, or takes a spare one. What a spare holds are entries with lower numbers, which nobody takes for new ones.
func (l *Log) newFile(name string) (vfs.File, error) {
	n := len(l.spares)
	if n == 0 {
		return l.fs.Create(name)
	}
	spare := l.spares[n-1]
	l.spares = l.spares[:n-1]
	if err := l.fs.Rename(spare, name); err != nil {
		return nil, err
	}
	return l.fs.Open(name)
}

func (l *Log) initialise(s *segment) error {
	if l.o.Preallocate {
		if err := vfs.Allocate(s.f, l.o.SegmentBytes); err != nil {
			return err
		}
	}
	if _, err := s.f.WriteAt(makeHeader(s.first), 0); err != nil {
		return err
	}
	if err := s.f.Sync(); err != nil {
		return err
	}
	return l.fs.SyncDir(l.dir)
}

// makeDir makes the log's folder and its name durable.
func makeDir(fsys vfs.FS, dir string) error {
	if _, err := fsys.ReadDir(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return err
	}
	for parent := path.Dir(path.Clean(dir)); ; parent = path.Dir(parent) {
		if err := fsys.SyncDir(parent); err != nil {
			return err
		}
		if parent == "." {
			return nil
		}
	}
}
