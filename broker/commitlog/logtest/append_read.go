package logtest

import (
	"bytes"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

func examEmpty(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	same(t, "bounds", commitlog.Bounds{Term: l.Bounds().Term}, l.Bounds())
	if got := readFrom(t, l, 0, 1<<20); len(got) != 0 {
		t.Errorf("Read gave %d bytes", len(got))
	}
	if f, ok, err := l.Find(within(t), milli(0)); ok || err != nil {
		t.Errorf("Find gave %v, %v, %v", f, ok, err)
	}
	if again := open(t, f.Engine, "t-0"); again != l {
		t.Error("a second Open gave another log")
	}
}

func examAppend(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	var next batch.Offset
	for i, n := range []int{1, 3, 2, 1} {
		b := made(t, batch.Spec{BaseOffset: 77, LeaderEpoch: 55}, 'x', make([]int64, n)...)
		base := appendTo(t, l, b, commitlog.Durability(i%2))
		if base != next || b.BaseOffset() != next || b.LeaderEpoch() != int32(l.Bounds().Term) {
			t.Errorf("Append returned %d and set %d, epoch %d; want %d", base, b.BaseOffset(), b.LeaderEpoch(), next)
		}
		next += batch.Offset(n)
		same(t, "bounds", commitlog.Bounds{HighWatermark: next, End: next, Term: l.Bounds().Term}, l.Bounds())
	}
}

func examBatchNotKept(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	for _, d := range []commitlog.Durability{commitlog.Fsync, commitlog.OS} {
		b := made(t, batch.Spec{}, 'x', 1, 2, 3)
		base := appendTo(t, l, b, d)
		want := bytes.Clone(b)
		clear(b)
		if got := readFrom(t, l, base, 1<<20); !bytes.Equal(got, want) {
			t.Errorf("durability %d: Read gave %x, want %x", d, got, want)
		}
	}
}

func examReadBoundaries(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	stored := fill(t, l, 8)
	for i, b := range stored {
		for from := b.BaseOffset(); from < b.NextOffset(); from++ {
			if got := readFrom(t, l, from, 1<<20); !bytes.Equal(got, join(stored[i:])) {
				t.Fatalf("Read from %d gave %d bytes, want %d", from, len(got), len(join(stored[i:])))
			}
		}
	}
	prefix := []byte("prefix")
	got, err := l.Read(within(t), prefix, l.Bounds().HighWatermark, 1<<20)
	if err != nil || string(got) != "prefix" {
		t.Errorf("Read at the high watermark: %q, %v", got, err)
	}
	got, err = l.Read(within(t), prefix, 0, 1<<20)
	if err != nil || !bytes.Equal(got, append(prefix, join(stored)...)) {
		t.Errorf("Read behind a prefix: %d bytes, %v", len(got), err)
	}
}

func examReadMaxBytes(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	stored := fill(t, l, 5)
	size := len(stored[0])
	cases := []struct{ maxBytes, batches int }{
		{0, 1}, {1, 1}, {size - 1, 1}, {size, 1}, {size + 1, 1}, {2*size - 1, 1}, {2 * size, 2}, {2*size + 1, 2}, {4 * size, 4},
		{5 * size, 5}, {1 << 30, 5},
	}
	for _, c := range cases {
		for from := range batch.Offset(3) {
			if got := readFrom(t, l, from, c.maxBytes); !bytes.Equal(got, join(stored[:c.batches])) {
				t.Errorf("Read of %d bytes from %d gave %d bytes, want %d batches of %d", c.maxBytes, from, len(got), c.batches, size)
			}
		}
	}
}

func examOutOfRange(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	for range 2 {
		end := l.Bounds().HighWatermark
		for _, from := range []batch.Offset{-1, -1 << 62, end + 1, end + 2, 1 << 62} {
			got, err := l.Read(within(t), []byte("x"), from, 1<<20)
			wantCode(t, "Read", err, commitlog.ErrOutOfRange)
			if string(got) != "x" {
				t.Errorf("Read from %d changed dst to %q", from, got)
			}
		}
		fill(t, l, 3)
	}
}

// examSparse appends what compaction leaves behind: batches with fewer records than offsets, or none.
func examSparse(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	var stored []batch.Batch
	for i := range 5 {
		full := made(t, batch.Spec{}, 'x', 10, 20, 30, 40)
		b, err := full.Retain(nil, 1<<20, func(index int, _ batch.Record) bool { return index < i })
		if err != nil {
			t.Fatal(err)
		}
		if base := appendTo(t, l, b, commitlog.Fsync); base != batch.Offset(4*i) {
			t.Errorf("batch %d has offset %d", i, base)
		}
		stored = append(stored, b)
	}
	same(t, "batches", stored, readAll(t, l, 1))
	for from := range batch.Offset(20) {
		if got := cut(t, readFrom(t, l, from, 1)); len(got) != 1 || got[0].BaseOffset() != from/4*4 {
			t.Errorf("Read from %d gave %d batches", from, len(got))
		}
	}
}
