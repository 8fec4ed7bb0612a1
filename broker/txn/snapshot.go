package txn

import (
	"encoding/binary"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/fault"
)

// ErrSnapshot: the bytes are no snapshot of producers.
var ErrSnapshot = fault.NewCode(fault.Internal, "producer_snapshot_corrupt")

// snapshotVersion opens every snapshot and reaches disks: a new layout takes a new number.
const snapshotVersion = 1

// AppendSnapshot appends the state to dst: a version byte, the number of producers, and for each (longest silent first) id,
// epoch, time and its batches. All numbers are varints, signed ones zigzag.
func (ps *Producers) AppendSnapshot(dst []byte) []byte {
	dst = append(dst, snapshotVersion)
	dst = binary.AppendUvarint(dst, uint64(len(ps.byID)))
	for e := ps.order.Front(); e != nil; e = e.Next() {
		p := e.Value.(*producer)
		dst = binary.AppendVarint(dst, p.id)
		dst = binary.AppendVarint(dst, int64(p.epoch))
		dst = binary.AppendVarint(dst, p.at)
		dst = binary.AppendUvarint(dst, uint64(len(p.recent)))
		for _, a := range p.recent {
			dst = binary.AppendVarint(dst, int64(a.first))
			dst = binary.AppendVarint(dst, int64(a.last))
			dst = binary.AppendVarint(dst, int64(a.base))
		}
	}
	return dst
}

// Restore replaces the state by the one in snapshot.
func (ps *Producers) Restore(snapshot []byte) error {
	if len(snapshot) == 0 || snapshot[0] != snapshotVersion {
		return fault.New(ErrSnapshot, "txn.Restore", "unknown version of the snapshot of producers")
	}
	fresh := NewProducers(ps.limit)
	r := reader{b: snapshot[1:]}
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		fresh.restore(&r)
	}
	if r.bad || len(r.b) > 0 {
		return fault.New(ErrSnapshot, "txn.Restore", "the snapshot of producers is cut short or too long")
	}
	*ps = *fresh
	return nil
}

func (ps *Producers) restore(r *reader) {
	id, epoch, at, n := r.varint(), r.varint(), r.varint(), r.uvarint()
	if n > window {
		r.bad = true
	}
	if r.bad {
		return
	}
	p := ps.touch(id)
	p.epoch, p.at, p.recent = int16(epoch), at, p.recent[:0]
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
