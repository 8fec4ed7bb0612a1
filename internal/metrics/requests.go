package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Requests counts the answers of an HTTP API and how long they took.
type Requests struct {
	took      *prometheus.HistogramVec
	succeeded prometheus.Counter
	failed    prometheus.Counter
}

// buckets of latencies, in seconds: a lookup from memory takes some 50 µs, a registration a sync or a question to a database.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

// Names of the metrics of an API.
type Names struct {
	Latency   string // histogram in seconds, with the labels method, endpoint and status
	Succeeded string // answers below 400
	Failed    string // answers from 400 on
}

// Requests adds the metrics of an API.
func (s *Set) Requests(n Names) *Requests {
	r := &Requests{
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: n.Latency, Help: "Time to answer a request of the registry, in seconds.", Buckets: buckets,
		}, []string{"method", "endpoint", "status"}),
		succeeded: prometheus.NewCounter(prometheus.CounterOpts{Name: n.Succeeded, Help: "Requests of the registry that were answered below 400."}),
		failed:    prometheus.NewCounter(prometheus.CounterOpts{Name: n.Failed, Help: "Requests of the registry that were answered 400 or more."}),
	}
	s.registry.MustRegister(r.took, r.succeeded, r.failed)
	return r
}

// Observe counts one answer.
func (r *Requests) Observe(method, endpoint string, status int, took time.Duration) {
	if status < 400 {
		r.succeeded.Inc()
	} else {
		r.failed.Inc()
	}
	if o, err := r.took.GetMetricWithLabelValues(method, endpoint, codes.of(status)); err == nil {
		o.Observe(took.Seconds())
	}
}

// codes holds the texts of all statuses, so that none is made for each request.
var codes = newStatuses()

type statuses [600]string

func newStatuses() *statuses {
	var s statuses
	for i := range s {
		s[i] = strconv.Itoa(i)
	}
	return &s
}

func (s *statuses) of(status int) string {
	if status < 0 || status >= len(s) {
		return "other"
	}
	return s[status]
}
