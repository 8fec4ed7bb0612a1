package logtest

import (
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

// checkClosed demands ErrClosed of every call.
func checkClosed(t *testing.T, l commitlog.Log) {
	t.Helper()
	_, err := l.Append(within(t), made(t, batch.Spec{}, 'x', 1), commitlog.Fsync)
	wantCode(t, "Append", err, commitlog.ErrClosed)
	_, err = l.Append(within(t), made(t, batch.Spec{}, 'x', 1), commitlog.OS)
	wantCode(t, "Append", err, commitlog.ErrClosed)
	_, err = l.Read(within(t), nil, 0, 1)
	wantCode(t, "Read", err, commitlog.ErrClosed)
	_, _, err = l.Find(within(t), milli(0))
	wantCode(t, "Find", err, commitlog.ErrClosed)
	wantCode(t, "TrimBefore", l.TrimBefore(within(t), 1), commitlog.ErrClosed)
	wantCode(t, "Wait", l.Wait(within(t), 1<<40), commitlog.ErrClosed)
	if err := l.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func examCloseLog(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	stored := fill(t, l, 4)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	checkClosed(t, l)
	again := open(t, f.Engine, "t-0")
	same(t, "batches", stored, readAll(t, again, 1<<20))
	stored = append(stored, fill(t, again, 2)...)
	same(t, "batches", stored, readAll(t, again, 1<<20))
}

func examCloseEngine(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	fill(t, l, 2)
	if err := f.Engine.Close(); err != nil {
		t.Fatal(err)
	}
	checkClosed(t, l)
	_, err := f.Engine.Open(within(t), "t-0")
	wantCode(t, "Open", err, commitlog.ErrClosed)
	_, err = f.Engine.Names(within(t))
	wantCode(t, "Names", err, commitlog.ErrClosed)
	wantCode(t, "Remove", f.Engine.Remove(within(t), "t-0"), commitlog.ErrClosed)
	if err := f.Engine.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func names(t *testing.T, e commitlog.Engine) []string {
	t.Helper()
	ns, err := e.Names(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

func examReopen(t *testing.T, f Fixture) {
	e, stored := f.Engine, map[string][]batch.Batch{}
	all := []string{"a-0", "a-1", "b.c_D-12"}
	for round := range 3 {
		for i, name := range all {
			l := open(t, e, name)
			same(t, "batches", stored[name], readAll(t, l, 1<<20))
			stored[name] = append(stored[name], fillFrom(t, l, 3+i+round)...)
		}
		e = reopen(t, e, f)
		same(t, "names", all, names(t, e))
	}
	for _, name := range all {
		same(t, "batches", stored[name], readAll(t, open(t, e, name), 1))
	}
}

// fillFrom is fill with the base offsets that the log's end demands.
func fillFrom(t *testing.T, l commitlog.Log, n int) []batch.Batch {
	t.Helper()
	at := l.Bounds().End
	bs := fill(t, l, n)
	if bs[0].BaseOffset() != at {
		t.Errorf("the first batch after offset %d is at %d", at, bs[0].BaseOffset())
	}
	return bs
}

func examRemove(t *testing.T, f Fixture) {
	gone, stays := open(t, f.Engine, "gone-0"), open(t, f.Engine, "stays-0")
	fill(t, gone, 5)
	stored := fill(t, stays, 5)
	if err := f.Engine.Remove(within(t), "gone-0"); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	checkClosed(t, gone)
	if err := f.Engine.Remove(within(t), "never-0"); err != nil {
		t.Errorf("Remove of an unknown name: %v", err)
	}
	same(t, "names", []string{"stays-0"}, names(t, f.Engine))
	e := reopen(t, f.Engine, f)
	same(t, "names after a restart", []string{"stays-0"}, names(t, e))
	if err := e.Remove(within(t), "gone-0"); err != nil {
		t.Errorf("a second Remove: %v", err)
	}
	same(t, "batches", stored, readAll(t, open(t, e, "stays-0"), 1<<20))
	if err := e.Remove(within(t), "stays-0"); err != nil {
		t.Errorf("Remove: %v", err)
	}
	if got := names(t, reopen(t, e, f)); len(got) != 0 {
		t.Errorf("names after all were removed: %v", got)
	}
}

// examRecreate: nothing of a removed log may show in the next one of its name, not even after a restart.
func examRecreate(t *testing.T, f Fixture) {
	fill(t, open(t, f.Engine, "t-0"), 9)
	if err := f.Engine.Remove(within(t), "t-0"); err != nil {
		t.Fatal(err)
	}
	l := open(t, f.Engine, "t-0")
	same(t, "bounds", commitlog.Bounds{Term: l.Bounds().Term}, l.Bounds())
	stored := fillFrom(t, l, 2)
	l = open(t, reopen(t, f.Engine, f), "t-0")
	same(t, "batches", stored, readAll(t, l, 1<<20))
}

func examNames(t *testing.T, f Fixture) {
	for _, name := range []string{"", ".", "..", "a/b-0", "../x-0", "a b-0", "ä-0", "a\x00-0", `a\b-0`, strings.Repeat("x", 256)} {
		_, err := f.Engine.Open(within(t), name)
		wantCode(t, "Open", err, commitlog.ErrBadName)
	}
	long := strings.Repeat("x", 249) + "-99999"
	fill(t, open(t, f.Engine, long), 1)
	fill(t, open(t, f.Engine, "...-0"), 1)
	same(t, "names", []string{"...-0", long}, names(t, reopen(t, f.Engine, f)))
}
