package rest_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/registry/rest"
)

func TestPreparedAnswersAreBounded(t *testing.T) {
	const limit = 10_000
	c := rest.NewBodyCache(limit)
	for n := range 1000 {
		c.Put(rest.KeyOfVersion(n), make([]byte, 100))
		if size := c.Size(); size > limit {
			t.Fatalf("%d bytes after %d answers", size, n+1)
		}
	}
	if c.Get(rest.KeyOfVersion(999)) == nil {
		t.Error("the newest answer is gone")
	}
	if c.Get(rest.KeyOfVersion(0)) != nil {
		t.Error("the oldest answer is still there")
	}
}

func TestPreparedAnswersThatAreAskedForStay(t *testing.T) {
	c := rest.NewBodyCache(10_000)
	c.Put(rest.KeyOfVersion(-1), []byte("kept"))
	for n := range 1000 {
		c.Put(rest.KeyOfVersion(n), make([]byte, 100))
		if got := c.Get(rest.KeyOfVersion(-1)); string(got) != "kept" {
			t.Fatalf("after %d others: %q", n+1, got)
		}
	}
}

func TestAnswersBeyondTheLimitAreNotPrepared(t *testing.T) {
	for _, limit := range []int{-1, 100, 1000} {
		c := rest.NewBodyCache(limit)
		c.Put(rest.KeyOfVersion(1), make([]byte, 1000))
		if c.Size() != 0 {
			t.Errorf("limit %d: %d bytes", limit, c.Size())
		}
	}
}

func TestPreparedAnswersUnderConcurrency(t *testing.T) {
	c := rest.NewBodyCache(20_000)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for n := range 500 {
				v := (n + g) % 60
				want := fmt.Sprintf("answer %d", v)
				if got := c.Get(rest.KeyOfVersion(v)); got != nil && string(got) != want {
					t.Errorf("version %d: %q", v, got)
				}
				c.Put(rest.KeyOfVersion(v), []byte(want))
			}
		})
	}
	all.Wait()
}
