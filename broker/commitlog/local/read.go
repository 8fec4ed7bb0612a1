package local

import (
	"errors"
	"io/fs"
	"slices"
	"sort"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// view is what a reader may see of one segment.
type view struct {
	s       *segment
	size    int64
	visible batch.Offset
	start   batch.Offset
}

// at returns the segment that holds offset, which must lie in [start, visible); ok is false at the high watermark.
func (p *partition) at(offset batch.Offset) (v view, ok bool, err error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if offset < p.start || offset > p.visible {
		return view{}, false, fault.New(commitlog.ErrOutOfRange, "local.Read", "offset %d is outside %d to %d", offset, p.start, p.visible)
	}
	if offset == p.visible {
		return view{}, false, nil
	}
	i := sort.Search(len(p.segments), func(i int) bool { return p.segments[i].next > offset })
	if i == len(p.segments) {
		return view{}, false, fault.New(commitlog.ErrCorrupt, "local.Read", "no segment holds offset %d", offset)
	}
	s := p.segments[i]
	return view{s: s, size: s.size, visible: p.visible, start: p.start}, true, nil
}

// read implements commitlog.Log.Read.
func (p *partition) read(dst []byte, from batch.Offset, maxBytes int) ([]byte, error) {
	had := len(dst)
	for {
		v, ok, err := p.at(from)
		if err != nil || !ok {
			if len(dst) > had { // the log was trimmed over what is already read
				return dst, nil
			}
			return dst, err
		}
		before := len(dst)
		grow := func(n int) []byte { return slices.Grow(dst[:before], n) }
		more, err := p.readSegment(grow, v, from, maxBytes-(before-had), before == had)
		if err != nil {
			if err = p.lost(v, from, err); err != nil {
				return dst, err
			}
			continue
		}
		if len(more) > before {
			dst = more
		}
		if len(dst) == before || len(dst)-had >= maxBytes || p.nextIn(v) >= v.visible {
			return dst, nil
		}
		last := lastBatch(dst[before:])
		if last.NextOffset() < p.nextIn(v) {
			return dst, nil // no room for the segment's next batch
		}
		from = last.NextOffset()
	}
}

// readTo implements commitlog.Placer. It reads from one segment.
func (p *partition) readTo(from batch.Offset, maxBytes int, room func(n int) []byte) ([]byte, error) {
	for {
		v, ok, err := p.at(from)
		if err != nil || !ok {
			return nil, err
		}
		got, err := p.readSegment(room, v, from, maxBytes, true)
		if err == nil {
			return got, nil
		}
		if err := p.lost(v, from, err); err != nil {
			return nil, err
		}
	}
}

// lost turns the error of reading a segment into the one to tell; nil if the segment only went between at and the opening of its
// file: offset is out of range, or elsewhere, now.
func (p *partition) lost(v view, offset batch.Offset, err error) error {
	switch removed, trimmed := p.overtaken(offset); {
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case removed:
		return fault.New(commitlog.ErrClosed, "local.Read", "the log was removed")
	case !trimmed && !p.e.files.isGone(&v.s.file):
		return damaged(v.s.name, 0)
	}
	return nil
}

// overtaken tells whether the log was removed, or trimmed beyond offset.
func (p *partition) overtaken(offset batch.Offset) (removed, trimmed bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.removed, offset < p.start
}

func (p *partition) nextIn(v view) batch.Offset {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return v.s.next
}

func lastBatch(b []byte) (last batch.Batch) {
	for len(b) > 0 {
		first, rest, err := batch.Cut(b)
		if err != nil {
			return last
		}
		last, b = first, rest
	}
	return last
}

// readSegment appends to what room gives the batches of one segment from the one that holds from, up to maxBytes, or at least
// one if must is set. It returns nil if there is nothing to read, or no room.
func (p *partition) readSegment(room func(n int) []byte, v view, from batch.Offset, maxBytes int, must bool) ([]byte, error) {
	f, err := p.e.files.acquire(&v.s.file)
	if err != nil {
		return nil, err
	}
	defer p.e.files.release(&v.s.file, false)
	pos, size, err := p.locate(f, v, from)
	if err != nil || (size > int64(maxBytes) && !must) {
		return nil, err
	}
	n := max(size, min(int64(maxBytes), v.size-pos))
	dst := room(int(n))
	if dst == nil {
		return nil, nil
	}
	had := len(dst)
	dst, err = readAt(dst, f, v.s.name, pos, n)
	if err != nil {
		return nil, err
	}
	keep, err := wholeBatches(dst[had:], v)
	return dst[:had+keep], err
}

// locate returns where the batch that holds offset begins, and its size.
func (p *partition) locate(f vfs.File, v view, offset batch.Offset) (pos, size int64, err error) {
	x, err := p.indexOf(v.s)
	if err != nil {
		return 0, 0, err
	}
	found := false
	err = walk(f, v.s.name, x.byOffset(v.s.base, offset), v.size, func(header batch.Batch, at, length int64) bool {
		pos, size, found = at, length, header.NextOffset() > offset
		return !found
	})
	if err == nil && !found {
		err = damaged(v.s.name, v.size)
	}
	return pos, size, err
}

func readAt(dst []byte, f vfs.File, name string, pos, n int64) ([]byte, error) {
	had := len(dst)
	dst = slices.Grow(dst, int(n))[:had+int(n)]
	if got, err := f.ReadAt(dst[had:], pos); got < int(n) {
		return dst[:had], short(name, pos+int64(got), err)
	}
	return dst, nil
}

// wholeBatches returns how much of b is whole batches below the high watermark.
func wholeBatches(b []byte, v view) (keep int, err error) {
	for rest := b; len(rest) >= batch.HeaderSize; {
		size, err := batch.SizeOf(rest)
		if err != nil {
			return keep, damaged(v.s.name, int64(keep))
		}
		if size > int64(len(rest)) || batch.Batch(rest).BaseOffset() >= v.visible {
			break
		}
		keep, rest = keep+int(size), rest[size:]
	}
	return keep, nil
}

// find implements commitlog.Log.Find.
func (p *partition) find(t time.Time) (commitlog.Found, bool, error) {
	for {
		found, ok, err := p.findAmong(p.current(), t)
		if !errors.Is(err, errGone) {
			return found, ok, err
		}
	}
}

// errGone says that a segment was trimmed or replaced while it was looked for: its successors have to be asked.
var errGone = errors.New("the segment is gone")

// current returns the segments as they are now.
func (p *partition) current() []*segment {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.segments
}

func (p *partition) findAmong(segments []*segment, t time.Time) (commitlog.Found, bool, error) {
	for _, s := range segments {
		found, ok, err := p.findIn(s, t.UnixMilli())
		if errors.Is(err, fs.ErrNotExist) && p.goneFromHere(s) {
			return commitlog.Found{}, false, errGone
		}
		if removed, _ := p.overtaken(s.base); err != nil && removed {
			return commitlog.Found{}, false, fault.New(commitlog.ErrClosed, "local.Find", "the log was removed")
		}
		if err != nil || ok {
			return found, ok, err
		}
	}
	return commitlog.Found{}, false, nil
}

func (p *partition) findIn(s *segment, t int64) (found commitlog.Found, ok bool, err error) {
	if newest, err := p.newestOf(s); err != nil || newest < t {
		return commitlog.Found{}, false, err
	}
	x, err := p.indexOf(s)
	if err != nil {
		return commitlog.Found{}, false, err
	}
	p.mu.RLock()
	v := view{s: s, size: s.size, visible: p.visible, start: p.start}
	p.mu.RUnlock()
	f, err := p.e.files.acquire(&s.file)
	if err != nil {
		return commitlog.Found{}, false, err
	}
	defer p.e.files.release(&s.file, false)
	var whole []byte
	var failed error
	err = walk(f, s.name, x.byTime(t), v.size, func(header batch.Batch, pos, size int64) bool {
		if header.BaseOffset() >= v.visible {
			return false
		}
		if header.MaxTimestamp() < t || header.NextOffset() <= v.start {
			return true
		}
		if whole, failed = readAt(whole[:0], f, s.name, pos, size); failed != nil {
			return false
		}
		found, ok = commitlog.FindIn(whole, v.start, t)
		return !ok
	})
	return found, ok, errors.Join(failed, err)
}

// describe implements commitlog.Sizer.
func (p *partition) describe() []commitlog.Segment {
	list, whole := p.describeAll(p.current())
	for !whole {
		list, whole = p.describeAll(p.current())
	}
	return list
}

// goneFromHere tells whether s is gone and the partition has moved on without it.
func (p *partition) goneFromHere(s *segment) bool {
	return p.e.files.isGone(&s.file) && !slices.Contains(p.current(), s)
}

// describeAll describes segments; whole is false if one of them went meanwhile.
func (p *partition) describeAll(segments []*segment) (list []commitlog.Segment, whole bool) {
	list = make([]commitlog.Segment, 0, len(segments)+1)
	for _, s := range segments {
		newest, err := p.newestOf(s)
		if err != nil && p.goneFromHere(s) {
			return nil, false
		}
		p.mu.RLock()
		list = append(list, commitlog.Segment{Base: s.base, Next: s.next, Bytes: s.size, MaxTimestamp: newest})
		p.mu.RUnlock()
	}
	if len(list) == 0 {
		b := p.bounds()
		list = append(list, commitlog.Segment{Base: b.End, Next: b.End, MaxTimestamp: batch.NoTimestamp})
	}
	return list, true
}

func (p *partition) bounds() commitlog.Bounds {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return commitlog.Bounds{Start: p.start, HighWatermark: p.visible, End: p.end}
}
