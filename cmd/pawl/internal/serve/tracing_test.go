package serve_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/formats"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/serve"
	"github.com/pawl-registry/pawl/internal/tracing/tracetest"
)

// running is a `pawl serve` in this process, with an environment of its own.
type running struct {
	registry, kafka string
	stop            func() []map[string]any // returns the log
}

func serving(t *testing.T, environ []string, args ...string) running {
	t.Helper()
	r, w := io.Pipe()
	a := &cli.App{Out: io.Discard, Err: w, Output: "json", Environ: func() []string { return environ }, Lookup: func(string) (string, bool) { return "", false }}
	c := serve.Command(a, formats.All())
	c.SilenceErrors, c.SilenceUsage = true, true
	c.PreRunE = serve.Before(a)
	c.SetArgs(append([]string{"--http", "127.0.0.1:0", "--kafka", "127.0.0.1:0", "--data", t.TempDir(), "--log-format", "json", "--log-level", "debug"}, args...))
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error, 1)
	go func() {
		failed <- c.ExecuteContext(ctx)
		_ = w.Close()
	}()
	lines := make(chan map[string]any, 1<<10)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			line := map[string]any{}
			if err := json.Unmarshal(s.Bytes(), &line); err != nil {
				t.Errorf("the log holds %s", s.Text())
			}
			lines <- line
		}
	}()
	var log []map[string]any
	var once sync.Once
	out := running{}
	out.stop = func() []map[string]any {
		once.Do(func() {
			cancel()
			for line := range lines {
				log = append(log, line)
			}
			if err := <-failed; err != nil {
				t.Error(err)
			}
		})
		return log
	}
	t.Cleanup(func() { out.stop() })
	for line := range lines {
		if log = append(log, line); line["msg"] == "ready" {
			out.registry, out.kafka = line["registry"].(string), line["kafka"].(string)
			return out
		}
	}
	t.Fatalf("the server did not start: %v, %v", log, <-failed)
	return out
}

func call(t *testing.T, method, url, body string, headers ...string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
}

const (
	traceID  = "0af7651916cd43dd8448eb211c80319c"
	parentID = "b7ad6b7169203331"
	sampled  = "00-" + traceID + "-" + parentID + "-01"
)

// one returns the only span of a name.
func one(t *testing.T, spans []tracetest.Span, name string) tracetest.Span {
	t.Helper()
	var found []tracetest.Span
	for _, s := range spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans %s in %+v", len(found), name, spans)
	}
	return found[0]
}

func TestRequestsOfTheRegistryAreTraced(t *testing.T) {
	c := tracetest.New(t)
	s := serving(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_SERVICE_NAME=schemas", "OTEL_BSP_SCHEDULE_DELAY=60000"})
	versions := s.registry + "/subjects/a%2Fb/versions?normalize=true"
	body := `{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}"}`
	call(t, "POST", versions, body, "Content-Type", "application/json", "Traceparent", sampled, "Tracestate", "v=1", "X-Request-ID", "r-1", "User-Agent", "test")
	next := strings.ReplaceAll(body, "[]", `[{\"name\":\"f\",\"type\":\"int\"}]`)
	call(t, "POST", s.registry+"/compatibility/subjects/a%2Fb/versions", next, "Content-Type", "application/json", "Traceparent", strings.Replace(sampled, "0af7", "1af7", 1))
	call(t, "GET", s.registry+"/subjects/none/versions/1", "")
	call(t, "GET", s.registry+"/subjects/unsampled/versions/1", "", "Traceparent", strings.TrimSuffix(sampled, "1")+"0")
	call(t, "GET", s.registry+"/health/ready", "")
	call(t, "GET", s.registry+"/metrics", "")
	call(t, "BREW", s.registry+"/nowhere", "")
	if text := numbers(t, &serve.Server{HTTP: strings.TrimPrefix(s.registry, "http://")}); !strings.Contains(text, "\npawl_traces_lost_spans_total 0\n") {
		t.Error("lost spans are not counted")
	}
	log := s.stop()
	spans := c.Spans()

	root := one(t, spans, "POST /subjects/{subject}/versions")
	want := map[string]any{
		"http.request.method": "POST", "http.route": "/subjects/{subject}/versions", "http.response.status_code": int64(200),
		"url.scheme": "http", "url.path": "/subjects/a%2Fb/versions", "url.query": "normalize=true", "network.protocol.version": "1.1",
		"user_agent.original": "test", "client.address": "127.0.0.1", "network.peer.address": "127.0.0.1", "server.address": "127.0.0.1",
		"pawl.request_id": "r-1",
	}
	ports := cmpopts.IgnoreMapEntries(func(key string, v any) bool {
		n, is := v.(int64)
		return strings.HasSuffix(key, ".port") && is && n > 0
	})
	if diff := cmp.Diff(want, root.Attrs, ports); diff != "" {
		t.Error(diff)
	}
	if root.Trace != traceID || root.Parent != parentID || root.State != "v=1" || root.Kind != 2 || root.Failed || root.Resource["service.name"] != "schemas" {
		t.Errorf("%+v", root)
	}
	steps := map[string]tracetest.Span{}
	for _, one := range spans {
		if one.Trace == traceID && one.ID != root.ID {
			steps[one.Name] = one
			if one.Parent != root.ID || one.Kind != 1 || one.Failed || one.Start.Before(root.Start) || one.End.After(root.End) {
				t.Errorf("%+v is no step of %+v", one, root)
			}
		}
	}
	attrs := map[string]map[string]any{}
	for name, one := range steps {
		attrs[name] = one.Attrs
	}
	wantSteps := map[string]map[string]any{
		"registry.parse":  {"pawl.schema.format": "AVRO", "pawl.schema.subject": "a/b", "pawl.schema.bytes": int64(40)},
		"registry.check":  {"pawl.compatibility.level": "BACKWARD", "pawl.compatibility.versions": int64(0), "pawl.compatibility.compatible": true},
		"registry.append": {"pawl.registry.registrations": int64(1)},
	}
	if diff := cmp.Diff(wantSteps, attrs); diff != "" {
		t.Error(diff)
	}

	check := slices.IndexFunc(spans, func(one tracetest.Span) bool { return one.Name == "registry.check" && one.Trace != traceID })
	if check < 0 || spans[check].Attrs["pawl.compatibility.compatible"] != false || spans[check].Attrs["pawl.compatibility.versions"] != int64(1) || spans[check].Failed {
		t.Errorf("no span of the check that failed: %+v", spans)
	}
	missing := one(t, spans, "GET /subjects/{subject}/versions/{version}")
	if missing.Parent != "" || missing.Attrs["http.response.status_code"] != int64(404) || missing.Attrs["pawl.error_code"] != int64(40401) || missing.Failed {
		t.Errorf("%+v", missing)
	}
	nowhere := one(t, spans, "HTTP")
	if nowhere.Attrs["http.request.method"] != "_OTHER" || nowhere.Attrs["http.request.method_original"] != "BREW" || nowhere.Attrs["http.route"] != nil {
		t.Errorf("%+v", nowhere)
	}
	for _, one := range spans {
		if path, _ := one.Attrs["url.path"].(string); strings.HasPrefix(path, "/health") || path == "/metrics" || strings.Contains(path, "unsampled") {
			t.Errorf("%s is traced", path)
		}
	}
	logged := 0
	for _, line := range log {
		if line["request_id"] == "r-1" {
			if logged++; line["trace_id"] != traceID || line["span_id"] != root.ID {
				t.Errorf("a line without its span: %v", line)
			}
		}
		if line["msg"] == "ready" && line["trace_id"] != nil {
			t.Errorf("a line with a span of nobody: %v", line)
		}
	}
	if logged != 2 { // the change and the request
		t.Errorf("%d lines of the request in %v", logged, log)
	}
}

func TestRequestsOfKafkaClientsAreTracedIfAskedFor(t *testing.T) {
	for args, want := range map[string]bool{"--trace-kafka": true, "--trace-kafka=false": false} {
		c := tracetest.New(t)
		s := serving(t, []string{"OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=http/json"}, args)
		k, err := kgo.NewClient(kgo.SeedBrokers(s.kafka), kgo.ClientID("mine"), kgo.AllowAutoTopicCreation())
		if err != nil {
			t.Fatal(err)
		}
		if err := k.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Value: []byte("x")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		k.Close()
		s.stop()
		if !want {
			if spans := c.Spans(); len(spans) > 0 {
				t.Errorf("%+v", spans)
			}
			continue
		}
		produce := one(t, c.Spans(), "Produce")
		if produce.Kind != 2 || produce.Parent != "" || produce.Attrs["messaging.system"] != "kafka" || produce.Attrs["messaging.client.id"] != "mine" || produce.Attrs["client.address"] != "127.0.0.1" {
			t.Errorf("%+v", produce)
		}
	}
}

func TestNothingIsSentWhenTracingIsOff(t *testing.T) {
	c := tracetest.New(t)
	for _, off := range []string{"OTEL_SDK_DISABLED=true", "OTEL_TRACES_EXPORTER=none"} {
		s := serving(t, []string{off, "OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_BSP_SCHEDULE_DELAY=0"}, "--trace-kafka")
		call(t, "GET", s.registry+"/subjects", "", "Traceparent", sampled)
		warned := false
		for _, line := range s.stop() {
			warned = warned || line["level"] == "WARN" && strings.Contains(line["msg"].(string), "--trace-kafka (flag) has no effect")
			if line["trace_id"] != nil {
				t.Errorf("%v", line)
			}
		}
		if !warned {
			t.Errorf("%s: nobody says that --trace-kafka has no effect", off)
		}
	}
	if n := len(c.Requests()); n > 0 {
		t.Errorf("%d requests", n)
	}
}

func TestACollectorThatHangsHoldsNoStopUp(t *testing.T) {
	c := tracetest.New(t)
	hung := make(chan struct{})
	t.Cleanup(func() { close(hung) })
	c.Refuse = func(http.ResponseWriter, *http.Request) bool { <-hung; return true }
	s := serving(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL})
	call(t, "GET", s.registry+"/subjects", "")
	before := time.Now()
	told := slices.ContainsFunc(s.stop(), func(line map[string]any) bool { return line["msg"] == "spans were lost at the end" })
	if took := time.Since(before); !told || took > 20*time.Second {
		t.Errorf("the stop took %v; told of the loss: %v", took, told)
	}
}

func TestTracesByAnUnknownProtocolAreRefusedAtTheStart(t *testing.T) {
	_, _, err := printed(t, []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"})
	if cli.Status(err) != cli.Usage || !strings.Contains(cli.Message(err), "http/protobuf") {
		t.Errorf("%v", err)
	}
}

func TestSettingsOfTracesAreShown(t *testing.T) {
	environ := []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://u:s3cret@c:4318", "OTEL_EXPORTER_OTLP_HEADERS=k=s3cret", "OTEL_METRICS_EXPORTER=otlp"}
	got, talk, err := printed(t, environ, "--effective")
	if err != nil {
		t.Fatal(err)
	}
	if s := got["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]; s.Value != "http://u:xxxxx@c:4318/v1/traces" || s.Origin != "variable OTEL_EXPORTER_OTLP_ENDPOINT" {
		t.Errorf("%+v", s)
	}
	if s := got["OTEL_TRACES_SAMPLER"]; s.Value != "parentbased_always_on" || s.Origin != "default" {
		t.Errorf("%+v", s)
	}
	for _, s := range got {
		if strings.Contains(s.Value, "s3cret") {
			t.Errorf("%+v", s)
		}
	}
	if !strings.Contains(talk, "OTEL_METRICS_EXPORTER has no effect") {
		t.Errorf("%q", talk)
	}
}
