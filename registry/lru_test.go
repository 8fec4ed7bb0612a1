package registry

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func keepOne(c *lru[string, int], key string, value int, cost int64) {
	_, _ = c.do(key, func() (int, int64, error) { return value, cost, nil })
}

func (c *lru[K, V]) holds(key K) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.slots[key]
	return ok
}

func TestLRUForgetsWhatWasUsedLongestAgo(t *testing.T) {
	c := newLRU[string, int](2, 100)
	keepOne(c, "a", 1, 1)
	keepOne(c, "b", 2, 1)
	keepOne(c, "a", 9, 1) // used, not computed again
	keepOne(c, "c", 3, 1)
	if !c.holds("a") || c.holds("b") || !c.holds("c") {
		t.Error("b was used longest ago and should be gone, and nothing else")
	}
	if v, err := c.do("a", func() (int, int64, error) { return 9, 1, nil }); v != 1 || err != nil {
		t.Errorf("a is %d, %v; want what was computed first", v, err)
	}
}

func TestLRUKeepsWithinItsCost(t *testing.T) {
	c := newLRU[string, int](10, 100)
	keepOne(c, "a", 1, 60)
	keepOne(c, "b", 2, 60)
	keepOne(c, "huge", 3, 101)
	if c.holds("a") || !c.holds("b") || c.holds("huge") || c.cost != 60 {
		t.Errorf("a %t, b %t, huge %t, cost %d", c.holds("a"), c.holds("b"), c.holds("huge"), c.cost)
	}
}

func TestLRUKeepsNoFailures(t *testing.T) {
	c := newLRU[string, int](2, 100)
	fail := errors.New("no")
	if _, err := c.do("a", func() (int, int64, error) { return 0, 0, fail }); !errors.Is(err, fail) {
		t.Errorf("got %v", err)
	}
	if v, err := c.do("a", func() (int, int64, error) { return 7, 1, nil }); v != 7 || err != nil {
		t.Errorf("after a failure: %d, %v", v, err)
	}
}

func TestLRUComputesOnceForAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newLRU[string, int](2, 100)
		var computed atomic.Int32
		gate := make(chan struct{})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				v, err := c.do("a", func() (int, int64, error) {
					computed.Add(1)
					<-gate
					return 5, 1, nil
				})
				if v != 5 || err != nil {
					t.Errorf("got %d, %v", v, err)
				}
			})
		}
		synctest.Wait()
		close(gate)
		wg.Wait()
		if n := computed.Load(); n != 1 {
			t.Errorf("computed %d times", n)
		}
	})
}

func TestLRUReleasesThoseWhoWaitWhenAComputationPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newLRU[string, int](2, 100)
		gate := make(chan struct{})
		done := make(chan error, 2)
		go func() {
			defer func() { _ = recover(); done <- nil }()
			_, _ = c.do("a", func() (int, int64, error) { <-gate; panic("broken") })
		}()
		synctest.Wait()
		go func() {
			_, err := c.do("a", func() (int, int64, error) { return 1, 1, nil })
			done <- err
		}()
		synctest.Wait()
		close(gate)
		if a, b := <-done, <-done; !errors.Is(errors.Join(a, b), ErrTimeout) {
			t.Errorf("the one who waited got %v", errors.Join(a, b))
		}
	})
}

// Callers who come while a question is asked get the answer to a later one.
func TestAskerNeverAnswersWithWhatWasAskedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		gates := []chan struct{}{make(chan struct{}), make(chan struct{})}
		a := asker{question: func() error {
			<-gates[asked.Add(1)-1]
			return nil
		}}
		var first, later atomic.Int32
		go func() { _ = a.ask(t.Context()); first.Add(1) }()
		synctest.Wait()
		for range 5 {
			go func() { _ = a.ask(t.Context()); later.Add(1) }()
		}
		synctest.Wait()
		close(gates[0])
		synctest.Wait()
		if first.Load() != 1 || later.Load() != 0 || asked.Load() != 2 {
			t.Errorf("after the first answer: %d, %d answered, %d asked", first.Load(), later.Load(), asked.Load())
		}
		close(gates[1])
		synctest.Wait()
		if later.Load() != 5 || asked.Load() != 2 {
			t.Errorf("after the second answer: %d of 5 answered, %d asked", later.Load(), asked.Load())
		}
	})
}
