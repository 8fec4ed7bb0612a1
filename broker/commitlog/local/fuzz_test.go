package local_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// FuzzOpen puts arbitrary bytes where the catalog and a segment are, the catalog with its checksum made right.
func FuzzOpen(f *testing.F) {
	fsys := vfs.NewMemory()
	e := openEngine(f, fsys, local.Options{WALSegmentBytes: 4096})
	for i := range 3 {
		if _, err := openLog(f, e, "t-0").Append(f.Context(), tagged(f, i, 2), commitlog.OS); err != nil {
			f.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		f.Fatal(err)
	}
	const segment = "logs/0000000001-t-0/00000000000000000000.log"
	f.Add(content(f, fsys, "catalog"), content(f, fsys, segment))
	f.Fuzz(func(t *testing.T, catalog, data []byte) {
		if n := len(catalog) - 4; n > 0 {
			sum := crc32.Checksum(catalog[:n], crc32.MakeTable(crc32.Castagnoli))
			catalog = binary.BigEndian.AppendUint32(append([]byte(nil), catalog[:n]...), sum)
		}
		damaged := fsys.Kill()
		put(t, damaged, "catalog", catalog)
		put(t, damaged, segment, data)
		e, err := local.Open(t.Context(), damaged, local.Options{WALSegmentBytes: 4096})
		if err != nil {
			if !errors.Is(err, commitlog.ErrCorrupt) && !errors.Is(err, commitlog.ErrFailed) {
				t.Fatal(err)
			}
			return
		}
		if l, err := e.Open(t.Context(), "t-0"); err == nil {
			b := l.Bounds()
			_, _ = l.Read(t.Context(), nil, b.Start, 1<<20)
		}
		_ = e.Close()
	})
}

func content(t testing.TB, fsys vfs.FS, name string) []byte {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) {
		t.Fatal(err)
	}
	return b
}

func put(t testing.TB, fsys vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fsys.Create(name)
	if err == nil {
		_, err = f.WriteAt(b, 0)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
