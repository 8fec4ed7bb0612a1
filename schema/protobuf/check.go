package protobuf

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// maxPayloadDepth bounds nested messages and groups of a payload; Java's runtime has the same limit.
const maxPayloadDepth = 100

// flaw is the first thing wrong with a payload.
type flaw struct {
	table   *table
	number  int32
	left    int // capacity behind the place, from which the offset follows
	reason  string
	missing bool // a required field, which may yet follow in another part of the same message
}

// Check reads the payload by the wire format and the fields of the message without building anything. Stricter than decoding, it
// refuses known fields whose wire type is not that of the schema, which decoders set aside as unknown. Unknown fields pass, and
// so do extensions.
func (c *codec) Check(payload []byte) error {
	_, f := c.table.check(payload, maxPayloadDepth, 0)
	if f == nil || f.missing && c.complete(payload) {
		return nil
	}
	return fault.New(schema.ErrPayload, "protobuf.Message.Check", "%s", f.text(payload))
}

func (f *flaw) text(payload []byte) string {
	where := fmt.Sprintf("byte %d: message %s", cap(payload)-f.left, f.table.name)
	if f.number == 0 {
		return where + ": " + f.reason
	}
	name := f.table.names[f.number]
	if name == "" {
		return fmt.Sprintf("%s: unknown field %d: %s", where, f.number, f.reason)
	}
	return fmt.Sprintf("%s: field %s (%d): %s", where, name, f.number, f.reason)
}

// complete decides whether required fields are really missing. A message may come in several parts that only together are
// complete, so the judgement is left to a decoder.
func (c *codec) complete(payload []byte) bool {
	m, err := c.unmarshal(payload)
	return err == nil && m != nil
}

// check reads one message, or one group up to its end tag, and returns what follows.
func (t *table) check(b []byte, depth int, group int32) ([]byte, *flaw) {
	if depth == 0 {
		return nil, t.flaw(b, 0, fmt.Sprintf("nested deeper than %d levels", maxPayloadDepth))
	}
	var seen uint64
	for len(b) > 0 {
		tag, n := varint(b)
		number := int32(tag >> 3)
		if n <= 0 || tag>>3 == 0 || tag>>3 > maxNumber {
			return nil, t.flaw(b, 0, "no field tag")
		}
		at := b
		b = b[n:]
		kind := protowire.Type(tag & 7)
		if kind == protowire.EndGroupType {
			if number != group {
				return nil, t.flaw(at, number, "a group ends that did not begin")
			}
			return b, t.finish(b, seen)
		}
		s := t.slot(number)
		if !s.known {
			if n = protowire.ConsumeFieldValue(protowire.Number(number), kind, b); n < 0 {
				return nil, t.flaw(at, number, protowire.ParseError(n).Error())
			}
			b = b[n:]
			continue
		}
		seen |= s.required
		var f *flaw
		if b, f = t.value(s, number, kind, b, depth); f != nil {
			return nil, f
		}
	}
	if group != 0 {
		return nil, t.flaw(b, 0, "the group does not end")
	}
	return b, t.finish(b, seen)
}

func (t *table) finish(b []byte, seen uint64) *flaw {
	if seen == t.required && !t.crowded {
		return nil
	}
	f := t.flaw(b, 0, "a required field is missing")
	f.missing = true
	return f
}

func (t *table) flaw(b []byte, number int32, reason string) *flaw {
	return &flaw{table: t, number: number, left: cap(b), reason: reason}
}

// value reads the value of a known field and returns what follows.
func (t *table) value(s slot, number int32, kind protowire.Type, b []byte, depth int) ([]byte, *flaw) {
	switch kind {
	case protowire.VarintType:
		if _, n := varint(b); s.wire == wireVarint && n > 0 {
			return b[n:], nil
		} else if n <= 0 {
			return nil, t.flaw(b, number, "the number ends early or is too long")
		}
	case protowire.Fixed32Type:
		if s.wire == wireFixed32 && len(b) >= 4 {
			return b[4:], nil
		}
	case protowire.Fixed64Type:
		if s.wire == wireFixed64 && len(b) >= 8 {
			return b[8:], nil
		}
	case protowire.BytesType:
		size, n := varint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, t.flaw(b, number, "the value ends early")
		}
		end := n + int(size)
		return b[end:], t.bytes(s, number, b[n:end], depth)
	case protowire.StartGroupType:
		if s.wire == wireGroup {
			return s.table.check(b, depth-1, number)
		}
	}
	return nil, t.flaw(b, number, fmt.Sprintf("wire type %d is not that of the field, or the value ends early", kind))
}

// bytes reads a length-delimited value.
func (t *table) bytes(s slot, number int32, v []byte, depth int) *flaw {
	switch {
	case s.wire == wireBytes:
		return nil
	case s.wire == wireText:
		if !utf8.Valid(v) {
			return t.flaw(v, number, "the text is not UTF-8")
		}
		return nil
	case s.wire == wireMessage:
		_, f := s.table.check(v, depth-1, 0)
		return f
	case !s.packable:
		return t.flaw(v, number, "wire type 2 is not that of the field")
	case s.wire == wireFixed32 && len(v)%4 == 0, s.wire == wireFixed64 && len(v)%8 == 0:
		return nil
	case s.wire != wireVarint:
		return t.flaw(v, number, "the packed values end early")
	}
	for len(v) > 0 {
		_, n := varint(v)
		if n <= 0 {
			return t.flaw(v, number, "the packed values end early")
		}
		v = v[n:]
	}
	return nil
}

// varint is binary.Uvarint with its most common case inlined.
func varint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	return protowire.ConsumeVarint(b)
}
