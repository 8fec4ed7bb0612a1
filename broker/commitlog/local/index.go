package local

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sort"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// indexStride is how many bytes of batches lie between two index entries, at least.
const indexStride = 4 << 10

// The index file of a segment, see FORMAT.md. Frozen.
const (
	indexMagic  = "pawlidx\x01" // the last byte is the version
	indexHead   = 8 + 8 + 8 + 8
	indexEntry  = 16
	indexFooter = 4
)

// mark is one entry of a sparse index.
type mark struct {
	relative uint32 // base offset of a batch less that of the segment
	pos      uint32 // where the batch begins
	before   int64  // the largest timestamp of the batches in front of it; batch.NoTimestamp if there is none
}

// index finds batches in one segment by offset and by time.
type index struct {
	marks []mark
	max   int64 // the largest timestamp of the segment
}

func newIndex() index { return index{max: batch.NoTimestamp} }

// note takes in a batch that begins at pos.
func (x *index) note(base batch.Offset, b batch.Batch, pos int64) {
	if n := len(x.marks); n == 0 || pos-int64(x.marks[n-1].pos) >= indexStride {
		x.marks = append(x.marks, mark{uint32(b.BaseOffset() - base), uint32(pos), x.max})
	}
	x.max = max(x.max, b.MaxTimestamp())
}

// byOffset returns a position at or before the batch that holds offset.
func (x *index) byOffset(base, offset batch.Offset) int64 {
	i := sort.Search(len(x.marks), func(i int) bool { return base+batch.Offset(x.marks[i].relative) > offset })
	if i == 0 {
		return 0
	}
	return int64(x.marks[i-1].pos)
}

// byTime returns a position at or before the first batch whose maximum timestamp is at or after t.
func (x *index) byTime(t int64) int64 {
	i := sort.Search(len(x.marks), func(i int) bool { return x.marks[i].before >= t })
	if i == 0 {
		return 0
	}
	return int64(x.marks[i-1].pos)
}

// join puts x, the index of the bytes in front, before y.
func (x index) join(y index) index {
	for _, m := range y.marks {
		m.before = max(m.before, x.max)
		x.marks = append(x.marks, m)
	}
	x.max = max(x.max, y.max)
	return x
}

func (x *index) encode(base batch.Offset, size int64) []byte {
	be := binary.BigEndian
	b := make([]byte, 0, indexHead+len(x.marks)*indexEntry+indexFooter)
	b = be.AppendUint64(append(b, indexMagic...), uint64(base))
	b = be.AppendUint64(b, uint64(size))
	b = be.AppendUint64(b, uint64(x.max))
	for _, m := range x.marks {
		b = be.AppendUint32(be.AppendUint32(b, m.relative), m.pos)
		b = be.AppendUint64(b, uint64(m.before))
	}
	return be.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// decodeIndex returns the index in b if it is whole and belongs to the segment; if in doubt, not.
func decodeIndex(b []byte, base batch.Offset, size int64) (index, bool) {
	be := binary.BigEndian
	body := len(b) - indexHead - indexFooter
	if body < 0 || body%indexEntry != 0 || string(b[:8]) != indexMagic {
		return index{}, false
	}
	sum := be.Uint32(b[len(b)-indexFooter:])
	if crc32.Checksum(b[:len(b)-indexFooter], castagnoli) != sum {
		return index{}, false
	}
	if be.Uint64(b[8:]) != uint64(base) || be.Uint64(b[16:]) != uint64(size) {
		return index{}, false
	}
	x := index{max: int64(be.Uint64(b[24:])), marks: make([]mark, 0, body/indexEntry)}
	for e := b[indexHead : len(b)-indexFooter]; len(e) > 0; e = e[indexEntry:] {
		x.marks = append(x.marks, mark{be.Uint32(e), be.Uint32(e[4:]), int64(be.Uint64(e[8:]))})
	}
	return x, true
}

// writeIndex saves an index. It need not be durable: a damaged one is made again.
func writeIndex(fsys vfs.FS, name string, b []byte) error {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	return errors.Join(err, f.Close())
}
