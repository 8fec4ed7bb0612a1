package embedded_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/embedded"
	"github.com/pawl-registry/pawl/registry/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, fsys vfs.FS, o embedded.Options) *embedded.Store {
	t.Helper()
	s, err := embedded.Open(t.Context(), fsys, "data/registry", o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestExam(t *testing.T) {
	systems := map[string]func(t *testing.T) vfs.FS{
		"os":     func(t *testing.T) vfs.FS { return vfs.OS(t.TempDir()) },
		"memory": func(*testing.T) vfs.FS { return vfs.NewMemory() },
	}
	for name, system := range systems {
		for _, o := range []embedded.Options{{}, {SegmentBytes: 200}} {
			t.Run(fmt.Sprintf("%s %d", name, o.SegmentBytes), func(t *testing.T) {
				storetest.Run(t, func(t *testing.T) storetest.Fixture {
					fsys := system(t)
					return storetest.Fixture{
						Store:  open(t, fsys, o),
						Reopen: func(t *testing.T) registry.Store { return open(t, fsys, o) },
					}
				})
			})
		}
	}
}

func TestASecondOwnerIsRefused(t *testing.T) {
	fsys := vfs.OS(t.TempDir())
	s := open(t, fsys, embedded.Options{})
	if _, err := embedded.Open(t.Context(), fsys, "data/registry", embedded.Options{}); !errors.Is(err, vfs.ErrLocked) {
		t.Errorf("a second Open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, fsys, embedded.Options{})
}

func data(n registry.Seq) string { return fmt.Sprintf(`{"change":%d}`, n) }

// snapshot is one of two parts.
func snapshot(n registry.Seq) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		_ = yield([]byte(data(n)), nil) && yield([]byte(more(n)), nil)
	}
}

func more(n registry.Seq) string { return fmt.Sprintf(`{"more":%d}`, n) }

// history appends, compacts and appends, and returns how far it came.
func history(t *testing.T, fsys vfs.FS, acked *registry.Seq) error {
	s, err := embedded.Open(t.Context(), fsys, "data/registry", embedded.Options{SegmentBytes: 150})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	for n := registry.Seq(1); n <= 14; n++ {
		if err := s.Append(t.Context(), n-1, []byte(data(n))); err != nil {
			return err
		}
		*acked = n
		if n == 6 || n == 10 {
			if err := s.Compact(t.Context(), n-1, snapshot(n-1)); err != nil {
				return err
			}
		}
	}
	return nil
}

// survives demands every acknowledged change, as itself or inside a snapshot, and a store that goes on.
func survives(t *testing.T, fsys vfs.FS, acked registry.Seq, what string) {
	t.Helper()
	s, err := embedded.Open(t.Context(), fsys, "data/registry", embedded.Options{SegmentBytes: 150})
	if err != nil {
		t.Fatalf("%s: Open: %v", what, err)
	}
	var last registry.Seq
	err = s.Read(t.Context(), 0, func(e registry.Entry) error {
		if e.Seq == last && string(e.Data) == more(last) {
			return nil
		}
		if string(e.Data) != data(e.Seq) || (last > 0 && e.Seq != last+1) {
			return fmt.Errorf("after %d came %d: %s", last, e.Seq, e.Data)
		}
		last = e.Seq
		return nil
	})
	if err != nil || last < acked || last > acked+1 {
		t.Fatalf("%s: the store ends at %d after %d acknowledged changes, %v", what, last, acked, err)
	}
	if err := s.Append(t.Context(), last, []byte(data(last+1))); err != nil {
		t.Fatalf("%s: Append: %v", what, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

var errCut = errors.New("the process is gone")

func TestAKillAtEveryByteLosesNothingAcknowledged(t *testing.T) {
	for cut := 0; ; cut++ {
		fsys, left := vfs.NewMemory(), cut
		fsys.Before(func(c vfs.Call) (int, error) {
			if left -= c.Bytes; left >= 0 {
				return 0, nil
			}
			return c.Bytes + left, errCut
		})
		var acked registry.Seq
		err := history(t, fsys, &acked)
		survives(t, fsys.Kill(), acked, fmt.Sprintf("cut at byte %d", cut))
		if err == nil {
			return
		}
	}
}

func TestALossOfPowerAtEveryCallLosesNothingAcknowledged(t *testing.T) {
	for stop := 0; ; stop++ {
		fsys, calls := vfs.NewMemory(), 0
		fsys.Before(func(c vfs.Call) (int, error) {
			if calls++; calls <= stop {
				return 0, nil
			}
			return c.Bytes, errCut
		})
		var acked registry.Seq
		err := history(t, fsys, &acked)
		for seed := range uint64(3) {
			crashed := fsys.Crash(rand.New(rand.NewPCG(seed, uint64(stop))))
			survives(t, crashed, acked, fmt.Sprintf("stopped at call %d, seed %d", stop, seed))
		}
		if err == nil {
			return
		}
	}
}

func TestAFailedDiskIsReported(t *testing.T) {
	fsys := vfs.NewMemory()
	s := open(t, fsys, embedded.Options{})
	fsys.Limit(10)
	err := s.Append(t.Context(), 0, []byte(data(1)))
	if !errors.Is(err, registry.ErrStore) {
		t.Errorf("Append on a full disk: %v", err)
	}
	fsys.Limit(0)
	if err := s.Append(t.Context(), 0, []byte(data(1))); !errors.Is(err, registry.ErrStore) {
		t.Errorf("Append after a failure: %v", err)
	}
}

func TestADamagedSnapshotIsReported(t *testing.T) {
	fsys := vfs.NewMemory()
	s := open(t, fsys, embedded.Options{})
	if err := s.Append(t.Context(), 0, []byte(data(1))); err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(t.Context(), 1, snapshot(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for at := range 20 + 3*8 + len(data(1)) + len(more(1)) {
		damaged := fsys.Kill()
		f, err := damaged.Open("data/registry/snapshot")
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1)
		if _, err := f.ReadAt(b, int64(at)); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 1
		if _, err := f.WriteAt(b, int64(at)); err != nil {
			t.Fatal(err)
		}
		if _, err := embedded.Open(t.Context(), damaged, "data/registry", embedded.Options{}); !errors.Is(err, embedded.ErrCorrupt) {
			t.Errorf("damage at byte %d: %v", at, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for cut := range int64(20 + 3*8 + len(data(1)) + len(more(1))) {
		fsys := fsys.Kill()
		withFile(t, fsys, "data/registry/snapshot", func(f vfs.File, _ int64) {
			if err := f.Truncate(cut); err != nil {
				t.Fatal(err)
			}
		})
		if _, err := embedded.Open(t.Context(), fsys, "data/registry", embedded.Options{}); !errors.Is(err, embedded.ErrCorrupt) {
			t.Errorf("cut at byte %d: %v", cut, err)
		}
	}
	if err := fsys.Remove("data/registry/snapshot"); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Open(t.Context(), fsys, "data/registry", embedded.Options{}); !errors.Is(err, embedded.ErrCorrupt) {
		t.Errorf("without the snapshot: %v", err)
	}
}

func TestWhatACrashLeftBehindASnapshotIsRemoved(t *testing.T) {
	fsys := vfs.NewMemory()
	s := open(t, fsys, embedded.Options{SegmentBytes: 150})
	for n := range registry.Seq(9) {
		if err := s.Append(t.Context(), n, []byte(data(n+1))); err != nil {
			t.Fatal(err)
		}
	}
	before := len(journal(t, fsys))
	fsys.Before(func(c vfs.Call) (int, error) {
		if c.Op == vfs.OpRemove {
			return 0, errCut
		}
		return 0, nil
	})
	if err := s.Compact(t.Context(), 9, snapshot(9)); err == nil {
		t.Fatal("Compact removed nothing and gave no error")
	}
	left := fsys.Kill()
	open(t, left, embedded.Options{SegmentBytes: 150})
	if after := len(journal(t, left)); before < 3 || after != 1 {
		t.Errorf("%d segments before, %d after", before, after)
	}
}
