package serve

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGrowthFollowsTheHeap(t *testing.T) {
	for live, want := range map[uint64]int{0: 100, 10 << 20: 100, 64 << 20: 100, 80 << 20: 80, 128 << 20: 50, 10 << 30: 40} {
		if got := growth(live); got != want {
			t.Errorf("%d MiB live: %d, want %d", live>>20, got, want)
		}
	}
}

// A heap that is large is collected sooner; when the server stops, and when the operator chose, it is as Go has it.
func TestALargeHeapIsKeptLean(t *testing.T) {
	percent := func() int {
		now := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(now)
		return int(now[0].Value.Uint64())
	}
	t.Setenv("GOGC", "")
	stop := keepLean()
	held := make([]byte, 200<<20)
	deadline := time.Now().Add(20 * time.Second)
	for percent() != atLeast && time.Now().Before(deadline) {
		runtime.GC()
		runtime.Gosched()
	}
	if got := percent(); got != atLeast {
		t.Errorf("over 200 MiB the heap grows by %d%%", got)
	}
	runtime.KeepAlive(held)
	stop()
	if got := percent(); got != mostGrowth {
		t.Errorf("after the stop the heap grows by %d%%", got)
	}
	t.Setenv("GOGC", "150")
	keepLean()()
	if got := percent(); got != mostGrowth {
		t.Errorf("although the operator chose, the heap grows by %d%%", got)
	}
}
