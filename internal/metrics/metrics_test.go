package metrics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/pawl-registry/pawl/internal/metrics"
)

func text(t *testing.T, s *metrics.Set) string {
	t.Helper()
	body, media, err := s.Text()
	if err != nil || !strings.HasPrefix(media, "text/plain; version=0.0.4") {
		t.Fatalf("media type %q, %v", media, err)
	}
	p := expfmt.NewTextParser(model.LegacyValidation)
	if _, err := p.TextToMetricFamilies(strings.NewReader(string(body))); err != nil {
		t.Fatalf("the text does not parse: %v", err)
	}
	return string(body)
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
}

func TestASnapshotIsReadAnewForEachQuestion(t *testing.T) {
	s := metrics.New()
	n := 0
	s.Read([]metrics.Family{
		{Name: "x_total", Help: "X.", Kind: metrics.Counter, Labels: []string{"topic"}},
		{Name: "y", Help: "Y.", Kind: metrics.Gauge},
	}, func(emit metrics.Emit) {
		n++
		emit(0, float64(n), "a\"b\n")
		emit(1, float64(-n))
	})
	wantLines(t, text(t, s), `x_total{topic="a\"b\n"} 1`, "y -1", "# TYPE x_total counter", "# TYPE y gauge")
	wantLines(t, text(t, s), `x_total{topic="a\"b\n"} 2`, "y -2")
}

func TestRequestsAreCountedByOutcomeAndTimedByEndpoint(t *testing.T) {
	s := metrics.New()
	r := s.Requests(metrics.Names{Latency: "took_seconds", Succeeded: "fine", Failed: "bad"})
	r.Observe("GET", "/subjects", 200, 2*time.Millisecond)
	r.Observe("GET", "/subjects", 200, 20*time.Millisecond)
	r.Observe("GET", "/subjects", 404, time.Millisecond)
	r.Observe("GET", "unknown", 7777, time.Minute)
	wantLines(t, text(t, s), "fine 2", "bad 2",
		`took_seconds_count{endpoint="/subjects",method="GET",status="200"} 2`,
		`took_seconds_bucket{endpoint="/subjects",method="GET",status="200",le="0.0025"} 1`,
		`took_seconds_count{endpoint="/subjects",method="GET",status="404"} 1`,
		`took_seconds_count{endpoint="unknown",method="GET",status="other"} 1`)
}

func TestObservingAllocatesNothing(t *testing.T) {
	r := metrics.New().Requests(metrics.Names{Latency: "took_seconds", Succeeded: "fine", Failed: "bad"})
	r.Observe("GET", "/subjects", 200, time.Millisecond)
	if n := testing.AllocsPerRun(100, func() { r.Observe("GET", "/subjects", 200, time.Millisecond) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
