package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/pawl-registry/pawl/registry"
)

func examEmpty(t *testing.T, f Fixture) {
	for _, after := range []registry.Seq{0, 1, 1 << 40} {
		if got := readAll(t, f.Store, after); len(got) != 0 {
			t.Errorf("Read after %d of an empty store: %v", after, got)
		}
	}
}

func examOrder(t *testing.T, f Fixture) {
	const n = 20
	fill(t, f.Store, 1, n)
	for after := 0; after <= n+1; after++ {
		same(t, "entries", wantEntries(after+1, n), readAll(t, f.Store, registry.Seq(after)))
	}
}

func examStale(t *testing.T, f Fixture) {
	wantCode(t, "Append ahead of an empty log", f.Store.Append(within(t), 1, change(9)), registry.ErrStale)
	fill(t, f.Store, 1, 3)
	for _, after := range []registry.Seq{0, 1, 2, 4, 5, 1 << 40} {
		wantCode(t, "Append elsewhere than at the end", f.Store.Append(within(t), after, change(9)), registry.ErrStale)
	}
	same(t, "entries", wantEntries(1, 3), readAll(t, f.Store, 0))
	fill(t, f.Store, 4, 4)
	same(t, "entries", wantEntries(1, 4), readAll(t, f.Store, 0))
}

func examDataNotKept(t *testing.T, f Fixture) {
	buf := bytes.Clone(change(1))
	mustAppend(t, f.Store, 0, buf)
	for i := range buf {
		buf[i] = 'x'
	}
	same(t, "entries", wantEntries(1, 1), readAll(t, f.Store, 0))
}

func examFidelity(t *testing.T, f Fixture) {
	large := append(append([]byte(`{"schema":"`), bytes.Repeat([]byte("0123456789abcde "), 5<<16)...), `"}`...)
	texts := [][]byte{
		[]byte(`{}`),
		[]byte(`{"b":1,"a":1,"a":2}`),
		[]byte("{\n\t\"x\" : 1.50e+01 , \"y\":\"\\u00e4 \\\\ \\\" \u2028 \U0001F600\"\n}\n"),
		large,
	}
	var want []entry
	for i, text := range texts {
		mustAppend(t, f.Store, registry.Seq(i), text)
		want = append(want, entry{registry.Seq(i + 1), string(text)})
	}
	same(t, "entries", want, readAll(t, f.Store, 0))
}

func examYieldError(t *testing.T, f Fixture) {
	fill(t, f.Store, 1, 5)
	stop, calls := errors.New("stop"), 0
	err := f.Store.Read(within(t), 1, func(e registry.Entry) error {
		if calls++; e.Seq == 3 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || calls != 2 {
		t.Errorf("Read gave %v after %d calls of yield, want %v after 2", err, calls, stop)
	}
}

func examReentrantRead(t *testing.T, f Fixture) {
	fill(t, f.Store, 1, 3)
	var got []entry
	err := f.Store.Read(within(t), 0, func(e registry.Entry) error {
		if e.Seq == 1 {
			mustAppend(t, f.Store, 3, change(4))
		}
		got = append(got, entry{e.Seq, string(e.Data)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) < 3 {
		t.Fatalf("Read gave %d entries, want 3 or 4", len(got))
	}
	same(t, "entries", wantEntries(1, len(got)), got)
}

func examClosed(t *testing.T, f Fixture) {
	fill(t, f.Store, 1, 2)
	if err := f.Store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	wantCode(t, "Append", f.Store.Append(within(t), 2, change(3)), registry.ErrStore)
	_, err := read(within(t), f.Store, 0)
	wantCode(t, "Read", err, registry.ErrStore)
	wantCode(t, "Wait", f.Store.Wait(within(t), 2), registry.ErrStore)
	if err := f.Store.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
}

func examReopen(t *testing.T, f Fixture) {
	if f.Reopen == nil {
		t.Fatal("the fixture has no Reopen")
	}
	s := f.Store
	for round := range 3 {
		from := round*4 + 1
		fill(t, s, from, from+3)
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		s = f.Reopen(t)
		t.Cleanup(func() { _ = s.Close() })
		same(t, "entries after a restart", wantEntries(1, from+3), readAll(t, s, 0))
		wantCode(t, "a stale Append after a restart", s.Append(within(t), registry.Seq(from), change(99)), registry.ErrStale)
	}
}

func examPeer(t *testing.T, f Fixture) {
	if f.Peer == nil {
		return // the store belongs to one process
	}
	peer := f.Peer(t)
	t.Cleanup(func() { _ = peer.Close() })
	woken := make(chan error, 1)
	ctx := within(t)
	go func() { woken <- peer.Wait(ctx, 0) }()
	mustAppend(t, f.Store, 0, change(1))
	if err := <-woken; err != nil {
		t.Fatalf("Wait for the append of the other handle: %v", err)
	}
	wantCode(t, "Append by the handle that is behind", peer.Append(within(t), 0, change(9)), registry.ErrStale)
	mustAppend(t, peer, 1, change(2))
	wantCode(t, "Append by the handle that is behind", f.Store.Append(within(t), 1, change(9)), registry.ErrStale)
	same(t, "entries of the first handle", wantEntries(1, 2), readAll(t, f.Store, 0))
	same(t, "entries of the second handle", wantEntries(1, 2), readAll(t, peer, 0))
	if err := peer.Close(); err != nil {
		t.Fatal(err)
	}
	fill(t, f.Store, 3, 3)
}

func examWaitBehind(t *testing.T, f Fixture) {
	fill(t, f.Store, 1, 3)
	for after := range registry.Seq(3) {
		if err := f.Store.Wait(within(t), after); err != nil {
			t.Errorf("Wait after %d: %v", after, err)
		}
	}
}

func examWaitCancelled(t *testing.T, f Fixture) {
	fill(t, f.Store, 1, 1)
	ctx, cancel := context.WithCancel(within(t))
	done := make(chan error, 1)
	go func() { done <- f.Store.Wait(ctx, 1) }()
	cancel()
	wantCode(t, "Wait under a cancelled context", <-done, context.Canceled)
	wantCode(t, "Wait with a cancelled context", f.Store.Wait(ctx, 1), context.Canceled)
	fill(t, f.Store, 2, 2)
}
