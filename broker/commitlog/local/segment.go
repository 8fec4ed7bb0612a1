package local

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// Names of segment files. Frozen.
const (
	segmentSuffix = ".log"
	indexSuffix   = ".idx"
	offsetDigits  = 20
)

// segment is one file of a partition. Its fields are guarded by partition.mu.
type segment struct {
	file
	base batch.Offset
	next batch.Offset
	size int64

	// index covers the bytes from known on: all of them for a segment that was begun in this run, those after the recovery
	// point for one that was found, none for a sealed one whose index was not asked for.
	index index
	known int64

	// newest is the largest timestamp of a sealed segment, once it was asked for: retention asks every segment again and again.
	newest    int64
	hasNewest bool
}

func newSegment(dir string, base batch.Offset) *segment {
	name := fmt.Sprintf("%0*d%s", offsetDigits, base, segmentSuffix)
	return &segment{file: file{name: path.Join(dir, name)}, base: base, next: base, index: newIndex()}
}

func (s *segment) indexName() string { return strings.TrimSuffix(s.name, segmentSuffix) + indexSuffix }

// parseSegment returns the base offset that a file's name tells.
func parseSegment(name string) (batch.Offset, bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) != offsetDigits {
		return 0, false
	}
	base, err := strconv.ParseInt(digits, 10, 64)
	return batch.Offset(base), err == nil && base >= 0
}

// walkChunk is how much a walk reads at a time, and firstChunk how much at first, since it tends to be where it should already,
// and where batches are large.
const (
	walkChunk  = 64 << 10
	firstChunk = 1 << 10
)

var walkBuffers = sync.Pool{New: func() any { b := make([]byte, walkChunk); return &b }}

// walk calls visit with the header of each batch from pos up to end, which must be the boundaries of batches, until visit
// returns false. It fails with ErrCorrupt where there is no batch.
func walk(f vfs.File, name string, pos, end int64, visit func(header batch.Batch, pos, size int64) bool) error {
	pooled := walkBuffers.Get().(*[]byte)
	defer walkBuffers.Put(pooled)
	buf, from, chunk := (*pooled)[:0], pos, int64(firstChunk)
	for pos < end {
		if end-pos < batch.HeaderSize {
			return damaged(name, pos)
		}
		if pos+batch.HeaderSize > from+int64(len(buf)) {
			buf, from = (*pooled)[:min(chunk, end-pos)], pos
			if n, err := f.ReadAt(buf, pos); n < len(buf) {
				return short(name, pos, err)
			}
		}
		header := batch.Batch(buf[pos-from:][:batch.HeaderSize])
		size, err := batch.SizeOf(header)
		if err != nil || pos+size > end {
			return damaged(name, pos)
		}
		if !visit(header, pos, size) {
			return nil
		}
		pos += size
		if chunk = walkChunk; size > walkChunk/2 { // more than headers would be read for nothing
			chunk = firstChunk
		}
	}
	return nil
}

func damaged(name string, pos int64) error {
	return fault.New(commitlog.ErrCorrupt, "local.Read", "%s: no batch at byte %d", name, pos)
}

func short(name string, pos int64, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return fault.New(commitlog.ErrCorrupt, "local.Read", "%s: bytes are missing at %d", name, pos)
	}
	return fault.Wrap(commitlog.ErrFailed, "local.Read", err, "cannot read %s", name)
}
