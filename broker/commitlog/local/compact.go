package local

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"slices"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/compaction"
	"github.com/pawl-registry/pawl/fault"
)

var _ commitlog.Compactor = (*Log)(nil)

// compactChunk is how much a compaction reads and writes at a time.
const compactChunk = 256 << 10

// Roll implements commitlog.Compactor.
func (l *Log) Roll(ctx context.Context) error {
	if err := l.usable(ctx, "local.Roll"); err != nil {
		return err
	}
	return l.p.roll()
}

func (p *partition) roll() error {
	const op = "local.Roll"
	p.appending.Lock()
	defer p.appending.Unlock()
	if err := p.usable(op); err != nil {
		return err
	}
	s := p.last()
	if s == nil || s.size == 0 { // only appends change it
		return nil
	}
	p.seal(s)
	if _, err := p.begin(p.end); err != nil {
		return p.e.fail(op, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.touchNothing()
	return nil
}

// SetSegmentBytes implements commitlog.Compactor.
func (l *Log) SetSegmentBytes(n int64) {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	l.p.segmentBytes = max(n, 0)
}

// Compacted implements commitlog.Compactor.
func (l *Log) Compacted() batch.Offset { return l.p.compactedUpTo() }

// Compact implements commitlog.Compactor.
func (l *Log) Compact(ctx context.Context, c commitlog.Compaction) (commitlog.Compacted, error) {
	l.p.compacting.Lock()
	defer l.p.compacting.Unlock()
	if c.MaxMemory <= 0 {
		c.MaxMemory = compaction.DefaultMemory
	}
	r := &compactor{p: l.p, c: c, check: func() error {
		if err := l.usable(ctx, "local.Compact"); err != nil {
			return err
		}
		return l.p.usable("local.Compact")
	}}
	err := r.run()
	r.done.UpTo = l.p.compactedUpTo()
	return r.done, err
}

// compactor is one Compact of a partition.
type compactor struct {
	p      *partition
	c      commitlog.Compaction
	check  func() error // fails once there is no use in going on
	survey *compaction.Survey
	keys   *compaction.Keys
	filter *compaction.Filter
	done   commitlog.Compacted
}

func (r *compactor) run() error {
	if err := r.check(); err != nil {
		return err
	}
	if err := r.settle(); err != nil {
		return err
	}
	candidates, err := r.candidates()
	if err != nil || len(candidates) == 0 {
		return err
	}
	if err := r.look(); err != nil {
		return r.explain(err)
	}
	if err := r.gather(candidates); err != nil {
		return r.explain(err)
	}
	r.filter = compaction.NewFilter(r.survey, r.keys, r.c.Now, r.c.DeleteRetention)
	for _, group := range r.groups(candidates) {
		if err := r.rewrite(group); err != nil {
			return r.explain(err)
		}
	}
	r.done.Records = r.filter.Dropped()
	r.p.noteCompacted(r.keys.UpTo())
	return nil
}

// settle ends what an earlier compaction could not.
func (r *compactor) settle() error {
	r.p.reshaping.Lock()
	defer r.p.reshaping.Unlock()
	r.p.indexing.Lock()
	defer r.p.indexing.Unlock()
	return r.p.settle()
}

// explain turns the error of a segment that went meanwhile into the error of the log, if it has one.
func (r *compactor) explain(err error) error {
	if gone := r.check(); gone != nil {
		return gone
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil // trimmed: the next compaction does the rest
	}
	return wrapDisk(err)
}

// candidates returns the sealed segments that may be compacted: those in front of the recovery point, which the catalog on disk
// knows, so that recovery never reads them batch by batch.
func (r *compactor) candidates() ([]*segment, error) {
	if err := r.p.e.checkpoint(); err != nil {
		return nil, r.p.e.fail("local.Compact", err)
	}
	e, ok := r.p.e.catalog.get(r.p.id)
	if !ok {
		return nil, fault.New(commitlog.ErrClosed, "local.Compact", "the log was removed")
	}
	r.p.mu.RLock()
	defer r.p.mu.RUnlock()
	r.c.UpTo = min(r.c.UpTo, r.p.visible)
	var list []*segment
	for _, s := range r.p.segments[:max(len(r.p.segments)-1, 0)] {
		if s.base >= e.point.base || s.base >= r.c.UpTo {
			break
		}
		list = append(list, s)
	}
	if n := len(list); n > 0 {
		r.c.UpTo = min(r.c.UpTo, list[n-1].next)
	}
	return list, nil
}

// look surveys the whole log.
func (r *compactor) look() error {
	r.survey = compaction.NewSurvey(r.c.KeepProducer, r.c.MaxMemory)
	for _, s := range r.p.current() {
		if err := r.lookAt(s); err != nil {
			return err
		}
	}
	r.c.UpTo = min(r.c.UpTo, r.survey.Stable())
	return nil
}

func (r *compactor) lookAt(s *segment) error {
	r.p.mu.RLock()
	size, visible := s.size, r.p.visible
	r.p.mu.RUnlock()
	f, err := r.p.e.files.acquire(&s.file)
	if err != nil {
		return err
	}
	defer r.p.e.files.release(&s.file, false)
	var whole []byte
	var failed error
	err = walk(f, s.name, 0, size, func(header batch.Batch, pos, size int64) bool {
		if header.BaseOffset() >= visible {
			return false
		}
		kind := batch.Commit
		if header.Control() {
			if whole, failed = readAt(whole[:0], f, s.name, pos, size); failed == nil {
				kind = compaction.ControlOf(whole)
			}
		}
		r.survey.Add(header, kind)
		if failed == nil {
			failed = r.check()
		}
		return failed == nil
	})
	return errors.Join(failed, err)
}

// errEnough ends a walk.
var errEnough = errors.New("enough")

// gather remembers the keys of what was not compacted before.
func (r *compactor) gather(candidates []*segment) error {
	from := min(r.p.compactedUpTo(), r.c.UpTo)
	r.keys = compaction.NewKeys(from, r.c.MaxMemory)
	for _, s := range candidates {
		if s.next <= from {
			continue
		}
		err := r.each(s, func(b batch.Batch) error {
			if b.LastOffset() < from {
				return nil
			}
			if b.NextOffset() > r.c.UpTo || !r.keys.Add(b, r.survey) {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// each visits the batches of a sealed segment. They are good until visit returns.
func (r *compactor) each(s *segment, visit func(b batch.Batch) error) error {
	f, err := r.p.e.files.acquire(&s.file)
	if err != nil {
		return err
	}
	defer r.p.e.files.release(&s.file, false)
	var buf []byte
	chunk := int64(compactChunk)
	for pos := int64(0); pos < s.size; {
		if err := r.check(); err != nil {
			return err
		}
		if buf, err = readAt(buf[:0], f, s.name, pos, min(chunk, s.size-pos)); err != nil {
			return err
		}
		used, err := visitAll(buf, visit)
		if err != nil {
			return describeDamage(err, s.name, pos+used)
		}
		if chunk = compactChunk; used == 0 { // a batch that is larger
			size, err := batch.SizeOf(buf)
			if err != nil || size <= int64(len(buf)) || size > s.size-pos {
				return damaged(s.name, pos)
			}
			chunk = size
		}
		pos += used
	}
	return nil
}

// visitAll visits the whole batches in buf and returns how much of it they are.
func visitAll(buf []byte, visit func(b batch.Batch) error) (used int64, err error) {
	for rest := buf; len(rest) > 0; {
		b, after, err := batch.Open(rest)
		if errors.Is(err, batch.ErrShort) {
			break
		}
		if err == nil {
			err = visit(b)
		}
		if err != nil {
			return used, err
		}
		used, rest = used+int64(len(b)), after
	}
	return used, nil
}

// describeDamage says where a batch is damaged. Compaction stops there: it neither drops nor copies what it cannot vouch for.
func describeDamage(err error, name string, pos int64) error {
	for _, code := range []*fault.Code{batch.ErrChecksum, batch.ErrMagic, batch.ErrLength, batch.ErrHeader, batch.ErrCodec} {
		if errors.Is(err, code) {
			return damaged(name, pos)
		}
	}
	return err
}

// groups puts neighbours together whose sum makes a segment.
func (r *compactor) groups(candidates []*segment) [][]*segment {
	var all [][]*segment
	var bytes int64
	for _, s := range candidates {
		if s.base >= r.keys.UpTo() {
			break
		}
		n := len(all)
		if n > 0 && bytes+s.size <= r.p.fullAt() && s.next-all[n-1][0].base <= math.MaxUint32 {
			all[n-1], bytes = append(all[n-1], s), bytes+s.size
			continue
		}
		all, bytes = append(all, []*segment{s}), s.size
	}
	return all
}

// rewrite compacts a group of segments into one.
func (r *compactor) rewrite(group []*segment) error {
	last := group[len(group)-1]
	w, err := newSegmentWriter(r.p, group[0].base, last.next)
	if err != nil {
		return err
	}
	changed := len(group) > 1
	for _, s := range group {
		err = r.each(s, func(b batch.Batch) error {
			left, err := r.filter.Apply(b)
			if err != nil {
				return err
			}
			if left == nil && b.NextOffset() == last.next { // a segment reaches to its end
				left = batch.BuildGap(nil, b.BaseOffset(), b.LastOffset(), b.LeaderEpoch())
			}
			changed = changed || !bytes.Equal(left, b)
			return w.add(left)
		})
		if err != nil {
			return errors.Join(err, w.discard())
		}
		r.done.Before += s.size
	}
	r.done.After += w.s.size
	if !changed {
		return w.discard()
	}
	if err := w.finish(); err != nil {
		return errors.Join(err, w.discard())
	}
	return r.p.replace(replacement{old: slices.Clone(group), fresh: w.s}, w.x, w.name)
}
