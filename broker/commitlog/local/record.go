package local

import (
	"encoding/binary"

	"github.com/pawl-registry/pawl/broker/batch"
)

// kind is the first byte of a record of the write-ahead log. Frozen.
type kind byte

const (
	kindBatch  kind = 1 // id, the batch
	kindCreate kind = 2 // id, the name
	kindRemove kind = 3 // id
	kindTrim   kind = 4 // id, the new start as int64
)

const recordHead = 9 // kind and id

// logID tells logs apart, those of one name included: it is never used again. Frozen as 64 bits.
type logID uint64

func head(k kind, id logID) (h [recordHead]byte) {
	h[0] = byte(k)
	binary.BigEndian.PutUint64(h[1:], uint64(id))
	return h
}

// record is a parsed record. Body aliases what it was parsed from.
type record struct {
	kind kind
	id   logID
	body []byte
}

func parseRecord(b []byte) (record, bool) {
	if len(b) < recordHead {
		return record{}, false
	}
	r := record{kind: kind(b[0]), id: logID(binary.BigEndian.Uint64(b[1:])), body: b[recordHead:]}
	switch r.kind {
	case kindBatch:
		_, rest, err := batch.Open(r.body)
		return r, err == nil && len(rest) == 0
	case kindCreate, kindRemove:
		return r, true
	case kindTrim:
		return r, len(r.body) == 8
	}
	return r, false
}

func (r record) start() batch.Offset { return batch.Offset(binary.BigEndian.Uint64(r.body)) }
