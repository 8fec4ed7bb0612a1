package embedded

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"path"

	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
)

// The file of the mark, see FORMAT.md. Frozen.
const (
	markSize = 12  // bytes of a slot that are used
	markSlot = 512 // distance of the two slots
)

// mark is the number of the last change that was acknowledged, beside the journal: a witness that a journal which ends earlier
// was cut. It is written before each acknowledgement and synced now and then only, so after a loss of power it may be behind,
// and is never ahead.
type mark struct {
	f     vfs.File
	turns int64 // slots take turns, so that a torn write leaves the other
}

// openMark opens the mark, making it if there is none, and returns what it holds.
func openMark(fsys vfs.FS, dir string) (*mark, registry.Seq, error) {
	name := path.Join(dir, markName)
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = fsys.Create(name); err == nil {
			err = fsys.SyncDir(dir)
		}
	}
	if err != nil {
		return nil, 0, err
	}
	m := &mark{f: f}
	var seq registry.Seq
	for slot := range int64(2) {
		if held := m.read(slot); held > seq {
			seq, m.turns = held, slot
		}
	}
	return m, seq, nil
}

// read returns what a slot holds, 0 if that is no number.
func (m *mark) read(slot int64) registry.Seq {
	b := make([]byte, markSize)
	if n, err := m.f.ReadAt(b, slot*markSlot); n < markSize && err != nil && err != io.EOF {
		return 0
	}
	if crc32.Checksum(b[:8], castagnoli) != binary.BigEndian.Uint32(b[8:]) {
		return 0
	}
	return registry.Seq(binary.BigEndian.Uint64(b))
}

func (m *mark) set(seq registry.Seq) error {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, markSize), uint64(seq))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	m.turns++
	_, err := m.f.WriteAt(b, m.turns%2*markSlot)
	return err
}

func (m *mark) close() error { return errors.Join(m.f.Sync(), m.f.Close()) }
