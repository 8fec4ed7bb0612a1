package kafka

import (
	"encoding/binary"

	"github.com/pawl-registry/pawl/broker"
)

// wire takes fields of Kafka's protocol off rest, until it is too short. Slices alias rest.
type wire struct {
	rest     []byte
	flexible bool // strings, bytes and arrays have compact lengths, and structs end in tags
	bad      bool
}

func (w *wire) fail() { w.bad, w.rest = true, nil }

func (w *wire) take(n int) []byte {
	if n < 0 || n > len(w.rest) {
		w.fail()
		return nil
	}
	b := w.rest[:n:n]
	w.rest = w.rest[n:]
	return b
}

func (w *wire) int16() int16 {
	if b := w.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (w *wire) int32() int32 {
	if b := w.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (w *wire) uuid() (id broker.ID) {
	copy(id[:], w.take(len(id)))
	return id
}

// uvarint reads an unsigned number of at most 32 bits, seven at a time.
func (w *wire) uvarint() uint32 {
	v, n := binary.Uvarint(w.rest)
	if n <= 0 || n > binary.MaxVarintLen32 || v > 1<<32-1 {
		w.fail()
		return 0
	}
	w.rest = w.rest[n:]
	return uint32(v)
}

// length reads the length of a string (wide false), or of bytes or an array. -1 is null.
func (w *wire) length(wide bool) int {
	switch {
	case w.flexible:
		return int(w.uvarint()) - 1
	case wide:
		return int(w.int32())
	default:
		return int(w.int16())
	}
}

// count reads the length of an array whose elements take at least one byte each. Null counts as empty.
func (w *wire) count() int {
	n := w.length(true)
	if n > len(w.rest) || n < -1 {
		w.fail()
	}
	if w.bad {
		return 0
	}
	return max(n, 0)
}

// string reads a string; null is nil.
func (w *wire) string() []byte { return w.sized(w.length(false)) }

// bytes reads bytes; null is nil.
func (w *wire) bytes() []byte { return w.sized(w.length(true)) }

func (w *wire) sized(n int) []byte {
	if n == -1 || w.bad {
		return nil
	}
	return w.take(n)
}

// tags passes over the tags at the end of a struct; there are none in versions that are not flexible.
func (w *wire) tags() {
	for n := w.uvarint(); n > 0 && !w.bad; n-- {
		w.uvarint()
		w.take(int(w.uvarint()))
	}
}

// end passes over the tags at the end of a struct, if the version has them.
func (w *wire) end() {
	if w.flexible {
		w.tags()
	}
}
