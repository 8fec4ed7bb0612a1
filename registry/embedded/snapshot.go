package embedded

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"path"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
)

// The snapshot file, see FORMAT.md. Frozen.
const (
	snapshotMagic  = "pawlsnp\x02" // the last byte is the version
	snapshotHeader = 20
	partHeader     = 8
	maxPart        = 1 << 30 // bytes of a part
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// writeSnapshot puts the new snapshot in the place of the old one: a crash leaves one of the two, whole. It returns the size of
// the file.
func (s *Store) writeSnapshot(seq registry.Seq, parts iter.Seq2[[]byte, error]) (int64, error) {
	const op = "embedded.Compact"
	name := path.Join(s.dir, snapshotName)
	f, err := s.fs.Create(name + ".new")
	if err != nil {
		return 0, translate(op, err)
	}
	size, err := writeParts(f, seq, parts)
	if err == nil {
		err = translate(op, f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, err
	}
	if err := s.fs.Rename(name+".new", name); err != nil {
		return 0, translate(op, err)
	}
	return size, translate(op, s.fs.SyncDir(s.dir))
}

// writeParts writes the file and returns its size. Errors of parts are returned as they are.
func writeParts(f vfs.File, seq registry.Seq, parts iter.Seq2[[]byte, error]) (size int64, err error) {
	const op = "embedded.Compact"
	head := binary.BigEndian.AppendUint64([]byte(snapshotMagic), uint64(seq))
	head = binary.BigEndian.AppendUint32(head, crc32.Checksum(head, castagnoli))
	write := func(b []byte) error {
		_, err := f.WriteAt(b, size)
		size += int64(len(b))
		return translate(op, err)
	}
	if err := write(head); err != nil {
		return 0, err
	}
	n := uint32(0)
	for part, err := range parts {
		if err == nil && (len(part) == 0 || len(part) > maxPart) {
			err = fault.New(registry.ErrStore, op, "a part of a snapshot has %d bytes; the limits are 1 and %d", len(part), maxPart)
		}
		if err == nil {
			err = write(partHead(n, part))
		}
		if err == nil {
			err = write(part)
		}
		if err != nil {
			return 0, err
		}
		n++
	}
	return size, write(partHead(n, nil))
}

// partHead returns what stands before part n. An empty part is the end.
func partHead(n uint32, part []byte) []byte {
	var number [4]byte
	binary.BigEndian.PutUint32(number[:], n)
	sum := crc32.Update(crc32.Checksum(number[:], castagnoli), castagnoli, part)
	head := binary.BigEndian.AppendUint32(make([]byte, 0, partHeader), uint32(len(part)))
	return binary.BigEndian.AppendUint32(head, sum)
}

// readSnapshot hands the parts of the snapshot to yield, which must not keep them, and returns what the snapshot stands for; 0
// and no part if there is none. It stops at the first error of yield and returns it.
func (s *Store) readSnapshot(yield func(registry.Entry) error) (registry.Seq, error) {
	name := path.Join(s.dir, snapshotName)
	f, err := s.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, translate("embedded.Read", err)
	}
	r := &snapshotReader{f: f, name: name}
	seq, err := r.read(yield)
	return seq, errors.Join(err, f.Close())
}

// snapshotReader walks a snapshot file.
type snapshotReader struct {
	f    vfs.File
	name string
	at   int64
	buf  []byte
}

func (r *snapshotReader) corrupt(format string, args ...any) error {
	return fault.New(ErrCorrupt, "embedded.Read", r.name+": "+format, args...)
}

// next returns n bytes; they are valid until the next call.
func (r *snapshotReader) next(n int) ([]byte, error) {
	if cap(r.buf) < n {
		r.buf = make([]byte, n)
	}
	b := r.buf[:n]
	got, err := r.f.ReadAt(b, r.at)
	if got < n && (err == nil || err == io.EOF) {
		return nil, r.corrupt("the file ends in the middle of a part")
	}
	if got < n {
		return nil, translate("embedded.Read", err)
	}
	r.at += int64(n)
	return b, nil
}

func (r *snapshotReader) read(yield func(registry.Entry) error) (registry.Seq, error) {
	size, err := r.f.Size()
	if err != nil {
		return 0, translate("embedded.Read", err)
	}
	seq, err := r.header()
	if err != nil {
		return 0, err
	}
	for n := uint32(0); ; n++ {
		part, err := r.part(n, size)
		if err != nil {
			return 0, err
		}
		if len(part) == 0 {
			break
		}
		if err := yield(registry.Entry{Seq: seq, Data: part}); err != nil {
			return 0, err
		}
	}
	if r.at != size {
		return 0, r.corrupt("%d bytes follow the last part", size-r.at)
	}
	return seq, nil
}

func (r *snapshotReader) header() (registry.Seq, error) {
	b, err := r.next(snapshotHeader)
	if err != nil {
		return 0, err
	}
	if string(b[:8]) != snapshotMagic {
		return 0, r.corrupt("it is not a snapshot of version 2")
	}
	if crc32.Checksum(b[:16], castagnoli) != binary.BigEndian.Uint32(b[16:]) {
		return 0, r.corrupt("the header fails its checksum")
	}
	return registry.Seq(binary.BigEndian.Uint64(b[8:])), nil
}

func (r *snapshotReader) part(n uint32, size int64) ([]byte, error) {
	head, err := r.next(partHeader)
	if err != nil {
		return nil, err
	}
	length, sum := int64(binary.BigEndian.Uint32(head)), binary.BigEndian.Uint32(head[4:])
	if length > maxPart || length > size-r.at {
		return nil, r.corrupt("part %d is longer than the file", n+1)
	}
	part, err := r.next(int(length))
	if err != nil {
		return nil, err
	}
	if binary.BigEndian.Uint32(partHead(n, part)[4:]) != sum {
		return nil, r.corrupt("part %d fails its checksum", n+1)
	}
	return part, nil
}
