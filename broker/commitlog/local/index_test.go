package local_test

import (
	"testing"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// TestTheIndexOfTheLastSegmentIsUsedAfterARestart: with the saved index a read in the middle touches little of the segment.
func TestTheIndexOfTheLastSegmentIsUsedAfterARestart(t *testing.T) {
	fsys := vfs.NewMemory()
	o := local.Options{WALSegmentBytes: 1 << 20}
	e := openEngine(t, fsys, o)
	l := openLog(t, e, "t-0")
	const batches = 4000
	for i := range batches {
		mustAppend(t, l, tagged(t, i, 4), commitlog.OS)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for _, saved := range []bool{true, false} {
		if !saved {
			for _, f := range files(t, fsys, "logs", ".idx") {
				edit(t, fsys, f, func(b []byte) []byte { b[20] ^= 1; return b })
			}
		}
		after := fsys.Kill()
		l := openLog(t, openEngine(t, after, o), "t-0")
		read := make(chan int, 1)
		read <- 0
		after.Before(func(c vfs.Call) (int, error) {
			if c.Op == vfs.OpRead {
				read <- <-read + 1
			}
			return 0, nil
		})
		for _, i := range []int{0, batches / 2, batches - 1} {
			got, err := l.Read(t.Context(), nil, batch.Offset(4*i+2), 1)
			if err != nil || batch.Batch(got).BaseOffset() != batch.Offset(4*i) {
				t.Fatalf("Read of batch %d: %d bytes, %v", i, len(got), err)
			}
			if f, ok, err := l.Find(t.Context(), time.UnixMilli(int64(i))); err != nil || !ok || f.Offset != batch.Offset(4*i) {
				t.Fatalf("Find of batch %d: %+v, %v, %v", i, f, ok, err)
			}
		}
		if reads := <-read; (reads <= 25) != saved {
			t.Errorf("index saved %v: %d reads of files", saved, reads)
		}
		after.Before(nil)
	}
}

func TestAppendAndReadAllocateNothingPerRecord(t *testing.T) {
	e := openEngine(t, vfs.OS(t.TempDir()), local.Options{WALSegmentBytes: 1 << 20})
	l := openLog(t, e, "t-0")
	buf := make([]byte, 0, 1<<20)
	count := func(records int, d commitlog.Durability) float64 {
		b := tagged(t, 7, records)
		return testing.AllocsPerRun(30, func() {
			base, err := l.Append(t.Context(), b, d)
			if err == nil {
				_, err = l.Read(t.Context(), buf, base, 1<<19)
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	for _, d := range []commitlog.Durability{commitlog.OS, commitlog.Fsync} {
		count(2000, d) // buffers grow once
		if few, many := count(1, d), count(2000, d); many > few+3 {
			t.Errorf("durability %d: %v allocations for 1 record, %v for 2000", d, few, many)
		}
	}
}
