package local

import (
	"errors"
	"io/fs"
	"math"
	"slices"
	"sync"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

// partition is one log of the engine, open or not. It outlives the handles (Log) on it.
type partition struct {
	e   *Engine
	id  logID
	dir string

	compacting sync.Mutex // held while the log is compacted
	reshaping  sync.Mutex // held while segments go or are replaced

	appending sync.Mutex // held by who writes to the last segment
	flushing  sync.Mutex // held while segments are synced
	indexing  sync.Mutex // held while an index is made

	// Guarded by committer.mu.
	group    *group
	memberAt int

	mu       sync.RWMutex
	removed  bool
	start    batch.Offset
	visible  batch.Offset // the high watermark
	end      batch.Offset
	waiting  int        // batches that were appended with Fsync and are not durable
	segments []*segment // replaced, never changed in place; empty until the first append
	dirty    []*segment // written since the last flush
	listed   bool       // is on the engine's list for the next checkpoint
	newFiles bool       // a segment's name is not durable
	newDir   bool       // the folder's name is not durable
	past     uint64     // batches appended past the write-ahead log
	pastSync uint64     // value of past that is durable
	moved    chan struct{}

	segmentBytes int64        // at which a segment is full; 0 is the engine's
	compacted    batch.Offset // every key has at most one record before it
	hinted       bool         // compacted was read from its file

	unsettled []replacement // guarded by compacting: done, but for the names of files
}

// append writes b at the end. With Fsync it returns the group to wait for.
func (p *partition) append(b batch.Batch, d commitlog.Durability) (batch.Offset, *group, error) {
	p.appending.Lock()
	defer p.appending.Unlock()
	if err := p.usable("local.Append"); err != nil {
		return 0, nil, err
	}
	s, err := p.room(int64(len(b)), int64(b.LastOffsetDelta()))
	if err != nil {
		return 0, nil, p.e.fail("local.Append", err)
	}
	base := p.end // only appends change it
	b.SetBaseOffset(base)
	b.SetLeaderEpoch(0)
	if err := p.write(s, b); err != nil {
		return 0, nil, p.e.fail("local.Append", err)
	}
	needFlush := p.appended(s, b, d)
	p.e.appends.Add(1)
	if d == commitlog.OS {
		return base, nil, nil
	}
	g, err := p.e.committer.add(p, b, needFlush)
	return base, g, err
}

func (p *partition) usable(op string) error {
	p.mu.RLock()
	removed := p.removed
	p.mu.RUnlock()
	if removed {
		return fault.New(commitlog.ErrClosed, op, "the log was removed")
	}
	return p.e.usable(op)
}

func (p *partition) write(s *segment, b []byte) error {
	f, err := p.e.files.acquire(&s.file)
	if err != nil {
		return err
	}
	defer p.e.files.release(&s.file, true)
	_, err = f.WriteAt(b, s.size)
	return err
}

// appended moves the marks past b. It reports whether batches lie before b that are not durable and not in the write-ahead log.
func (p *partition) appended(s *segment, b batch.Batch, d commitlog.Durability) (needFlush bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.index.note(s.base, b, s.size)
	s.size += int64(len(b))
	s.next = b.NextOffset()
	p.end = s.next
	p.touch(s)
	if d == commitlog.OS {
		p.past++
	} else {
		p.waiting++
		needFlush = p.past != p.pastSync
	}
	p.show(p.visible)
	return needFlush
}

// touch notes that s has unsynced bytes. p.mu is held.
func (p *partition) touch(s *segment) {
	if !slices.Contains(p.dirty, s) {
		p.dirty = append(p.dirty, s)
	}
	if !p.listed {
		p.listed = true
		p.e.list(p)
	}
}

// show moves the high watermark to upTo, or to the end if nothing waits for a sync. p.mu is held.
func (p *partition) show(upTo batch.Offset) {
	if p.waiting == 0 {
		upTo = p.end
	}
	if upTo <= p.visible {
		return
	}
	p.visible = upTo
	p.wakeAll()
}

func (p *partition) wakeAll() {
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// movement returns the high watermark and a channel that is closed when it moves.
func (p *partition) movement() (batch.Offset, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved == nil {
		p.moved = make(chan struct{})
	}
	return p.visible, p.moved
}

// committed takes note that the batches of one group are durable. If they are not, the engine has failed and the high watermark
// stays where it is.
func (p *partition) committed(m member, ok bool) {
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting -= m.batches
	p.show(m.upTo)
}

// room returns the segment that takes the next batch of size bytes, a new one if the last is full.
func (p *partition) room(size, lastDelta int64) (*segment, error) {
	if s := p.last(); s != nil {
		full := s.size > 0 && s.size+size > p.fullAt()
		if !full && s.size+size <= math.MaxUint32 && int64(p.end-s.base)+lastDelta <= math.MaxUint32 {
			return s, nil
		}
		p.seal(s)
	}
	return p.begin(p.end)
}

// last returns the segment that batches go to, or nil.
func (p *partition) last() *segment {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if len(p.segments) == 0 {
		return nil
	}
	return p.segments[len(p.segments)-1]
}

// seal saves the index of a segment that is complete and lets go of its memory.
func (p *partition) seal(s *segment) {
	if x, known, size := p.indexNow(s); known == 0 {
		p.saveIndex(s, x, size)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.known == 0 {
		s.newest, s.hasNewest = s.index.max, true
	}
	s.index, s.known = newIndex(), s.size
}

// begin makes the next segment. Its name becomes durable with the next flush.
func (p *partition) begin(base batch.Offset) (*segment, error) {
	if err := p.makeDir(); err != nil {
		return nil, err
	}
	s := newSegment(p.dir, base)
	if _, err := p.e.files.create(&s.file); err != nil {
		return nil, err
	}
	p.e.files.release(&s.file, true)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.segments = append(slices.Clip(p.segments), s)
	p.newFiles = true
	return s, nil
}

func (p *partition) makeDir() error {
	if p.last() != nil {
		return nil
	}
	if err := p.e.fs.MkdirAll(p.dir); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.newDir = true
	return nil
}

// flush makes durable everything that was appended before the call, and returns the end of it.
func (p *partition) flush() (point, error) {
	p.flushing.Lock()
	defer p.flushing.Unlock()
	p.mu.Lock()
	dirty, newFiles, newDir, past, upTo := p.dirty, p.newFiles, p.newDir, p.past, p.point()
	p.dirty, p.newFiles, p.newDir = nil, false, false
	p.mu.Unlock()
	for _, s := range dirty {
		if err := p.e.files.flush(&s.file); err != nil && !p.vanished(s, err) {
			return point{}, p.e.fail("local.flush", err)
		}
	}
	if err := p.syncNames(newFiles, newDir); err != nil && !p.vanished(nil, err) {
		return point{}, p.e.fail("local.flush", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pastSync = max(p.pastSync, past)
	return upTo, nil
}

// point is the present end. p.mu is held.
func (p *partition) point() point {
	if len(p.segments) == 0 {
		return point{offset: p.end}
	}
	s := p.segments[len(p.segments)-1]
	return point{offset: p.end, base: s.base, pos: s.size}
}

func (p *partition) syncNames(files, dir bool) error {
	if files {
		if err := p.e.fs.SyncDir(p.dir); err != nil {
			return err
		}
	}
	if dir {
		return p.e.fs.SyncDir(logsName)
	}
	return nil
}

// vanished tells whether an error only says that a file was removed meanwhile, which leaves nothing to sync.
func (p *partition) vanished(s *segment, err error) bool {
	if !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.removed || (s != nil && p.e.files.isGone(&s.file))
}

// fullAt returns the size at which a segment is full.
func (p *partition) fullAt() int64 {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.segmentBytes > 0 {
		return min(p.segmentBytes, p.e.o.SegmentBytes)
	}
	return p.e.o.SegmentBytes
}

// trim lets whole segments before start go, whose new value is durable.
func (p *partition) trim(start batch.Offset) error {
	p.reshaping.Lock()
	defer p.reshaping.Unlock()
	p.mu.Lock()
	p.start = max(p.start, start)
	n := 0
	for n < len(p.segments)-1 && p.segments[n].next <= p.start {
		n++
	}
	gone := p.segments[:n]
	p.segments = p.segments[n:]
	p.mu.Unlock()
	return p.unlink(gone)
}

func (p *partition) unlink(gone []*segment) error {
	for _, s := range gone {
		p.e.indexes.forget(s)
		if err := p.e.files.unlink(&s.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := p.e.fs.Remove(s.indexName()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// retire ends all use of the partition, ahead of its removal.
func (p *partition) retire() {
	p.appending.Lock()
	defer p.appending.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removed = true
	p.wakeAll()
}
