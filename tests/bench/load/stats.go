package load

import (
	"slices"
	"time"
)

// Quantile returns the time within which the share q of requests was answered, 0 <= q <= 1 (nearest rank); 0 without requests.
func (r Result) Quantile(q float64) time.Duration {
	if len(r.Took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.Took))
	rank := int(q*float64(len(sorted)) + 0.999999)
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Throughput returns requests in a second.
func (r Result) Throughput() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(len(r.Took)) / r.Elapsed.Seconds()
}

// CPUPerRequest returns the time that the server ran for one request.
func (r Result) CPUPerRequest() time.Duration { return r.each(r.CPU) }

// DatabasePerRequest returns the time that the server's database ran for one request.
func (r Result) DatabasePerRequest() time.Duration { return r.each(r.Database) }

func (r Result) each(total time.Duration) time.Duration {
	if len(r.Took) == 0 {
		return 0
	}
	return total / time.Duration(len(r.Took))
}
