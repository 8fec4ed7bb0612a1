package local_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

func mustAppend(t testing.TB, l commitlog.Log, b batch.Batch, d commitlog.Durability) {
	t.Helper()
	if _, err := l.Append(t.Context(), b, d); err != nil {
		t.Fatalf("Append: %v", err)
	}
}

func wantCode(t *testing.T, what string, err, code error) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("%s: got error %v, want %v", what, err, code)
	}
}

func TestABatchIsVisibleOnlyOnceItIsDurable(t *testing.T) {
	fsys := vfs.NewMemory()
	e := openEngine(t, fsys, local.Options{WALSegmentBytes: 1 << 20})
	l := openLog(t, e, "t-0")
	mustAppend(t, l, tagged(t, 1, 2), commitlog.Fsync)

	syncing, release := make(chan struct{}), make(chan struct{})
	fsys.Before(func(c vfs.Call) (int, error) {
		if c.Op == vfs.OpSync && strings.HasPrefix(c.Name, "wal/") {
			syncing <- struct{}{}
			<-release
		}
		return 0, nil
	})
	done := make(chan error, 1)
	b := tagged(t, 2, 3)
	go func() {
		_, err := l.Append(t.Context(), b, commitlog.Fsync)
		done <- err
	}()
	<-syncing
	mustAppend(t, l, tagged(t, 3, 1), commitlog.OS) // behind one that is not durable yet
	if got, want := l.Bounds(), (commitlog.Bounds{HighWatermark: 2, End: 6}); got != want {
		t.Errorf("bounds during the sync: %+v, want %+v", got, want)
	}
	if got, err := l.Read(t.Context(), nil, 0, 1<<20); err != nil || len(got) == 0 || batch.Batch(got).NextOffset() != 2 {
		t.Errorf("Read during the sync gave %d bytes, %v", len(got), err)
	}
	if _, err := l.Read(t.Context(), nil, 3, 1<<20); !errors.Is(err, commitlog.ErrOutOfRange) {
		t.Errorf("Read beyond the high watermark: %v", err)
	}
	if f, ok, err := l.Find(t.Context(), time.UnixMilli(2)); ok || err != nil {
		t.Errorf("Find saw %+v, %v", f, err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	fsys.Before(nil)
	if err := l.Wait(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	if got, want := l.Bounds(), (commitlog.Bounds{HighWatermark: 6, End: 6}); got != want {
		t.Errorf("bounds after the sync: %+v, want %+v", got, want)
	}
}

func TestAFailureEndsWritingAndNotReading(t *testing.T) {
	broken := errors.New("input/output error")
	cases := map[string]func(c vfs.Call) bool{
		"a failed sync of the write-ahead log":  func(c vfs.Call) bool { return c.Op == vfs.OpSync && strings.HasPrefix(c.Name, "wal/") },
		"a failed write of the write-ahead log": func(c vfs.Call) bool { return c.Op == vfs.OpWrite && strings.HasPrefix(c.Name, "wal/") },
		"a failed write of a segment":           func(c vfs.Call) bool { return c.Op == vfs.OpWrite && strings.HasSuffix(c.Name, ".log") },
	}
	for name, hits := range cases {
		t.Run(name, func(t *testing.T) {
			fsys := vfs.NewMemory()
			e := openEngine(t, fsys, local.Options{WALSegmentBytes: 1 << 20})
			l, other := openLog(t, e, "t-0"), openLog(t, e, "t-1")
			first := tagged(t, 1, 2)
			mustAppend(t, l, first, commitlog.Fsync)
			fsys.Before(func(c vfs.Call) (int, error) {
				if hits(c) {
					return c.Bytes / 2, broken
				}
				return 0, nil
			})
			_, err := l.Append(t.Context(), tagged(t, 2, 1), commitlog.Fsync)
			wantCode(t, "Append", err, commitlog.ErrFailed)
			wantCode(t, "Append", err, broken)
			fsys.Before(nil)
			for _, d := range []commitlog.Durability{commitlog.Fsync, commitlog.OS} {
				_, err = other.Append(t.Context(), tagged(t, 3, 1), d)
				wantCode(t, "Append to another log, with the disk sound again", err, commitlog.ErrFailed)
			}
			_, err = e.Open(t.Context(), "new-0")
			wantCode(t, "Open of a new log", err, commitlog.ErrFailed)
			wantCode(t, "Remove", e.Remove(t.Context(), "t-1"), commitlog.ErrFailed)
			if got, err := l.Read(t.Context(), nil, 0, 1<<20); err != nil || !bytes.Equal(got, first) {
				t.Errorf("Read after the failure: %d bytes, %v", len(got), err)
			}
			if b := l.Bounds(); b.HighWatermark != 2 {
				t.Errorf("the high watermark is %d", b.HighWatermark)
			}
			if err := e.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			again := openLog(t, openEngine(t, fsys, local.Options{}), "t-0")
			if got, err := again.Read(t.Context(), nil, 0, 1); err != nil || !bytes.Equal(got, first) {
				t.Errorf("Read after a restart: %d bytes, %v", len(got), err)
			}
			mustAppend(t, again, tagged(t, 4, 1), commitlog.Fsync)
		})
	}
}

func TestAFullDiskIsAFailureThatARestartMends(t *testing.T) {
	fsys := vfs.NewMemory()
	o := local.Options{WALSegmentBytes: 4096, SegmentBytes: 1 << 20}
	e := openEngine(t, fsys, o)
	l := openLog(t, e, "t-0")
	mustAppend(t, l, tagged(t, 1, 1), commitlog.Fsync)
	fsys.Limit(6000)
	var acked int
	var err error
	for acked = 1; err == nil; acked++ {
		_, err = l.Append(t.Context(), tagged(t, acked+1, 1), commitlog.Fsync)
	}
	wantCode(t, "Append on a full disk", err, commitlog.ErrFailed)
	if err := e.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	fsys.Limit(0)
	l = openLog(t, openEngine(t, fsys, o), "t-0")
	if got := l.Bounds().End; int(got) < acked-1 {
		t.Errorf("the log ends at %d, %d were acknowledged", got, acked-1)
	}
	mustAppend(t, l, tagged(t, 1, 1), commitlog.Fsync)
}

func TestTwoEnginesDoNotShareADirectory(t *testing.T) {
	fsys := vfs.OS(t.TempDir())
	openEngine(t, fsys, local.Options{WALSegmentBytes: 1 << 20})
	_, err := local.Open(t.Context(), fsys, local.Options{})
	wantCode(t, "a second Open", err, vfs.ErrLocked)
}

// files returns the names of the files under dir whose names end in suffix.
func files(t *testing.T, fsys vfs.FS, dir, suffix string) []string {
	t.Helper()
	list, err := fsys.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		name := path.Join(dir, f.Name())
		if f.IsDir() {
			names = append(names, files(t, fsys, name, suffix)...)
		} else if strings.HasSuffix(name, suffix) {
			names = append(names, name)
		}
	}
	return names
}

func edit(t *testing.T, fsys vfs.FS, name string, change func(b []byte) []byte) {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	size, err := f.Size()
	b := make([]byte, size)
	if err == nil {
		_, err = f.ReadAt(b, 0)
	}
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	b = change(b)
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(int64(len(b))), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// written is a file system with two logs of some segments, closed in order.
func written(t *testing.T, o local.Options) *vfs.Memory {
	t.Helper()
	fsys := vfs.NewMemory()
	e := openEngine(t, fsys, o)
	for i := range 20 {
		mustAppend(t, openLog(t, e, "bad-0"), tagged(t, i, 2), commitlog.Fsync)
		mustAppend(t, openLog(t, e, "good-0"), tagged(t, i, 2), commitlog.OS)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return fsys
}

func TestDamageToOneLogIsItsOwn(t *testing.T) {
	o := local.Options{SegmentBytes: 500, WALSegmentBytes: 4096}
	last := func(fsys *vfs.Memory) string {
		all := files(t, fsys, "logs/0000000001-bad-0", ".log")
		return all[len(all)-1]
	}
	for name, harm := range map[string]func(fsys *vfs.Memory){
		"the last segment is missing": func(fsys *vfs.Memory) {
			if err := fsys.Remove(last(fsys)); err != nil {
				t.Fatal(err)
			}
		},
		"the last segment is short": func(fsys *vfs.Memory) {
			edit(t, fsys, last(fsys), func(b []byte) []byte { return b[:len(b)-1] })
		},
		"all segments are missing": func(fsys *vfs.Memory) {
			for _, f := range files(t, fsys, "logs/0000000001-bad-0", "") {
				if err := fsys.Remove(f); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := written(t, o)
			harm(fsys)
			for range 2 {
				e := openEngine(t, fsys, o)
				_, err := e.Open(t.Context(), "bad-0")
				wantCode(t, "Open", err, commitlog.ErrCorrupt)
				if b := openLog(t, e, "good-0").Bounds(); b.End != 40 {
					t.Errorf("the other log ends at %d", b.End)
				}
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
			}
			e := openEngine(t, fsys, o)
			if err := e.Remove(t.Context(), "bad-0"); err != nil {
				t.Errorf("Remove of a damaged log: %v", err)
			}
			mustAppend(t, openLog(t, e, "bad-0"), tagged(t, 1, 1), commitlog.Fsync)
		})
	}
}

func TestDamageUnderAReaderIsReported(t *testing.T) {
	fsys := vfs.NewMemory()
	e := openEngine(t, fsys, local.Options{WALSegmentBytes: 4096})
	l := openLog(t, e, "t-0")
	for i := range 5 {
		mustAppend(t, l, tagged(t, i, 2), commitlog.OS)
	}
	edit(t, fsys, files(t, fsys, "logs", ".log")[0], func(b []byte) []byte { b[8] = 0xff; return b })
	_, err := l.Read(t.Context(), nil, 4, 1<<20)
	wantCode(t, "Read", err, commitlog.ErrCorrupt)
}

func TestADamagedCatalogOrWriteAheadLogIsReported(t *testing.T) {
	o := local.Options{SegmentBytes: 500, WALSegmentBytes: 900}
	t.Run("catalog", func(t *testing.T) {
		fsys := written(t, o)
		var size int
		edit(t, fsys, "catalog", func(b []byte) []byte { size = len(b); return b })
		for at := range size {
			flip := func(b []byte) []byte { b[at] ^= 1; return b }
			edit(t, fsys, "catalog", flip)
			_, err := local.Open(t.Context(), fsys, o)
			wantCode(t, fmt.Sprintf("Open with byte %d of the catalog changed", at), err, commitlog.ErrCorrupt)
			edit(t, fsys, "catalog", flip)
		}
	})
	for _, name := range []string{"catalog", "wal"} {
		t.Run(name+" missing", func(t *testing.T) {
			fsys := written(t, o)
			for _, f := range files(t, fsys, ".", "") {
				if strings.HasPrefix(f, name) {
					if err := fsys.Remove(f); err != nil {
						t.Fatal(err)
					}
				}
			}
			_, err := local.Open(t.Context(), fsys, o)
			wantCode(t, "Open", err, commitlog.ErrCorrupt)
		})
	}
}

func TestIndexesAreMadeAgainWhenInDoubt(t *testing.T) {
	o := local.Options{SegmentBytes: 500, WALSegmentBytes: 4096}
	for name, change := range map[string]func(b []byte) []byte{
		"emptied": func([]byte) []byte { return nil },
		"short":   func(b []byte) []byte { return b[:len(b)-3] },
		"changed": func(b []byte) []byte { b[len(b)-6] ^= 1; return b },
	} {
		t.Run(name, func(t *testing.T) {
			fsys := written(t, o)
			indexes := files(t, fsys, "logs", ".idx")
			if len(indexes) == 0 {
				t.Fatal("there are no index files")
			}
			for _, f := range indexes {
				edit(t, fsys, f, change)
			}
			l := openLog(t, openEngine(t, fsys, o), "bad-0")
			for offset := range batch.Offset(40) {
				got, err := l.Read(t.Context(), nil, offset, 1)
				if err != nil || batch.Batch(got).BaseOffset() != offset/2*2 {
					t.Fatalf("Read from %d: %d bytes, %v", offset, len(got), err)
				}
			}
			f, ok, err := l.Find(t.Context(), time.UnixMilli(7))
			if err != nil || !ok || f.Offset != 14 {
				t.Errorf("Find: %+v, %v, %v", f, ok, err)
			}
		})
	}
}

func TestAppendRefusesWhatIsNotABatch(t *testing.T) {
	l := openLog(t, openEngine(t, vfs.NewMemory(), local.Options{WALSegmentBytes: 4096}), "t-0")
	good := tagged(t, 1, 1)
	for _, b := range []batch.Batch{nil, good[:20], good[:len(good)-1], append(bytes.Clone(good), 0)} {
		_, err := l.Append(t.Context(), b, commitlog.Fsync)
		wantCode(t, fmt.Sprintf("Append of %d bytes", len(b)), err, batch.ErrHeader)
	}
	giant := make(batch.Batch, 1<<30)
	copy(giant, good)
	binary.BigEndian.PutUint32(giant[8:], uint32(len(giant)-batch.PrefixSize))
	for _, d := range []commitlog.Durability{commitlog.Fsync, commitlog.OS} {
		_, err := l.Append(t.Context(), giant, d)
		wantCode(t, "Append of 1 GiB", err, batch.ErrTooLarge)
	}
	mustAppend(t, l, good, commitlog.Fsync)
}

// A durable batch waits behind one that the operating system alone has, whose sync, by a checkpoint, fails. It must not be
// acknowledged as durable, in whichever order the two get on.
func TestAFailedCheckpointIsNoSync(t *testing.T) {
	broken := errors.New("input/output error")
	for range 50 {
		fsys := vfs.NewMemory()
		e := openEngine(t, fsys, local.Options{WALSegmentBytes: 1 << 16, CheckpointEvery: time.Millisecond})
		l := openLog(t, e, "t-0")
		syncing, release := make(chan struct{}), make(chan struct{})
		var failed atomic.Bool
		fsys.Before(func(c vfs.Call) (int, error) {
			if c.Op != vfs.OpSync || !strings.HasSuffix(c.Name, ".log") || failed.Swap(true) {
				return 0, nil // only the first sync fails
			}
			close(syncing)
			<-release
			return 0, broken
		})
		mustAppend(t, l, tagged(t, 1, 1), commitlog.OS)
		<-syncing
		done := make(chan error, 1)
		go func() {
			_, err := l.Append(context.WithoutCancel(t.Context()), tagged(t, 2, 1), commitlog.Fsync)
			done <- err
		}()
		time.Sleep(time.Millisecond) // for it to stand behind the sync, if it can
		close(release)
		wantCode(t, "Append", <-done, commitlog.ErrFailed)
		fsys.Before(nil)
		_ = e.Close() // says again what has failed
	}
}
