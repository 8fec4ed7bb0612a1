package kafka

import (
	"encoding/binary"

	"github.com/pawl-registry/pawl/broker"
)

// fetchAnswer is a Fetch response, encoded here rather than by kmsg so that the records go from their buffer to the socket
// without another copy. A test holds it to kmsg's encoding, byte for byte, in every version.
type fetchAnswer struct {
	version   int16
	code      int16
	session   int32 // 0: none
	throttle  int32 // milliseconds
	committed bool  // the client reads committed records alone: aborted transactions are empty rather than null
	topics    []fetchTopic
	size      int    // of the records of all partitions
	free      func() // gives the records back
}

// fetchTopic is one topic of a Fetch.
type fetchTopic struct {
	name       string
	id         broker.ID
	partitions []fetched
}

func (a *fetchAnswer) release() {
	if a.free != nil {
		a.free()
		a.free = nil
	}
}

// AppendTo encodes the answer with its records.
func (a *fetchAnswer) AppendTo(dst []byte) []byte {
	head, cuts := a.encode(nil)
	at := 0
	for _, c := range cuts {
		dst = append(append(dst, head[at:c.at]...), c.data...)
		at = c.at
	}
	return append(dst, head[at:]...)
}

// cut is a place in an encoding where other bytes belong.
type cut struct {
	at   int
	data []byte
}

// encode appends everything but the records to dst, and says where they go.
func (a *fetchAnswer) encode(dst []byte) (encoded []byte, cuts []cut) {
	e := encoder{dst: dst, flexible: a.version >= 12}
	e.int32(a.throttle)
	if a.version >= 7 {
		e.int16(a.code)
		e.int32(a.session)
	}
	e.count(len(a.topics))
	for i := range a.topics {
		t := &a.topics[i]
		if a.version >= 13 {
			e.dst = append(e.dst, t.id[:]...)
		} else {
			e.string(t.name)
		}
		e.count(len(t.partitions))
		for j := range t.partitions {
			a.partition(&e, &t.partitions[j])
			for _, piece := range t.partitions[j].pieces {
				cuts = append(cuts, cut{at: len(e.dst), data: piece})
			}
			e.tags()
		}
		e.tags()
	}
	e.tags()
	return e.dst, cuts
}

// partition encodes a partition up to its records.
func (a *fetchAnswer) partition(e *encoder, p *fetched) {
	e.int32(p.index)
	e.int16(p.code)
	e.int64(p.highWatermark)
	if p.stable >= 0 {
		e.int64(p.stable)
	} else {
		e.int64(p.highWatermark) // nobody asked which records are stable
	}
	if a.version >= 5 {
		e.int64(p.logStart)
	}
	if a.committed {
		e.count(len(p.aborted))
		for _, t := range p.aborted {
			e.int64(t.Producer)
			e.int64(int64(t.First))
			e.tags()
		}
	} else {
		e.count(-1)
	}
	if a.version >= 11 {
		e.int32(-1) // preferred read replica
	}
	e.count(p.size)
}

// encoder appends fields of Kafka's protocol.
type encoder struct {
	dst      []byte
	flexible bool
}

func (e *encoder) int16(v int16) { e.dst = binary.BigEndian.AppendUint16(e.dst, uint16(v)) }
func (e *encoder) int32(v int32) { e.dst = binary.BigEndian.AppendUint32(e.dst, uint32(v)) }
func (e *encoder) int64(v int64) { e.dst = binary.BigEndian.AppendUint64(e.dst, uint64(v)) }

// count writes the length of an array or of bytes; -1 is null.
func (e *encoder) count(n int) {
	if e.flexible {
		e.dst = binary.AppendUvarint(e.dst, uint64(n+1))
		return
	}
	e.int32(int32(n))
}

func (e *encoder) string(s string) {
	if e.flexible {
		e.count(len(s))
	} else {
		e.int16(int16(len(s)))
	}
	e.dst = append(e.dst, s...)
}

func (e *encoder) tags() {
	if e.flexible {
		e.dst = append(e.dst, 0)
	}
}
