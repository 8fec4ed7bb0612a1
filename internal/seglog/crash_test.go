package seglog_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/internal/seglog"
	"github.com/pawl-registry/pawl/internal/vfs"
)

var errCut = errors.New("the process is gone")

// survives opens what a crash left and demands every entry up to acked, nothing that was never written, and a log that goes on.
func survives(t *testing.T, fsys *vfs.Memory, o seglog.Options, acked, written uint64, what string) {
	t.Helper()
	for range 2 { // twice: recovery must leave a state that recovers to the same
		l, err := seglog.Open(fsys, "wal/log", o)
		if err != nil {
			t.Fatalf("%s: Open: %v", what, err)
		}
		first, next := l.Bounds()
		if next-1 < acked || next-1 > written || first > trimmed(o, written)+1 {
			t.Fatalf("%s: the log has %d to %d; %d were acknowledged, %d written", what, first, next-1, acked, written)
		}
		check(t, l, first, next-1)
		mustFill(t, l, next, next+3)
		check(t, l, first, next+3)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		acked, written = next+3, next+3
	}
}

// trimmed is how far work has trimmed a log with n entries: those whose files are written over.
func trimmed(o seglog.Options, n uint64) uint64 {
	if !o.Preallocate || n < 4 {
		return 0
	}
	return n - 4
}

// work appends until something fails and returns how many entries were acknowledged.
func work(fsys vfs.FS, o seglog.Options, total uint64, acked *uint64) error {
	l, err := seglog.Open(fsys, "wal/log", o)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	for n := uint64(1); n <= total; n += 3 {
		if err := fill(l, n, min(n+2, total)); err != nil {
			return err
		}
		*acked = min(n+2, total)
		if err := l.TrimBefore(trimmed(o, *acked) + 1); err != nil {
			return err
		}
	}
	return nil
}

func TestAKillAtEveryByteLosesNothingAcknowledged(t *testing.T) {
	const total = 14
	for _, o := range []seglog.Options{{SegmentBytes: 200}, {SegmentBytes: 256, Preallocate: true}, {}} {
		for cut := 0; ; cut++ {
			fsys, acked, left := vfs.NewMemory(), uint64(0), cut
			fsys.Before(func(c vfs.Call) (int, error) {
				if left -= c.Bytes; left >= 0 {
					return 0, nil
				}
				return c.Bytes + left, errCut
			})
			err := work(fsys, o, total, &acked)
			survives(t, fsys.Kill(), o, acked, total, fmt.Sprintf("%+v cut at byte %d", o, cut))
			if err == nil {
				break
			}
		}
	}
}

func TestALossOfPowerAtEveryCallLosesNothingAcknowledged(t *testing.T) {
	const total = 14
	for _, o := range []seglog.Options{{SegmentBytes: 200}, {SegmentBytes: 256, Preallocate: true}, {}} {
		for stop := 0; ; stop++ {
			fsys, acked, calls := vfs.NewMemory(), uint64(0), 0
			fsys.Before(func(c vfs.Call) (int, error) {
				if calls++; calls <= stop {
					return 0, nil
				}
				return c.Bytes, errCut // the write went to the cache
			})
			err := work(fsys, o, total, &acked)
			for seed := range uint64(4) {
				crashed := fsys.Crash(rand.New(rand.NewPCG(seed, uint64(stop))))
				survives(t, crashed, o, acked, total, fmt.Sprintf("%+v stopped at call %d, seed %d", o, stop, seed))
			}
			survives(t, fsys.CrashLosing(), o, acked, total, fmt.Sprintf("%+v stopped at call %d", o, stop))
			if err == nil {
				break
			}
		}
	}
}

func TestCrashesWhileTrimmingLoseNothing(t *testing.T) {
	o := seglog.Options{SegmentBytes: 200}
	for stop := 0; ; stop++ {
		fsys := vfs.NewMemory()
		l := open(t, fsys, o)
		mustFill(t, l, 1, 30)
		calls := 0
		fsys.Before(func(vfs.Call) (int, error) {
			if calls++; calls <= stop {
				return 0, nil
			}
			return 0, errCut
		})
		failed := l.TrimBefore(20)
		for seed := range uint64(4) {
			after := open(t, fsys.Crash(rand.New(rand.NewPCG(seed, 1))), o)
			first, next := after.Bounds()
			if first > 20 || next != 31 {
				t.Fatalf("stopped at call %d: %d to %d", stop, first, next)
			}
			check(t, after, first, 30)
		}
		if failed == nil {
			break
		}
	}
}

func whole(t *testing.T, fsys vfs.FS, name string) []byte {
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
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b
}

func replace(t testing.TB, fsys vfs.FS, name string, b []byte) {
	t.Helper()
	f, err := fsys.Create(name)
	if err == nil {
		_, err = f.WriteAt(b, 0)
	}
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestDamageIsReportedAndNeverCutOff changes and removes every byte of every segment. Only damage to the very last group of the
// last segment may pass for a torn tail; all other damage is reported or, in padding, harmless.
func TestDamageIsReportedAndNeverCutOff(t *testing.T) {
	const total = 12 // the last group is entry 12 alone
	for _, o := range []seglog.Options{{SegmentBytes: 250}, {}} {
		fsys := vfs.NewMemory()
		l := open(t, fsys, o)
		mustFill(t, l, 1, total)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		files, err := fsys.ReadDir("wal/log")
		if err != nil {
			t.Fatal(err)
		}
		reported, tolerated := 0, 0
		for i, file := range files {
			name := path.Join("wal/log", file.Name())
			good := whole(t, fsys, name)
			for at := range good {
				bad := bytes.Clone(good)
				bad[at] ^= 0x10
				for _, damaged := range [][]byte{bad, good[:at]} {
					replace(t, fsys, name, damaged)
					l, err := seglog.Open(fsys.Kill(), "wal/log", o)
					if errors.Is(err, seglog.ErrCorrupt) {
						reported++
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					_, next := l.Bounds()
					cutShort := len(damaged) < len(good) && i == len(files)-1 // cannot be told from a torn tail
					if next < total && !cutShort {
						t.Fatalf("%+v: damage at byte %d of %s cut the log off at %d", o, at, name, next)
					}
					check(t, l, 1, next-1)
					if err := l.Close(); err != nil {
						t.Fatal(err)
					}
					tolerated++
				}
			}
			replace(t, fsys, name, good)
		}
		if reported < tolerated/4 {
			t.Errorf("%+v: %d cases of damage reported, %d tolerated", o, reported, tolerated)
		}
	}
}

// A tail is told from damage in a time that its bytes bound, and not what they say: payloads full of heads of entries, which claim to
// be long and have checksums that fail, are not all checked.
func TestATornTailOfMisleadingBytesIsReadAFewTimesOnly(t *testing.T) {
	const size = 1 << 20
	for name, seq := range map[string]func(i int) uint64{
		"text":    func(int) uint64 { return 0x2020202020202020 },
		"numbers": func(i int) uint64 { return uint64(2 + i/2) },
	} {
		fsys := vfs.NewMemory()
		l := open(t, fsys, seglog.Options{SegmentBytes: size})
		var heads []byte
		for i := 0; len(heads) < size; i++ {
			heads = binary.BigEndian.AppendUint32(heads, 0xbad)
			heads = binary.BigEndian.AppendUint32(heads, size/4)
			heads = binary.BigEndian.AppendUint64(heads, seq(i))
			heads = binary.BigEndian.AppendUint64(heads, 1)
		}
		if _, err := l.Append(heads); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		last := path.Join("wal/log", fmt.Sprintf("%020d.seg", 1))
		b := whole(t, fsys, last)
		b[30] ^= 1 // in the payload of the only entry: as if it were half written
		replace(t, fsys, last, b)
		var bytesRead int
		fsys.Before(func(c vfs.Call) (int, error) {
			if c.Op == vfs.OpRead {
				bytesRead += c.Bytes
			}
			return 0, nil
		})
		l = open(t, fsys, seglog.Options{SegmentBytes: size})
		if first, next := l.Bounds(); first != 1 || next != 1 {
			t.Errorf("%s: the log has %d to %d", name, first, next-1)
		}
		if bytesRead > 25*size {
			t.Errorf("%s: %d bytes of a file of %d were read", name, bytesRead, len(b))
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAMissingSegmentIsReported(t *testing.T) {
	o := seglog.Options{SegmentBytes: 200}
	fsys := vfs.NewMemory()
	mustFill(t, open(t, fsys, o), 1, 20)
	files, err := fsys.ReadDir("wal/log")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files[1 : len(files)-1] {
		damaged := fsys.Kill()
		if err := damaged.Remove(path.Join("wal/log", file.Name())); err != nil {
			t.Fatal(err)
		}
		if _, err := seglog.Open(damaged, "wal/log", o); !errors.Is(err, seglog.ErrCorrupt) {
			t.Errorf("without %s: %v", file.Name(), err)
		}
	}
}

// FuzzOpen puts arbitrary bytes where the last segment is.
func FuzzOpen(f *testing.F) {
	fsys := vfs.NewMemory()
	l := open(f, fsys, seglog.Options{})
	mustFill(f, l, 1, 6)
	file, err := fsys.Open("wal/log/00000000000000000001.seg")
	if err != nil {
		f.Fatal(err)
	}
	seed := make([]byte, l.Size())
	if _, err := file.ReadAt(seed, 0); err != nil && err != io.EOF {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add(seed[:30])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		fsys := vfs.NewMemory()
		if err := fsys.MkdirAll("wal/log"); err != nil {
			t.Fatal(err)
		}
		replace(t, fsys, "wal/log/00000000000000000001.seg", in)
		l, err := seglog.Open(fsys, "wal/log", seglog.Options{})
		if errors.Is(err, seglog.ErrCorrupt) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		before := read(t, l, 1)
		if _, err := l.Append([]byte("more")); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l = open(t, fsys, seglog.Options{})
		if diff := cmp.Diff(append(before, "more"), read(t, l, 1)); diff != "" {
			t.Fatalf("after an append and a reopen (-want +got):\n%s", diff)
		}
	})
}
