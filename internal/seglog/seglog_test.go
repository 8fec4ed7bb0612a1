package seglog_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/pawl-registry/pawl/internal/seglog"
	"github.com/pawl-registry/pawl/internal/vfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func payload(n uint64) string { return fmt.Sprintf("entry %d %s", n, strings.Repeat("x", int(n*7%23))) }

func open(t testing.TB, fsys vfs.FS, o seglog.Options) *seglog.Log {
	t.Helper()
	l, err := seglog.Open(fsys, "wal/log", o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// fill appends entries from..to, in groups of one, two and three.
func fill(l *seglog.Log, from, to uint64) error {
	for n := from; n <= to; {
		var g seglog.Group
		for range 1 + n%3 {
			if n <= to {
				p := payload(n)
				g.Add([]byte(p[:3]), []byte(p[3:]))
				n++
			}
		}
		if _, err := l.Write(&g); err != nil {
			return err
		}
		if err := l.Sync(); err != nil {
			return err
		}
	}
	return nil
}

func mustFill(t testing.TB, l *seglog.Log, from, to uint64) {
	t.Helper()
	if err := fill(l, from, to); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, l *seglog.Log, from uint64) []string {
	t.Helper()
	var got []string
	err := l.Read(from, func(seq uint64, p []byte) error {
		if want := from + uint64(len(got)); seq != want {
			return fmt.Errorf("entry %d came as %d", want, seq)
		}
		got = append(got, string(p))
		return nil
	})
	if err != nil {
		t.Fatalf("Read from %d: %v", from, err)
	}
	return got
}

func payloads(from, to uint64) []string {
	var want []string
	for n := from; n <= to; n++ {
		want = append(want, payload(n))
	}
	return want
}

func check(t testing.TB, l *seglog.Log, first, last uint64) {
	t.Helper()
	if f, n := l.Bounds(); f != first || n != last+1 {
		t.Fatalf("bounds %d to %d, want %d to %d", f, n, first, last+1)
	}
	for from := first; from <= last+1; from++ {
		if diff := cmp.Diff(payloads(from, last), read(t, l, from)); diff != "" {
			t.Fatalf("entries from %d (-want +got):\n%s", from, diff)
		}
	}
}

func variants(t *testing.T, run func(t *testing.T, o seglog.Options)) {
	for _, o := range []seglog.Options{
		{}, {SegmentBytes: 200}, {SegmentBytes: 1}, {SegmentBytes: 300, Preallocate: true}, {SegmentBytes: 256, First: 1 << 40},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) { run(t, o) })
	}
}

func TestEntriesAreReadBackFromAnywhereAndAfterReopen(t *testing.T) {
	variants(t, func(t *testing.T, o seglog.Options) {
		fsys, first := vfs.NewMemory(), max(o.First, 1)
		l := open(t, fsys, o)
		check(t, l, first, first-1)
		end := first
		for range 3 {
			mustFill(t, l, end, end+9)
			end += 10
			check(t, l, first, end-1)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l = open(t, fsys, o)
			check(t, l, first, end-1)
		}
	})
}

func TestWhatIsNotSyncedIsNotRead(t *testing.T) {
	l := open(t, vfs.NewMemory(), seglog.Options{})
	var g seglog.Group
	g.Add(nil, []byte(payload(1)))
	if first, err := l.Write(&g); first != 1 || err != nil {
		t.Fatalf("Write: %d, %v", first, err)
	}
	check(t, l, 1, 0)
	if err := l.Sync(); err != nil {
		t.Fatal(err)
	}
	check(t, l, 1, 1)
}

func TestTrimRemovesWholeSegments(t *testing.T) {
	variants(t, func(t *testing.T, o seglog.Options) {
		fsys, first := vfs.NewMemory(), max(o.First, 1)
		l := open(t, fsys, o)
		end := first + 30
		mustFill(t, l, first, end-1)
		for _, seq := range []uint64{first - 1, first, first + 7, first + 15, end, end + 100} {
			if err := l.TrimBefore(seq); err != nil {
				t.Fatal(err)
			}
			start, next := l.Bounds()
			if start > seq && start > first || next != end {
				t.Fatalf("after TrimBefore(%d): %d to %d", seq, start, next)
			}
			check(t, l, start, end-1)
			if start > first {
				if err := l.Read(start-1, func(uint64, []byte) error { return nil }); !errors.Is(err, seglog.ErrTrimmed) {
					t.Errorf("Read before the start: %v", err)
				}
			}
		}
		if err := l.Roll(); err != nil {
			t.Fatal(err)
		}
		if err := l.TrimBefore(end); err != nil {
			t.Fatal(err)
		}
		check(t, l, end, end-1)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = open(t, fsys, o)
		check(t, l, end, end-1)
		mustFill(t, l, end, end+5)
		check(t, l, end, end+5)
	})
}

func TestReadersBesideAWriterAndATrimmer(t *testing.T) {
	const last = 400
	l := open(t, vfs.NewMemory(), seglog.Options{SegmentBytes: 600})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for at := uint64(1); at <= last; {
				err := l.Read(at, func(seq uint64, p []byte) error {
					if seq != at || string(p) != payload(seq) {
						return fmt.Errorf("at %d came %d: %s", at, seq, p)
					}
					at++
					return nil
				})
				if errors.Is(err, seglog.ErrTrimmed) {
					at, _ = l.Bounds()
				} else if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := uint64(1); n <= last; n += 10 {
		mustFill(t, l, n, n+9)
		if n > 200 {
			if err := l.TrimBefore(n - 200); err != nil {
				t.Fatal(err)
			}
		}
	}
	wg.Wait()
}

func TestAFailureIsForGood(t *testing.T) {
	for _, op := range []vfs.Op{vfs.OpWrite, vfs.OpSync, vfs.OpCreate, vfs.OpSyncDir} {
		fsys, broken := vfs.NewMemory(), errors.New("input/output error")
		l := open(t, fsys, seglog.Options{SegmentBytes: 100})
		mustFill(t, l, 1, 5)
		fsys.Before(func(c vfs.Call) (int, error) {
			if c.Op == op {
				return 1, broken
			}
			return 0, nil
		})
		if err := fill(l, 6, 20); !errors.Is(err, seglog.ErrFailed) || !errors.Is(err, broken) {
			t.Errorf("op %d: %v", op, err)
		}
		fsys.Before(nil)
		for name, err := range map[string]error{"fill": fill(l, 6, 6), "Sync": l.Sync(), "Roll": l.Roll(), "TrimBefore": l.TrimBefore(2)} {
			if !errors.Is(err, seglog.ErrFailed) {
				t.Errorf("op %d: %s after the failure: %v", op, name, err)
			}
		}
		if got := read(t, l, 1); len(got) < 5 {
			t.Errorf("op %d: %d entries can be read after the failure", op, len(got))
		}
	}
}

func TestClosedLogsRefuse(t *testing.T) {
	l := open(t, vfs.NewMemory(), seglog.Options{})
	mustFill(t, l, 1, 3)
	err := l.Read(1, func(uint64, []byte) error { return l.Close() })
	if !errors.Is(err, seglog.ErrClosed) {
		t.Errorf("Read while the log closes: %v", err)
	}
	for name, err := range map[string]error{
		"fill": fill(l, 4, 4), "Sync": l.Sync(), "TrimBefore": l.TrimBefore(2), "Read": l.Read(1, func(uint64, []byte) error { return nil }),
	} {
		if !errors.Is(err, seglog.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := l.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}
