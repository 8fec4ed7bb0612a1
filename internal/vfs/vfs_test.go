package vfs_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/internal/vfs"
)

// each runs a test on the operating system and on the double: they must not differ.
func each(t *testing.T, run func(t *testing.T, fsys vfs.FS)) {
	t.Run("os", func(t *testing.T) { run(t, vfs.OS(filepath.Join(t.TempDir(), "new", "root"))) })
	t.Run("memory", func(t *testing.T) { run(t, vfs.NewMemory()) })
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantIs(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func create(t *testing.T, fsys vfs.FS, name, text string) vfs.File {
	t.Helper()
	f, err := fsys.Create(name)
	ok(t, err)
	t.Cleanup(func() { _ = f.Close() })
	_, err = f.WriteAt([]byte(text), 0)
	ok(t, err)
	return f
}

func content(t *testing.T, f vfs.File) string {
	t.Helper()
	size, err := f.Size()
	ok(t, err)
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) || (err != nil && err != io.EOF) {
		t.Fatalf("ReadAt: %d bytes, %v", n, err)
	}
	return string(b)
}

func text(t *testing.T, fsys vfs.FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "(none)"
	}
	ok(t, err)
	defer func() { ok(t, f.Close()) }()
	return content(t, f)
}

func TestFiles(t *testing.T) {
	each(t, func(t *testing.T, fsys vfs.FS) {
		ok(t, fsys.MkdirAll("a/b"))
		ok(t, fsys.MkdirAll("a/b"))
		f := create(t, fsys, "a/b/f", "hello")
		_, err := f.WriteAt([]byte("XY"), 8)
		ok(t, err)
		if got := content(t, f); got != "hello\x00\x00\x00XY" {
			t.Errorf("after a write beyond the end: %q", got)
		}
		ok(t, f.Truncate(3))
		ok(t, f.Truncate(5))
		ok(t, vfs.Allocate(f, 4))
		ok(t, vfs.Allocate(f, 6))
		if got := content(t, f); got != "hel\x00\x00\x00" {
			t.Errorf("after truncation: %q", got)
		}
		p := make([]byte, 4)
		if n, err := f.ReadAt(p, 4); n != 2 || err != io.EOF {
			t.Errorf("ReadAt over the end: %d, %v", n, err)
		}
		ok(t, f.Sync())
		ok(t, fsys.SyncDir("a/b"))
		ok(t, f.Close())
		wantIs(t, f.Close(), fs.ErrClosed)
		_, err = f.WriteAt(p, 0)
		wantIs(t, err, fs.ErrClosed)
		if got := content(t, create(t, fsys, "a/b/f", "new")); got != "new" {
			t.Errorf("Create kept %q", got)
		}
	})
}

func TestNames(t *testing.T) {
	each(t, func(t *testing.T, fsys vfs.FS) {
		ok(t, fsys.MkdirAll("d/sub"))
		create(t, fsys, "d/b", "bee")
		create(t, fsys, "d/a", "ay")
		ok(t, fsys.Rename("d/b", "d/a"))
		ok(t, fsys.Rename("d/a", "d/c"))
		create(t, fsys, "d/z", "")
		list, err := fsys.ReadDir("d")
		ok(t, err)
		type item struct {
			Name string
			Dir  bool
			Size int64
		}
		var got []item
		for _, e := range list {
			info, err := e.Info()
			ok(t, err)
			it := item{Name: e.Name(), Dir: e.IsDir()}
			if !it.Dir {
				it.Size = info.Size()
			}
			got = append(got, it)
		}
		if diff := cmp.Diff([]item{{"c", false, 3}, {"sub", true, 0}, {"z", false, 0}}, got); diff != "" {
			t.Errorf("ReadDir (-want +got):\n%s", diff)
		}
		_, err = fsys.Open("d/a")
		wantIs(t, err, fs.ErrNotExist)
		_, err = fsys.Create("no/f")
		wantIs(t, err, fs.ErrNotExist)
		_, err = fsys.ReadDir("no")
		wantIs(t, err, fs.ErrNotExist)
		wantIs(t, fsys.SyncDir("no"), fs.ErrNotExist)
		wantIs(t, fsys.Remove("d/a"), fs.ErrNotExist)
		wantIs(t, fsys.Remove("d"), syscall.ENOTEMPTY)
		ok(t, fsys.Remove("d/sub"))
		ok(t, fsys.Remove("d/c"))
	})
}

func TestARemovedFileIsReadThroughItsHandle(t *testing.T) {
	each(t, func(t *testing.T, fsys vfs.FS) {
		ok(t, fsys.MkdirAll("."))
		f := create(t, fsys, "f", "still")
		ok(t, fsys.Remove("f"))
		if got := content(t, f); got != "still" {
			t.Errorf("read %q", got)
		}
	})
}

func TestLocksExclude(t *testing.T) {
	each(t, func(t *testing.T, fsys vfs.FS) {
		ok(t, fsys.MkdirAll("."))
		l, err := vfs.Lock(fsys, "LOCK")
		ok(t, err)
		_, err = vfs.Lock(fsys, "LOCK")
		wantIs(t, err, vfs.ErrLocked)
		ok(t, l.Close())
		l, err = vfs.Lock(fsys, "LOCK")
		ok(t, err)
		ok(t, l.Close())
	})
}

func TestNamesDoNotLeaveTheRoot(t *testing.T) {
	fsys := vfs.OS(t.TempDir())
	for _, name := range []string{"../x", "a/../../x", "/etc/passwd", ""} {
		_, err := fsys.Open(name)
		wantIs(t, err, fs.ErrInvalid)
		_, err = fsys.Create(name)
		wantIs(t, err, fs.ErrInvalid)
		wantIs(t, fsys.Remove(name), fs.ErrInvalid)
		wantIs(t, fsys.Rename(name, "x"), fs.ErrInvalid)
		wantIs(t, fsys.Rename("x", name), fs.ErrInvalid)
		wantIs(t, fsys.MkdirAll(name), fs.ErrInvalid)
		wantIs(t, fsys.SyncDir(name), fs.ErrInvalid)
		_, err = fsys.ReadDir(name)
		wantIs(t, err, fs.ErrInvalid)
	}
}

func TestACrashKeepsWhatWasSynced(t *testing.T) {
	m := vfs.NewMemory()
	ok(t, m.MkdirAll("d"))
	ok(t, m.SyncDir("."))
	f := create(t, m, "d/f", "synced")
	ok(t, f.Sync())
	ok(t, m.SyncDir("d"))
	_, err := f.WriteAt([]byte("SYNCED and more"), 0)
	ok(t, err)
	create(t, m, "d/unsynced name", "x")
	ok(t, m.Rename("d/f", "d/g"))

	lost := m.CrashLosing()
	if got := text(t, lost, "d/f"); got != "synced" {
		t.Errorf("after losing all: f is %q", got)
	}
	if got := text(t, lost, "d/g") + text(t, lost, "d/unsynced name"); got != "(none)(none)" {
		t.Errorf("after losing all: %q", got)
	}
	killed := m.Kill()
	if got := text(t, killed, "d/g"); got != "SYNCED and more" {
		t.Errorf("after a kill: g is %q", got)
	}
	if got := text(t, killed, "d/f"); got != "(none)" {
		t.Errorf("after a kill: f is %q", got)
	}
}

func TestARandomCrashIsOneThatADiskCouldHold(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(2000) {
		m := vfs.NewMemory()
		f := create(t, m, "f", "aaaa")
		ok(t, f.Sync())
		ok(t, m.SyncDir("."))
		_, err := f.WriteAt([]byte("bbbb"), 0)
		ok(t, err)
		_, err = f.WriteAt([]byte("cccc"), 4)
		ok(t, err)
		crash := func() string { return text(t, m.Crash(rand.New(rand.NewPCG(seed, 1))), "f") }
		got := crash()
		if again := crash(); again != got {
			t.Fatalf("seed %d gave %q and %q", seed, got, again)
		}
		for i, b := range []byte(got) {
			allowed := "ab"
			if i >= 4 {
				allowed = "c\x00"
			}
			if !bytes.Contains([]byte(allowed), []byte{b}) {
				t.Fatalf("seed %d gave %q", seed, got)
			}
		}
		seen[got] = true
	}
	for _, want := range []string{"aaaa", "bbbb", "aaaacccc", "bbbbcccc", "bbbbc", "abba"} {
		if !seen[want] {
			t.Errorf("no seed gave %q", want)
		}
	}
}

func TestAFailedSyncLosesForGood(t *testing.T) {
	m, broken := vfs.NewMemory(), errors.New("input/output error")
	f := create(t, m, "f", "first")
	ok(t, m.SyncDir("."))
	m.Before(func(c vfs.Call) (int, error) {
		if c.Op == vfs.OpSync {
			return 0, broken
		}
		return 0, nil
	})
	wantIs(t, f.Sync(), broken)
	m.Before(nil)
	ok(t, f.Sync())
	if got := text(t, m.CrashLosing(), "f"); got != "" {
		t.Errorf("the disk holds %q", got)
	}
}

func TestShortWritesAndFullDisks(t *testing.T) {
	m, broken := vfs.NewMemory(), errors.New("broken")
	f := create(t, m, "f", "")
	m.Before(func(vfs.Call) (int, error) { return 2, broken })
	n, err := f.WriteAt([]byte("abcd"), 0)
	wantIs(t, err, broken)
	m.Before(nil)
	if got := content(t, f); n != 2 || got != "ab" {
		t.Errorf("a short write of %d bytes left %q", n, got)
	}
	m.Limit(5)
	n, err = f.WriteAt([]byte("cdefg"), 2)
	wantIs(t, err, syscall.ENOSPC)
	if got := content(t, f); n != 3 || got != "abcde" {
		t.Errorf("a full disk took %d bytes: %q", n, got)
	}
	_, err = f.WriteAt([]byte("AB"), 0)
	ok(t, err)
	wantIs(t, f.Truncate(6), syscall.ENOSPC)
	wantIs(t, vfs.Allocate(f, 6), syscall.ENOSPC)
	ok(t, m.Remove("f"))
	create(t, m, "g", "12345")
}
