package logtest

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

// compactionCases are asked of engines whose logs are Compactors.
var compactionCases = []examCase{
	{"Roll begins a segment", examRoll},
	{"compaction keeps the last record of each key", examCompact},
	{"compaction keeps offsets and times", examCompactOffsets},
	{"compaction keeps tombstones for a while", examCompactTombstones},
	{"compaction touches nothing beyond what it was told", examCompactBounds},
	{"compaction stops at an open transaction and drops an aborted one", examCompactTransactions},
	{"compaction keeps the last batch of a producer", examCompactProducers},
	{"compaction in little memory ends at last", examCompactMemory},
	{"compaction keeps what it cannot read", examCompactUnreadable},
	{"compaction keeps the codec", examCompactCodec},
	{"readers, writers and trims beside compaction", examCompactBeside},
	{"compaction ends with its log", examCompactClosed},
}

// compacts tells whether the logs of a kind of engine are Compactors: the interface is optional.
func compacts(t *testing.T, setup func(t *testing.T) Fixture) bool {
	f := setup(t)
	defer func() { _ = f.Engine.Close() }()
	_, ok := open(t, f.Engine, "t-0").(commitlog.Compactor)
	return ok
}

func compactor(t *testing.T, l commitlog.Log) commitlog.Compactor {
	t.Helper()
	return l.(commitlog.Compactor)
}

// everything asks to compact all there is.
func everything(now int64) commitlog.Compaction {
	return commitlog.Compaction{UpTo: math.MaxInt64, Now: now, DeleteRetention: 1000}
}

func compact(t *testing.T, l commitlog.Log, c commitlog.Compaction) commitlog.Compacted {
	t.Helper()
	done, err := compactor(t, l).Compact(within(t), c)
	if err != nil {
		t.Fatalf("Compact: %v", err)
	}
	return done
}

func roll(t *testing.T, l commitlog.Log) {
	t.Helper()
	if err := compactor(t, l).Roll(within(t)); err != nil {
		t.Fatalf("Roll: %v", err)
	}
}

// kv is a record; a value of "-" is a tombstone, a key of "" none.
type kv struct{ key, value string }

func keyed(t *testing.T, s batch.Spec, at int64, pairs ...kv) batch.Batch {
	t.Helper()
	var rs []batch.Record
	for _, p := range pairs {
		r := batch.Record{Timestamp: at, Value: []byte(p.value)}
		if p.key != "" {
			r.Key = []byte(p.key)
		}
		if p.value == "-" {
			r.Value = nil
		}
		rs = append(rs, r)
	}
	b, err := batch.Build(nil, s, rs)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func put(t *testing.T, l commitlog.Log, pairs ...kv) batch.Offset {
	t.Helper()
	return appendTo(t, l, keyed(t, batch.Spec{}, 5, pairs...), commitlog.Fsync)
}

// contents lists the records of a log as "offset key=value", markers as "offset commit" or "offset abort".
func contents(t *testing.T, l commitlog.Log) []string {
	t.Helper()
	list := []string{}
	for _, b := range readAll(t, l, 1<<20) {
		err := b.Records(1<<20, func(_ int, r batch.Record) bool {
			if b.Control() {
				kind, _ := r.ControlType()
				list = append(list, fmt.Sprintf("%d %s", r.Offset, [...]string{"abort", "commit"}[kind]))
				return true
			}
			value := string(r.Value)
			if r.Value == nil {
				value = "-"
			}
			list = append(list, fmt.Sprintf("%d %s=%s", r.Offset, r.Key, value))
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func examRoll(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	s, ok := l.(commitlog.Sizer)
	if !ok {
		return
	}
	roll(t, l)
	if n := len(s.Segments()); n != 1 {
		t.Errorf("an empty log has %d segments", n)
	}
	for i := range 3 {
		put(t, l, kv{"k", "v"})
		before := len(s.Segments())
		roll(t, l)
		roll(t, l)
		segs := s.Segments()
		if len(segs) != before+1 || segs[len(segs)-1].Bytes != 0 || segs[len(segs)-2].Next != batch.Offset(i+1) {
			t.Errorf("segments after a roll: %+v", segs)
		}
	}
	l = open(t, reopen(t, f.Engine, f), "t-0")
	same(t, "records", []string{"0 k=v", "1 k=v", "2 k=v"}, contents(t, l))
	if at := put(t, l, kv{"k", "v"}); at != 3 {
		t.Errorf("the next offset is %d", at)
	}
}

func examCompact(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	put(t, l, kv{"a", "1"}, kv{"b", "1"}, kv{"a", "2"})
	put(t, l, kv{"b", "2"})
	put(t, l, kv{"c", "1"}, kv{"", "no key"}, kv{"c", ""})
	roll(t, l)
	put(t, l, kv{"d", "1"}, kv{"a", "3"})
	done := compact(t, l, everything(0))
	if done.UpTo != 7 || done.Records != 4 || done.After >= done.Before || compactor(t, l).Compacted() != 7 {
		t.Errorf("done: %+v", done)
	}
	want := []string{"2 a=2", "3 b=2", "6 c=", "7 d=1", "8 a=3"}
	same(t, "records", want, contents(t, l))
	roll(t, l)
	compact(t, l, everything(0))
	want = []string{"3 b=2", "6 c=", "7 d=1", "8 a=3"}
	same(t, "records, again", want, contents(t, l))
	if done := compact(t, l, everything(0)); done.Records != 0 {
		t.Errorf("a third time: %+v", done)
	}
	e := reopen(t, f.Engine, f)
	l = open(t, e, "t-0")
	same(t, "records after a restart", want, contents(t, l))
	if upTo := compactor(t, l).Compacted(); upTo < 0 || upTo > 9 {
		t.Errorf("compacted up to %d after a restart", upTo)
	}
	if at := put(t, l, kv{"z", "1"}); at != 9 {
		t.Errorf("the next offset is %d", at)
	}
}

func examCompactOffsets(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	for i := range int64(40) {
		appendTo(t, l, keyed(t, batch.Spec{}, 1000+i, kv{"same", "x"}, kv{fmt.Sprint(i % 7), "y"}), commitlog.Durability(i%2))
	}
	roll(t, l)
	bounds := l.Bounds()
	compact(t, l, everything(0))
	l = open(t, reopen(t, f.Engine, f), "t-0")
	same(t, "bounds", bounds, l.Bounds())
	// The last seven batches have a record each, the last one two; 78 is the last of "same".
	for from := range bounds.End {
		got := cut(t, readFrom(t, l, from, 1))
		if len(got) != 1 || got[0].NextOffset() <= from || from >= 66 && got[0].BaseOffset() != from&^1 {
			t.Errorf("Read from %d gave %d batches", from, len(got))
		}
	}
	for at := int64(0); at <= 1040; at += 3 {
		found, ok, err := l.Find(within(t), milli(at))
		want := batch.Offset(2*max(at-1000, 33) + 1)
		if want == 79 {
			want = 78
		}
		if err != nil || ok != (at <= 1039) || ok && found.Offset != want {
			t.Errorf("Find %d: %+v, %v, %v; want %d", at, found, ok, err, want)
		}
	}
	if err := l.TrimBefore(within(t), 21); err != nil {
		t.Fatal(err)
	}
	if got := cut(t, readFrom(t, l, 21, 1)); len(got) != 1 {
		t.Errorf("Read from a start within a gap gave %d batches", len(got))
	}
}

func examCompactTombstones(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	put(t, l, kv{"a", "1"}, kv{"b", "1"})
	put(t, l, kv{"a", "-"})
	roll(t, l)
	for _, step := range []struct {
		now  int64
		want []string
	}{
		{100, []string{"1 b=1", "2 a=-"}},  // the horizon is 1100 now
		{1099, []string{"1 b=1", "2 a=-"}}, // and does not move
		{1100, []string{"1 b=1"}},
	} {
		compact(t, l, everything(step.now))
		same(t, fmt.Sprintf("records at %d", step.now), step.want, contents(t, l))
	}
	put(t, l, kv{"b", "-"}, kv{"c", "1"})
	roll(t, l)
	compact(t, l, everything(2000))
	e := reopen(t, f.Engine, f)
	l = open(t, e, "t-0")
	same(t, "the tombstone", []string{"3 b=-", "4 c=1"}, contents(t, l))
	put(t, l, kv{"b", "2"})
	roll(t, l)
	compact(t, l, everything(2001))
	same(t, "the tombstone is replaced", []string{"4 c=1", "5 b=2"}, contents(t, l))
}

func examCompactBounds(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	for range 3 {
		put(t, l, kv{"a", "x"}, kv{"a", "y"})
		roll(t, l)
	}
	put(t, l, kv{"a", "x"}, kv{"a", "y"})
	c := everything(0)
	for _, step := range []struct {
		upTo batch.Offset
		want []string
	}{
		{0, []string{"0 a=x", "1 a=y", "2 a=x", "3 a=y", "4 a=x", "5 a=y", "6 a=x", "7 a=y"}},
		{3, []string{"1 a=y", "2 a=x", "3 a=y", "4 a=x", "5 a=y", "6 a=x", "7 a=y"}},
		{4, []string{"3 a=y", "4 a=x", "5 a=y", "6 a=x", "7 a=y"}},
		{100, []string{"5 a=y", "6 a=x", "7 a=y"}},
	} {
		c.UpTo = step.upTo
		compact(t, l, c)
		same(t, fmt.Sprintf("records, up to %d", step.upTo), step.want, contents(t, l))
	}
}

// transaction builds a batch of a producer's transaction.
func transaction(t *testing.T, producer int64, sequence int32, pairs ...kv) batch.Batch {
	t.Helper()
	return keyed(t, batch.Spec{Transactional: true, Producer: &batch.Producer{ID: producer, BaseSequence: sequence}}, 5, pairs...)
}

func examCompactTransactions(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	add := func(b batch.Batch) { appendTo(t, l, b, commitlog.Fsync) }
	end := func(kind batch.ControlType, producer int64) {
		add(batch.BuildMarker(batch.Marker{Type: kind, ProducerID: producer, Timestamp: 5}))
	}
	put(t, l, kv{"a", "0"})
	add(transaction(t, 1, 0, kv{"a", "1"}))
	add(transaction(t, 2, 0, kv{"b", "1"}))
	end(batch.Abort, 1)
	add(transaction(t, 1, 1, kv{"c", "1"}))
	end(batch.Commit, 1)
	end(batch.Commit, 2)
	add(transaction(t, 3, 0, kv{"d", "1"})) // offset 7: open
	put(t, l, kv{"c", "2"})
	roll(t, l)
	compact(t, l, everything(0))
	same(t, "records before the open transaction", []string{"0 a=0", "2 b=1", "3 abort", "4 c=1", "5 commit", "6 commit", "7 d=1", "8 c=2"}, contents(t, l))
	end(batch.Commit, 3)
	put(t, l, kv{"b", "2"})
	roll(t, l)
	compact(t, l, everything(10))
	same(t, "records", []string{"0 a=0", "3 abort", "5 commit", "6 commit", "7 d=1", "8 c=2", "9 commit", "10 b=2"}, contents(t, l))
	compact(t, l, everything(2000))
	compact(t, l, everything(4000))
	same(t, "markers whose data is gone", []string{"0 a=0", "7 d=1", "8 c=2", "9 commit", "10 b=2"}, contents(t, l))
}

func examCompactProducers(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	for i := range int32(3) {
		for producer := range int64(2) {
			s := batch.Spec{Producer: &batch.Producer{ID: producer, Epoch: 1, BaseSequence: 2 * i}}
			appendTo(t, l, keyed(t, s, 5, kv{"a", "x"}, kv{"b", "y"}), commitlog.Fsync)
		}
	}
	put(t, l, kv{"a", "z"}, kv{"b", "z"})
	roll(t, l)
	put(t, l, kv{"c", "z"})
	c := everything(0)
	c.KeepProducer = func(id int64) bool { return id == 0 }
	compact(t, l, c)
	same(t, "records", []string{"12 a=z", "13 b=z", "14 c=z"}, contents(t, l))
	var found []string
	l = open(t, reopen(t, f.Engine, f), "t-0")
	for _, b := range readAll(t, l, 1<<20) {
		if p := b.Producer(); p.ID >= 0 {
			found = append(found, fmt.Sprintf("%d-%d: producer %d epoch %d sequence %d-%d", b.BaseOffset(), b.LastOffset(), p.ID, p.Epoch, p.BaseSequence, b.LastSequence()))
		}
	}
	same(t, "batches of producers", []string{"8-9: producer 0 epoch 1 sequence 4-5"}, found)
	compact(t, l, everything(0))
	if first := readAll(t, l, 1<<20)[0]; first.BaseOffset() != 12 {
		t.Errorf("a producer that nobody wants any more is still there, at %d", first.BaseOffset())
	}
}

func examCompactMemory(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	for i := range 60 {
		put(t, l, kv{fmt.Sprint("key ", i%20), fmt.Sprint(i)})
	}
	roll(t, l)
	c := everything(0)
	c.MaxMemory = 10 * 64
	for range 30 {
		before := compactor(t, l).Compacted()
		if done := compact(t, l, c); done.UpTo == 60 {
			break
		} else if done.UpTo <= before {
			t.Fatalf("no progress beyond %d", done.UpTo)
		}
	}
	var want []string
	for i := 40; i < 60; i++ {
		want = append(want, fmt.Sprintf("%d key %d=%d", i, i%20, i))
	}
	same(t, "records", want, contents(t, l))
}

// examCompactUnreadable: records that contradict their header are found out only when they are read.
func examCompactUnreadable(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	put(t, l, kv{"a", "1"})
	broken, err := batch.Build(nil, batch.Spec{Codec: batch.Zstd}, []batch.Record{{Key: []byte("a"), Value: []byte("2")}})
	if err != nil {
		t.Fatal(err)
	}
	copy(broken[batch.HeaderSize:], "not zstd")
	broken.SetLogAppendTime(5) // renews the checksum
	appendTo(t, l, broken, commitlog.Fsync)
	put(t, l, kv{"b", "1"}, kv{"b", "2"})
	roll(t, l)
	compact(t, l, everything(0))
	all := readAll(t, l, 1<<20)
	if len(all) != 3 || !bytes.Equal(all[1], broken) || all[0].Count() != 1 || all[2].Count() != 1 {
		t.Errorf("%d batches are left", len(all))
	}
}

func examCompactCodec(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	codecs := []batch.Codec{batch.None, batch.Gzip, batch.Snappy, batch.LZ4, batch.Zstd}
	for i, c := range codecs {
		appendTo(t, l, keyed(t, batch.Spec{Codec: c}, 5, kv{"again", "x"}, kv{fmt.Sprint(i), "y"}), commitlog.OS)
	}
	roll(t, l)
	compact(t, l, everything(0))
	for i, b := range readAll(t, l, 1<<20) {
		if b.Codec() != codecs[i] {
			t.Errorf("batch %d is compressed by %s now", i, b.Codec())
		}
	}
	same(t, "records", []string{"1 0=y", "3 1=y", "5 2=y", "7 3=y", "8 again=x", "9 4=y"}, contents(t, l))
}

// examCompactBeside: what readers find last of each key is what was written last, whatever happens beside.
func examCompactBeside(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	c := compactor(t, l)
	var work sync.WaitGroup
	stop := make(chan struct{})
	until := func(step func()) {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					step()
				}
			}
		})
	}
	until(func() {
		if err := c.Roll(within(t)); err != nil {
			t.Errorf("Roll: %v", err)
		}
		if _, err := c.Compact(within(t), everything(0)); err != nil {
			t.Errorf("Compact: %v", err)
		}
	})
	until(func() { folded(t, l) })
	until(func() {
		if _, _, err := l.Find(within(t), milli(rand.Int64N(1000))); err != nil {
			t.Errorf("Find: %v", err)
		}
		if s, ok := l.(commitlog.Sizer); ok {
			s.Segments()
		}
	})
	want := map[string]string{}
	for i := range 400 {
		pair := kv{fmt.Sprint("key ", rand.IntN(20)), fmt.Sprint(i)}
		appendTo(t, l, keyed(t, batch.Spec{}, int64(i), pair), commitlog.Durability(i%2))
		want[pair.key] = pair.value
	}
	close(stop)
	work.Wait()
	same(t, "state", want, folded(t, l))
	same(t, "state after a restart", want, folded(t, open(t, reopen(t, f.Engine, f), "t-0")))
}

// folded reads a log to its end as a table is built from it.
func folded(t *testing.T, l commitlog.Log) map[string]string {
	state := map[string]string{}
	at, end, buf := l.Bounds().Start, l.Bounds().HighWatermark, []byte(nil)
	for at < end {
		var err error
		if buf, err = l.Read(t.Context(), buf[:0], at, 1000); err != nil || len(buf) == 0 {
			t.Errorf("Read from %d of %d: %d bytes, %v", at, end, len(buf), err)
			return nil
		}
		for rest := buf; len(rest) > 0; {
			b, after, err := batch.Open(rest)
			if err != nil || b.NextOffset() <= at {
				t.Errorf("Read at %d gave a batch that ends before %d: %v", at, b.NextOffset(), err)
				return nil
			}
			at, rest = b.NextOffset(), after
			if err := foldInto(state, b); err != nil {
				t.Errorf("records at %d: %v", b.BaseOffset(), err)
			}
		}
	}
	return maps.Clone(state)
}

func foldInto(state map[string]string, b batch.Batch) error {
	return b.Records(1<<20, func(_ int, r batch.Record) bool {
		if r.Value == nil {
			delete(state, string(r.Key))
		} else {
			state[string(r.Key)] = string(r.Value)
		}
		return true
	})
}

func examCompactClosed(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	put(t, l, kv{"a", "1"}, kv{"a", "2"})
	roll(t, l)
	c := compactor(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := c.Compact(within(t), everything(0))
	wantCode(t, "Compact of a closed log", err, commitlog.ErrClosed)
	wantCode(t, "Roll of a closed log", c.Roll(within(t)), commitlog.ErrClosed)
	l = open(t, f.Engine, "t-0")
	same(t, "records", []string{"0 a=1", "1 a=2"}, contents(t, l))
	if err := f.Engine.Remove(within(t), "t-0"); err != nil {
		t.Fatal(err)
	}
	_, err = compactor(t, l).Compact(within(t), everything(0))
	wantCode(t, "Compact of a removed log", err, commitlog.ErrClosed)
}
