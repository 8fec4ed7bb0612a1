package compaction

import (
	"math"
	"sort"

	"github.com/pawl-registry/pawl/broker/batch"
)

// span is one aborted transaction of a producer in this log: its first batch and its marker.
type span struct{ first, marker batch.Offset }

// spanBytes is about what an open or aborted transaction takes in memory.
const spanBytes = 64

// Survey is what the headers of a log tell. It must see the batches in order, from the start of the log on.
type Survey struct {
	keep     func(producer int64) bool
	most     int // transactions that it may remember
	known    int
	full     bool
	end      batch.Offset           // the survey is complete up to here
	open     map[int64]batch.Offset // first offset of each producer's open transaction
	aborted  map[int64][]span       // in order
	lastData map[int64]batch.Offset // base of each wanted producer's last batch with a sequence
	lastAny  map[int64]batch.Offset // base of each wanted producer's last batch
}

// NewSurvey returns a survey of an empty log. keep tells whose last batch is to stay, nil that nobody's is. About maxBytes of
// memory are used for transactions; beyond it the survey ends early, and so does what can be compacted.
func NewSurvey(keep func(producer int64) bool, maxBytes int64) *Survey {
	if keep == nil {
		keep = func(int64) bool { return false }
	}
	return &Survey{
		keep: keep, most: int(max(maxBytes/spanBytes, 1)),
		open: map[int64]batch.Offset{}, aborted: map[int64][]span{}, lastData: map[int64]batch.Offset{}, lastAny: map[int64]batch.Offset{},
	}
}

// Add takes a batch, whose header is all it looks at, and control, the type of its control record if it is a control batch.
func (s *Survey) Add(header batch.Batch, control batch.ControlType) {
	if p := header.Producer(); p.ID >= 0 {
		s.producer(header, p)
		if !s.full {
			s.transaction(header, p.ID, control)
		}
	}
	if !s.full {
		s.end = header.NextOffset()
	}
}

func (s *Survey) producer(header batch.Batch, p batch.Producer) {
	if !s.keep(p.ID) {
		return
	}
	s.lastAny[p.ID] = header.BaseOffset()
	if p.BaseSequence >= 0 {
		s.lastData[p.ID] = header.BaseOffset()
	}
}

func (s *Survey) transaction(header batch.Batch, producer int64, control batch.ControlType) {
	first, isOpen := s.open[producer]
	switch {
	case header.Control() && isOpen:
		delete(s.open, producer)
		s.known--
		if control == batch.Abort && header.Count() > 0 {
			s.aborted[producer] = append(s.aborted[producer], span{first, header.BaseOffset()})
			s.known++
		}
	case header.Control() || !header.Transactional() || isOpen:
	case s.known >= s.most:
		s.full = true // this transaction is not known: nothing from here on can be judged
	default:
		s.open[producer] = header.BaseOffset()
		s.known++
	}
}

// Stable returns the offset from which on nothing may be compacted: the first of an open transaction, or the end.
func (s *Survey) Stable() batch.Offset {
	stable := s.end
	for _, first := range s.open {
		stable = min(stable, first)
	}
	return stable
}

// isAborted tells whether a producer's transactional batch at offset belongs to an aborted transaction.
func (s *Survey) isAborted(producer int64, offset batch.Offset) bool {
	spans := s.aborted[producer]
	i := sort.Search(len(spans), func(i int) bool { return spans[i].marker > offset })
	return i < len(spans) && spans[i].first <= offset
}

// lastOf tells whether a batch is its producer's last one, whose place in the sequence must be kept.
func (s *Survey) lastOf(header batch.Batch) bool {
	id := header.Producer().ID
	if id < 0 {
		return false
	}
	at, offset := batch.Offset(math.MinInt64), header.BaseOffset()
	if last, ok := s.lastData[id]; ok {
		at = last
	}
	last, ok := s.lastAny[id]
	return offset == at || ok && offset == last
}

// ControlOf returns the type of a control batch's record, or Commit if it has none: a batch that lost its record ends nothing
// that is not ended anyway.
func ControlOf(b batch.Batch) batch.ControlType {
	kind := batch.Commit
	_ = b.Records(maxControl, func(_ int, r batch.Record) bool { // one that cannot be read aborts nothing
		if c, err := r.ControlType(); err == nil {
			kind = c
		}
		return false
	})
	return kind
}

// maxControl bounds how far a control batch is unpacked.
const maxControl = 1 << 10
