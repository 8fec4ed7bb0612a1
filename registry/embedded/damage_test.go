package embedded_test

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/embedded"
)

// kept returns a store's files after changes were acknowledged and the process was killed.
func kept(t *testing.T, segmentBytes int64, changes registry.Seq) *vfs.Memory {
	t.Helper()
	fsys := vfs.NewMemory()
	s := open(t, fsys, embedded.Options{SegmentBytes: segmentBytes})
	for n := range changes {
		if err := s.Append(t.Context(), n, []byte(data(n+1))); err != nil {
			t.Fatal(err)
		}
	}
	return fsys.Kill()
}

// damaged opens a damaged store. It must hold all changes and go on, or name what is damaged; it returns whether it did the
// latter.
func damaged(t *testing.T, fsys vfs.FS, changes registry.Seq, what string) bool {
	t.Helper()
	s, err := embedded.Open(t.Context(), fsys, "data/registry", embedded.Options{SegmentBytes: 150})
	if err != nil {
		if !errors.Is(err, embedded.ErrCorrupt) || fault.DetailOf(err) == "" || !strings.Contains(err.Error(), "data/registry") {
			t.Errorf("%s: Open gave %v", what, err)
		}
		return true
	}
	defer func() { _ = s.Close() }()
	want := registry.Seq(1)
	if err := s.Read(t.Context(), 0, func(e registry.Entry) error {
		if e.Seq != want || string(e.Data) != data(want) {
			return fmt.Errorf("change %d reads %s", e.Seq, e.Data)
		}
		want++
		return nil
	}); err != nil || want != changes+1 {
		t.Errorf("%s: the store gave changes up to %d of %d, %v", what, want-1, changes, err)
	}
	if err := s.Append(t.Context(), changes, []byte(data(changes+1))); err != nil {
		t.Errorf("%s: Append: %v", what, err)
	}
	return false
}

// journal returns the names of the journal's files.
func journal(t *testing.T, fsys vfs.FS) []string {
	t.Helper()
	files, err := fsys.ReadDir("data/registry/journal")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, path.Join("data/registry/journal", f.Name()))
	}
	return names
}

func withFile(t *testing.T, fsys vfs.FS, name string, use func(f vfs.File, size int64)) {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	use(f, size)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestAJournalCutAtAnyByteIsReportedOrWhole(t *testing.T) {
	for _, segmentBytes := range []int64{0, 150} {
		whole := kept(t, segmentBytes, 9)
		names := journal(t, whole)
		last := names[len(names)-1]
		var size int64
		withFile(t, whole, last, func(_ vfs.File, n int64) { size = n })
		reported := 0
		for cut := range size {
			fsys := whole.Kill()
			withFile(t, fsys, last, func(f vfs.File, _ int64) {
				if err := f.Truncate(cut); err != nil {
					t.Fatal(err)
				}
			})
			if damaged(t, fsys, 9, fmt.Sprintf("%s cut at byte %d of %d", last, cut, size)) {
				reported++
			}
		}
		if least := size - 8; int64(reported) < least { // only padding may be missed
			t.Errorf("%d of %d cuts were reported", reported, size)
		}
	}
}

func TestAJournalWithoutAFileIsReported(t *testing.T) {
	whole := kept(t, 150, 9)
	for _, name := range journal(t, whole) {
		fsys := whole.Kill()
		if err := fsys.Remove(name); err != nil {
			t.Fatal(err)
		}
		if !damaged(t, fsys, 9, "without "+name) {
			t.Errorf("the loss of %s was not reported", name)
		}
	}
}

func TestABitThatFlipsIsReportedOrHarmless(t *testing.T) {
	for _, segmentBytes := range []int64{0, 150} {
		whole := kept(t, segmentBytes, 9)
		for _, name := range append(journal(t, whole), "data/registry/acknowledged") {
			var size int64
			withFile(t, whole, name, func(_ vfs.File, n int64) { size = n })
			for at := range size {
				fsys := whole.Kill()
				flip(t, fsys, name, at)
				damaged(t, fsys, 9, fmt.Sprintf("%s with a bit flipped at byte %d", name, at))
			}
		}
	}
}

func flip(t *testing.T, fsys vfs.FS, name string, at int64) {
	t.Helper()
	withFile(t, fsys, name, func(f vfs.File, _ int64) {
		b := make([]byte, 1)
		if _, err := f.ReadAt(b, at); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 1 << (at % 8)
		if _, err := f.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
	})
}
