package local

import (
	"errors"
	"io"
	"io/fs"
	"slices"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

// found is a segment file as the folder lists it.
type found struct {
	s    *segment
	size int64
}

// tail is what load found behind the last valid batch, to be cut off by cutTail.
type tail struct {
	cut   *segment // ends with something else than a whole batch; nil if not
	stale []*segment
}

// load finds the segments of p and verifies them from the recovery point on. It changes nothing
// on disk, but finishes a compaction that was cut short.
func (p *partition) load(from point) (tail, error) {
	if err := p.finishReplacing(); err != nil {
		return tail{}, err
	}
	list, err := p.listSegments()
	if err != nil {
		return tail{}, err
	}
	i, pos, next, err := p.resume(list, from)
	if err != nil {
		return tail{}, err
	}
	p.end = next
	var t tail
	if i < len(list) {
		if t, err = p.verify(list, i, pos); err != nil {
			return tail{}, err
		}
	} else {
		t.stale = segmentsOf(list)
	}
	p.visible = p.end
	return t, nil
}

func segmentsOf(list []found) []*segment {
	var all []*segment
	for _, f := range list {
		all = append(all, f.s)
	}
	return all
}

func (p *partition) listSegments() ([]found, error) {
	files, err := p.e.fs.ReadDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []found
	for _, f := range files { // sorted by name, and names have a fixed width
		base, ok := parseSegment(f.Name())
		if !ok {
			continue
		}
		info, err := f.Info()
		if err != nil {
			return nil, err
		}
		list = append(list, found{newSegment(p.dir, base), info.Size()})
	}
	return list, nil
}

// resume returns the place from which to verify: a segment, a position in it, and the offset there. An index of len(list) says
// that none of the segments is of use.
func (p *partition) resume(list []found, from point) (i int, pos int64, next batch.Offset, err error) {
	i = slices.IndexFunc(list, func(f found) bool { return f.s.base == from.base })
	if i >= 0 && list[0].s.base <= p.start && list[i].size >= from.pos {
		return i, from.pos, from.offset, nil
	}
	if from.offset > p.start {
		return 0, 0, 0, fault.New(commitlog.ErrCorrupt, "local.Open",
			"%s: the records before offset %d were durable, and are missing: restore the log, or remove it", p.dir, from.offset)
	}
	// Everything up to the recovery point was trimmed, or nothing was ever durable.
	if len(list) > 0 && list[0].s.base <= p.start {
		return 0, 0, list[0].s.base, nil
	}
	return len(list), 0, from.offset, nil
}

// verify takes over the segments up to i, and reads on from there as long as batches are whole and follow each other.
func (p *partition) verify(list []found, i int, pos int64) (tail, error) {
	for j, f := range list[:i] {
		f.s.size, f.s.known, f.s.next = f.size, f.size, list[j+1].s.base
		p.segments = append(p.segments, f.s)
	}
	for ; ; i, pos = i+1, 0 {
		f := list[i]
		f.s.size, f.s.known, f.s.next = pos, pos, p.end
		p.segments = append(p.segments, f.s)
		if err := p.scan(f.s, f.size); err != nil {
			return tail{}, err
		}
		if f.s.size < f.size {
			return tail{cut: f.s, stale: segmentsOf(list[i+1:])}, nil
		}
		if i+1 == len(list) || list[i+1].s.base != p.end {
			return tail{stale: segmentsOf(list[i+1:])}, nil
		}
		f.s.index, f.s.known = newIndex(), f.s.size // sealed
	}
}

// scan moves the ends of s and p past the valid batches that follow, up to size.
func (p *partition) scan(s *segment, size int64) error {
	if s.size == size {
		return nil
	}
	f, err := p.e.files.acquire(&s.file)
	if err != nil {
		return err
	}
	// What is found may be in the page cache only: it counts as written.
	defer p.e.files.release(&s.file, true)
	var buf []byte
	for {
		b, grown, err := nextBatch(f, buf, s.size, size)
		if err != nil || b == nil || b.BaseOffset() != p.end {
			return err
		}
		buf = grown
		p.appended(s, b, commitlog.OS)
	}
}

// nextBatch returns the batch at pos, or nil if there is no valid one.
func nextBatch(f io.ReaderAt, buf []byte, pos, end int64) (batch.Batch, []byte, error) {
	if end-pos < batch.HeaderSize {
		return nil, buf, nil
	}
	buf = slices.Grow(buf[:0], batch.HeaderSize)[:batch.HeaderSize]
	if _, err := f.ReadAt(buf, pos); err != nil && err != io.EOF {
		return nil, buf, err
	}
	size, err := batch.SizeOf(buf)
	if err != nil || size > end-pos {
		return nil, buf, nil
	}
	buf = slices.Grow(buf[:0], int(size))[:size]
	if _, err := f.ReadAt(buf, pos); err != nil && err != io.EOF {
		return nil, buf, err
	}
	b, _, err := batch.Open(buf)
	if err != nil {
		return nil, buf, nil
	}
	return b, buf, nil
}

// cutTail cuts off what load found behind the last valid batch, durably, so that nothing of it can ever line up behind a new
// batch.
func (p *partition) cutTail(t tail) error {
	if err := p.unlink(t.stale); err != nil {
		return err
	}
	if len(t.stale) > 0 {
		if err := p.e.fs.SyncDir(p.dir); err != nil {
			return err
		}
	}
	if t.cut != nil {
		return p.truncate(t.cut)
	}
	return nil
}

// finish lets go what was trimmed, once the log is complete.
func (p *partition) finish() error {
	if p.end < p.start {
		return p.restart()
	}
	return p.trim(p.start)
}

func (p *partition) truncate(s *segment) error {
	f, err := p.e.files.acquire(&s.file)
	if err != nil {
		return err
	}
	defer p.e.files.release(&s.file, true)
	if err := f.Truncate(s.size); err != nil {
		return err
	}
	return f.Sync()
}

// restart empties a log whose start is beyond its end: what was trimmed away was not durable, and is lost as it may be.
func (p *partition) restart() error {
	if err := p.unlink(p.segments); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.segments, p.dirty = nil, nil
	p.end, p.visible = p.start, p.start
	p.touchNothing()
	return nil
}

// touchNothing puts p on the list for the next checkpoint, so that the catalog learns of its new end. p.mu is held.
func (p *partition) touchNothing() {
	if !p.listed {
		p.listed = true
		p.e.list(p)
	}
}
