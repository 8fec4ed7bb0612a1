package batch

import (
	"encoding/binary"
	"math"

	"github.com/pawl-registry/pawl/fault"
)

// Spec is the header of a batch to build. The zero value makes a plain batch at offset 0.
type Spec struct {
	BaseOffset    Offset
	LeaderEpoch   int32
	Codec         Codec
	TimestampType TimestampType // LogAppendTime: AppendTime becomes the maximum timestamp
	AppendTime    int64         // milliseconds since the Unix epoch
	Transactional bool
	Control       bool
	Producer      *Producer // nil: NoProducer
}

// Build appends a batch of the records to dst and returns it alone, without what dst held. Offsets count up from
// Spec.BaseOffset; Record.Offset is not looked at. Records may be empty: such a batch covers the one offset BaseOffset. It
// fails with ErrCodec, ErrCompression or, past 2 GiB, ErrTooLarge.
func Build(dst []byte, s Spec, records []Record) (Batch, error) {
	w := newWriter(dst, s)
	for i, r := range records {
		w.add(r, int32(i))
	}
	return w.finish(int32(max(len(records)-1, 0)))
}

// writer encodes records behind a header that it fills in at the end.
type writer struct {
	out           []byte
	start         int // of the batch in out
	spec          Spec
	baseTimestamp int64
	maxTimestamp  int64
	hasBase       bool
	horizon       bool // baseTimestamp is a delete horizon
	count         int32
}

func newWriter(dst []byte, s Spec) *writer {
	w := &writer{out: dst, start: len(dst), spec: s, baseTimestamp: NoTimestamp, maxTimestamp: NoTimestamp}
	w.out = append(w.out, make([]byte, HeaderSize)...)
	return w
}

func (w *writer) add(r Record, delta int32) {
	if !w.hasBase {
		w.baseTimestamp, w.hasBase = r.Timestamp, true
	}
	w.maxTimestamp = max(w.maxTimestamp, r.Timestamp)
	w.count++
	w.out = appendRecord(w.out, r, r.Timestamp-w.baseTimestamp, delta)
}

func appendRecord(dst []byte, r Record, timestampDelta int64, offsetDelta int32) []byte {
	size := 1 + varintSize(timestampDelta) + varintSize(int64(offsetDelta)) + bytesSize(r.Key) + bytesSize(r.Value) +
		varintSize(int64(len(r.Headers)))
	for _, h := range r.Headers {
		size += varintSize(int64(len(h.Key))) + len(h.Key) + bytesSize(h.Value)
	}
	dst = binary.AppendVarint(dst, int64(size))
	dst = append(dst, 0) // attributes: no bit is in use
	dst = binary.AppendVarint(dst, timestampDelta)
	dst = binary.AppendVarint(dst, int64(offsetDelta))
	dst = appendBytes(appendBytes(dst, r.Key), r.Value)
	dst = binary.AppendVarint(dst, int64(len(r.Headers)))
	for _, h := range r.Headers {
		dst = binary.AppendVarint(dst, int64(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendBytes(dst, h.Value)
	}
	return dst
}

// appendBytes writes a length and the bytes. nil is null, length -1.
func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(dst, -1)
	}
	return append(binary.AppendVarint(dst, int64(len(b))), b...)
}

func bytesSize(b []byte) int {
	if b == nil {
		return 1
	}
	return varintSize(int64(len(b))) + len(b)
}

// varintSize is the size of v as a zigzag varint.
func varintSize(v int64) int {
	n := 1
	for u := uint64(v)<<1 ^ uint64(v>>63); u >= 0x80; u >>= 7 {
		n++
	}
	return n
}

func (w *writer) finish(lastDelta int32) (Batch, error) {
	if err := w.compress(); err != nil {
		return nil, err
	}
	b := Batch(w.out[w.start:])
	if int64(len(b))-PrefixSize > math.MaxInt32 {
		return nil, fault.New(ErrTooLarge, "batch.Build", "%d bytes do not fit into one batch", len(b))
	}
	w.header(b, lastDelta)
	b.seal()
	return b, nil
}

func (w *writer) header(b Batch, lastDelta int32) {
	attributes, producer, maxTimestamp := uint16(w.spec.Codec), NoProducer(), w.maxTimestamp
	if w.spec.TimestampType == LogAppendTime {
		attributes |= logAppendTimeBit
		maxTimestamp = w.spec.AppendTime
	}
	if w.horizon {
		attributes |= deleteHorizonBit
	}
	if w.spec.Transactional {
		attributes |= transactionalBit
	}
	if w.spec.Control {
		attributes |= controlBit
	}
	if w.spec.Producer != nil {
		producer = *w.spec.Producer
	}
	be := binary.BigEndian
	b.SetBaseOffset(w.spec.BaseOffset)
	be.PutUint32(b[atLength:], uint32(len(b)-PrefixSize))
	b.SetLeaderEpoch(w.spec.LeaderEpoch)
	b[atMagic] = magicV2
	be.PutUint16(b[atAttributes:], attributes)
	be.PutUint32(b[atLastOffsetDelta:], uint32(lastDelta))
	be.PutUint64(b[atBaseTimestamp:], uint64(w.baseTimestamp))
	be.PutUint64(b[atMaxTimestamp:], uint64(maxTimestamp))
	be.PutUint64(b[atProducerID:], uint64(producer.ID))
	be.PutUint16(b[atProducerEpoch:], uint16(producer.Epoch))
	be.PutUint32(b[atBaseSequence:], uint32(producer.BaseSequence))
	be.PutUint32(b[atCount:], uint32(w.count))
}
