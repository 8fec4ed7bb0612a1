package batch

import "encoding/binary"

// Retain appends to dst a copy of b that holds only the records that keep returns true for, with their offsets; the base
// offset, the last offset, the producer's fields, the codec and the delete horizon stay (compaction). All records may go.
// maxBytes and the errors are those of Records and Build.
func (b Batch) Retain(dst []byte, maxBytes int, keep func(index int, r Record) bool) (Batch, error) {
	_, set := b.DeleteHorizon()
	return b.retain(dst, maxBytes, b.BaseTimestamp(), set, keep)
}

// RetainUntil is Retain that sets the delete horizon of the copy: the time, in milliseconds since the Unix epoch, from which on
// compaction may drop its tombstones and its transaction marker.
func (b Batch) RetainUntil(dst []byte, maxBytes int, horizon int64, keep func(index int, r Record) bool) (Batch, error) {
	return b.retain(dst, maxBytes, horizon, true, keep)
}

func (b Batch) retain(dst []byte, maxBytes int, base int64, horizon bool, keep func(int, Record) bool) (Batch, error) {
	p := b.Producer()
	w := newWriter(dst, Spec{
		BaseOffset: b.BaseOffset(), LeaderEpoch: b.LeaderEpoch(), Codec: b.Codec(), TimestampType: b.TimestampType(),
		AppendTime: b.MaxTimestamp(), Transactional: b.Transactional(), Control: b.Control(), Producer: &p,
	})
	w.baseTimestamp, w.hasBase, w.horizon = base, true, horizon
	err := b.Records(maxBytes, func(i int, r Record) bool {
		if keep(i, r) {
			w.add(r, int32(r.Offset-b.BaseOffset()))
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return w.finish(b.LastOffsetDelta())
}

// DeleteHorizon returns the time from which on compaction may drop the batch's tombstones and transaction marker, in
// milliseconds since the Unix epoch; ok is false if none was set. It is written where the base timestamp is. Source: KIP-534.
func (b Batch) DeleteHorizon() (at int64, ok bool) {
	return b.BaseTimestamp(), b.Attributes()&deleteHorizonBit != 0
}

// BuildGap appends to dst a batch that holds nothing and covers the offsets from first to last: what compaction leaves where
// offsets must not end early. It belongs to no producer and no transaction.
func BuildGap(dst []byte, first, last Offset, leaderEpoch int32) Batch {
	w := newWriter(dst, Spec{BaseOffset: first, LeaderEpoch: leaderEpoch})
	b := Batch(w.out[w.start:])
	w.header(b, int32(last-first))
	b.seal()
	return b
}

// Bare returns a copy of b's header alone: the batch without its records, not compressed, with everything else as it was. It
// keeps the place of a producer's last batch in its sequence.
func (b Batch) Bare() Batch {
	bare := Batch(append([]byte(nil), b[:HeaderSize]...))
	be, none := binary.BigEndian, NoTimestamp
	be.PutUint32(bare[atLength:], HeaderSize-PrefixSize)
	be.PutUint16(bare[atAttributes:], uint16(b.Attributes())&^codecBits)
	be.PutUint64(bare[atMaxTimestamp:], uint64(none))
	be.PutUint32(bare[atCount:], 0)
	bare.seal()
	return bare
}
