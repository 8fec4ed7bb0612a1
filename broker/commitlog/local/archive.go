package local

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

// Archive is a data directory that is looked at as it lies there, without an engine: nothing is locked, repaired or written.
// What an engine would take from its write-ahead log is not seen. If an engine has the directory open, what is found may
// contradict itself.
type Archive struct {
	fsys    fs.FS
	catalog *catalog
}

// ArchivedLog is one log of an Archive.
type ArchivedLog struct {
	ID       uint64
	Name     string       // as the catalog has it, else as its folder does, which may be cut short
	Start    batch.Offset // of the last checkpoint
	Durable  batch.Offset // end of what was durable at the last checkpoint: what follows may be torn after a crash
	Segments []ArchivedSegment

	dir   string
	point point
}

// ArchivedSegment is one segment file.
type ArchivedSegment struct {
	File  string // slash-separated, from the root of the archive
	Base  batch.Offset
	Bytes int64
}

// Finding is something that is not as it was written.
type Finding struct {
	File   string `json:"file"`
	At     int64  `json:"at"`   // byte in the file
	What   string `json:"what"` // what is wrong, and what follows from it
	Damage bool   `json:"damage"`
}

// OpenArchive reads the catalog of the data directory at the root of fsys, whose files must be io.ReaderAts, as those of os.DirFS
// are. It fails with commitlog.ErrCorrupt if the catalog is damaged, and with fs.ErrNotExist if there is none.
func OpenArchive(fsys fs.FS) (*Archive, error) {
	b, err := fs.ReadFile(fsys, catalogName)
	if err != nil {
		return nil, err
	}
	c, err := decodeCatalog(b)
	if err != nil {
		return nil, fault.Wrap(commitlog.ErrCorrupt, "local.OpenArchive", err, "%s is damaged: restore it from a backup", catalogName)
	}
	return &Archive{fsys: fsys, catalog: c}, nil
}

// Logs lists the logs, by name.
func (a *Archive) Logs() ([]ArchivedLog, error) {
	dirs, err := fs.ReadDir(a.fsys, logsName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []ArchivedLog
	for _, d := range dirs {
		digits, name, _ := strings.Cut(d.Name(), "-")
		id, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || !d.IsDir() {
			continue
		}
		l := ArchivedLog{ID: id, Name: name, dir: path.Join(logsName, d.Name())}
		if e, ok := a.catalog.get(logID(id)); ok {
			l.Name, l.Start, l.Durable, l.point = e.name, e.start, e.point.offset, e.point
		}
		if l.Segments, err = a.segments(l.dir); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(x, y ArchivedLog) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

// segments lists the segments that count: a swap stands for those that it replaces.
func (a *Archive) segments(dir string) ([]ArchivedSegment, error) {
	files, err := fs.ReadDir(a.fsys, dir)
	if err != nil {
		return nil, err
	}
	type span struct{ base, next batch.Offset }
	var swaps []span
	var all []ArchivedSegment
	for _, f := range files {
		base, isSegment := parseSegment(f.Name())
		from, next, isSwap := parseSwap(f.Name())
		if !isSegment && !isSwap {
			continue
		}
		info, err := f.Info()
		if err != nil {
			return nil, err
		}
		if isSwap {
			base, swaps = from, append(swaps, span{from, next})
		}
		all = append(all, ArchivedSegment{File: path.Join(dir, f.Name()), Base: base, Bytes: info.Size()})
	}
	all = slices.DeleteFunc(all, func(s ArchivedSegment) bool {
		return strings.HasSuffix(s.File, segmentSuffix) &&
			slices.ContainsFunc(swaps, func(w span) bool { return w.base <= s.Base && s.Base < w.next })
	})
	slices.SortFunc(all, func(x, y ArchivedSegment) int { return int(max(min(x.Base-y.Base, 1), -1)) })
	return all, nil
}

// errStop ends a walk that its visitor has had enough of.
var errStop = errors.New("stop")

// Each calls visit for each batch of a log in order, until it returns false, and finding for what is wrong on the way. A batch
// is good until visit returns. The error is one of reading.
func (a *Archive) Each(l ArchivedLog, visit func(file string, at int64, b batch.Batch) bool, finding func(Finding)) error {
	w := archiveWalk{a: a, l: l, visit: visit, finding: finding}
	for i, s := range l.Segments {
		w.last, w.end = i == len(l.Segments)-1, maxOffset
		if !w.last {
			w.end = l.Segments[i+1].Base
		}
		if i > 0 && s.Base != w.next {
			w.report(s.File, 0, true, "it begins at offset %d, the segment before ends at %d", s.Base, w.next)
		}
		w.next = s.Base
		if err := w.segment(s); errors.Is(err, errStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// archiveWalk goes through the segments of one log.
type archiveWalk struct {
	a       *Archive
	l       ArchivedLog
	visit   func(file string, at int64, b batch.Batch) bool
	finding func(Finding)
	next    batch.Offset // the least that the next batch may begin at
	last    bool         // this is the last segment
	end     batch.Offset // where the next segment begins
}

const maxOffset = batch.Offset(1<<63 - 1)

func (w *archiveWalk) report(file string, at int64, damage bool, what string, args ...any) {
	w.finding(Finding{File: file, At: at, What: fmt.Sprintf(what, args...), Damage: damage})
}

// durable tells whether what lies at pos of s was durable at the last checkpoint.
func (w *archiveWalk) durable(s ArchivedSegment, pos int64) bool {
	return s.Base < w.l.point.base || s.Base == w.l.point.base && pos < w.l.point.pos
}

func (w *archiveWalk) segment(s ArchivedSegment) error {
	f, r, err := w.a.open(s.File)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	var buf []byte
	for pos := int64(0); pos < s.Bytes; {
		size, what, err := w.sizeAt(r, pos, s.Bytes)
		if err != nil {
			return fmt.Errorf("%s: %w", s.File, err)
		}
		if what != "" {
			w.tail(s, pos, what)
			return nil
		}
		buf = slices.Grow(buf[:0], int(size))[:size]
		if _, err := r.ReadAt(buf, pos); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w", s.File, err)
		}
		if err := w.batch(s, pos, buf); err != nil {
			return err
		}
		pos += size
	}
	if s.Base == w.l.point.base && s.Bytes < w.l.point.pos {
		w.report(s.File, s.Bytes, true, "%d bytes are missing at its end", w.l.point.pos-s.Bytes)
	}
	return nil
}

// sizeAt returns the size of the batch at pos, or what is wrong with it.
func (w *archiveWalk) sizeAt(r io.ReaderAt, pos, end int64) (size int64, what string, err error) {
	if end-pos < batch.HeaderSize {
		return 0, fmt.Sprintf("%d bytes that are less than a batch", end-pos), nil
	}
	var prefix [batch.PrefixSize]byte
	if _, err := r.ReadAt(prefix[:], pos); err != nil {
		return 0, "", err
	}
	if size, err = batch.SizeOf(prefix[:]); err != nil {
		return 0, "no batch: " + fault.DetailOf(err), nil
	}
	if size > end-pos {
		return 0, fmt.Sprintf("a batch of %d bytes, %d of them there", size, end-pos), nil
	}
	return size, "", nil
}

// tail reports bytes that hold no batch up to the end of s.
func (w *archiveWalk) tail(s ArchivedSegment, pos int64, what string) {
	if w.durable(s, pos) || !w.last {
		w.report(s.File, pos, true, "%s; the rest of the file cannot be read", what)
		return
	}
	w.report(s.File, pos, false, "%s; the next start cuts it off, or completes it from the write-ahead log", what)
}

// batch checks one batch and shows it.
func (w *archiveWalk) batch(s ArchivedSegment, pos int64, raw []byte) error {
	b, _, err := batch.Open(raw)
	switch {
	case err != nil && !w.durable(s, pos) && w.last:
		w.report(s.File, pos, false, "%s; the next start cuts it off, or completes it from the write-ahead log", fault.DetailOf(err))
		return nil
	case err != nil:
		w.report(s.File, pos, true, "%s", fault.DetailOf(err))
		return nil
	case b.NextOffset() > w.end:
		w.report(s.File, pos, true, "a batch at offset %d that ends at %d; the next segment begins at %d", b.BaseOffset(), b.NextOffset(), w.end)
		return nil
	case b.BaseOffset() < w.next:
		w.report(s.File, pos, true, "a batch at offset %d behind one that ends at %d", b.BaseOffset(), w.next)
	case b.BaseOffset() > w.next && !w.durable(s, pos):
		w.report(s.File, pos, true, "a batch at offset %d, and offset %d was due", b.BaseOffset(), w.next)
	}
	w.next = max(w.next, b.NextOffset())
	if !w.visit(s.File, pos, b) {
		return errStop
	}
	return nil
}

// open opens a file for reading anywhere.
func (a *Archive) open(name string) (fs.File, io.ReaderAt, error) {
	f, err := a.fsys.Open(name)
	if err != nil {
		return nil, nil, err
	}
	r, ok := f.(io.ReaderAt)
	if !ok {
		return nil, nil, errors.Join(fmt.Errorf("%s can be read in order only", name), f.Close())
	}
	return f, r, nil
}

// Verify reads all of a log: checksums and headers of batches, the order of their offsets, the ends of segments, and indexes.
// Findings that are no damage are what a crash may leave. The error is one of reading.
func (a *Archive) Verify(l ArchivedLog, finding func(Finding)) error {
	checks := map[string]*indexCheck{}
	for _, s := range l.Segments {
		checks[s.File] = a.checkIndex(s, finding)
	}
	err := a.Each(l, func(file string, at int64, b batch.Batch) bool {
		checks[file].note(b, at)
		return true
	}, finding)
	if err != nil {
		return err
	}
	for _, s := range l.Segments {
		checks[s.File].end(finding)
	}
	if l.point.offset > l.Start && !slices.ContainsFunc(l.Segments, func(s ArchivedSegment) bool { return s.Base == l.point.base }) {
		finding(Finding{File: l.dir, What: fmt.Sprintf("the segment that begins at offset %d is missing", l.point.base), Damage: true})
	}
	return nil
}

// indexCheck compares the index of a segment with its batches.
type indexCheck struct {
	name   string
	base   batch.Offset
	have   bool
	got    index
	at     int // the next mark
	newest int64
	wrong  int // the first mark that fits no batch, or -1
}

// checkIndex reads the index file of a segment, if there is one for all of it.
func (a *Archive) checkIndex(s ArchivedSegment, finding func(Finding)) *indexCheck {
	stem, isSegment := strings.CutSuffix(s.File, segmentSuffix)
	c := &indexCheck{name: stem + indexSuffix, base: s.Base, newest: batch.NoTimestamp, wrong: -1}
	b, err := fs.ReadFile(a.fsys, c.name)
	switch {
	case !isSegment || errors.Is(err, fs.ErrNotExist):
	case err != nil:
		finding(Finding{File: c.name, What: err.Error(), Damage: true})
	default:
		if c.got, c.have = decodeIndex(b, s.Base, s.Bytes); !c.have {
			finding(Finding{File: c.name, What: "it fails its checksum, or is of another size of the segment: it is not believed, and made again when needed"})
		}
	}
	return c
}

func (c *indexCheck) note(b batch.Batch, pos int64) {
	for c.at < len(c.got.marks) && int64(c.got.marks[c.at].pos) <= pos {
		m := c.got.marks[c.at]
		fits := int64(m.pos) == pos && c.base+batch.Offset(m.relative) == b.BaseOffset() && m.before == c.newest
		if !fits && c.wrong < 0 {
			c.wrong = c.at
		}
		c.at++
	}
	c.newest = max(c.newest, b.MaxTimestamp())
}

func (c *indexCheck) end(finding func(Finding)) {
	if c.wrong < 0 && c.at < len(c.got.marks) {
		c.wrong = c.at
	}
	switch {
	case !c.have:
	case c.wrong >= 0:
		finding(Finding{File: c.name, At: indexHead + int64(c.wrong)*indexEntry, What: "it does not fit its segment: delete it, and it is made again", Damage: true})
	case c.got.max != c.newest:
		finding(Finding{File: c.name, At: 24, What: "its largest timestamp is not the segment's: delete it, and it is made again", Damage: true})
	}
}
