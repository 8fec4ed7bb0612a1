package serve

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// Go lets a heap double before it collects. That is cheap while a server holds little; a registry of 100,000 schemas would have as
// much garbage as it has schemas. So from smallHeap on the heap may grow by less, down to two fifths of what is live: a collection comes
// sooner, and costs little beside the requests between two of them, for most of the heap is texts, which hold no pointers.
const (
	smallHeap           = 64 << 20 // bytes
	mostGrowth, atLeast = 100, 40  // percent
)

// growth returns by how many percent a heap may grow of which so many bytes are live.
func growth(live uint64) int {
	if live <= smallHeap {
		return mostGrowth
	}
	return int(max(atLeast, mostGrowth*smallHeap/live))
}

// keepLean has the growth of the heap follow its size until stop is called. It does nothing where the operator set GOGC.
func keepLean() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	l := &lean{percent: mostGrowth}
	l.afterCollection()
	return func() {
		l.ended.Store(true)
		debug.SetGCPercent(mostGrowth)
	}
}

type lean struct {
	percent int
	ended   atomic.Bool
}

// afterCollection calls adjust once the collector has been through, by an object that nothing holds.
func (l *lean) afterCollection() {
	runtime.SetFinalizer(&struct{ owner *lean }{l}, func(*struct{ owner *lean }) {
		if l.ended.Load() {
			return
		}
		l.adjust()
		l.afterCollection()
	})
}

func (l *lean) adjust() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 {
		return
	}
	want := growth(live[0].Value.Uint64())
	if diff := want - l.percent; diff <= -5 || diff >= 5 { // each change stops the world for a moment
		l.percent = want
		debug.SetGCPercent(want)
	}
}
