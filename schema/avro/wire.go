package avro

import (
	"encoding/binary"
	"math"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Limits of one payload. The codec for Go values has limits of its own; these are never wider.
const (
	maxPayloadDepth = 500     // records, unions, arrays and maps within one another
	maxIdleItems    = 4 << 10 // items of one array that take no bytes
	maxIdle         = 1 << 16 // items and records of one payload that take no bytes, besides one for each byte
	maxText         = 1 << 26 // bytes of JSON or of a projected payload made of one payload
)

// cursor walks a payload by its type. The first failure is kept in err; after it the methods may return anything.
type cursor struct {
	buf   []byte
	pos   int
	depth int
	idle  int // values met that took no bytes
	err   error
}

func (c *cursor) fail(format string, args ...any) bool {
	if c.err == nil {
		c.err = fault.New(schema.ErrPayload, "avro.Message", "byte %d: "+format, append([]any{c.pos}, args...)...)
	}
	return false
}

// end refuses what follows the value.
func (c *cursor) end() error {
	if c.err == nil && c.pos < len(c.buf) {
		c.fail("%d bytes follow the value", len(c.buf)-c.pos)
	}
	return c.err
}

// long reads a zig-zag number of at most ten bytes.
func (c *cursor) long() (int64, bool) {
	if c.pos < len(c.buf) && c.buf[c.pos] < 0x80 {
		u := uint64(c.buf[c.pos])
		c.pos++
		return int64(u>>1) ^ -int64(u&1), true
	}
	var u uint64
	for i := 0; i < binary.MaxVarintLen64; i++ {
		if c.pos+i >= len(c.buf) {
			return 0, c.fail("the payload ends within a number")
		}
		b := c.buf[c.pos+i]
		if i == binary.MaxVarintLen64-1 && b > 1 {
			break
		}
		u |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.pos += i + 1
			return int64(u>>1) ^ -int64(u&1), true
		}
	}
	return 0, c.fail("a number has more than 64 bits")
}

// int reads a number of 32 bits, at most five bytes long.
func (c *cursor) int() (int64, bool) {
	start := c.pos
	n, ok := c.long()
	if !ok {
		return 0, false
	}
	if n < math.MinInt32 || n > math.MaxInt32 || c.pos-start > binary.MaxVarintLen32 {
		c.pos = start
		return 0, c.fail("a number has more than 32 bits")
	}
	return n, true
}

// index reads the index of a branch or a symbol.
func (c *cursor) index(what string, count int) (int, bool) {
	start := c.pos
	n, ok := c.int()
	if ok && (n < 0 || n >= int64(count)) {
		c.pos = start
		return 0, c.fail("the index %d names no %s; there are %d", n, what, count)
	}
	return int(n), ok
}

// take passes n bytes.
func (c *cursor) take(n int) ([]byte, bool) {
	if n > len(c.buf)-c.pos {
		return nil, c.fail("the payload ends %d bytes too early", n-(len(c.buf)-c.pos))
	}
	b := c.buf[c.pos : c.pos+n : c.pos+n]
	c.pos += n
	return b, true
}

// bytes reads a length and passes as many bytes.
func (c *cursor) bytes() ([]byte, bool) {
	start := c.pos
	n, ok := c.long()
	if !ok {
		return nil, false
	}
	if n < 0 || n > int64(len(c.buf)-c.pos) {
		left := len(c.buf) - c.pos
		c.pos = start
		return nil, c.fail("a length of %d bytes where %d are left", n, left)
	}
	return c.take(int(n))
}

func (c *cursor) boolean() (bool, bool) {
	b, ok := c.take(1)
	if ok && b[0] > 1 {
		c.pos--
		return false, c.fail("a boolean is 0 or 1, not %d", b[0])
	}
	return ok && b[0] == 1, ok
}

// rest counts an item or a record that takes no bytes. Types can lead to any number of them without a byte of payload.
func (c *cursor) rest() bool {
	if c.idle++; c.idle > maxIdle+len(c.buf) {
		return c.fail("too many values take no bytes")
	}
	return true
}

func (c *cursor) enter() bool {
	if c.depth++; c.depth > maxPayloadDepth {
		return c.fail("the value nests deeper than %d levels", maxPayloadDepth)
	}
	return true
}

// blocks calls item for each item of an array or a map. A block with a negative count carries its size in bytes, which must
// be the truth (Avro specification, section Arrays).
func (c *cursor) blocks(item func() bool) bool {
	idle := 0
	for {
		count, size, ok := c.block()
		if !ok || count == 0 {
			return ok
		}
		start := c.pos
		for ; count > 0; count-- {
			before := c.pos
			if !item() {
				return false
			}
			if c.pos == before && !c.idleItem(&idle) {
				return false
			}
		}
		if size >= 0 && int64(c.pos-start) != size {
			return c.fail("a block of %d bytes says that it has %d", c.pos-start, size)
		}
	}
}

func (c *cursor) idleItem(count *int) bool {
	if *count++; *count > maxIdleItems {
		return c.fail("an array has more than %d items without bytes", maxIdleItems)
	}
	return c.rest()
}

// block reads the head of a block: its count, and its size or -1.
func (c *cursor) block() (count, size int64, ok bool) {
	start := c.pos
	if count, ok = c.long(); !ok || count >= 0 {
		return count, -1, ok
	}
	if size, ok = c.long(); !ok {
		return 0, 0, false
	}
	if count == math.MinInt64 || size < 0 || size > int64(len(c.buf)-c.pos) {
		c.pos = start
		return 0, 0, c.fail("a block of %d bytes where fewer are left", size)
	}
	return -count, size, true
}

// skip passes one value and checks it on the way.
func (c *cursor) skip(n *node) (ok bool) {
	switch n.kind {
	case kindNull:
		return true
	case kindBoolean:
		_, ok = c.boolean()
	case kindInt:
		_, ok = c.int()
	case kindLong:
		_, ok = c.long()
	case kindFloat:
		_, ok = c.take(4)
	case kindDouble:
		_, ok = c.take(8)
	case kindBytes, kindString:
		_, ok = c.bytes()
	case kindEnum:
		_, ok = c.index("symbol", len(n.named.symbols))
	case kindFixed:
		_, ok = c.take(n.named.size)
	default:
		ok = c.enter() && c.skipInner(n)
		c.depth--
	}
	return ok
}

func (c *cursor) skipInner(n *node) bool {
	switch n.kind {
	case kindUnion:
		i, ok := c.index("branch", len(n.branches))
		return ok && c.skip(n.branches[i])
	case kindArray:
		return c.blocks(func() bool { return c.skip(n.items) })
	case kindMap:
		return c.blocks(func() bool {
			_, ok := c.bytes()
			return ok && c.skip(n.items)
		})
	}
	start := c.pos
	for i := range n.named.fields {
		if !c.skip(n.named.fields[i].typ) {
			return false
		}
	}
	return c.pos > start || c.rest()
}
