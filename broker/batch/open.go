package batch

import (
	"encoding/binary"
	"math"

	"github.com/pawl-registry/pawl/fault"
)

// SizeOf returns the size of the batch that begins at b[0], header included, from its first PrefixSize bytes alone. It fails
// with ErrShort or ErrLength. Nothing else of the batch is checked.
func SizeOf(b []byte) (int64, error) {
	if len(b) < PrefixSize {
		return 0, fault.New(ErrShort, "batch.SizeOf", "%d bytes do not hold the length field", len(b))
	}
	length := int32(binary.BigEndian.Uint32(b[atLength:]))
	if length < smallestFrameSize {
		return 0, fault.New(ErrLength, "batch.SizeOf", "batch length %d is less than a header", length)
	}
	return int64(length) + PrefixSize, nil
}

// Cut returns the first batch of b, aliasing b, and what follows it, checking no more than the length and the magic byte. It
// suits bytes that were checked before, such as those that a log returns. It fails with ErrShort, ErrLength or ErrMagic.
func Cut(b []byte) (first Batch, rest []byte, err error) {
	size, err := SizeOf(b)
	if err != nil {
		return nil, b, err
	}
	if size > int64(len(b)) {
		return nil, b, fault.New(ErrShort, "batch.Cut", "%d bytes of a batch of %d", len(b), size)
	}
	if b[atMagic] != magicV2 {
		return nil, b, fault.New(ErrMagic, "batch.Cut", "message format %d; only 2 is served: use a newer client", int8(b[atMagic]))
	}
	return Batch(b[:size:size]), b[size:], nil
}

// Open returns the first batch of b, aliasing b, and what follows it. The length, the magic byte, the checksum and the
// consistency of the header are checked, in this order; the records are not. It fails with ErrShort, ErrLength, ErrMagic,
// ErrChecksum, ErrHeader or ErrCodec, and then rest is b.
func Open(b []byte) (first Batch, rest []byte, err error) {
	first, rest, err = Cut(b)
	if err != nil {
		return nil, b, err
	}
	if got, want := first.checksum(), first.CRC(); got != want {
		return nil, b, fault.New(ErrChecksum, "batch.Open", "CRC-32C is %08x, the header says %08x", got, want)
	}
	if err := first.checkHeader(); err != nil {
		return nil, b, err
	}
	return first, rest, nil
}

// checkHeader refuses fields that no stored batch can have. Compaction drops records but keeps the last offset delta, so
// there may be fewer records than offsets.
func (b Batch) checkHeader() error {
	count, delta := b.Count(), b.LastOffsetDelta()
	switch {
	case b.Codec() > Zstd:
		return fault.New(ErrCodec, "batch.Open", "codec %d is unknown", b.Codec())
	case count < 0 || delta < 0 || int64(count) > int64(delta)+1:
		return fault.New(ErrHeader, "batch.Open", "%d records with a last offset delta of %d", count, delta)
	case b.BaseOffset() < 0 || int64(b.BaseOffset()) > math.MaxInt64-int64(delta)-1:
		return fault.New(ErrHeader, "batch.Open", "base offset %d", b.BaseOffset())
	case b.Codec() == None && int64(count)*smallestRecord > int64(len(b)-HeaderSize):
		return fault.New(ErrHeader, "batch.Open", "%d records do not fit into %d bytes", count, len(b)-HeaderSize)
	}
	return nil
}

// CheckProduced refuses what a producer may not send although a log may hold it: a batch with no records, with gaps in its
// offsets, or with a producer id but no sequence. Kafka's LogValidator has the same rules. It fails with ErrHeader.
func (b Batch) CheckProduced() error {
	count, p := b.Count(), b.Producer()
	switch {
	case count == 0:
		return fault.New(ErrHeader, "batch.CheckProduced", "the batch holds no records")
	case int64(count) != int64(b.LastOffsetDelta())+1:
		return fault.New(ErrHeader, "batch.CheckProduced", "%d records with a last offset delta of %d", count, b.LastOffsetDelta())
	case p.ID >= 0 && (p.BaseSequence < 0 || p.Epoch < 0):
		return fault.New(ErrHeader, "batch.CheckProduced", "producer %d has epoch %d and sequence %d", p.ID, p.Epoch, p.BaseSequence)
	case p.ID < 0 && b.Transactional():
		return fault.New(ErrHeader, "batch.CheckProduced", "a transactional batch without a producer id")
	}
	return nil
}
