package txn

import (
	"encoding/binary"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/fault"
)

// ErrSnapshot: the bytes are no snapshot of producers.
var ErrSnapshot = fault.NewCode(fault.Internal, "producer_snapshot_corrupt")

// snapshotVersion opens every snapshot and reaches disks: a new layout takes a new number. Version 1 knew of no transactions.
const snapshotVersion = 2

// AppendSnapshot appends the state to dst: a version byte, the number of producers, and for each (longest silent first) id,
// epoch, time, whether its epoch is fresh, coordinator epoch of its last marker, and its batches; then the transactions: where
// the first began, those open (producer, first offset) and those aborted (producer, first offset, offset of the marker). All
// numbers are varints, signed ones zigzag.
func (ps *Producers) AppendSnapshot(dst []byte) []byte {
	dst = append(dst, snapshotVersion)
	dst = binary.AppendUvarint(dst, uint64(len(ps.byID)))
	for e := ps.order.Front(); e != nil; e = e.Next() {
		p := e.Value.(*producer)
		dst = binary.AppendVarint(dst, p.id)
		dst = binary.AppendVarint(dst, int64(p.epoch))
		dst = binary.AppendVarint(dst, p.at)
		dst = binary.AppendUvarint(dst, flag(p.fresh))
		dst = binary.AppendVarint(dst, int64(p.marked))
		dst = binary.AppendUvarint(dst, uint64(len(p.recent)))
		for _, a := range p.recent {
			dst = binary.AppendVarint(dst, int64(a.first))
			dst = binary.AppendVarint(dst, int64(a.last))
			dst = binary.AppendVarint(dst, int64(a.base))
		}
	}
	return ps.appendTransactions(dst)
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// Restore replaces the state by the one in snapshot.
func (ps *Producers) Restore(snapshot []byte) error {
	if len(snapshot) == 0 || snapshot[0] < 1 || snapshot[0] > snapshotVersion {
		return fault.New(ErrSnapshot, "txn.Restore", "unknown version of the snapshot of producers")
	}
	fresh := NewProducers(ps.limit)
	r := reader{b: snapshot[1:]}
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		fresh.restore(&r, snapshot[0])
	}
	if snapshot[0] >= 2 {
		fresh.restoreTransactions(&r)
	}
	if r.bad || len(r.b) > 0 {
		return fault.New(ErrSnapshot, "txn.Restore", "the snapshot of producers is cut short or too long")
	}
	*ps = *fresh
	return nil
}

func (ps *Producers) restore(r *reader, version byte) {
	id, epoch, at := r.varint(), r.varint(), r.varint()
	begun, marked := uint64(0), int64(-1)
	if version >= 2 {
		begun, marked = r.uvarint(), r.varint()
	}
	n := r.uvarint()
	if n > window {
		r.bad = true
	}
	if r.bad {
		return
	}
	p := ps.touch(id)
	p.epoch, p.at, p.recent, p.fresh, p.marked = int16(epoch), at, p.recent[:0], begun != 0, int32(marked)
	for ; n > 0; n-- {
		a := appended{first: int32(r.varint()), last: int32(r.varint()), base: batch.Offset(r.varint())}
		p.recent = append(p.recent, a)
	}
}

// reader takes varints off b until one is malformed.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	r.take(n)
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.take(n)
	return v
}

func (r *reader) take(n int) {
	if n <= 0 {
		r.bad, r.b = true, nil
		return
	}
	r.b = r.b[n:]
}
