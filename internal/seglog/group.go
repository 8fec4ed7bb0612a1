package seglog

import "encoding/binary"

// Group gathers entries that are written together. The zero value is empty. It copies what it is given, and it is not safe for
// concurrent use.
type Group struct {
	buf   []byte
	count int
}

// Add puts one entry, head followed by body, at the end of the group. Together they must not pass MaxEntry.
func (g *Group) Add(head, body []byte) {
	length := len(head) + len(body)
	var f [frameSize]byte
	binary.BigEndian.PutUint32(f[4:], uint32(length))
	g.buf = append(g.buf, f[:]...)
	g.buf = append(g.buf, head...)
	g.buf = append(g.buf, body...)
	var zeros [alignment]byte
	g.buf = append(g.buf, zeros[:padded(int64(length))-frameSize-int64(length)]...)
	g.count++
}

// Size is what the group will take on disk, in bytes.
func (g *Group) Size() int { return len(g.buf) }

// Count is the number of entries.
func (g *Group) Count() int { return g.count }

// Reset empties the group and keeps its memory, unless that is over keep bytes.
func (g *Group) Reset(keep int) {
	if cap(g.buf) > keep {
		g.buf = nil
	}
	g.buf, g.count = g.buf[:0], 0
}

// seal numbers the entries from first on and sets their checksums. durable is the last number that was synced before.
func (g *Group) seal(first, durable uint64) {
	be := binary.BigEndian
	for b := g.buf; len(b) > 0; first++ {
		length := int64(be.Uint32(b[4:]))
		be.PutUint64(b[8:], first)
		be.PutUint64(b[16:], durable)
		be.PutUint32(b, entryCRC(b[:frameSize+length]))
		b = b[padded(length):]
	}
}
