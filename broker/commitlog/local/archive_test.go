package local_test

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// archived is a data directory on disk with one log of many segments, the first of them compacted, that was closed well.
func archived(t *testing.T) (dir string, end batch.Offset) {
	t.Helper()
	dir = t.TempDir()
	fsys := vfs.NewMemory()
	c := newCompacted(t, fsys, 5)
	for range 40 {
		c.put(0)
	}
	if _, err := c.l.(commitlog.Compactor).Compact(t.Context(), commitlog.Compaction{UpTo: 50, Now: 1}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		c.put(0)
	}
	if err := c.e.Close(); err != nil {
		t.Fatal(err)
	}
	copyOut(t, fsys, ".", dir)
	return dir, c.end
}

func verify(t *testing.T, dir string) (found []local.Finding, next batch.Offset) {
	t.Helper()
	a, err := local.OpenArchive(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	logs, err := a.Logs()
	if err != nil || len(logs) != 1 || logs[0].Name != "t-0" {
		t.Fatalf("logs %+v, %v", logs, err)
	}
	if err := a.Verify(logs[0], func(f local.Finding) { found = append(found, f) }); err != nil {
		t.Fatal(err)
	}
	err = a.Each(logs[0], func(_ string, _ int64, b batch.Batch) bool { next = b.NextOffset(); return true }, func(local.Finding) {})
	if err != nil {
		t.Fatal(err)
	}
	return found, next
}

// filesOf lists the files of the log with a suffix, in order.
func filesOf(t *testing.T, dir, suffix string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "logs", "*", "*"+suffix))
	if err != nil || len(all) == 0 {
		t.Fatalf("no files *%s: %v", suffix, err)
	}
	return all
}

func TestASoundArchiveHasNoFindings(t *testing.T) {
	dir, end := archived(t)
	if found, next := verify(t, dir); len(found) > 0 || next != end {
		t.Errorf("findings %+v; the batches end at %d of %d", found, next, end)
	}
}

func TestDamageToAnArchiveIsFoundWhereItIs(t *testing.T) {
	flip := func(at int64) func(b []byte) []byte {
		return func(b []byte) []byte { b[at] ^= 1; return b }
	}
	tests := []struct {
		name   string
		suffix string
		which  int // of the files, from the end if negative
		change func(b []byte) []byte
		at     int64
		damage bool
		what   string
	}{
		{"a bit of a record", ".log", 0, flip(batch.HeaderSize + 3), 0, true, "CRC-32C"},
		{"a length", ".log", 1, flip(8), 0, true, "a batch of"},
		{"an offset", ".log", 1, flip(6), 0, true, "offset"},
		{"a cut end", ".log", 1, func(b []byte) []byte { return b[:len(b)-1] }, -1, true, "cannot be read"},
		{"a cut end of the last segment", ".log", -1, func(b []byte) []byte { return b[:len(b)-1] }, -1, true, "cannot be read"},
		{"a torn tail", ".log", -1, func(b []byte) []byte { return append(b, "torn"...) }, -1, false, "less than a batch"},
		{"a bit of an index", ".idx", 0, flip(40), 0, false, "not believed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, _ := archived(t)
			all := filesOf(t, dir, tt.suffix)
			name := all[(tt.which+len(all))%len(all)]
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, tt.change(b), 0o600); err != nil {
				t.Fatal(err)
			}
			found, _ := verify(t, dir)
			if len(found) == 0 {
				t.Fatal("nothing was found")
			}
			f := found[0]
			if !strings.HasSuffix(filepath.ToSlash(name), f.File) || tt.at >= 0 && f.At != tt.at || f.Damage != tt.damage || !strings.Contains(f.What, tt.what) {
				t.Errorf("found %+v in %s", f, name)
			}
		})
	}
}

func TestAMissingSegmentOfAnArchiveIsFound(t *testing.T) {
	for which := range 2 {
		dir, _ := archived(t)
		all := filesOf(t, dir, ".log")
		if err := os.Remove(all[[]int{1, len(all) - 1}[which]]); err != nil {
			t.Fatal(err)
		}
		if found, _ := verify(t, dir); len(found) == 0 || !found[0].Damage {
			t.Errorf("findings: %+v", found)
		}
	}
}

func TestASwapInAnArchiveStandsForWhatItReplaces(t *testing.T) {
	disk, b := compactable(t)
	for stop := 0; ; stop++ {
		fsys := disk.Kill()
		fsys.Before(stopAfter(stop))
		e, err := compactTwice(t, fsys)
		crashed := fsys.CrashLosing()
		if e != nil {
			_ = e.Close()
		}
		if err == nil {
			t.Fatal("no crash left a swap")
		}
		if hasSwap(t, crashed) {
			dir := t.TempDir()
			copyOut(t, crashed, ".", dir)
			if found, next := verify(t, dir); len(found) > 0 || next != b.end {
				t.Errorf("findings %+v; the batches end at %d of %d", found, next, b.end)
			}
			return
		}
	}
}

func copyOut(t *testing.T, fsys vfs.FS, from, to string) {
	t.Helper()
	list, err := fsys.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		source, target := from+"/"+d.Name(), filepath.Join(to, d.Name())
		if d.IsDir() {
			if err := os.Mkdir(target, 0o700); err != nil {
				t.Fatal(err)
			}
			copyOut(t, fsys, source, target)
			continue
		}
		f, err := fsys.Open(source)
		if err != nil {
			t.Fatal(err)
		}
		size, err := f.Size()
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, size)
		if _, err := f.ReadAt(b, 0); err != nil && size > 0 && len(b) == 0 {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
}

func TestAnArchiveNeedsACatalog(t *testing.T) {
	dir := t.TempDir()
	if _, err := local.OpenArchive(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), fs.ErrNotExist.Error()) && !os.IsNotExist(err) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "catalog"), make([]byte, math.MaxUint8), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := local.OpenArchive(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
}
