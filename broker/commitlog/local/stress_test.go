package local_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// expected are the errors that a call may end with while logs are trimmed, closed and removed around it.
func expected(err error) bool {
	return err == nil || errors.Is(err, commitlog.ErrClosed) || errors.Is(err, commitlog.ErrOutOfRange) || errors.Is(err, context.Canceled)
}

// meddle does one random thing to one of a few logs.
func meddle(ctx context.Context, e *local.Engine, rng *rand.Rand, proto batch.Batch) error {
	name := fmt.Sprintf("t-%d", rng.IntN(3))
	log, err := e.Open(ctx, name)
	if err != nil {
		return err
	}
	bounds := log.Bounds()
	if bounds.Start > bounds.HighWatermark || bounds.HighWatermark > bounds.End {
		return fmt.Errorf("bounds %+v", bounds)
	}
	switch n := rng.IntN(100); {
	case n < 50:
		_, err = log.Append(ctx, append(batch.Batch(nil), proto...), commitlog.Durability(rng.IntN(2)))
	case n < 75:
		err = readSome(ctx, log, bounds, rng)
	case n < 82:
		_, _, err = log.Find(ctx, time.UnixMilli(rng.Int64N(10)))
	case n < 90:
		err = log.TrimBefore(ctx, bounds.Start+batch.Offset(rng.Int64N(int64(bounds.HighWatermark-bounds.Start)+1)))
	case n < 94:
		log.(commitlog.Sizer).Segments()
	case n < 97:
		err = log.Close()
	case n < 99:
		short, cancel := context.WithCancel(ctx)
		go cancel()
		err = log.Wait(short, bounds.End+1)
	default:
		err = e.Remove(ctx, name)
	}
	return err
}

// readSome reads from a random place and checks that it gets whole batches from there on.
func readSome(ctx context.Context, log commitlog.Log, bounds commitlog.Bounds, rng *rand.Rand) error {
	from := bounds.Start + batch.Offset(rng.Int64N(int64(bounds.HighWatermark-bounds.Start)+1))
	got, err := log.Read(ctx, nil, from, rng.IntN(2000))
	if err != nil {
		return err
	}
	for next := from; len(got) > 0; {
		b, rest, err := batch.Open(got)
		if err != nil {
			return err
		}
		if b.BaseOffset() > next || b.NextOffset() <= next {
			return fmt.Errorf("at %d came a batch of %d to %d", next, b.BaseOffset(), b.LastOffset())
		}
		next, got = b.NextOffset(), rest
	}
	return nil
}

func TestEverythingAtOnce(t *testing.T) {
	const workers, steps = 6, 250
	for name, fsys := range map[string]vfs.FS{"os": vfs.OS(t.TempDir()), "memory": vfs.NewMemory()} {
		t.Run(name, func(t *testing.T) {
			e := openEngine(t, fsys, tiny)
			proto := tagged(t, 5, 3)
			var wg sync.WaitGroup
			for w := range workers {
				wg.Go(func() {
					rng := rand.New(rand.NewPCG(uint64(w), 1))
					for range steps {
						if err := meddle(t.Context(), e, rng, proto); !expected(err) {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			if err := e.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			e = openEngine(t, fsys, tiny)
			names, err := e.Names(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				openLog(t, e, name)
			}
		})
	}
}

func TestClosingUnderLoadEndsEveryCall(t *testing.T) {
	for round := range 10 {
		e := openEngine(t, vfs.NewMemory(), tiny)
		proto := tagged(t, 5, 3)
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(w), uint64(round)))
				for {
					if err := meddle(t.Context(), e, rng, proto); errors.Is(err, commitlog.ErrClosed) {
						if _, err := e.Names(t.Context()); err != nil {
							return
						}
					} else if !expected(err) {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 20 {
			mustOpenAny(t, e)
		}
		if err := e.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		wg.Wait()
	}
}

func mustOpenAny(t *testing.T, e *local.Engine) {
	t.Helper()
	l := openLog(t, e, "mine-0")
	mustAppend(t, l, tagged(t, 1, 1), commitlog.Fsync)
}
