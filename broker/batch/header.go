package batch

import (
	"encoding/binary"
	"hash/crc32"
	"strconv"
)

// HeaderSize is the size of a batch without its records, in bytes. It reaches the wire and the disk: frozen.
const HeaderSize = 61

// PrefixSize is how many bytes [SizeOf] needs to tell the size of a batch. Frozen.
const PrefixSize = 12

// MaxSize is the largest batch that can be described: the length field is a signed 32-bit number.
const MaxSize = PrefixSize + 1<<31 - 1

// The magic byte of message format v2, the only one served. Frozen.
const magicV2 = 2

// Positions of the header's fields. Frozen.
const (
	atBaseOffset      = 0
	atLength          = 8
	atLeaderEpoch     = 12
	atMagic           = 16
	atCRC             = 17
	atAttributes      = 21
	atLastOffsetDelta = 23
	atBaseTimestamp   = 27
	atMaxTimestamp    = 35
	atProducerID      = 43
	atProducerEpoch   = 51
	atBaseSequence    = 53
	atCount           = 57
)

// Bits of the attributes. Frozen.
const (
	codecBits         = 0x07
	logAppendTimeBit  = 0x08
	transactionalBit  = 0x10
	controlBit        = 0x20
	deleteHorizonBit  = 0x40
	noProducer        = -1
	smallestRecord    = 7 // length, attributes, two deltas, null key, null value, no headers: one byte each
	smallestFrameSize = HeaderSize - PrefixSize
)

// NoTimestamp is the timestamp of a record, or the maximum of a batch, that has none.
const NoTimestamp int64 = -1

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// TimestampType says who set the timestamps of a batch.
type TimestampType uint8

const (
	// CreateTime: the producer set each record's timestamp.
	CreateTime TimestampType = iota
	// LogAppendTime: the broker set one timestamp for the whole batch, the header's maximum.
	LogAppendTime
)

// Codec is how the records of a batch are compressed. The numbers reach the wire and the disk: frozen.
type Codec uint8

// The codecs of message format v2.
const (
	None Codec = iota
	Gzip
	Snappy
	LZ4
	Zstd
)

var codecNames = [...]string{"none", "gzip", "snappy", "lz4", "zstd"}

// String returns the codec's name as Kafka's compression.type spells it, except that None is "none".
func (c Codec) String() string {
	if int(c) < len(codecNames) {
		return codecNames[c]
	}
	return "codec " + strconv.Itoa(int(c))
}

// CodecByName is the inverse of Codec.String.
func CodecByName(name string) (Codec, bool) {
	for i, n := range codecNames {
		if n == name {
			return Codec(i), true
		}
	}
	return None, false
}

// Producer identifies an idempotent producer and the place of a batch in its sequence.
type Producer struct {
	ID           int64
	Epoch        int16
	BaseSequence int32
}

// NoProducer is the producer of a batch that is not idempotent.
func NoProducer() Producer { return Producer{noProducer, noProducer, noProducer} }

// The methods below read the header of a batch that came from Open; on fewer than HeaderSize bytes they panic.

// BaseOffset returns the offset of the first record that the batch was made with.
func (b Batch) BaseOffset() Offset { return Offset(be64(b, atBaseOffset)) }

// LastOffset returns the offset of the last record that the batch was made with; compaction may have dropped the record.
func (b Batch) LastOffset() Offset { return b.BaseOffset() + Offset(b.LastOffsetDelta()) }

// NextOffset returns the offset after the batch.
func (b Batch) NextOffset() Offset { return b.LastOffset() + 1 }

// LeaderEpoch returns the partition leader epoch, Kafka's word for a term.
func (b Batch) LeaderEpoch() int32 { return be32(b, atLeaderEpoch) }

// CRC returns the stored checksum.
func (b Batch) CRC() uint32 { return uint32(be32(b, atCRC)) }

// Attributes returns the raw attribute bits.
func (b Batch) Attributes() int16 { return be16(b, atAttributes) }

// Codec returns how the records are compressed.
func (b Batch) Codec() Codec { return Codec(b.Attributes() & codecBits) }

// TimestampType returns who set the timestamps.
func (b Batch) TimestampType() TimestampType {
	if b.Attributes()&logAppendTimeBit != 0 {
		return LogAppendTime
	}
	return CreateTime
}

// Transactional reports whether the batch belongs to a transaction.
func (b Batch) Transactional() bool { return b.Attributes()&transactionalBit != 0 }

// Control reports whether the batch holds a control record, such as a transaction marker, and no data.
func (b Batch) Control() bool { return b.Attributes()&controlBit != 0 }

// LastOffsetDelta returns LastOffset - BaseOffset.
func (b Batch) LastOffsetDelta() int32 { return be32(b, atLastOffsetDelta) }

// BaseTimestamp returns the timestamp that the records' deltas count from, in milliseconds since the Unix epoch.
func (b Batch) BaseTimestamp() int64 { return be64(b, atBaseTimestamp) }

// MaxTimestamp returns the largest timestamp, in milliseconds since the Unix epoch, as the producer or, with LogAppendTime,
// the broker wrote it. It is NoTimestamp if there is none.
func (b Batch) MaxTimestamp() int64 { return be64(b, atMaxTimestamp) }

// Producer returns the producer's fields; see NoProducer.
func (b Batch) Producer() Producer {
	return Producer{ID: be64(b, atProducerID), Epoch: be16(b, atProducerEpoch), BaseSequence: be32(b, atBaseSequence)}
}

// LastSequence returns the sequence number of the last record, which wraps from 2^31-1 to 0, or -1 for a batch without one.
func (b Batch) LastSequence() int32 {
	first := be32(b, atBaseSequence)
	if first < 0 {
		return noProducer
	}
	return int32((int64(first) + int64(b.LastOffsetDelta())) & (1<<31 - 1))
}

// Count returns the number of records that the batch holds.
func (b Batch) Count() int { return int(be32(b, atCount)) }

// SetBaseOffset writes the base offset in place. The checksum does not cover it.
func (b Batch) SetBaseOffset(o Offset) { binary.BigEndian.PutUint64(b[atBaseOffset:], uint64(o)) }

// SetLeaderEpoch writes the partition leader epoch in place. The checksum does not cover it.
func (b Batch) SetLeaderEpoch(epoch int32) {
	binary.BigEndian.PutUint32(b[atLeaderEpoch:], uint32(epoch))
}

// SetLogAppendTime makes t, in milliseconds since the Unix epoch, the timestamp of every record, and renews the checksum.
// Topics with message.timestamp.type=LogAppendTime ask for it.
func (b Batch) SetLogAppendTime(t int64) {
	binary.BigEndian.PutUint16(b[atAttributes:], uint16(b.Attributes()|logAppendTimeBit))
	binary.BigEndian.PutUint64(b[atMaxTimestamp:], uint64(t))
	b.seal()
}

// seal writes the checksum.
func (b Batch) seal() { binary.BigEndian.PutUint32(b[atCRC:], b.checksum()) }

func (b Batch) checksum() uint32 { return crc32.Checksum(b[atAttributes:], castagnoli) }

func be64(b Batch, at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
func be32(b Batch, at int) int32 { return int32(binary.BigEndian.Uint32(b[at:])) }
func be16(b Batch, at int) int16 { return int16(binary.BigEndian.Uint16(b[at:])) }
