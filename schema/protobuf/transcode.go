package protobuf

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// The straight way from payload to JSON and to generic values reads the wire by the tables of Check and builds no message between.
// It covers what nearly all payloads are and steps aside for everything else: fields in several pieces, two members of a oneof,
// extensions, groups, most well-known types, anything invalid. Those take the way over dynamic messages, which is slower and
// always right; a fuzz target holds the two to the same bytes.

// transcoder is the scratch space of one walk.
type transcoder struct {
	spans   []span
	entries []mapEntry
}

// span is where a field stands in its message: its value, or for lists and maps all occurrences with their tags. A span that ends
// at 0 is a field that is not set.
type span struct{ from, to int }

// mapEntry is one entry of a map before sorting.
type mapEntry struct {
	text []byte // key, if it is a text
	num  uint64 // key, if it is a number, as it sorts
	key  uint64 // key as it stands on the wire
	val  []byte // value in the form of a singular span
}

// scan fills one span for each ordered field of the table and returns the index of the first.
func (x *transcoder) scan(t *table, b []byte) (base int, ok bool) {
	base = len(x.spans)
	if len(t.ordered) > 64+8*len(b) {
		return base, false // a wide message with little in it costs less when it is not laid out
	}
	for range t.ordered {
		x.spans = append(x.spans, span{})
	}
	var seen, oneofs uint64
	var last int32
	for off := 0; off < len(b); {
		tag, n := varint(b[off:])
		number := int32(tag >> 3)
		if n <= 0 || tag>>3 == 0 || tag>>3 > maxNumber {
			return base, false
		}
		s := t.slot(number)
		kind := protowire.Type(tag & 7)
		if !s.known {
			size := protowire.ConsumeFieldValue(protowire.Number(number), kind, b[off+n:])
			if size < 0 || t.open {
				return base, false
			}
			off, last = off+n+size, 0
			continue
		}
		from, to, ok := s.extent(kind, b, off+n)
		if !ok || s.json == nil || s.json.crowded {
			return base, false
		}
		if s.json.list || s.json.kind == jsonMap {
			ok = x.spans[base+s.json.order].grow(off, to, last == number)
		} else {
			ok = oneofs&s.json.oneof == 0 && x.spans[base+s.json.order].set(from, to)
		}
		if !ok {
			return base, false
		}
		oneofs |= s.json.oneof
		seen |= s.required
		off, last = to, number
	}
	return base, seen == t.required && !t.crowded
}

// set fills the span of a singular field, which may be there once.
func (p *span) set(from, to int) bool {
	if p.to != 0 {
		return false
	}
	*p = span{from, to}
	return true
}

// grow adds an occurrence of a list or map, which must follow the one before directly.
func (p *span) grow(from, to int, follows bool) bool {
	if p.to == 0 {
		p.from = from
	} else if !follows {
		return false
	}
	p.to = to
	return true
}

// extent finds the value that starts at off: for length-delimited values the content, else the bytes of the number.
func (s slot) extent(kind protowire.Type, b []byte, off int) (from, to int, ok bool) {
	rest := b[off:]
	switch {
	case kind == protowire.VarintType && s.wire == wireVarint:
		_, n := varint(rest)
		return off, off + n, n > 0
	case kind == protowire.Fixed32Type && s.wire == wireFixed32:
		return off, off + 4, len(rest) >= 4
	case kind == protowire.Fixed64Type && s.wire == wireFixed64:
		return off, off + 8, len(rest) >= 8
	case kind == protowire.BytesType && (s.wire == wireBytes || s.wire == wireText || s.wire == wireMessage || s.packable):
		size, n := varint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return 0, 0, false
		}
		return off + n, off + n + int(size), true
	}
	return 0, 0, false
}

// number reads a value from the bytes of its span, and returns the bytes behind it.
func (s slot) number(b []byte) (v uint64, rest []byte, ok bool) {
	switch {
	case s.wire == wireFixed32 && len(b) >= 4:
		return uint64(binary.LittleEndian.Uint32(b)), b[4:], true
	case s.wire == wireFixed64 && len(b) >= 8:
		return binary.LittleEndian.Uint64(b), b[8:], true
	case s.wire == wireVarint:
		v, n := varint(b)
		if n <= 0 {
			return 0, nil, false
		}
		return v, b[n:], true
	}
	return 0, nil, false
}

// items walks the values of a list, packed or not.
type items struct {
	slot   slot
	rest   []byte // occurrences with their tags
	packed []byte
}

// next returns the bytes of the next value, or none at the end. Broken values are reported as not ok.
func (it *items) next() (v []byte, more, ok bool) {
	for len(it.packed) == 0 {
		if len(it.rest) == 0 {
			return nil, false, true
		}
		tag, n := varint(it.rest)
		from, to, ok := it.slot.extent(protowire.Type(tag&7), it.rest, n)
		if !ok {
			return nil, false, false
		}
		v, it.rest = it.rest[from:to], it.rest[to:]
		if protowire.Type(tag&7) != protowire.BytesType || !it.slot.packable {
			return v, true, true
		}
		it.packed = v
	}
	_, rest, ok := it.slot.number(it.packed)
	v, it.packed = it.packed[:len(it.packed)-len(rest)], rest
	return v, true, ok
}

// collect reads the entries of a map and sorts them by key. Two entries of one key are not for the straight way.
func (x *transcoder) collect(s slot, b []byte) (base int, ok bool) {
	base = len(x.entries)
	key := s.table.slot(1)
	for off := 0; off < len(b); {
		_, n := varint(b[off:])
		from, to, ok := s.extent(protowire.BytesType, b, off+n)
		if !ok {
			return base, false
		}
		off = to
		first, ok := x.scan(s.table, b[from:to])
		if !ok {
			return base, false
		}
		e := mapEntry{}
		entry := b[from:to]
		if k := x.spans[first]; key.wire == wireBytes || key.wire == wireText {
			if e.text = entry[k.from:k.to]; !utf8.Valid(e.text) {
				return base, false
			}
		} else if k.to != 0 {
			if e.key, _, ok = key.number(entry[k.from:k.to]); !ok {
				return base, false
			}
			e.num = key.json.sortable(e.key)
		}
		if v := x.spans[first+1]; v.to != 0 {
			e.val = entry[v.from:v.to]
		}
		x.spans = x.spans[:first]
		x.entries = append(x.entries, e)
	}
	all := x.entries[base:]
	slices.SortFunc(all, mapEntry.compare)
	for i := 1; i < len(all); i++ {
		if all[i].compare(all[i-1]) == 0 {
			return base, false
		}
	}
	return base, true
}

func (e mapEntry) compare(f mapEntry) int {
	if c := bytes.Compare(e.text, f.text); c != 0 {
		return c
	}
	return cmp.Compare(e.num, f.num)
}

// zero reports whether a singular value is the zero value, which fields without presence leave out.
func (s slot) zero(b []byte) bool {
	if s.wire == wireBytes || s.wire == wireText {
		return len(b) == 0
	}
	v, _, ok := s.number(b)
	switch s.json.kind {
	case jsonBool, jsonUint64, jsonFixed64, jsonDouble:
		return ok && v == 0
	case jsonUint32, jsonFixed32, jsonFloat:
		return ok && uint32(v) == 0
	}
	return ok && s.json.signed(v) == 0
}

// sortable maps the numbers of a kind to unsigned ones of the same order.
func (j *jsonField) sortable(v uint64) uint64 {
	switch j.kind {
	case jsonBool:
		return min(v, 1)
	case jsonUint32, jsonFixed32:
		return uint64(uint32(v))
	case jsonUint64, jsonFixed64:
		return v
	}
	return uint64(j.signed(v)) ^ 1<<63
}

// signed reads a number of a signed kind or an enum from the wire.
func (j *jsonField) signed(v uint64) int64 {
	switch j.kind {
	case jsonSint32:
		return int64(int32(protowire.DecodeZigZag(v & (1<<32 - 1))))
	case jsonSint64:
		return protowire.DecodeZigZag(v)
	case jsonInt32, jsonEnum, jsonSfixed32:
		return int64(int32(v))
	}
	return int64(v)
}
