package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/registry"
)

// examConcurrent lets several writers race for each position, as the registry does: a stale one reads and tries again.
func examConcurrent(t *testing.T, f Fixture) {
	const writers, each = 6, 12
	ctx := within(t)
	wrote := make([]map[registry.Seq]string, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wrote[w] = map[registry.Seq]string{}
		wg.Go(func() {
			for i := range each {
				data := fmt.Sprintf(`{"writer":%d,"i":%d}`, w, i)
				seq, err := appendRacing(ctx, f.Store, []byte(data))
				if err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
				wrote[w][seq] = data
			}
		})
	}
	wg.Wait()
	checkWon(t, f.Store, wrote, writers*each)
}

func checkWon(t *testing.T, s registry.Store, wrote []map[registry.Seq]string, total int) {
	t.Helper()
	got := readAll(t, s, 0)
	if len(got) != total {
		t.Fatalf("the log holds %d changes, want %d", len(got), total)
	}
	held := map[registry.Seq]string{}
	for i, e := range got {
		if e.Seq != registry.Seq(i+1) {
			t.Fatalf("entry %d has seq %d", i, e.Seq)
		}
		held[e.Seq] = e.Data
	}
	for w, won := range wrote {
		for seq, data := range won {
			if held[seq] != data {
				t.Errorf("writer %d was told that seq %d is %s, but it is %s", w, seq, data, held[seq])
			}
		}
	}
}

func appendRacing(ctx context.Context, s registry.Store, data []byte) (registry.Seq, error) {
	var end registry.Seq
	for {
		err := s.Append(ctx, end, data)
		if err == nil {
			return end + 1, nil
		}
		if !errors.Is(err, registry.ErrStale) {
			return 0, err
		}
		err = s.Read(ctx, end, func(e registry.Entry) error {
			end = e.Seq
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
}

func examReadersBesideWriter(t *testing.T, f Fixture) {
	const n, readers = 40, 3
	ctx := within(t)
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			if err := follow(ctx, f.Store, n); err != nil {
				t.Error(err)
			}
		})
	}
	fill(t, f.Store, 1, n)
	wg.Wait()
}

// follow reads and waits by turns until it has seen seq n.
func follow(ctx context.Context, s registry.Store, n registry.Seq) error {
	var at registry.Seq
	for at < n {
		err := s.Read(ctx, at, func(e registry.Entry) error {
			if e.Seq != at+1 || string(e.Data) != string(change(int(e.Seq))) {
				return fmt.Errorf("after seq %d came %d: %s", at, e.Seq, e.Data)
			}
			at = e.Seq
			return nil
		})
		if err != nil {
			return err
		}
		if at < n {
			if err := s.Wait(ctx, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// examWaitWakes plays ping-pong: each append is made only after all waiters saw the one before.
func examWaitWakes(t *testing.T, f Fixture) {
	const rounds, waiters = 15, 3
	ctx := within(t)
	for n := range rounds {
		woken := make(chan error, waiters)
		for range waiters {
			go func() { woken <- f.Store.Wait(ctx, registry.Seq(n)) }()
		}
		fill(t, f.Store, n+1, n+1)
		for range waiters {
			if err := <-woken; err != nil {
				t.Fatalf("Wait after %d: %v", n, err)
			}
		}
	}
}

func examCloseEndsWait(t *testing.T, f Fixture) {
	fill(t, f.Store, 1, 1)
	const waiters = 4
	ctx, done := within(t), make(chan error, waiters)
	for range waiters {
		go func() { done <- f.Store.Wait(ctx, 1) }()
	}
	if err := f.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for range waiters {
		wantCode(t, "Wait when the store closes", <-done, registry.ErrStore)
	}
}
