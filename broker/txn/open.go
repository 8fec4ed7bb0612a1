package txn

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/pawl-registry/pawl/broker/batch"
)

// Aborted is a transaction of one partition that ended in vain: its records are not for those who read what is committed.
type Aborted struct {
	Producer int64
	First    batch.Offset // of the transaction
	Marker   batch.Offset // that ended it
}

// transactions are those of one partition.
type transactions struct {
	open    map[int64]batch.Offset // by producer: where its transaction begins
	first   batch.Offset           // the least of open, or -1
	aborted []Aborted              // in the order of their markers
	began   batch.Offset           // the first record ever that belonged to a transaction, or -1
}

func newTransactions() transactions {
	return transactions{open: make(map[int64]batch.Offset), first: -1, began: -1}
}

// Begin notes that the producer appended a record of a transaction at base; the first one opens it.
func (ts *transactions) Begin(producer int64, base batch.Offset) {
	if _, ok := ts.open[producer]; ok {
		return
	}
	ts.open[producer] = base
	if ts.first < 0 || base < ts.first {
		ts.first = base
	}
	if ts.began < 0 {
		ts.began = base
	}
}

// close ends the transaction of a producer, if one is open.
func (ts *transactions) close(producer int64, end batch.ControlType, marker batch.Offset) {
	first, ok := ts.open[producer]
	if !ok {
		return
	}
	delete(ts.open, producer)
	if end == batch.Abort {
		ts.aborted = append(ts.aborted, Aborted{Producer: producer, First: first, Marker: marker})
	}
	if first != ts.first {
		return
	}
	ts.first = -1
	for _, o := range ts.open {
		if ts.first < 0 || o < ts.first {
			ts.first = o
		}
	}
}

// FirstOpen returns where the earliest open transaction begins: nothing from there on is stable. It is -1 if none is open.
func (ts *transactions) FirstOpen() batch.Offset { return ts.first }

// IsOpen reports whether the producer has a transaction open.
func (ts *transactions) IsOpen(producer int64) bool {
	_, ok := ts.open[producer]
	return ok
}

// Open lists the producers with an open transaction, in order.
func (ts *transactions) Open() []int64 { return slices.Sorted(maps.Keys(ts.open)) }

// Began returns the offset of the first record that ever belonged to a transaction, or -1.
func (ts *transactions) Began() batch.Offset { return ts.began }

// Aborted lists the transactions ended in vain that have records from offset from to before offset to.
func (ts *transactions) Aborted(from, to batch.Offset) []Aborted {
	i, _ := slices.BinarySearchFunc(ts.aborted, from, func(a Aborted, o batch.Offset) int { return int(a.Marker - o) })
	var all []Aborted
	for _, a := range ts.aborted[i:] {
		if a.First < to {
			all = append(all, a)
		}
	}
	return all
}

// Trim forgets the aborted transactions that ended before the log starts.
func (ts *transactions) Trim(start batch.Offset) {
	i, _ := slices.BinarySearchFunc(ts.aborted, start, func(a Aborted, o batch.Offset) int { return int(a.Marker - o) })
	if i > 0 {
		ts.aborted = slices.Clone(ts.aborted[i:])
	}
}

// Mark notes that the end of the producer's transaction was appended at offset at. A marker of a higher epoch begins that epoch
// (KIP-890). now is in milliseconds since the Unix epoch.
func (ps *Producers) Mark(m batch.Marker, at batch.Offset, now int64) {
	ps.close(m.ProducerID, m.Type, at)
	p := ps.touch(m.ProducerID)
	if m.ProducerEpoch != p.epoch {
		p.epoch, p.recent, p.fresh = m.ProducerEpoch, p.recent[:0], true
	}
	p.at, p.marked = now, m.CoordinatorEpoch
}

// CheckEpoch refuses an epoch that is older than the one that wrote last, for records without a sequence.
func (ps *Producers) CheckEpoch(id int64, epoch int16) error {
	if e := ps.byID[id]; e != nil {
		if p := e.Value.(*producer); epoch < p.epoch {
			return fenced(p, epoch)
		}
	}
	return nil
}

func (ts *transactions) appendTransactions(dst []byte) []byte {
	dst = binary.AppendVarint(dst, int64(ts.began))
	dst = binary.AppendUvarint(dst, uint64(len(ts.open)))
	for _, producer := range ts.Open() {
		dst = binary.AppendVarint(dst, producer)
		dst = binary.AppendVarint(dst, int64(ts.open[producer]))
	}
	dst = binary.AppendUvarint(dst, uint64(len(ts.aborted)))
	for _, a := range ts.aborted {
		dst = binary.AppendVarint(dst, a.Producer)
		dst = binary.AppendVarint(dst, int64(a.First))
		dst = binary.AppendVarint(dst, int64(a.Marker))
	}
	return dst
}

func (ts *transactions) restoreTransactions(r *reader) {
	began := batch.Offset(r.varint())
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		producer := r.varint()
		ts.Begin(producer, batch.Offset(r.varint()))
	}
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		ts.aborted = append(ts.aborted, Aborted{Producer: r.varint(), First: batch.Offset(r.varint()), Marker: batch.Offset(r.varint())})
	}
	ts.began = began
}

// Epoch returns the epoch that a producer wrote with last, or 0.
func (ps *Producers) Epoch(id int64) int16 {
	if e := ps.byID[id]; e != nil {
		return e.Value.(*producer).epoch
	}
	return 0
}
