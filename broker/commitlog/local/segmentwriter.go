package local

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"math"
	"path"
	"strings"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// segmentWriter writes the file of a segment that is to replace others.
type segmentWriter struct {
	p    *partition
	s    *segment
	x    index
	name string
	f    vfs.File
	buf  []byte
}

func newSegmentWriter(p *partition, base, next batch.Offset) (*segmentWriter, error) {
	s := newSegment(p.dir, base)
	s.next = next
	name := strings.TrimSuffix(s.name, segmentSuffix) + cleanedSuffix
	f, err := p.e.fs.Create(name)
	if err != nil {
		return nil, err
	}
	return &segmentWriter{p: p, s: s, x: newIndex(), name: name, f: f}, nil
}

// add writes b, or nothing if there is none.
func (w *segmentWriter) add(b batch.Batch) error {
	if len(b) == 0 {
		return nil
	}
	if w.s.size+int64(len(b)) > math.MaxUint32 {
		return fault.New(batch.ErrTooLarge, "local.Compact", "%s grew beyond 4 GiB", w.name)
	}
	w.x.note(w.s.base, b, w.s.size)
	w.s.size += int64(len(b))
	if w.buf = append(w.buf, b...); len(w.buf) < compactChunk {
		return nil
	}
	return w.flush()
}

func (w *segmentWriter) flush() error {
	_, err := w.f.WriteAt(w.buf, w.s.size-int64(len(w.buf)))
	w.buf = w.buf[:0]
	return err
}

// finish makes the file durable, but for its name.
func (w *segmentWriter) finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.f.Sync(); err != nil {
		return err
	}
	f := w.f
	w.f = nil
	if err := f.Close(); err != nil {
		return err
	}
	w.s.known, w.s.newest, w.s.hasNewest = w.s.size, w.x.max, true
	return nil
}

// discard removes the file.
func (w *segmentWriter) discard() error {
	var err error
	if w.f != nil {
		err = w.f.Close()
		w.f = nil
	}
	if removed := w.p.e.fs.Remove(w.name); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}

// The file that tells how far a log was compacted, see FORMAT.md. Frozen.
const (
	hintName  = "compacted"
	hintMagic = "pawlcmp\x01" // the last byte is the version
	hintSize  = 8 + 8 + 4
)

// compactedUpTo returns how far the log was compacted, as far as is known.
func (p *partition) compactedUpTo() batch.Offset {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hinted {
		p.hinted = true
		p.compacted = min(p.readHint(), p.visible)
	}
	return max(p.compacted, 0)
}

// readHint reads the hint; without a good one everything is compacted again.
func (p *partition) readHint() batch.Offset {
	b, err := readFile(p.e.fs, path.Join(p.dir, hintName))
	if err != nil || len(b) != hintSize || string(b[:8]) != hintMagic {
		return 0
	}
	if crc32.Checksum(b[:16], castagnoli) != binary.BigEndian.Uint32(b[16:]) {
		return 0
	}
	return batch.Offset(binary.BigEndian.Uint64(b[8:]))
}

// noteCompacted moves the mark of what was compacted, and saves it. It need not be durable.
func (p *partition) noteCompacted(upTo batch.Offset) {
	p.mu.Lock()
	moved := upTo > p.compacted
	p.compacted, p.hinted = max(p.compacted, upTo), true
	p.mu.Unlock()
	if !moved {
		return
	}
	b := binary.BigEndian.AppendUint64([]byte(hintMagic), uint64(upTo))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if err := writeIndex(p.e.fs, path.Join(p.dir, hintName), b); err != nil {
		p.e.log.Warn("cannot save how far a log was compacted", "dir", p.dir, "error", err)
	}
}
