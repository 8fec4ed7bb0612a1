package seglog

import (
	"sort"

	"github.com/pawl-registry/pawl/internal/vfs"
)

// segment is one file. Its fields are guarded by Log.mu, except that the bytes of durable entries never change.
type segment struct {
	name  string
	f     vfs.File
	first uint64 // number of the first entry
	next  uint64 // number after the last entry that is durable
	size  int64  // bytes up to the end of the last durable entry
	index []point
	refs  int // readers, and 1 for the log while it holds the segment
}

// point says where an entry begins.
type point struct {
	seq uint64
	pos int64
}

// note puts an entry into the index if the last one noted is far enough back.
func (s *segment) note(p point) {
	if n := len(s.index); n == 0 || p.pos-s.index[n-1].pos >= indexStride {
		s.index = append(s.index, p)
	}
}

// before returns the last known point at or before seq.
func (s *segment) before(seq uint64) point {
	i := sort.Search(len(s.index), func(i int) bool { return s.index[i].seq > seq })
	if i == 0 {
		return point{s.first, headerSize}
	}
	return s.index[i-1]
}
