package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/registry"
)

// Trouble puts a kind of store that can lose what it stands on, and gets it back, through a second exam. disturb makes calls
// fail or hang for a while and returns when the trouble is over; the store has to recover by itself.
func Trouble(t *testing.T, setup func(t *testing.T) Fixture, disturb func(t *testing.T)) {
	cases := []struct {
		name string
		run  func(t *testing.T, f Fixture, disturb func(t *testing.T))
	}{
		{"writers lose nothing that was acknowledged", troubleWriters},
		{"a reader sees a growing prefix", troubleReader},
		{"Wait wakes for an append after the trouble", troubleWait},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := setup(t)
			t.Cleanup(func() { _ = f.Store.Close() })
			c.run(t, f, disturb)
		})
	}
}

const disturbances = 2

// persist calls try until it succeeds. Only ErrStore may come meanwhile.
func persist(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil || !errors.Is(err, registry.ErrStore) || ctx.Err() != nil {
			return err
		}
	}
}

// troubleWriters lets writers race through the trouble. A write that failed is open: its author writes something else next.
func troubleWriters(t *testing.T, f Fixture, disturb func(t *testing.T)) {
	const writers = 4
	ctx := within(t)
	stop := make(chan struct{})
	wrote := make([]map[registry.Seq]string, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wrote[w] = map[registry.Seq]string{}
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				data := fmt.Sprintf(`{"writer":%d,"i":%d}`, w, i)
				seq, err := appendRacing(ctx, f.Store, []byte(data))
				if err == nil {
					wrote[w][seq] = data
				} else if !errors.Is(err, registry.ErrStore) {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	for range disturbances {
		disturb(t)
		afterwards(t, ctx, f.Store, `{"after":"trouble"}`)
	}
	close(stop)
	wg.Wait()
	checkAcknowledged(t, f.Store, wrote)
}

// afterwards demands that the store works again.
func afterwards(t *testing.T, ctx context.Context, s registry.Store, data string) {
	t.Helper()
	err := persist(ctx, func() error {
		_, err := appendRacing(ctx, s, []byte(data))
		return err
	})
	if err != nil {
		t.Fatalf("an append after the trouble: %v", err)
	}
}

// checkAcknowledged demands a log without gaps, in which each acknowledged change is where its writer was told, and once.
func checkAcknowledged(t *testing.T, s registry.Store, wrote []map[registry.Seq]string) {
	t.Helper()
	at := map[string]registry.Seq{}
	log := readAll(t, s, 0)
	for i, e := range log {
		if e.Seq != registry.Seq(i+1) {
			t.Fatalf("entry %d has seq %d", i, e.Seq)
		}
		if e.Data == `{"after":"trouble"}` {
			continue
		}
		if first, twice := at[e.Data]; twice {
			t.Errorf("%s is at %d and at %d", e.Data, first, e.Seq)
		}
		at[e.Data] = e.Seq
	}
	acknowledged := 0
	for w, won := range wrote {
		acknowledged += len(won)
		for seq, data := range won {
			if at[data] != seq {
				t.Errorf("writer %d was told that %s is at %d; it is at %d (0: nowhere)", w, data, seq, at[data])
			}
		}
	}
	if acknowledged == 0 {
		t.Error("nothing was acknowledged at all")
	}
}

func troubleReader(t *testing.T, f Fixture, disturb func(t *testing.T)) {
	ctx := within(t)
	s := f.Store
	n, done := 10, make(chan error, 1)
	fill(t, s, 1, n)
	const last = 20
	go func() { done <- persist(ctx, func() error { return follow(ctx, s, last) }) }()
	for range disturbances {
		disturb(t)
	}
	for n < last {
		err := persist(ctx, func() error {
			err := s.Append(ctx, registry.Seq(n), change(n+1))
			if errors.Is(err, registry.ErrStale) {
				return nil // an attempt that seemed to fail
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	same(t, "entries", wantEntries(1, last), readAll(t, s, 0))
}

func troubleWait(t *testing.T, f Fixture, disturb func(t *testing.T)) {
	ctx := within(t)
	writer := f.Store
	if f.Peer != nil {
		writer = f.Peer(t)
		t.Cleanup(func() { _ = writer.Close() })
	}
	for n := range registry.Seq(disturbances) {
		woken := make(chan error, 1)
		go func() { woken <- f.Store.Wait(ctx, n) }()
		disturb(t)
		err := persist(ctx, func() error {
			err := writer.Append(ctx, n, change(int(n)+1))
			if errors.Is(err, registry.ErrStale) {
				return nil
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-woken; err != nil {
			t.Fatalf("Wait after %d: %v", n, err)
		}
	}
}
