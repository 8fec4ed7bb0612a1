package batch

import (
	"encoding/binary"
	"math"

	"github.com/pawl-registry/pawl/fault"
)

// Records calls yield for each record in order, until it returns false. Compressed records are unpacked into a pooled buffer
// of at most maxBytes; a batch that is not compressed is read in place, whatever its size.
//
// The slices of a Record alias that buffer, or b, and its Headers slice is used again for the next record: keep nothing of it
// after yield returns (the keys of headers are strings of their own). The call fails with ErrTooLarge, ErrCompression or
// ErrRecord; records before the bad one were yielded.
func (b Batch) Records(maxBytes int, yield func(index int, r Record) bool) error {
	body := []byte(b[HeaderSize:])
	if b.Codec() != None {
		buf := takeBuffer()
		defer buf.release()
		if err := buf.decompress(b.Codec(), body, maxBytes); err != nil {
			return err
		}
		body = buf.b
	}
	return b.scan(body, yield)
}

func (b Batch) scan(body []byte, yield func(int, Record) bool) error {
	count := b.Count()
	if int64(count)*smallestRecord > int64(len(body)) {
		return fault.New(ErrRecord, "batch.Records", "%d records do not fit into %d bytes", count, len(body))
	}
	d := decoder{
		rest: body, baseOffset: b.BaseOffset(), baseTimestamp: b.BaseTimestamp(), lastDelta: -1, maxDelta: b.LastOffsetDelta(),
	}
	if b.TimestampType() == LogAppendTime {
		d.appendTime, d.useAppendTime = b.MaxTimestamp(), true
	}
	var r Record
	for i := range count {
		if what := d.next(&r); what != "" {
			return fault.New(ErrRecord, "batch.Records", "record %d: %s", i, what)
		}
		if !yield(i, r) {
			return nil
		}
	}
	if len(d.rest) != 0 {
		return fault.New(ErrRecord, "batch.Records", "%d bytes after the last of %d records", len(d.rest), count)
	}
	return nil
}

// decoder reads records one after the other. Its methods name what is wrong, or return "".
type decoder struct {
	rest          []byte
	baseOffset    Offset
	baseTimestamp int64
	appendTime    int64
	useAppendTime bool
	lastDelta     int32 // of the record before
	maxDelta      int32 // of the header
	failed        bool  // a field ran over the end or was malformed
}

// next reads one record: length, attributes, timestamp delta, offset delta, key, value, headers; all numbers are zigzag
// varints. Source: Kafka protocol guide, "Record".
func (d *decoder) next(r *Record) string {
	size := d.int32()
	if d.failed || size < 0 || int(size) > len(d.rest) {
		return "its length passes the end of the batch"
	}
	after := d.rest[size:]
	d.rest = d.rest[:size:size]
	what := d.fields(r)
	switch {
	case what != "":
		return what
	case d.failed:
		return "a field passes its end or is malformed"
	case len(d.rest) != 0:
		return "it is longer than its fields"
	}
	d.rest = after
	return ""
}

func (d *decoder) fields(r *Record) string {
	d.take(1) // attributes: no bit is in use
	timestamp := d.baseTimestamp + d.int64()
	delta := d.int32()
	r.Key, r.Value = d.bytes(), d.bytes()
	if d.failed {
		return ""
	}
	if delta <= d.lastDelta || delta > d.maxDelta {
		return "its offset delta is out of order or beyond the last"
	}
	d.lastDelta = delta
	r.Offset, r.Timestamp = d.baseOffset+Offset(delta), timestamp
	if d.useAppendTime {
		r.Timestamp = d.appendTime
	}
	return d.headers(r)
}

func (d *decoder) headers(r *Record) string {
	count := d.int32()
	if count < 0 || int(count) > len(d.rest)/2 { // a header takes two bytes at least
		return "its header count cannot be true"
	}
	known := r.Headers[:cap(r.Headers)]
	r.Headers = r.Headers[:0]
	for i := range int(count) {
		key := d.bytes()
		if key == nil {
			return "a header has no key"
		}
		var h Header
		if i < len(known) && known[i].Key == string(key) { // records of one batch tend to share keys: no new string then
			h.Key = known[i].Key
		} else {
			h.Key = string(key)
		}
		h.Value = d.bytes()
		r.Headers = append(r.Headers, h)
	}
	return ""
}

func (d *decoder) take(n int) []byte {
	if n > len(d.rest) {
		d.failed = true
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// bytes reads a length and as many bytes. Length -1 is null.
func (d *decoder) bytes() []byte {
	n := d.int32()
	if n == -1 {
		return nil
	}
	if n < -1 {
		d.failed = true
	}
	if d.failed {
		return nil
	}
	return d.take(int(n))
}

func (d *decoder) int64() int64 {
	if len(d.rest) > 0 && d.rest[0] < 0x80 { // most deltas and lengths take one byte
		b := d.rest[0]
		d.rest = d.rest[1:]
		return int64(b>>1) ^ -int64(b&1)
	}
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.failed = true
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) int32() int32 {
	if len(d.rest) > 0 && d.rest[0] < 0x80 {
		b := d.rest[0]
		d.rest = d.rest[1:]
		return int32(b>>1) ^ -int32(b&1)
	}
	v, n := binary.Varint(d.rest)
	if n <= 0 || n > binary.MaxVarintLen32 || v < math.MinInt32 || v > math.MaxInt32 {
		d.failed = true
		return 0
	}
	d.rest = d.rest[n:]
	return int32(v)
}
