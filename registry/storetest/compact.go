package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/pawl-registry/pawl/registry"
)

// parts is a snapshot in some parts.
func parts(texts ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var scratch []byte // the next part takes the place of the one before
		for _, text := range texts {
			if scratch = append(scratch[:0], text...); !yield(scratch, nil) {
				return
			}
		}
	}
}

func examCompact(t *testing.T, f Fixture) {
	c, ok := f.Store.(registry.Compactor)
	if !ok {
		return // the interface is optional
	}
	fill(t, f.Store, 1, 10)
	snapshot := []string{`{"snapshot":6}`, `{"snapshot":6,"part":2}`, `{"p":3}`}
	if err := c.Compact(within(t), 6, parts(snapshot...)); err != nil {
		t.Fatalf("Compact: %v", err)
	}
	if err := c.Compact(within(t), 11, parts(`{}`)); err == nil {
		t.Error("Compact beyond the end of the log gave no error")
	}
	if err := c.Compact(within(t), 5, parts(`{}`)); err != nil {
		t.Errorf("Compact where a later snapshot stands: %v", err)
	}
	checkCompacted(t, f.Store, 10, snapshot)
	fill(t, f.Store, 11, 12)
	checkCompacted(t, f.Store, 12, snapshot)
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	s := f.Reopen(t)
	t.Cleanup(func() { _ = s.Close() })
	checkCompacted(t, s, 12, snapshot)
	fill(t, s, 13, 13)
	if err := s.(registry.Compactor).Compact(within(t), 13, parts(`{"snapshot":13}`)); err != nil {
		t.Fatalf("Compact of the whole log: %v", err)
	}
	same(t, "entries", []entry{{13, `{"snapshot":13}`}}, readAll(t, s, 0))
	fill(t, s, 14, 14)
	same(t, "entries", wantEntries(14, 14), readAll(t, s, 13))
}

func checkCompacted(t *testing.T, s registry.Store, end int, snapshot []string) {
	t.Helper()
	var want []entry
	for _, part := range snapshot {
		want = append(want, entry{6, part})
	}
	want = append(want, wantEntries(7, end)...)
	for after := range registry.Seq(6) {
		same(t, "entries from before the snapshot", want, readAll(t, s, after))
	}
	for after := 6; after <= end; after++ {
		same(t, "entries from beyond the snapshot", wantEntries(after+1, end), readAll(t, s, registry.Seq(after)))
	}
}

// examCompactFails gives up in the middle of a snapshot, which must leave no trace of it.
func examCompactFails(t *testing.T, f Fixture) {
	c, ok := f.Store.(registry.Compactor)
	if !ok {
		return
	}
	fill(t, f.Store, 1, 5)
	failed := errors.New("no more parts")
	err := c.Compact(within(t), 4, func(yield func([]byte, error) bool) {
		if yield([]byte(`{"snapshot":4}`), nil) {
			yield(nil, failed)
		}
	})
	if !errors.Is(err, failed) {
		t.Errorf("Compact gave %v", err)
	}
	same(t, "entries", wantEntries(1, 5), readAll(t, f.Store, 0))
	fill(t, f.Store, 6, 6)
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	s := f.Reopen(t)
	t.Cleanup(func() { _ = s.Close() })
	same(t, "entries after a restart", wantEntries(1, 6), readAll(t, s, 0))
}

// examCompactBeside compacts again and again while one writes and others follow.
func examCompactBeside(t *testing.T, f Fixture) {
	c, ok := f.Store.(registry.Compactor)
	if !ok {
		return
	}
	const n = 60
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	done := make(chan error, 2)
	go func() { done <- followCompacted(ctx, f.Store, n) }()
	go func() {
		var err error
		for at := registry.Seq(5); at < n && err == nil; at += 5 {
			if err = f.Store.Wait(ctx, at); err == nil {
				err = c.Compact(ctx, at, parts(fmt.Sprintf(`{"snapshot":%d}`, at), `{"part":2}`))
			}
		}
		done <- err
	}()
	fill(t, f.Store, 1, n)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// followCompacted follows until it has seen seq n; what it does not see as changes it must see as a whole snapshot.
func followCompacted(ctx context.Context, s registry.Store, n registry.Seq) error {
	var at registry.Seq
	for at < n {
		open := false // in the middle of a snapshot
		err := s.Read(ctx, at, func(e registry.Entry) error {
			text := string(e.Data)
			switch {
			case open && e.Seq == at && text == `{"part":2}`:
				open = false
			case !open && e.Seq > at && text == fmt.Sprintf(`{"snapshot":%d}`, e.Seq):
				open, at = true, e.Seq
			case !open && e.Seq == at+1 && text == string(change(int(e.Seq))):
				at = e.Seq
			default:
				return fmt.Errorf("after seq %d (in a snapshot: %v) came %d: %s", at, open, e.Seq, text)
			}
			return nil
		})
		if open {
			err = errors.Join(err, errors.New("a snapshot without its second part"))
		}
		if err == nil && at < n {
			err = s.Wait(ctx, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
