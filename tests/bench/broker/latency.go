package main

import (
	"fmt"
	"slices"
	"time"
)

// latencies are those of the records of one run. Each has a place of its own, so that they can be noted from anywhere.
type latencies struct{ each []time.Duration }

func (l *latencies) make(n int)                  { l.each = make([]time.Duration, n) }
func (l *latencies) note(i int, d time.Duration) { l.each[i] = d }
func (l latencies) any() bool                    { return len(l.each) > 0 }
func (l latencies) String() string {
	return fmt.Sprintf("p50 %s, p99 %s", milliseconds(l.at(0.50)), milliseconds(l.at(0.99)))
}

// at returns the latency that a share of the records did not pass.
func (l latencies) at(share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(l.each))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
