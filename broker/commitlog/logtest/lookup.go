package logtest

import (
	"bytes"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

func milli(ms int64) time.Time { return time.UnixMilli(ms) }

// findable appends batches whose timestamps go back and forth, compressed and not.
func findable(t *testing.T, l commitlog.Log) {
	t.Helper()
	for i, b := range []batch.Batch{
		made(t, batch.Spec{}, 'a', 100, 101, 105),
		made(t, batch.Spec{Codec: batch.Zstd}, 'b', 103, 110, 104),
		made(t, batch.Spec{}, 'c', 90, 91),
		made(t, batch.Spec{Codec: batch.Snappy}, 'd', 120, 119, 130),
		made(t, batch.Spec{TimestampType: batch.LogAppendTime, AppendTime: 140}, 'e', 1, 2, 3),
		made(t, batch.Spec{}, 'f'),
		made(t, batch.Spec{}, 'g', 139, 150),
	} {
		appendTo(t, l, b, commitlog.Durability(i%2))
	}
}

type foundAt struct {
	Offset    batch.Offset
	Timestamp int64
	OK        bool
}

func find(t *testing.T, l commitlog.Log, ms int64) foundAt {
	t.Helper()
	f, ok, err := l.Find(within(t), milli(ms))
	if err != nil {
		t.Fatalf("Find %d: %v", ms, err)
	}
	return foundAt{f.Offset, f.Timestamp, ok}
}

func examFind(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	findable(t, l)
	// offsets: a 0-2, b 3-5, c 6-7, d 8-10, e 11-13, f 14 (empty), g 15-16
	want := map[int64]foundAt{
		-1: {0, 100, true}, 0: {0, 100, true}, 100: {0, 100, true}, 101: {1, 101, true}, 102: {2, 105, true}, 105: {2, 105, true},
		106: {4, 110, true}, 110: {4, 110, true}, 111: {8, 120, true}, 120: {8, 120, true}, 121: {10, 130, true},
		131: {11, 140, true}, 140: {11, 140, true}, 141: {16, 150, true}, 150: {16, 150, true}, 151: {},
	}
	for ms, w := range want {
		same(t, "found", w, find(t, l, ms))
	}
	l = open(t, reopen(t, f.Engine, f), "t-0")
	for ms, w := range want {
		same(t, "found after a restart", w, find(t, l, ms))
	}
}

func examFindTrimmed(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	findable(t, l)
	for _, c := range []struct {
		start batch.Offset
		ms    int64
		want  foundAt
	}{
		{1, 0, foundAt{1, 101, true}}, {2, 0, foundAt{2, 105, true}}, {5, 0, foundAt{5, 104, true}}, {5, 106, foundAt{8, 120, true}},
		{12, 0, foundAt{12, 140, true}}, {14, 0, foundAt{15, 139, true}}, {17, 0, foundAt{}},
	} {
		if err := l.TrimBefore(within(t), c.start); err != nil {
			t.Fatal(err)
		}
		same(t, "found", c.want, find(t, l, c.ms))
	}
}

func examTrim(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	stored := fill(t, l, 20)
	end := l.Bounds().End
	for _, c := range []struct{ to, start batch.Offset }{{0, 0}, {1, 1}, {0, 1}, {-5, 1}, {7, 7}, {30, 30}, {29, 30}, {60, 60}} {
		if err := l.TrimBefore(within(t), c.to); err != nil {
			t.Fatalf("TrimBefore %d: %v", c.to, err)
		}
		same(t, "bounds", commitlog.Bounds{Start: c.start, HighWatermark: end, End: end, Term: l.Bounds().Term}, l.Bounds())
		_, err := l.Read(within(t), nil, c.start-1, 1)
		wantCode(t, "Read before the start", err, commitlog.ErrOutOfRange)
		if got := readFrom(t, l, c.start, 1<<20); !bytes.Equal(got, join(stored[c.start/3:])) {
			t.Errorf("Read from the start %d gave %d bytes, want %d", c.start, len(got), len(join(stored[c.start/3:])))
		}
	}
	wantCode(t, "TrimBefore beyond the end", l.TrimBefore(within(t), end+1), commitlog.ErrOutOfRange)
	if base := appendTo(t, l, made(t, batch.Spec{}, 'x', 1), commitlog.Fsync); base != end {
		t.Errorf("Append to an emptied log gave %d, want %d", base, end)
	}
}

func examTrimReopen(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	stored := fill(t, l, 20)
	e := f.Engine
	for _, to := range []batch.Offset{7, 31, 60} {
		if err := l.TrimBefore(within(t), to); err != nil {
			t.Fatal(err)
		}
		e = reopen(t, e, f)
		l = open(t, e, "t-0")
		same(t, "bounds", commitlog.Bounds{Start: to, HighWatermark: 60, End: 60, Term: l.Bounds().Term}, l.Bounds())
		if got := readFrom(t, l, to, 1<<20); !bytes.Equal(got, join(stored[to/3:])) {
			t.Errorf("Read from %d gave %d bytes, want %d", to, len(got), len(join(stored[to/3:])))
		}
	}
	if base := appendTo(t, l, made(t, batch.Spec{}, 'x', 1), commitlog.OS); base != 60 {
		t.Errorf("Append to an emptied log gave %d after a restart, want 60", base)
	}
}

func examSegments(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	s, ok := l.(commitlog.Sizer)
	if !ok {
		return // the interface is optional
	}
	stored := fill(t, l, 40)
	for _, start := range []batch.Offset{0, 60, 120} {
		if err := l.TrimBefore(within(t), start); err != nil {
			t.Fatal(err)
		}
		segs := s.Segments()
		if len(segs) == 0 || segs[0].Base > start || segs[len(segs)-1].Next != 120 {
			t.Fatalf("segments %+v do not reach from %d to 120", segs, start)
		}
		for i, seg := range segs {
			var bytes int64
			newest := batch.NoTimestamp
			for _, b := range stored {
				if b.BaseOffset() >= seg.Base && b.BaseOffset() < seg.Next {
					bytes, newest = bytes+int64(len(b)), max(newest, b.MaxTimestamp())
				}
			}
			same(t, "a segment", commitlog.Segment{Base: seg.Base, Next: seg.Next, Bytes: bytes, MaxTimestamp: newest}, seg)
			if i > 0 && seg.Base != segs[i-1].Next {
				t.Errorf("segment %d begins at %d, the one before ends at %d", i, seg.Base, segs[i-1].Next)
			}
		}
	}
}
