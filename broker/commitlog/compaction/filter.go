package compaction

import (
	"github.com/pawl-registry/pawl/broker/batch"
)

// Filter says what is left of each batch. It must see the batches in order, from the start of the log on.
type Filter struct {
	survey    *Survey
	keys      *Keys
	now       int64
	retention int64
	data      map[int64]bool // producers with a batch since their last marker
	dropped   int64
}

// NewFilter returns the filter that follows a survey and its keys. now and retention are in milliseconds.
func NewFilter(s *Survey, k *Keys, now, retention int64) *Filter {
	return &Filter{survey: s, keys: k, now: now, retention: retention, data: map[int64]bool{}}
}

// Dropped returns how many records went.
func (f *Filter) Dropped() int64 { return f.dropped }

// Apply returns what is left of b: b itself, a smaller batch with the same first and last offset, or nil if nothing is.
func (f *Filter) Apply(b batch.Batch) (batch.Batch, error) {
	if b.BaseOffset() >= f.keys.UpTo() {
		return b, nil // batches are compacted whole
	}
	if b.Control() {
		return f.control(b), nil
	}
	p := b.Producer()
	if b.Transactional() {
		f.data[p.ID] = true
		if f.survey.isAborted(p.ID, b.BaseOffset()) {
			return f.emptied(b), nil
		}
	}
	return f.records(b)
}

// control judges a marker: once no data of its transaction is left it gets a horizon, and goes when that has passed.
func (f *Filter) control(b batch.Batch) batch.Batch {
	p := b.Producer()
	needed := f.data[p.ID]
	delete(f.data, p.ID)
	if needed {
		return b
	}
	horizon, set := b.DeleteHorizon()
	switch {
	case !set:
		marked, err := b.RetainUntil(nil, maxControl, f.horizon(), func(int, batch.Record) bool { return true })
		if err != nil {
			return b
		}
		return marked
	case horizon > f.now || f.survey.lastOf(b):
		return b
	}
	f.dropped += int64(b.Count())
	return nil
}

// horizon returns when what is compacted now may go.
func (f *Filter) horizon() int64 {
	if f.retention > maxTime-f.now {
		return maxTime
	}
	return f.now + f.retention
}

const maxTime = 1<<63 - 1

// emptied returns what stays of a batch that lost all records: nothing, or its place in the producer's sequence.
func (f *Filter) emptied(b batch.Batch) batch.Batch {
	f.dropped += int64(b.Count())
	if !f.survey.lastOf(b) {
		return nil
	}
	if b.Count() == 0 {
		return b
	}
	return b.Bare()
}

// verdict is what a look at the records of a batch found.
type verdict struct {
	keep       []bool
	kept       int
	tombstones bool // among those kept
}

func (f *Filter) records(b batch.Batch) (batch.Batch, error) {
	horizon, set := b.DeleteHorizon()
	v := verdict{}
	err := b.Records(unpackBound, func(_ int, r batch.Record) bool {
		keep := f.keeps(r, set && horizon <= f.now)
		if keep {
			v.kept++
			v.tombstones = v.tombstones || r.Value == nil
		}
		v.keep = append(v.keep, keep)
		return true
	})
	if err != nil {
		return b, nil // it cannot be unpacked: it stays as it is
	}
	return f.rewrite(b, v, set)
}

func (f *Filter) keeps(r batch.Record, expired bool) bool {
	if r.Key == nil || r.Value == nil && expired {
		return false
	}
	return !f.keys.replaced(r.Key, r.Offset)
}

func (f *Filter) rewrite(b batch.Batch, v verdict, hasHorizon bool) (batch.Batch, error) {
	mark := v.tombstones && !hasHorizon
	keep := func(i int, _ batch.Record) bool { return v.keep[i] }
	switch {
	case v.kept == 0:
		return f.emptied(b), nil
	case v.kept == b.Count() && !mark:
		return b, nil
	}
	f.dropped += int64(b.Count() - v.kept)
	if mark {
		return b.RetainUntil(nil, unpackBound, f.horizon(), keep)
	}
	return b.Retain(nil, unpackBound, keep)
}
