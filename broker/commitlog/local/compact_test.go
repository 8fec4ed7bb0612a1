package local_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// stored is one record as it was appended.
type stored struct {
	key, value string
	tombstone  bool
}

// book is what a client knows of a compacted log.
type book struct {
	records map[batch.Offset]stored // of everything but markers
	aborted map[batch.Offset]bool
	end     batch.Offset
}

// state is what a table built from the log must hold.
func (b *book) state() map[string]string {
	table := map[string]string{}
	for _, at := range slices.Sorted(maps.Keys(b.records)) {
		r := b.records[at]
		switch {
		case b.aborted[at]:
		case r.tombstone:
			delete(table, r.key)
		default:
			table[r.key] = r.value
		}
	}
	return table
}

// compacted is a random life of one compacted log.
type compacted struct {
	t   *testing.T
	rng *rand.Rand
	fs  vfs.FS
	e   *local.Engine
	l   commitlog.Log
	now int64
	book
	open map[int64][]batch.Offset // data of open transactions
	seq  map[int64]int32
}

func newCompacted(t *testing.T, fsys vfs.FS, seed uint64) *compacted {
	c := &compacted{t: t, rng: rand.New(rand.NewPCG(seed, 7)), fs: fsys, now: 1, open: map[int64][]batch.Offset{}, seq: map[int64]int32{}}
	c.book = book{records: map[batch.Offset]stored{}, aborted: map[batch.Offset]bool{}}
	c.start()
	return c
}

func (c *compacted) start() {
	c.e = openEngine(c.t, c.fs, local.Options{SegmentBytes: 700, WALSegmentBytes: 4000, CheckpointBytes: 1500, OpenFiles: 3})
	c.l = openLog(c.t, c.e, "t-0")
}

func (c *compacted) restart() {
	if err := c.e.Close(); err != nil {
		c.t.Fatal(err)
	}
	c.start()
}

// put appends up to four records; producer 0 is none.
func (c *compacted) put(producer int64) {
	spec := batch.Spec{Codec: batch.Codec(c.rng.IntN(5))}
	var rs []batch.Record
	for range 1 + c.rng.IntN(4) {
		w := stored{key: fmt.Sprint("key ", c.rng.IntN(15)), value: fmt.Sprint("value ", c.end), tombstone: c.rng.IntN(4) == 0}
		r := batch.Record{Timestamp: c.now, Key: []byte(w.key), Value: []byte(w.value)}
		if w.tombstone {
			r.Value = nil
		}
		at := c.end + batch.Offset(len(rs))
		c.records[at] = w
		rs = append(rs, r)
		if producer > 0 {
			c.open[producer] = append(c.open[producer], at)
		}
	}
	if producer > 0 {
		spec.Transactional = true
		spec.Producer = &batch.Producer{ID: producer, BaseSequence: c.seq[producer]}
		c.seq[producer] += int32(len(rs))
	}
	b, err := batch.Build(nil, spec, rs)
	if err != nil {
		c.t.Fatal(err)
	}
	c.append(b)
}

func (c *compacted) append(b batch.Batch) {
	base, err := c.l.Append(c.t.Context(), b, commitlog.Durability(c.rng.IntN(2)))
	if err != nil || base != c.end {
		c.t.Fatalf("Append: %d, %v; the end was %d", base, err, c.end)
	}
	c.end = b.NextOffset()
}

// finish ends a producer's transaction.
func (c *compacted) finish(producer int64, kind batch.ControlType) {
	if kind == batch.Abort {
		for _, at := range c.open[producer] {
			c.aborted[at] = true
		}
	}
	delete(c.open, producer)
	c.append(batch.BuildMarker(batch.Marker{Type: kind, ProducerID: producer, Timestamp: c.now}))
}

func (c *compacted) compact() {
	log, before := c.l.(commitlog.Compactor), c.read()
	limit := c.end
	if c.rng.IntN(3) == 0 {
		limit = batch.Offset(c.rng.Int64N(int64(c.end) + 1))
	}
	done, err := log.Compact(c.t.Context(), commitlog.Compaction{
		UpTo: limit, Now: c.now, DeleteRetention: 20, MaxMemory: int64(64 * (1 + c.rng.IntN(100))),
		KeepProducer: func(id int64) bool { return id == 1 },
	})
	if err != nil {
		c.t.Fatalf("Compact: %v", err)
	}
	for _, data := range c.open {
		limit = min(limit, data[0])
	}
	if done.UpTo > c.end {
		c.t.Fatalf("compacted up to %d of %d", done.UpTo, c.end)
	}
	// What lies beyond the limit is as it was, byte for byte.
	after := c.read()
	beyond := func(b batch.Batch) bool { return b.BaseOffset() < max(limit, done.UpTo) }
	if diff := cmp.Diff(slices.DeleteFunc(before, beyond), slices.DeleteFunc(after, beyond)); diff != "" {
		c.t.Fatalf("what should not be touched was: %s", diff)
	}
}

func (c *compacted) read() []batch.Batch {
	c.t.Helper()
	var all []batch.Batch
	for at := c.l.Bounds().Start; at < c.end; {
		got, err := c.l.Read(c.t.Context(), nil, at, 1+c.rng.IntN(2000))
		if err != nil || len(got) == 0 {
			c.t.Fatalf("Read from %d of %d: %d bytes, %v", at, c.end, len(got), err)
		}
		for len(got) > 0 {
			b, rest, err := batch.Open(got)
			if err != nil || b.NextOffset() <= at {
				c.t.Fatalf("Read at %d: a batch up to %d, %v", at, b.NextOffset(), err)
			}
			all, at, got = append(all, b), b.NextOffset(), rest
		}
	}
	return all
}

func (c *compacted) check() { c.t.Helper(); checkTable(c.t, c.l, &c.book, c.read(), "") }

// checkTable demands that what is left of the log is what was written, and makes the table that it should.
func checkTable(t *testing.T, l commitlog.Log, b *book, all []batch.Batch, what string) {
	t.Helper()
	if got := l.Bounds(); got.End != b.end || got.HighWatermark != b.end {
		t.Fatalf("%s: bounds %+v; the end was %d", what, got, b.end)
	}
	left := &book{records: map[batch.Offset]stored{}, aborted: map[batch.Offset]bool{}}
	data := map[int64][]batch.Offset{}
	for _, found := range all {
		id := found.Producer().ID
		err := found.Records(1<<20, func(_ int, r batch.Record) bool {
			if found.Control() {
				if kind, err := r.ControlType(); err != nil || kind == batch.Abort {
					for _, at := range data[id] {
						left.aborted[at] = true
					}
				}
				delete(data, id)
				return true
			}
			w := stored{key: string(r.Key), value: string(r.Value), tombstone: r.Value == nil}
			want := b.records[r.Offset]
			if want.key != w.key || want.tombstone != w.tombstone || !w.tombstone && want.value != w.value {
				t.Errorf("%s: offset %d holds %+v, %+v was written", what, r.Offset, w, want)
			}
			left.records[r.Offset] = w
			if found.Transactional() {
				data[id] = append(data[id], r.Offset)
			}
			return true
		})
		if err != nil {
			t.Fatalf("%s: the batch at %d: %v", what, found.BaseOffset(), err)
		}
	}
	if diff := cmp.Diff(b.state(), left.state()); diff != "" {
		t.Fatalf("%s: the table (-want +got):\n%s", what, diff)
	}
}

func TestACompactedLogMakesTheSameTable(t *testing.T) {
	var dropped int
	for seed := range uint64(25) {
		c := newCompacted(t, vfs.NewMemory(), seed)
		for range 150 {
			c.now += c.rng.Int64N(5)
			producer := int64(1 + c.rng.IntN(3))
			switch n := c.rng.IntN(20); {
			case n < 9:
				c.put(0)
			case n < 12:
				c.put(producer)
			case n < 15 && len(c.open[producer]) > 0:
				c.finish(producer, batch.ControlType(c.rng.IntN(2)))
			case n < 16:
				if err := c.l.(commitlog.Compactor).Roll(t.Context()); err != nil {
					t.Fatal(err)
				}
			case n < 18:
				c.compact()
			case n < 19:
				c.restart()
			default:
				c.check()
			}
		}
		c.check()
		for _, b := range c.read() {
			dropped += int(b.LastOffsetDelta()) + 1 - b.Count()
		}
		if err := c.e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if dropped < 250 {
		t.Errorf("only %d records were dropped within batches that stayed", dropped)
	}
}

// compactable returns a file system with a log of many small segments, and what is in it.
func compactable(t *testing.T) (*vfs.Memory, *book) {
	fsys := vfs.NewMemory()
	c := newCompacted(t, fsys, 3)
	for range 30 {
		c.put(0)
	}
	c.put(1)
	c.finish(1, batch.Abort)
	if err := c.e.Close(); err != nil {
		t.Fatal(err)
	}
	return fsys, &c.book
}

var compactableOptions = local.Options{SegmentBytes: 500, WALSegmentBytes: 4000, OpenFiles: 3}

// compactTwice compacts all there is, and again when tombstones may go, as far as it gets.
func compactTwice(t *testing.T, fsys vfs.FS) (*local.Engine, error) {
	e, err := local.Open(t.Context(), fsys, compactableOptions)
	if err != nil {
		return nil, err
	}
	l, err := e.Open(t.Context(), "t-0")
	if err != nil {
		return e, err
	}
	log := l.(commitlog.Compactor)
	for _, now := range []int64{100, 100_000} {
		if err := log.Roll(t.Context()); err != nil {
			return e, err
		}
		if _, err := log.Compact(t.Context(), commitlog.Compaction{UpTo: math.MaxInt64, Now: now, DeleteRetention: 10}); err != nil {
			return e, err
		}
	}
	return e, nil
}

// stillCompacts opens a log after a crash, twice, and compacts it in between.
func stillCompacts(t *testing.T, fsys vfs.FS, b *book, what string) {
	t.Helper()
	for _, when := range []string{"", ", compacted again", ", and again"} {
		e := openEngine(t, fsys, compactableOptions)
		c := &compacted{t: t, rng: rand.New(rand.NewPCG(1, 1)), l: openLog(t, e, "t-0"), book: *b}
		checkTable(t, c.l, b, c.read(), what+when)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		e, err := compactTwice(t, fsys)
		if err != nil {
			t.Fatalf("%s%s: %v", what, when, err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestACrashAtEveryCallOfACompactionLeavesAReadableLog(t *testing.T) {
	disk, b := compactable(t)
	states := 0
	for stop := 0; ; stop++ {
		fsys := disk.Kill()
		fsys.Before(stopAfter(stop))
		e, err := compactTwice(t, fsys)
		crashes := []*vfs.Memory{fsys.CrashLosing(), fsys.Kill()}
		for seed := range uint64(3) {
			crashes = append(crashes, fsys.Crash(rand.New(rand.NewPCG(seed, uint64(stop)))))
		}
		if e != nil {
			_ = e.Close()
		}
		for i, state := range crashes {
			stillCompacts(t, state, b, fmt.Sprintf("stopped at call %d, state %d", stop, i))
			states++
		}
		if err == nil {
			break
		}
	}
	if states < 500 {
		t.Errorf("only %d states: the compaction made too few calls", states)
	}
}

func TestACrashWhileACompactionIsFinishedLeavesAReadableLog(t *testing.T) {
	disk, b := compactable(t)
	swaps := 0
	for stop := 0; ; stop++ {
		fsys := disk.Kill()
		fsys.Before(stopAfter(stop))
		e, err := compactTwice(t, fsys)
		crashed := fsys.Crash(rand.New(rand.NewPCG(1, uint64(stop))))
		if e != nil {
			_ = e.Close()
		}
		if err == nil {
			break
		}
		if !hasSwap(t, crashed) {
			continue
		}
		swaps++
		for stop := 0; ; stop++ {
			again := crashed.Kill()
			again.Before(stopAfter(stop))
			e, err := local.Open(t.Context(), again, compactableOptions)
			if err == nil {
				_, err = e.Open(t.Context(), "t-0")
			}
			twice := again.Crash(rand.New(rand.NewPCG(2, uint64(stop))))
			if e != nil {
				_ = e.Close()
			}
			stillCompacts(t, twice, b, fmt.Sprintf("finishing stopped at call %d", stop))
			if err == nil {
				break
			}
		}
		if swaps == 6 {
			break
		}
	}
	if swaps == 0 {
		t.Error("no crash left a swap to finish")
	}
}

func hasSwap(t *testing.T, fsys vfs.FS) bool {
	t.Helper()
	dirs, err := fsys.ReadDir("logs")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		files, err := fsys.ReadDir("logs/" + d.Name())
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(files, func(f fs.DirEntry) bool { return strings.HasSuffix(f.Name(), ".swap") }) {
			return true
		}
	}
	return false
}

func TestAFullDiskEndsACompactionOnly(t *testing.T) {
	disk, b := compactable(t)
	fsys := disk.Kill()
	e := openEngine(t, fsys, compactableOptions)
	l := openLog(t, e, "t-0")
	log := l.(commitlog.Compactor)
	if err := log.Roll(t.Context()); err != nil {
		t.Fatal(err)
	}
	fsys.Before(func(c vfs.Call) (int, error) {
		if c.Op == vfs.OpWrite && strings.HasSuffix(c.Name, ".cleaned") {
			return 0, errors.New("no space left")
		}
		return c.Bytes, nil
	})
	if _, err := log.Compact(t.Context(), commitlog.Compaction{UpTo: math.MaxInt64}); err == nil {
		t.Fatal("Compact succeeded on a full disk")
	}
	fsys.Before(nil)
	c := &compacted{t: t, rng: rand.New(rand.NewPCG(1, 1)), l: l, book: *b}
	checkTable(t, l, b, c.read(), "after a full disk")
	if _, err := log.Compact(t.Context(), commitlog.Compaction{UpTo: math.MaxInt64}); err != nil {
		t.Fatalf("Compact, with space: %v", err)
	}
	checkTable(t, l, b, c.read(), "after another compaction")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}
