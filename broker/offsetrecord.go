package broker

import (
	"encoding/binary"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

// Committed offsets are stored as Kafka stores them, so that its tools can read the topic. All numbers are big-endian, a string
// is its length as int16 and its bytes.
//
//	key    version int16 = 1, group string, topic string, partition int32
//	value  version int16 = 3, offset int64, leader epoch int32, metadata string, commit time int64 (ms since the Unix epoch)
//
// Source: Kafka's OffsetCommitKey.json and OffsetCommitValue.json. Keys of version 2 are members of groups, not offsets; they
// are not written, and are passed over. The format reaches disks: frozen.
const (
	offsetKeyVersion   = 1
	offsetValueVersion = 3
)

// errOtherKey: the key is not that of an offset.
var errOtherKey = fault.NewCode(fault.Invalid, "not_an_offset_key")

// errOffsetRecord: the record is no committed offset that can be read.
var errOffsetRecord = fault.NewCode(fault.Internal, "offset_record_corrupt")

func appendString(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

func appendOffsetKey(dst []byte, id, topic string, partition int32) []byte {
	dst = binary.BigEndian.AppendUint16(dst, offsetKeyVersion)
	dst = appendString(appendString(dst, id), topic)
	return binary.BigEndian.AppendUint32(dst, uint32(partition))
}

func appendOffsetValue(dst []byte, o group.Offset) []byte {
	dst = binary.BigEndian.AppendUint16(dst, offsetValueVersion)
	dst = binary.BigEndian.AppendUint64(dst, uint64(o.Offset))
	dst = binary.BigEndian.AppendUint32(dst, uint32(o.LeaderEpoch))
	dst = appendString(dst, o.Metadata)
	return binary.BigEndian.AppendUint64(dst, uint64(o.CommittedAt))
}

func parseOffsetKey(key []byte) (id, topic string, partition int32, err error) {
	f := fields{rest: key}
	version := f.int16()
	if !f.short && version > offsetKeyVersion {
		return "", "", 0, errOtherKey
	}
	id, topic, partition = f.string(), f.string(), f.int32()
	if f.short || version < 0 {
		return "", "", 0, fault.New(errOffsetRecord, "broker.parseOffsetKey", "a key of %d bytes is cut short", len(key))
	}
	return id, topic, partition, nil
}

func parseOffsetValue(value []byte) (group.Offset, error) {
	f := fields{rest: value}
	version := f.int16()
	o := group.Offset{Offset: batch.Offset(f.int64()), LeaderEpoch: -1}
	if version >= 3 {
		o.LeaderEpoch = f.int32()
	}
	o.Metadata, o.CommittedAt = f.string(), f.int64()
	if f.short || version < 0 || version > offsetValueVersion {
		return o, fault.New(errOffsetRecord, "broker.parseOffsetValue", "a value of version %d and %d bytes", version, len(value))
	}
	return o, nil
}

// fields takes big-endian fields off rest until it is too short.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.rest) {
		f.short, f.rest = true, nil
		return nil
	}
	b := f.rest[:n]
	f.rest = f.rest[n:]
	return b
}

func (f *fields) int16() int16 {
	if b := f.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (f *fields) int32() int32 {
	if b := f.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (f *fields) int64() int64 {
	if b := f.take(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

func (f *fields) string() string { return string(f.take(int(f.int16()))) }
