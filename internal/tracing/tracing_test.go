package tracing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/pawl-registry/pawl/internal/tracing"
	"github.com/pawl-registry/pawl/internal/tracing/tracetest"
)

// open returns the tracer of an environment, which is closed with the test.
func open(t *testing.T, environ ...string) *tracing.Tracer {
	t.Helper()
	return logged(t, io.Discard, environ...)
}

func logged(t *testing.T, log io.Writer, environ ...string) *tracing.Tracer {
	t.Helper()
	e, err := tracing.FromEnvironment(environ)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Warnings) > 0 {
		t.Errorf("warnings: %q", e.Warnings)
	}
	tr, err := tracing.New(e.Config, tracing.Options{Version: "1.2.3", Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close(cancelled()) })
	return tr
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

const (
	trace  = "0af7651916cd43dd8448eb211c80319c"
	parent = "b7ad6b7169203331"
)

// serve makes a request of two spans, as a server would.
func serve(ctx context.Context, tr *tracing.Tracer, h http.Header) {
	ctx, root := tr.StartRemote(ctx, "GET", h)
	root.Rename("GET /subjects")
	root.Set(slog.String("http.route", "/subjects"), slog.Int("http.response.status_code", 503), slog.Bool("yes", true),
		slog.Any("list", []string{"a", "b"}), slog.Float64("half", 0.5), slog.Int64("less", -1), slog.String("empty", ""), slog.Bool("no", false))
	_, child := tr.Start(ctx, "registry.check", tracing.Internal)
	child.Fail("broken \xff")
	child.End()
	root.End()
	root.End()
}

func TestSpansArriveInEachForm(t *testing.T) {
	for name, environ := range map[string][]string{
		"protobuf": nil,
		"json":     {"OTEL_EXPORTER_OTLP_PROTOCOL=http/json"},
		"gzip":     {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"},
	} {
		t.Run(name, func(t *testing.T) {
			c := tracetest.New(t)
			tr := open(t, append(environ, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_EXPORTER_OTLP_HEADERS=api-key=s3%20cret,x=y", "OTEL_SERVICE_NAME=mine",
				"OTEL_RESOURCE_ATTRIBUTES=service.name=other,deployment.environment.name=test,service.version=7%2C")...)
			before := time.Now()
			serve(t.Context(), tr, header("traceparent", "00-"+trace+"-"+parent+"-01", "tracestate", "a=1,b=2", "tracestate", "c=3"))
			if err := tr.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			spans := c.Spans()
			if len(spans) != 2 {
				t.Fatalf("%d spans", len(spans))
			}
			child, root := spans[0], spans[1]
			if root.Trace != trace || root.Parent != parent || root.State != "a=1,b=2,c=3" || root.Kind != 2 || root.Name != "GET /subjects" || root.Flags != 0x301 || root.Failed {
				t.Errorf("%+v", root)
			}
			if child.Trace != trace || child.Parent != root.ID || child.Name != "registry.check" || child.Kind != 1 || child.Flags != 0x101 || !child.Failed || child.Failure != "broken \uFFFD" {
				t.Errorf("%+v", child)
			}
			want := map[string]any{
				"http.route": "/subjects", "http.response.status_code": int64(503), "yes": true, "no": false, "list": []string{"a", "b"},
				"half": 0.5, "less": int64(-1), "empty": "",
			}
			if diff := cmp.Diff(want, root.Attrs); diff != "" {
				t.Error(diff)
			}
			if root.Start.Before(before) || child.Start.Before(root.Start) || child.End.Before(child.Start) || root.End.Before(child.End) || time.Now().Before(root.End) {
				t.Errorf("times: %v %v %v %v", root.Start, child.Start, child.End, root.End)
			}
			for key, value := range map[string]string{
				"service.name": "mine", "deployment.environment.name": "test", "service.version": "7,", "telemetry.sdk.language": "go",
			} {
				if root.Resource[key] != value {
					t.Errorf("resource: %v", root.Resource)
				}
			}
			r := c.Requests()[0]
			if r.URL.Path != "/v1/traces" || r.Method != http.MethodPost || r.Header.Get("Api-Key") != "s3 cret" || r.Header.Get("X") != "y" || !strings.Contains(r.UserAgent(), "1.2.3") {
				t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
			}
			if n := tr.Counts(); n != (tracing.Counts{Sent: 2}) {
				t.Errorf("%+v", n)
			}
		})
	}
}

func TestNothingIsTracedUnlessSomebodyAsks(t *testing.T) {
	for _, environ := range [][]string{
		nil,
		{"OTEL_TRACES_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"},
		{"OTEL_SDK_DISABLED=True", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", "OTEL_TRACES_EXPORTER=zipkin"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT="},
		{"OTEL_METRICS_EXPORTER=none", "PAWL_X=1"},
	} {
		tr := open(t, environ...)
		if tr != nil {
			t.Errorf("%v traces", environ)
		}
		n := testing.AllocsPerRun(100, func() {
			ctx, s := tr.StartRemote(t.Context(), "GET", nil)
			_, c := tr.Start(ctx, "x", tracing.Internal)
			if s.Recording() || c.Recording() || tracing.FromContext(ctx) != nil {
				t.Error("a span that is none records")
			}
			s.Fail("")
			s.End()
			c.End()
		})
		if n > 0 {
			t.Errorf("%v allocations", n)
		}
		if err := tr.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestWhoIsTracedIsSampled(t *testing.T) {
	sampled, not := header("traceparent", "00-"+trace+"-"+parent+"-01"), header("traceparent", "00-"+trace+"-"+parent+"-00")
	high := header("traceparent", "00-0af7651916cd43ddffffeb211c80319c-"+parent+"-01")
	for _, c := range []struct {
		environ             string
		root, yes, no, high bool
	}{
		{"OTEL_TRACES_SAMPLER=always_on", true, true, true, true},
		{"OTEL_TRACES_SAMPLER=always_off", false, false, false, false},
		{"OTEL_TRACES_SAMPLER=parentbased_always_on", true, true, false, true},
		{"OTEL_TRACES_SAMPLER=parentbased_always_off", false, true, false, true},
		{"OTEL_TRACES_SAMPLER=traceidratio", true, true, true, true},
		{"OTEL_TRACES_SAMPLER=traceidratio,OTEL_TRACES_SAMPLER_ARG=0", false, false, false, false},
		{"OTEL_TRACES_SAMPLER=parentbased_traceidratio,OTEL_TRACES_SAMPLER_ARG=0", false, true, false, true},
		// 0x8448eb211c80319c and 0xffff..., halved, of 1<<63: 0.5167 and 0.99998
		{"OTEL_TRACES_SAMPLER=traceidratio,OTEL_TRACES_SAMPLER_ARG=0.5168", true, true, true, false},
		{"OTEL_TRACES_SAMPLER=traceidratio,OTEL_TRACES_SAMPLER_ARG=0.5166", true, false, false, false},
	} {
		tr := open(t, append(strings.Split(c.environ, ","), "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1")...)
		ask := func(h http.Header) bool {
			ctx, s := tr.StartRemote(t.Context(), "x", h)
			_, child := tr.Start(ctx, "y", tracing.Internal)
			if child.Recording() != s.Recording() {
				t.Errorf("%s: a child is sampled unlike its parent", c.environ)
			}
			return s.Recording()
		}
		if strings.Contains(c.environ, "0.516") {
			c.root = ask(nil) // by chance
		}
		if got := [4]bool{ask(nil), ask(sampled), ask(not), ask(high)}; got != [4]bool{c.root, c.yes, c.no, c.high} && !strings.Contains(c.environ, "0.516") ||
			[3]bool(got[1:]) != [3]bool{c.yes, c.no, c.high} {
			t.Errorf("%s: %v", c.environ, got)
		}
	}
}

// Half of many traces must be about half of them: the IDs are random where the sampler looks.
func TestARatioKeepsItsShare(t *testing.T) {
	tr := open(t, "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.5", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1")
	kept := 0
	for range 10_000 {
		if _, s := tr.Start(t.Context(), "x", tracing.Server); s.Recording() {
			kept++
		}
	}
	if kept < 4_500 || kept > 5_500 { // ten standard deviations
		t.Errorf("%d of 10,000", kept)
	}
}

func TestParentsAreTakenFromTheHeadersThatAreAskedFor(t *testing.T) {
	w3c := func(text string) http.Header { return header("traceparent", text) }
	good := "00-" + trace + "-" + parent + "-01"
	for _, c := range []struct {
		propagators string
		header      http.Header
		is          bool
	}{
		{"", w3c(good), true},
		{"tracecontext", w3c("cc-" + trace + "-" + parent + "-01-later"), true},
		{"", w3c("cc-" + trace + "-" + parent + "-01"), true},
		{"", w3c(good + "-more"), false},
		{"", w3c("cc-" + trace + "-" + parent + "-01later"), false},
		{"", w3c("ff-" + trace + "-" + parent + "-01"), false},
		{"", w3c("00-" + strings.ToUpper(trace) + "-" + parent + "-01"), false},
		{"", w3c("00-" + strings.Repeat("0", 32) + "-" + parent + "-01"), false},
		{"", w3c("00-" + trace + "-" + strings.Repeat("0", 16) + "-01"), false},
		{"", w3c("00-" + trace + "-" + parent), false},
		{"", w3c("00_" + trace + "-" + parent + "-01"), false},
		{"", w3c("00-" + trace[:31] + "g-" + parent + "-01"), false},
		{"", header("traceparent", good, "traceparent", good), false},
		{"b3", w3c(good), false},
		{"none", w3c(good), false},
		{"", header("b3", trace+"-"+parent+"-1"), false},
		{"b3", header("b3", trace+"-"+parent+"-1"), true},
		{"b3", header("b3", trace+"-"+parent), true},
		{"b3", header("b3", trace+"-"+parent+"-d-"+parent), true},
		{"b3", header("b3", "0"), false},
		{"b3", header("b3", trace+"-"+parent+"-x"), false},
		{"tracecontext,b3multi", header("X-B3-TraceId", trace, "X-B3-SpanId", parent, "X-B3-Sampled", "1"), true},
		{"b3multi", header("X-B3-TraceId", trace, "X-B3-SpanId", parent, "X-B3-Flags", "1"), true},
		{"b3multi", header("X-B3-TraceId", trace), false},
	} {
		environ := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"}
		if c.propagators != "" {
			environ = append(environ, "OTEL_PROPAGATORS="+c.propagators)
		}
		tr := open(t, environ...)
		_, s := tr.StartRemote(t.Context(), "x", c.header)
		if is := s.TraceID() == trace; is != c.is || !s.Recording() {
			t.Errorf("%q %v: trace %s", c.propagators, c.header, s.TraceID())
		}
	}
}

func TestAStateThatIsMalformedIsLeftOut(t *testing.T) {
	long := make([]string, 33)
	for i := range long {
		long[i] = string(rune('a'+i/26)) + string(rune('a'+i%26)) + "=1"
	}
	for state, want := range map[string]string{
		"a=1 , ,b@c=x/y": "a=1,b@c=x/y", "a=1,a=2": "", "A=1": "", "a": "", "a=": "", "a=1=2": "", "a=\x01": "", "*=1": "", "a=" + strings.Repeat("x", 257): "",
		strings.Join(long, ","): "", strings.Join(long[:32], ","): strings.Join(long[:32], ","),
	} {
		c := tracetest.New(t)
		tr := open(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL)
		_, s := tr.StartRemote(t.Context(), "x", header("traceparent", "00-"+trace+"-"+parent+"-01", "tracestate", state))
		s.End()
		if err := tr.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := c.Spans()[0]; got.State != want || got.Trace != trace {
			t.Errorf("%q: %q", state, got.State)
		}
	}
}

func TestSpansAreBounded(t *testing.T) {
	c := tracetest.New(t)
	tr := open(t, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT="+c.URL+"/mine", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=2", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT=3")
	_, s := tr.Start(t.Context(), "x", tracing.Server)
	s.Set(slog.String("a", "äöüß"), slog.Any("b", []string{"12345"}), slog.Int("c", 1))
	s.Set(slog.Int("d", 12345))
	s.End()
	s.Set(slog.Int("e", 1))
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := c.Spans()[0]
	if diff := cmp.Diff(map[string]any{"a": "äöü", "b": []string{"123"}}, got.Attrs); diff != "" || got.Dropped != 2 || c.Requests()[0].URL.Path != "/mine" {
		t.Errorf("%s %+v", diff, got)
	}
}

func TestLongTextsAreClipped(t *testing.T) {
	c := tracetest.New(t)
	tr := open(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL)
	_, s := tr.Start(t.Context(), "x", tracing.Server)
	s.Set(slog.String("long", strings.Repeat("ä", 600)), slog.String("short", "s"))
	s.Fail(strings.Repeat("x", 5000))
	s.End()
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := c.Spans()[0]
	if got.Attrs["long"] != strings.Repeat("ä", 512) || got.Attrs["short"] != "s" || len(got.Failure) != 1024 {
		t.Errorf("%+v", got)
	}
}

func TestABatchIsSentWhenItIsFullOrOld(t *testing.T) {
	c := tracetest.New(t)
	tr := open(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=3", "OTEL_BSP_SCHEDULE_DELAY=86400000")
	for range 7 {
		_, s := tr.Start(t.Context(), "x", tracing.Server)
		s.End()
	}
	c.Wait(func(requests int, spans []tracetest.Span) bool { return requests == 2 && len(spans) == 6 })
	old := open(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_BSP_SCHEDULE_DELAY=1")
	_, s := old.Start(t.Context(), "old", tracing.Server)
	s.End()
	c.Named("old")
	if err := tr.Close(t.Context()); err != nil || len(c.Spans()) != 8 {
		t.Errorf("%v, %d spans", err, len(c.Spans()))
	}
}

func TestWhatABusyCollectorRefusedIsSentAgain(t *testing.T) {
	c := tracetest.New(t)
	tries := 0
	c.Refuse = func(w http.ResponseWriter, _ *http.Request) bool {
		tries++
		w.Header().Set("Retry-After", "1")
		if tries == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return tries == 1
	}
	tr := open(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_BSP_SCHEDULE_DELAY=0")
	_, s := tr.Start(t.Context(), "x", tracing.Server)
	s.End()
	c.Named("x")
}

func TestLossIsCountedAndTold(t *testing.T) {
	for name, answer := range map[string]func(*tracetest.Collector){
		"refused": func(c *tracetest.Collector) {
			c.Refuse = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusUnauthorized); return true }
		},
		"sent elsewhere": func(c *tracetest.Collector) {
			c.Refuse = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
				return true
			}
		},
		"taken in part": func(c *tracetest.Collector) { c.Answer = []byte{0x0a, 2, 8, 1} },
	} {
		t.Run(name, func(t *testing.T) {
			c := tracetest.New(t)
			answer(c)
			var log bytes.Buffer
			tr := logged(t, &log, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1")
			for range 2 {
				_, s := tr.Start(t.Context(), "x", tracing.Server)
				s.End()
			}
			if err := tr.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := tr.Counts(); n != (tracing.Counts{Lost: 2}) || len(c.Requests()) != 2 {
				t.Errorf("%+v, %d requests", n, len(c.Requests()))
			}
			if strings.Count(log.String(), "spans were lost") != 1 {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}

func TestAFullQueueLosesSpansAndHoldsNobodyUp(t *testing.T) {
	c := tracetest.New(t)
	release := make(chan struct{})
	c.Refuse = func(http.ResponseWriter, *http.Request) bool { <-release; return false }
	tr := open(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL, "OTEL_BSP_MAX_QUEUE_SIZE=2", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=1")
	_, first := tr.Start(t.Context(), "first", tracing.Server)
	first.End()
	c.Wait(func(requests int, _ []tracetest.Span) bool { return requests == 0 || requests == 1 })
	for range 10 {
		_, s := tr.Start(t.Context(), "x", tracing.Server)
		s.End()
	}
	lost := tr.Counts().Lost
	if lost < 7 || lost > 9 { // two wait, and at most two are on their way
		t.Errorf("%d lost", lost)
	}
	close(release)
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := tr.Counts(); n.Sent+n.Lost != 11 || n.Lost != lost {
		t.Errorf("%+v", n)
	}
	first.End()
	_, late := tr.Start(t.Context(), "late", tracing.Server)
	late.End()
	if n := tr.Counts(); n.Lost != lost+1 {
		t.Errorf("after the end: %+v", n)
	}
}

func TestAStopIsBoundedAndLeavesNothingBehind(t *testing.T) {
	before := goleak.IgnoreCurrent()
	c := tracetest.New(t)
	hung := make(chan struct{})
	defer close(hung)
	c.Refuse = func(_ http.ResponseWriter, r *http.Request) bool {
		select {
		case <-hung:
		case <-r.Context().Done():
		}
		return true
	}
	for _, endpoint := range []string{c.URL, "http://127.0.0.1:1"} {
		e, err := tracing.FromEnvironment([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + endpoint})
		if err != nil {
			t.Fatal(err)
		}
		tr, err := tracing.New(e.Config, tracing.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, s := tr.Start(t.Context(), "x", tracing.Server)
		s.End()
		limit, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		err = tr.Close(limit)
		if hangs := endpoint == c.URL; hangs != errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", endpoint, err)
		}
		if n := tr.Counts(); n.Lost != 1 {
			t.Errorf("%+v", n)
		}
	}
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http/httptest.(*Server).goServe.func1"),
		goleak.IgnoreAnyFunction("net/http.(*conn).serve"), goleak.IgnoreAnyFunction("net/http.(*connReader).backgroundRead"))
}

func TestWhatIsLoggedInASpanNamesIt(t *testing.T) {
	tr := open(t, "OTEL_TRACES_EXPORTER=otlp", "OTEL_TRACES_SAMPLER=always_off")
	var out bytes.Buffer
	log := slog.New(tracing.Log(slog.NewJSONHandler(&out, nil))).With("a", 1)
	ctx, s := tr.StartRemote(t.Context(), "x", nil)
	log.InfoContext(ctx, "inside")
	log.InfoContext(t.Context(), "outside")
	var inside, outside map[string]any
	d := json.NewDecoder(&out)
	if err := errors.Join(d.Decode(&inside), d.Decode(&outside)); err != nil {
		t.Fatal(err)
	}
	if inside["trace_id"] != s.TraceID() || inside["span_id"] != s.SpanID() || inside["a"] != 1.0 || len(s.TraceID()) != 32 || len(s.SpanID()) != 16 {
		t.Errorf("%v", inside)
	}
	if _, has := outside["trace_id"]; has {
		t.Errorf("%v", outside)
	}
}
