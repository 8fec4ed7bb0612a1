package local_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// perPartition bounds what an idle open log may hold in memory, in bytes; 10,000 of them must stay well under 400 MB.
const perPartition = 8 << 10

func TestManyLogsTakeLittleMemoryAndFewDescriptors(t *testing.T) {
	const logs, openFiles = 400, 20
	fsys := vfs.OS(t.TempDir())
	e := openEngine(t, fsys, local.Options{OpenFiles: openFiles, WALSegmentBytes: 1 << 20})
	heap, goroutines := heapInUse(), runtime.NumGoroutine()
	opened := make([]commitlog.Log, logs)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < logs; i += 4 {
				opened[i] = openLog(t, e, fmt.Sprintf("t-%d", i))
				mustAppend(t, opened[i], tagged(t, i, 1), commitlog.Durability(i%2))
			}
		})
	}
	wg.Wait()
	if per := int(heapInUse()-heap) / logs; per > perPartition {
		t.Errorf("%d bytes a log, at most %d are wanted", per, perPartition)
	}
	if n := runtime.NumGoroutine() - goroutines; n > 8 {
		t.Errorf("%d goroutines for %d logs", n, logs)
	}
	if n := descriptors(); n > 2*openFiles+20 {
		t.Errorf("%d descriptors are open", n)
	}
	runtime.KeepAlive(opened)
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // a second time for what pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// descriptors counts the open descriptors of this process, where the system shows them.
func descriptors() int {
	list, err := vfs.OS("/proc/self").ReadDir("fd")
	if err != nil {
		return 0
	}
	return len(list)
}
