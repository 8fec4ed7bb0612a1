package logtest

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
)

// numbered is a batch of 1 to 3 records that says who wrote it and in which turn.
func numbered(writer, turn int) (batch.Batch, error) {
	value := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(writer)), uint32(turn))
	rs := []batch.Record{{Value: value}, {Value: value}, {Value: value}}
	return batch.Build(nil, batch.Spec{}, rs[:1+turn%3])
}

func numbersOf(b batch.Batch) (writer, turn int, err error) {
	err = b.Records(1<<20, func(_ int, r batch.Record) bool {
		writer, turn = int(binary.BigEndian.Uint32(r.Value)), int(binary.BigEndian.Uint32(r.Value[4:]))
		return true
	})
	return writer, turn, err
}

// write appends the batches of one writer and checks that its offsets go up.
func write(ctx context.Context, l commitlog.Log, writer, turns int) error {
	last := batch.Offset(-1)
	for turn := range turns {
		b, err := numbered(writer, turn)
		if err != nil {
			return err
		}
		base, err := l.Append(ctx, b, commitlog.Durability((writer+turn/2)%2))
		if err != nil {
			return fmt.Errorf("writer %d: %w", writer, err)
		}
		if base <= last {
			return fmt.Errorf("writer %d: offset %d after %d", writer, base, last)
		}
		last = base
	}
	return nil
}

// reader checks what it is fed: contiguous batches, each writer's turns in order.
type reader struct {
	at    batch.Offset
	turns map[int]int
	seen  int
}

func (r *reader) feed(stored []byte) error {
	for len(stored) > 0 {
		b, rest, err := batch.Open(stored)
		if err != nil {
			return err
		}
		writer, turn, err := numbersOf(b)
		if err != nil {
			return err
		}
		if b.BaseOffset() != r.at || turn != r.turns[writer] {
			return fmt.Errorf("at %d came offset %d, turn %d of writer %d; want turn %d", r.at, b.BaseOffset(), turn, writer, r.turns[writer])
		}
		r.at, r.turns[writer], r.seen, stored = b.NextOffset(), turn+1, r.seen+1, rest
	}
	return nil
}

// follow reads n batches as they come.
func follow(ctx context.Context, l commitlog.Log, n, maxBytes int) error {
	r := reader{turns: map[int]int{}}
	var buf []byte
	for r.seen < n {
		if err := l.Wait(ctx, r.at); err != nil {
			return fmt.Errorf("after %d batches: %w", r.seen, err)
		}
		var err error
		if buf, err = l.Read(ctx, buf[:0], r.at, maxBytes); err != nil {
			return err
		}
		if len(buf) == 0 {
			return fmt.Errorf("nothing at %d although Wait returned", r.at)
		}
		if err := r.feed(buf); err != nil {
			return err
		}
	}
	return nil
}

func examConcurrentAppends(t *testing.T, f Fixture) {
	const writers, turns = 8, 30
	l, ctx := open(t, f.Engine, "t-0"), within(t)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			if err := write(ctx, l, w, turns); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := follow(ctx, l, writers*turns, 1<<20); err != nil {
		t.Error(err)
	}
	e := reopen(t, f.Engine, f)
	if err := follow(ctx, open(t, e, "t-0"), writers*turns, 1); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

func examTailing(t *testing.T, f Fixture) {
	const writers, turns = 3, 30
	l, ctx := open(t, f.Engine, "t-0"), within(t)
	var wg sync.WaitGroup
	for _, maxBytes := range []int{1, 300, 1 << 20} {
		wg.Go(func() {
			if err := follow(ctx, l, writers*turns, maxBytes); err != nil {
				t.Error(err)
			}
		})
	}
	for w := range writers {
		wg.Go(func() {
			if err := write(ctx, l, w, turns); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func examManyLogs(t *testing.T, f Fixture) {
	const logs, turns = 12, 10
	ctx := within(t)
	var wg sync.WaitGroup
	for i := range logs {
		wg.Go(func() {
			l, err := f.Engine.Open(ctx, fmt.Sprintf("t-%d", i))
			if err == nil {
				err = write(ctx, l, 100+i, turns)
			}
			if err != nil {
				t.Errorf("log %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	e := reopen(t, f.Engine, f)
	for i := range logs {
		for _, b := range readAll(t, open(t, e, fmt.Sprintf("t-%d", i)), 1<<20) {
			if writer, _, err := numbersOf(b); err != nil || writer != 100+i {
				t.Errorf("log %d holds a batch of writer %d, %v", i, writer, err)
			}
		}
	}
}

func examWait(t *testing.T, f Fixture) {
	const rounds, waiters = 15, 3
	l, ctx := open(t, f.Engine, "t-0"), within(t)
	for n := range rounds {
		woken := make(chan error, waiters)
		for range waiters {
			go func() { woken <- l.Wait(ctx, batch.Offset(n)) }()
		}
		appendTo(t, l, made(t, batch.Spec{}, 'x', 1), commitlog.Durability(n%2))
		for range waiters {
			if err := <-woken; err != nil {
				t.Fatalf("Wait at %d: %v", n, err)
			}
		}
	}
	if err := l.Wait(ctx, 0); err != nil {
		t.Errorf("Wait behind the high watermark: %v", err)
	}
}

func examWaitEnds(t *testing.T, f Fixture) {
	l := open(t, f.Engine, "t-0")
	fill(t, l, 1)
	ctx, cancel := context.WithCancel(within(t))
	done := make(chan error, 2)
	go func() { done <- l.Wait(ctx, 3) }()
	cancel()
	wantCode(t, "Wait under a cancelled context", <-done, context.Canceled)

	ctx = within(t)
	go func() { done <- l.Wait(ctx, 3) }()
	go func() { done <- l.Wait(ctx, 1<<40) }()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "Wait when the log closes", <-done, commitlog.ErrClosed)
	wantCode(t, "Wait when the log closes", <-done, commitlog.ErrClosed)

	l = open(t, f.Engine, "t-0")
	go func() { done <- l.Wait(ctx, 3) }()
	if err := f.Engine.Remove(ctx, "t-0"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "Wait when the log is removed", <-done, commitlog.ErrClosed)

	l = open(t, f.Engine, "t-1")
	go func() { done <- l.Wait(ctx, 0) }()
	if err := f.Engine.Close(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "Wait when the engine closes", <-done, commitlog.ErrClosed)
}
