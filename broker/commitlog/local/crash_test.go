package local_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

var tiny = local.Options{SegmentBytes: 400, WALSegmentBytes: 900, CheckpointBytes: 700, OpenFiles: 3}

// ledger is what a client knows of one log: what it sent, and what it was told.
type ledger struct {
	sent   []batch.Batch // in the order of their offsets
	synced batch.Offset  // end of what was acknowledged with Fsync: it and everything in front survives a loss of power
	told   batch.Offset  // end of what was acknowledged at all: survives a kill
	start  batch.Offset  // acknowledged by TrimBefore
	trying batch.Offset  // given to TrimBefore
	exists bool          // Open, or not yet Remove, was acknowledged
	doubt  bool          // a Remove was not acknowledged
}

// client runs a history against an engine and keeps the books.
type client struct {
	t    *testing.T
	e    *local.Engine
	logs map[string]*ledger
	tag  int
}

func (c *client) ledger(name string) *ledger {
	if c.logs[name] == nil {
		c.logs[name] = &ledger{}
	}
	return c.logs[name]
}

func (c *client) append(name string, n int, d commitlog.Durability) error {
	l, err := c.e.Open(c.t.Context(), name)
	if err != nil {
		return err
	}
	b := c.ledger(name)
	b.exists = true
	c.tag++
	sent := tagged(c.t, c.tag, n)
	sent.SetBaseOffset(batch.Offset(0))
	if len(b.sent) > 0 {
		sent.SetBaseOffset(b.sent[len(b.sent)-1].NextOffset())
	}
	b.sent = append(b.sent, bytes.Clone(sent))
	base, err := l.Append(c.t.Context(), sent, d)
	if err != nil {
		return err
	}
	if base != b.sent[len(b.sent)-1].BaseOffset() {
		return fmt.Errorf("%s: Append gave offset %d, want %d", name, base, b.sent[len(b.sent)-1].BaseOffset())
	}
	b.told = sent.NextOffset()
	if d == commitlog.Fsync {
		b.synced = b.told
	}
	return nil
}

func (c *client) trim(name string, to batch.Offset) error {
	l, err := c.e.Open(c.t.Context(), name)
	if err != nil {
		return err
	}
	b := c.ledger(name)
	b.trying = to
	if err := l.TrimBefore(c.t.Context(), to); err != nil {
		return err
	}
	b.start = to
	return nil
}

func (c *client) remove(name string) error {
	b := c.ledger(name)
	b.doubt = true
	if err := c.e.Remove(c.t.Context(), name); err != nil {
		return err
	}
	c.logs[name] = &ledger{}
	return nil
}

// history is a life of three logs: durable, not, and both by turns; with rolls, trims, a removal and a log made anew.
func (c *client) history() error {
	steps := []func() error{
		func() error { return c.append("f-0", 2, commitlog.Fsync) },
		func() error { return c.append("o-0", 1, commitlog.OS) },
		func() error { return c.append("m-0", 1, commitlog.OS) },
		func() error { return c.append("m-0", 2, commitlog.Fsync) },
		func() error { return c.append("f-0", 3, commitlog.Fsync) },
		func() error { return c.append("r-0", 3, commitlog.Fsync) },
		func() error { return c.append("o-0", 3, commitlog.OS) },
		func() error { return c.append("m-0", 3, commitlog.OS) },
		func() error { return c.trim("f-0", 3) },
		func() error { return c.append("m-0", 1, commitlog.Fsync) },
		func() error { return c.remove("r-0") },
		func() error { return c.append("f-0", 4, commitlog.Fsync) },
		func() error { return c.append("r-0", 1, commitlog.Fsync) },
		func() error { return c.append("m-0", 3, commitlog.Fsync) },
		func() error { return c.append("o-0", 3, commitlog.OS) },
		func() error { return c.trim("o-0", 5) },
		func() error { return c.trim("m-0", 7) },
		func() error { return c.append("m-0", 1, commitlog.OS) },
		func() error { return c.append("f-0", 1, commitlog.Fsync) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// run opens an engine and lives a history until something fails. It leaves the engine as a kill would.
func run(t *testing.T, fsys *vfs.Memory) (map[string]*ledger, *local.Engine, error) {
	c := &client{t: t, logs: map[string]*ledger{}}
	var err error
	if c.e, err = local.Open(t.Context(), fsys, tiny); err != nil {
		return c.logs, nil, err
	}
	return c.logs, c.e, c.history()
}

// check demands of each log what its ledger says. power tells that what was not synced may be lost.
func check(t *testing.T, e *local.Engine, logs map[string]*ledger, power bool, what string) {
	t.Helper()
	names, err := e.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, n := range names {
		have[n] = true
	}
	for name, b := range logs {
		if !have[name] {
			if b.exists && !b.doubt {
				t.Fatalf("%s: %s is gone", what, name)
			}
			continue
		}
		checkLog(t, openLog(t, e, name), b, power, what+": "+name)
	}
}

func checkLog(t *testing.T, l commitlog.Log, b *ledger, power bool, what string) {
	t.Helper()
	bounds, must := l.Bounds(), b.told
	if power {
		must = b.synced
	}
	var most batch.Offset
	if n := len(b.sent); n > 0 {
		most = b.sent[n-1].NextOffset()
	}
	if bounds.HighWatermark != bounds.End || bounds.End < must || bounds.End > max(most, b.trying) {
		t.Fatalf("%s: bounds %+v; %d must be there, %d was sent", what, bounds, must, most)
	}
	if bounds.Start < b.start || bounds.Start > max(b.start, b.trying) {
		t.Fatalf("%s: bounds %+v; the start was set to %d, %d was tried", what, bounds, b.start, b.trying)
	}
	for _, sent := range b.sent {
		if sent.NextOffset() <= bounds.Start || sent.BaseOffset() >= bounds.End || bounds.Start == bounds.End {
			continue
		}
		for _, from := range []batch.Offset{max(sent.BaseOffset(), bounds.Start), sent.LastOffset()} {
			got, err := l.Read(t.Context(), nil, from, 1)
			if err != nil || !bytes.Equal(got, sent) {
				t.Fatalf("%s: Read from %d of %+v gave %d bytes, %v\n got %x\nwant %x", what, from, bounds, len(got), err, got, []byte(sent))
			}
		}
	}
}

// survives recovers twice, appending in between, and checks each time.
func survives(t *testing.T, fsys vfs.FS, logs map[string]*ledger, power bool, what string) {
	t.Helper()
	e := openEngine(t, fsys, tiny)
	check(t, e, logs, power, what)
	names, err := e.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	more := map[string]*ledger{}
	for i, name := range names {
		l := openLog(t, e, name)
		at, b := l.Bounds(), tagged(t, 1000+i, 2)
		if base, err := l.Append(t.Context(), b, commitlog.Fsync); err != nil || base != at.End {
			t.Fatalf("%s: Append to %s: %d, %v; the end was %d", what, name, base, err, at.End)
		}
		more[name] = &ledger{sent: []batch.Batch{b}, told: b.NextOffset(), synced: b.NextOffset(), start: at.Start, exists: true}
	}
	if err := e.Close(); err != nil {
		t.Fatalf("%s: Close: %v", what, err)
	}
	e = openEngine(t, fsys, tiny)
	check(t, e, more, power, what+", then appended and reopened")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

var errCut = errors.New("the process is gone")

// cutAfter lets bytes be written and then fails every call.
func cutAfter(bytes int) func(vfs.Call) (int, error) {
	budget := make(chan int, 1)
	budget <- bytes
	return func(c vfs.Call) (int, error) {
		left := <-budget
		if left < 0 || c.Bytes > left {
			budget <- -1
			return max(left, 0), errCut
		}
		budget <- left - c.Bytes
		return 0, nil
	}
}

// stopAfter lets calls be made and then fails every one, although what they write reaches the cache.
func stopAfter(calls int) func(vfs.Call) (int, error) {
	count := make(chan int, 1)
	count <- calls
	return func(c vfs.Call) (int, error) {
		left := <-count - 1
		count <- left
		if left >= 0 {
			return 0, nil
		}
		return c.Bytes, errCut
	}
}

func TestAKillAtEveryByteLosesNothingAcknowledged(t *testing.T) {
	for cut := 0; ; cut++ {
		fsys := vfs.NewMemory()
		fsys.Before(cutAfter(cut))
		logs, e, err := run(t, fsys)
		killed := fsys.Kill()
		if e != nil {
			_ = e.Close()
		}
		survives(t, killed, logs, false, fmt.Sprintf("killed at byte %d", cut))
		if err == nil {
			return
		}
	}
}

func TestALossOfPowerAtEveryCallLosesNothingSynced(t *testing.T) {
	for stop := 0; ; stop++ {
		fsys := vfs.NewMemory()
		fsys.Before(stopAfter(stop))
		logs, e, err := run(t, fsys)
		var states []*vfs.Memory
		for seed := range uint64(5) {
			states = append(states, fsys.Crash(rand.New(rand.NewPCG(seed, uint64(stop)))))
		}
		states = append(states, fsys.CrashLosing())
		killed := fsys.Kill()
		if e != nil {
			_ = e.Close()
		}
		for i, state := range states {
			survives(t, state, logs, true, fmt.Sprintf("stopped at call %d, state %d", stop, i))
		}
		survives(t, killed, logs, false, fmt.Sprintf("killed at call %d", stop))
		if err == nil {
			return
		}
	}
}

func TestACrashDuringRecoveryLosesNothing(t *testing.T) {
	for seed := range uint64(6) {
		fsys := vfs.NewMemory()
		fsys.Before(stopAfter(30 + int(seed)*15))
		logs, e, _ := run(t, fsys)
		crashed := fsys.Crash(rand.New(rand.NewPCG(seed, 9)))
		if e != nil {
			_ = e.Close()
		}
		for stop := 0; ; stop++ {
			again := crashed.Kill()
			again.Before(stopAfter(stop))
			e, err := local.Open(t.Context(), again, tiny)
			twice := again.Crash(rand.New(rand.NewPCG(seed, uint64(stop))))
			if e != nil {
				_ = e.Close()
			}
			survives(t, twice, logs, true, fmt.Sprintf("seed %d, recovery stopped at call %d", seed, stop))
			if err == nil {
				break
			}
		}
	}
}

// TestACutTailNeverComesBack: batches of one size, so that the remains of a torn tail would line up behind new batches.
func TestACutTailNeverComesBack(t *testing.T) {
	returned := 0
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 3))
		fsys := vfs.NewMemory()
		e := openEngine(t, fsys, tiny)
		mustAppend(t, openLog(t, e, "t-0"), tagged(t, 10, 1), commitlog.Fsync)
		if err := e.Close(); err != nil { // a checkpoint: the write-ahead log will not tell of the log
			t.Fatal(err)
		}
		e = openEngine(t, fsys, tiny)
		l := openLog(t, e, "t-0")
		for i := range 3 {
			mustAppend(t, l, tagged(t, 11+i, 1), commitlog.OS)
		}
		first := fsys.Crash(rng)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}

		e = openEngine(t, first, tiny)
		l = openLog(t, e, "t-0")
		b := ledger{sent: nil, exists: true}
		for at := l.Bounds().End; at < 4; at++ {
			sent := tagged(t, 20+int(at), 1)
			mustAppend(t, l, sent, commitlog.Fsync)
			b.sent, b.synced = append(b.sent, sent), sent.NextOffset()
			returned++
		}
		second := first.Crash(rng)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}

		e = openEngine(t, second, tiny)
		l = openLog(t, e, "t-0")
		if len(b.sent) > 0 {
			checkLog(t, l, &b, true, fmt.Sprintf("seed %d", seed))
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if returned < 100 {
		t.Errorf("only %d batches were written where a tail had been cut off", returned)
	}
}

// TestALogMadeAnewDuringACheckpointSurvives: the catalog that the checkpoint writes knows more than the position in the
// write-ahead log that it stands for, so the records in between are folded in twice.
func TestALogMadeAnewDuringACheckpointSurvives(t *testing.T) {
	fsys := vfs.NewMemory()
	e := openEngine(t, fsys, local.Options{WALSegmentBytes: 1 << 20, CheckpointBytes: 1})
	var want batch.Batch
	var begin, end sync.Once
	begun, finished, killed := make(chan struct{}), make(chan struct{}), make(chan *vfs.Memory, 1)
	fsys.Before(func(c vfs.Call) (int, error) {
		switch {
		case c.Op == vfs.OpSync && strings.HasSuffix(c.Name, ".log"):
			begin.Do(func() { close(begun); <-finished })
		case c.Op == vfs.OpSyncDir && c.Name == "." && isClosed(finished): // the catalog is in its place
			end.Do(func() { killed <- fsys.Kill() })
		}
		return 0, nil
	})
	mustAppend(t, openLog(t, e, "other-0"), tagged(t, 1, 1), commitlog.Fsync)
	<-begun // the checkpoint has its position
	for tag := range 3 {
		if err := e.Remove(t.Context(), "t-0"); err != nil {
			t.Fatal(err)
		}
		want = tagged(t, tag, 1)
		mustAppend(t, openLog(t, e, "t-0"), want, commitlog.Fsync)
	}
	close(finished)
	after := <-killed
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		e = openEngine(t, after, local.Options{})
		if got, err := openLog(t, e, "t-0").Read(t.Context(), nil, 0, 1); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("Read gave %d bytes, %v", len(got), err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
