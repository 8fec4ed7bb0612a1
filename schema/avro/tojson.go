package avro

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"
)

// json appends one value in Avro's JSON encoding (specification, section JSON Encoding): a union value is null or an object
// that names its branch, bytes are characters up to U+00FF, and what is no finite number is a string as in Java.
func (c *cursor) json(dst []byte, n *node) ([]byte, bool) {
	switch n.kind {
	case kindNull:
		return append(dst, "null"...), true
	case kindBoolean:
		b, ok := c.boolean()
		return strconv.AppendBool(dst, b), ok
	case kindInt:
		i, ok := c.int()
		return strconv.AppendInt(dst, i, 10), ok
	case kindLong:
		i, ok := c.long()
		return strconv.AppendInt(dst, i, 10), ok
	case kindFloat, kindDouble:
		return c.jsonFloat(dst, n.kind)
	case kindString:
		b, ok := c.bytes()
		return appendText(dst, b), ok
	case kindBytes:
		b, ok := c.bytes()
		return appendLatin1(dst, b), ok
	case kindFixed:
		b, ok := c.take(n.named.size)
		return appendLatin1(dst, b), ok
	case kindEnum:
		i, ok := c.index("symbol", len(n.named.symbols))
		if ok {
			dst = appendString(dst, n.named.symbols[i])
		}
		return dst, ok
	}
	if len(dst) > maxText {
		return dst, c.fail("the value is longer than %d bytes of JSON", maxText)
	}
	ok := c.enter()
	if ok {
		dst, ok = c.jsonInner(dst, n)
	}
	c.depth--
	return dst, ok
}

func (c *cursor) jsonFloat(dst []byte, k kind) ([]byte, bool) {
	if k == kindFloat {
		b, ok := c.take(4)
		if ok {
			dst = appendFloat(dst, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 32)
		}
		return dst, ok
	}
	b, ok := c.take(8)
	if ok {
		dst = appendFloat(dst, math.Float64frombits(binary.LittleEndian.Uint64(b)), 64)
	}
	return dst, ok
}

func (c *cursor) jsonInner(dst []byte, n *node) ([]byte, bool) {
	switch n.kind {
	case kindUnion:
		return c.jsonUnion(dst, n)
	case kindArray:
		return c.jsonItems(append(dst, '['), ']', func(dst []byte) ([]byte, bool) { return c.json(dst, n.items) })
	case kindMap:
		return c.jsonItems(append(dst, '{'), '}', func(dst []byte) ([]byte, bool) {
			key, ok := c.bytes()
			if !ok {
				return dst, false
			}
			return c.json(append(appendText(dst, key), ':'), n.items)
		})
	}
	dst = append(dst, '{')
	start := c.pos
	for i := range n.named.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		f := &n.named.fields[i]
		dst = append(appendString(dst, f.name), ':')
		var ok bool
		if dst, ok = c.json(dst, f.typ); !ok {
			return dst, false
		}
	}
	return append(dst, '}'), c.pos > start || c.rest()
}

func (c *cursor) jsonUnion(dst []byte, n *node) ([]byte, bool) {
	i, ok := c.index("branch", len(n.branches))
	if !ok {
		return dst, false
	}
	b := n.branches[i]
	if b.kind == kindNull {
		return append(dst, "null"...), true
	}
	dst = append(b.appendTypeText(append(dst, '{')), ':')
	dst, ok = c.json(dst, b)
	return append(dst, '}'), ok
}

func (c *cursor) jsonItems(dst []byte, shut byte, item func([]byte) ([]byte, bool)) ([]byte, bool) {
	first := true
	ok := c.blocks(func() bool {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		var ok bool
		dst, ok = item(dst)
		return ok
	})
	return append(dst, shut), ok
}

// appendText prints the bytes of a string; those that are not UTF-8 become U+FFFD, as in Java.
func appendText(dst, b []byte) []byte {
	if !utf8.Valid(b) {
		b = bytes.ToValidUTF8(b, []byte("\uFFFD"))
	}
	return appendString(dst, b)
}

// appendLatin1 prints each byte as the character of that number.
func appendLatin1(dst, b []byte) []byte {
	dst = append(dst, '"')
	for _, c := range b {
		switch {
		case c < 0x20 || c == '"' || c == '\\':
			dst = appendEscape(dst, c)
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			dst = utf8.AppendRune(dst, rune(c))
		}
	}
	return append(dst, '"')
}
