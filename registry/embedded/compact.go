package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"path"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/registry"
)

// The snapshot file, see FORMAT.md. Frozen.
const (
	snapshotMagic  = "pawlsnp\x01" // the last byte is the version
	snapshotHeader = 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Compact implements registry.Compactor. Journal files that hold nothing newer than the snapshot are removed.
func (s *Store) Compact(ctx context.Context, upTo registry.Seq, data []byte) error {
	const op = "embedded.Compact"
	s.compacting.Lock()
	defer s.compacting.Unlock()
	s.mu.Lock()
	err, end, have := s.usable(ctx, op), s.end, s.snapshot
	s.mu.Unlock()
	switch {
	case err != nil:
		return err
	case upTo > end:
		return fault.New(registry.ErrStale, op, "the log ends at %d, before %d", end, upTo)
	case upTo <= have:
		return nil // a later snapshot stands already
	}
	if err := s.writeSnapshot(upTo, data); err != nil {
		return fault.Wrap(registry.ErrStore, op, err, "cannot write the snapshot of change %d", upTo)
	}
	s.mu.Lock()
	s.snapshot = upTo
	s.mu.Unlock()
	if upTo == end {
		if err := s.journal.Roll(); err != nil {
			return translate(op, err)
		}
	}
	s.log.Info("registry store compacted", "dir", s.dir, "up_to", upTo, "bytes", len(data))
	return translate(op, s.journal.TrimBefore(uint64(upTo)+1))
}

// writeSnapshot puts the new snapshot in the place of the old one: a crash leaves one of the two, whole.
func (s *Store) writeSnapshot(seq registry.Seq, data []byte) error {
	name := path.Join(s.dir, snapshotName)
	f, err := s.fs.Create(name + ".new")
	if err != nil {
		return err
	}
	head := binary.BigEndian.AppendUint64([]byte(snapshotMagic), uint64(seq))
	sum := crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, data)
	head = binary.BigEndian.AppendUint32(head, sum)
	_, err = f.WriteAt(head, 0)
	if err == nil {
		_, err = f.WriteAt(data, snapshotHeader)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := s.fs.Rename(name+".new", name); err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

// readSnapshot returns the snapshot, or 0 if there is none.
func (s *Store) readSnapshot() (registry.Seq, []byte, error) {
	name := path.Join(s.dir, snapshotName)
	b, err := readFile(s, name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, fault.Wrap(registry.ErrStore, "embedded.Read", err, "cannot read %s", name)
	}
	if len(b) < snapshotHeader || string(b[:8]) != snapshotMagic {
		return 0, nil, fault.New(ErrCorrupt, "embedded.Read", "%s is not a snapshot of version 1", name)
	}
	sum := crc32.Update(crc32.Checksum(b[:16], castagnoli), castagnoli, b[snapshotHeader:])
	if sum != binary.BigEndian.Uint32(b[16:]) {
		return 0, nil, fault.New(ErrCorrupt, "embedded.Read", "%s fails its checksum", name)
	}
	return registry.Seq(binary.BigEndian.Uint64(b[8:])), b[snapshotHeader:], nil
}

func readFile(s *Store, name string) (b []byte, err error) {
	f, err := s.fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b = make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) && err != nil && err != io.EOF {
		return nil, err
	}
	return b, nil
}
