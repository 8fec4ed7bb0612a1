package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/registry"
)

// Fixture is one store under exam.
type Fixture struct {
	// Store is new and empty. The exam closes it.
	Store registry.Store
	// Reopen opens the same changes again after the exam has closed Store, as after a restart. The exam closes the result.
	Reopen func(t *testing.T) registry.Store
	// Peer opens the same changes a second time while Store is open, as another process would. It is nil for stores that
	// belong to one process. The exam closes the result.
	Peer func(t *testing.T) registry.Store
}

// Run puts a kind of store through the exam. It calls setup once for each case, with that case's t.
func Run(t *testing.T, setup func(t *testing.T) Fixture) {
	cases := []struct {
		name string
		run  func(t *testing.T, f Fixture)
	}{
		{"an empty store holds nothing", examEmpty},
		{"changes are read in order from any position", examOrder},
		{"a stale append is refused and writes nothing", examStale},
		{"data is not kept by Append", examDataNotKept},
		{"data comes back byte for byte", examFidelity},
		{"concurrent appenders lose nothing", examConcurrent},
		{"readers beside a writer see a growing prefix", examReadersBesideWriter},
		{"Read stops at the first error of yield", examYieldError},
		{"Read may call the store from yield", examReentrantRead},
		{"Wait wakes for each append", examWaitWakes},
		{"Wait returns at once when the log is beyond", examWaitBehind},
		{"Wait ends with its context", examWaitCancelled},
		{"a closed store answers with ErrStore", examClosed},
		{"Close ends calls under way", examCloseEndsWait},
		{"changes survive a restart", examReopen},
		{"two handles share one log", examPeer},
		{"a snapshot stands for a prefix", examCompact},
		{"a snapshot that fails leaves no trace", examCompactFails},
		{"snapshots are taken beside writers and readers", examCompactBeside},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := setup(t)
			t.Cleanup(func() { _ = f.Store.Close() })
			c.run(t, f)
		})
	}
}

// patience bounds every call that ought to return; nothing is measured against it.
const patience = 30 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// change is a small encoded change. The spaces and the order of keys are part of it: a store keeps bytes, not meaning.
func change(n int) []byte { return fmt.Appendf(nil, `{"n": %d,  "a":"ü %d"}`, n, n) }

func mustAppend(t *testing.T, s registry.Store, after registry.Seq, data []byte) {
	t.Helper()
	if err := s.Append(within(t), after, data); err != nil {
		t.Fatalf("Append after %d: %v", after, err)
	}
}

func fill(t *testing.T, s registry.Store, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		mustAppend(t, s, registry.Seq(n-1), change(n))
	}
}

type entry struct {
	Seq  registry.Seq
	Data string
}

func readAll(t *testing.T, s registry.Store, after registry.Seq) []entry {
	t.Helper()
	got, err := read(within(t), s, after)
	if err != nil {
		t.Fatalf("Read after %d: %v", after, err)
	}
	return got
}

func read(ctx context.Context, s registry.Store, after registry.Seq) ([]entry, error) {
	var got []entry
	err := s.Read(ctx, after, func(e registry.Entry) error {
		got = append(got, entry{e.Seq, string(e.Data)})
		return nil
	})
	return got, err
}

func wantEntries(from, to int) []entry {
	var want []entry
	for n := from; n <= to; n++ {
		want = append(want, entry{registry.Seq(n), string(change(n))})
	}
	return want
}

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func wantCode(t *testing.T, what string, err, code error) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Errorf("%s: got error %v, want %v", what, err, code)
	}
}
