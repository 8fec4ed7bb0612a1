package txn

import (
	"encoding/binary"

	"github.com/pawl-registry/pawl/fault"
)

// ErrRecord: the record is no state of a transactional id that can be read.
var ErrRecord = fault.NewCode(fault.Internal, "transaction_record_corrupt")

// States are stored as Kafka stores them, so that its tools can read the log. Numbers are big-endian. Source:
// TransactionLogKey.json and TransactionLogValue.json. The format reaches disks: frozen.
//
//	key    version int16 = 0, transactional id string (int16 length)
//	value  version int16 = 1, producer int64, epoch int16, timeout int32 (ms), status int8,
//	       topics (uvarint count+1, 0: null; each: name (uvarint length+1), partitions (uvarint count+1, int32 each), tags),
//	       updated int64 (ms), started int64 (ms), tags: 0 previous producer int64, 1 next producer int64, 2 protocol int16
//
// Values of version 0 (int32 counts, int16 lengths, no tags) are read too.
const (
	keyVersion   = 0
	valueVersion = 1

	tagPrevious = 0
	tagNext     = 1
	tagVersion  = 2
)

// AppendKey appends the key of a transactional id, which has at most 32767 bytes.
func AppendKey(dst []byte, id string) []byte {
	dst = binary.BigEndian.AppendUint16(dst, keyVersion)
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(id))), id...)
}

// ParseKey reads a key. ok is false if it is of a version that says nothing of transactional ids.
func ParseKey(key []byte) (id string, ok bool, err error) {
	r := fields{b: key}
	version := r.int16()
	if !r.bad && version != keyVersion {
		return "", false, nil
	}
	id = string(r.take(int(r.int16())))
	if r.bad || len(r.b) > 0 {
		return "", false, fault.New(ErrRecord, "txn.ParseKey", "a key of %d bytes", len(key))
	}
	return id, true, nil
}

// AppendValue appends the state.
func (s State) AppendValue(dst []byte) []byte {
	be := binary.BigEndian
	dst = be.AppendUint16(dst, valueVersion)
	dst = be.AppendUint64(dst, uint64(s.Producer))
	dst = be.AppendUint16(dst, uint16(s.Epoch))
	dst = be.AppendUint32(dst, uint32(s.Timeout))
	dst = append(dst, byte(s.Status))
	dst = s.appendPlaces(dst)
	dst = be.AppendUint64(dst, uint64(s.Updated))
	dst = be.AppendUint64(dst, uint64(s.Started))
	return s.appendTags(dst)
}

func (s State) appendPlaces(dst []byte) []byte {
	var topics []int // where each begins in Places
	for i, p := range s.Places {
		if i == 0 || p.Topic != s.Places[i-1].Topic {
			topics = append(topics, i)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(topics)+1))
	for i, from := range topics {
		to := len(s.Places)
		if i+1 < len(topics) {
			to = topics[i+1]
		}
		name := s.Places[from].Topic
		dst = append(binary.AppendUvarint(dst, uint64(len(name)+1)), name...)
		dst = binary.AppendUvarint(dst, uint64(to-from+1))
		for _, p := range s.Places[from:to] {
			dst = binary.BigEndian.AppendUint32(dst, uint32(p.Partition))
		}
		dst = append(dst, 0)
	}
	return dst
}

func (s State) appendTags(dst []byte) []byte {
	var tags []byte
	n := byte(0)
	if s.Previous >= 0 {
		tags = binary.BigEndian.AppendUint64(append(tags, tagPrevious, 8), uint64(s.Previous))
		n++
	}
	if s.Next >= 0 {
		tags = binary.BigEndian.AppendUint64(append(tags, tagNext, 8), uint64(s.Next))
		n++
	}
	if s.Version != 0 {
		tags = binary.BigEndian.AppendUint16(append(tags, tagVersion, 2), uint16(s.Version))
		n++
	}
	return append(append(dst, n), tags...)
}

// ParseValue reads a state.
func ParseValue(value []byte) (State, error) {
	r := fields{b: value}
	version := r.int16()
	r.compact = version == 1
	s := State{Previous: -1, Next: -1, last: noEpoch}
	s.Producer, s.Epoch, s.Timeout, s.Status = r.int64(), r.int16(), r.int32(), Status(r.int8())
	s.Places = r.places()
	s.Updated, s.Started = r.int64(), r.int64()
	if r.compact {
		r.tags(func(tag uint64, value []byte) { s.setTag(tag, value) })
	}
	if r.bad || version < 0 || version > valueVersion || s.Status < Empty || s.Status > CompleteAbort {
		return State{}, fault.New(ErrRecord, "txn.ParseValue", "a value of version %d, status %d and %d bytes", version, s.Status, len(value))
	}
	return s, nil
}

func (s *State) setTag(tag uint64, value []byte) {
	switch {
	case tag == tagPrevious && len(value) == 8:
		s.Previous = int64(binary.BigEndian.Uint64(value))
	case tag == tagNext && len(value) == 8:
		s.Next = int64(binary.BigEndian.Uint64(value))
	case tag == tagVersion && len(value) == 2:
		s.Version = int16(binary.BigEndian.Uint16(value))
	}
}

// fields takes big-endian fields off b until it is too short.
type fields struct {
	b       []byte
	compact bool // lengths are uvarints, one too large, and structs end in tags
	bad     bool
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.b) {
		f.bad, f.b = true, nil
		return nil
	}
	b := f.b[:n]
	f.b = f.b[n:]
	return b
}

func (f *fields) int8() int8 {
	if b := f.take(1); b != nil {
		return int8(b[0])
	}
	return 0
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

func (f *fields) uvarint() uint64 {
	v, n := binary.Uvarint(f.b)
	if n <= 0 {
		f.bad, f.b = true, nil
		return 0
	}
	f.b = f.b[n:]
	return v
}

// length reads the length of a string (wide false) or of an array; null is 0.
func (f *fields) length(wide bool) int {
	n := int64(0)
	switch {
	case f.compact:
		n = int64(min(f.uvarint(), 1<<32)) - 1
	case wide:
		n = int64(f.int32())
	default:
		n = int64(f.int16())
	}
	if n > int64(len(f.b)) {
		f.bad = true
		return 0
	}
	return int(max(n, 0))
}

func (f *fields) places() []Place {
	var all []Place
	for n := f.length(true); n > 0 && !f.bad; n-- {
		topic := string(f.take(f.length(false)))
		for m := f.length(true); m > 0 && !f.bad; m-- {
			all = append(all, Place{Topic: topic, Partition: f.int32()})
		}
		if f.compact {
			f.tags(func(uint64, []byte) {})
		}
	}
	if f.bad {
		return nil
	}
	return State{}.with(all)
}

func (f *fields) tags(each func(tag uint64, value []byte)) {
	for n := f.uvarint(); n > 0 && !f.bad; n-- {
		tag := f.uvarint()
		each(tag, f.take(int(min(f.uvarint(), 1<<31))))
	}
}
