// Package tracetest is a collector of spans for tests: it takes OTLP over HTTP and reads it with the generated code of
// OpenTelemetry itself, strictly.
package tracetest

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Span is a span as it arrived.
type Span struct {
	Name, Trace, ID, Parent string // IDs in hexadecimal digits; Parent is empty at the root
	State                   string
	Kind                    int
	Flags                   uint32
	Start, End              time.Time
	Attrs                   map[string]any // string, bool, int64, float64 or []string
	Dropped                 int            // attributes
	Failed                  bool
	Failure                 string
	Resource                map[string]any
	Scope                   string
}

// Collector takes spans until its test ends.
type Collector struct {
	URL string // without a path

	// Refuse answers a request in the collector's place, if it returns true. Set it before the first request.
	Refuse func(w http.ResponseWriter, r *http.Request) bool
	// Answer is the body of an answer to spans that were taken. Set it before the first request.
	Answer []byte

	t        testing.TB
	mu       sync.Mutex
	requests []*http.Request // without bodies
	spans    []Span
	news     chan struct{} // closed and replaced when something arrives
}

// New starts a collector, which stops with the test.
func New(t testing.TB) *Collector {
	c := &Collector{t: t, news: make(chan struct{})}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.URL = s.URL
	return c
}

// ServeHTTP takes one request.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer c.tell()
	c.mu.Lock()
	c.requests = append(c.requests, r)
	c.mu.Unlock()
	if c.Refuse != nil && c.Refuse(w, r) {
		return
	}
	spans, err := read(r)
	if err != nil {
		c.t.Errorf("a request that is no OTLP: %v", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	c.spans = append(c.spans, spans...)
	c.mu.Unlock()
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	_, _ = w.Write(c.Answer)
}

func (c *Collector) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.news)
	c.news = make(chan struct{})
}

// Requests returns the requests so far.
func (c *Collector) Requests() []*http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*http.Request(nil), c.requests...)
}

// Spans returns the spans so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Span(nil), c.spans...)
}

// Wait returns once done says that enough has arrived. It fails the test if that does not happen.
func (c *Collector) Wait(done func(requests int, spans []Span) bool) []Span {
	c.t.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		c.mu.Lock()
		news, requests, spans := c.news, len(c.requests), append([]Span(nil), c.spans...)
		c.mu.Unlock()
		if done(requests, spans) {
			return spans
		}
		select {
		case <-news:
		case <-late.C:
			c.t.Fatalf("only %d requests with %d spans came: %+v", requests, len(spans), spans)
		}
	}
}

// Named waits for a span of a name and returns it with the others that have come.
func (c *Collector) Named(name string) (Span, []Span) {
	c.t.Helper()
	var found Span
	all := c.Wait(func(_ int, spans []Span) bool {
		for _, s := range spans {
			if s.Name == name {
				found = s
				return true
			}
		}
		return false
	})
	return found, all
}

func read(r *http.Request) ([]Span, error) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var request collector.ExportTraceServiceRequest
	id := hex.EncodeToString
	if r.Header.Get("Content-Type") == "application/json" {
		id = base64.StdEncoding.EncodeToString // OTLP writes IDs in digits where protojson reads base64: this gives the digits back
		err = protojson.Unmarshal(text, &request)
	} else {
		err = proto.Unmarshal(text, &request)
	}
	var out []Span
	for _, from := range request.ResourceSpans {
		for _, scope := range from.ScopeSpans {
			for _, s := range scope.Spans {
				one := spanOf(s, id)
				one.Resource, one.Scope = values(from.Resource.GetAttributes()), scope.Scope.GetName()
				out = append(out, one)
			}
		}
	}
	return out, err
}

func spanOf(s *trace.Span, id func([]byte) string) Span {
	return Span{
		Name: s.Name, Trace: id(s.TraceId), ID: id(s.SpanId), Parent: id(s.ParentSpanId), State: s.TraceState, Kind: int(s.Kind), Flags: s.Flags,
		Start: time.Unix(0, int64(s.StartTimeUnixNano)), End: time.Unix(0, int64(s.EndTimeUnixNano)), Attrs: values(s.Attributes), Dropped: int(s.DroppedAttributesCount),
		Failed: s.Status.GetCode() == trace.Status_STATUS_CODE_ERROR, Failure: s.Status.GetMessage(),
	}
}

func values(attrs []*common.KeyValue) map[string]any {
	out := map[string]any{}
	for _, a := range attrs {
		out[a.Key] = value(a.Value)
	}
	return out
}

func value(v *common.AnyValue) any {
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_BoolValue:
		return v.BoolValue
	case *common.AnyValue_IntValue:
		return v.IntValue
	case *common.AnyValue_DoubleValue:
		return v.DoubleValue
	case *common.AnyValue_ArrayValue:
		var list []string
		for _, one := range v.ArrayValue.Values {
			list = append(list, one.GetStringValue())
		}
		return list
	}
	return nil
}
