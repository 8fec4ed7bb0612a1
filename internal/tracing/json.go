package tracing

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"strconv"
	"time"
)

// The shapes of OTLP in JSON: IDs in hexadecimal digits, enumerations as numbers, 64-bit integers as texts (OTLP
// Specification, section JSON Protobuf Encoding).
type (
	jsonRequest struct {
		ResourceSpans []jsonResourceSpans `json:"resourceSpans"`
	}
	jsonResourceSpans struct {
		Resource   jsonResource     `json:"resource"`
		ScopeSpans []jsonScopeSpans `json:"scopeSpans"`
		SchemaURL  string           `json:"schemaUrl"`
	}
	jsonResource struct {
		Attributes []jsonAttr `json:"attributes"`
	}
	jsonScopeSpans struct {
		Scope     jsonScope  `json:"scope"`
		Spans     []jsonSpan `json:"spans"`
		SchemaURL string     `json:"schemaUrl"`
	}
	jsonScope struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	jsonSpan struct {
		TraceID    string      `json:"traceId"`
		SpanID     string      `json:"spanId"`
		TraceState string      `json:"traceState,omitempty"`
		ParentID   string      `json:"parentSpanId,omitempty"`
		Flags      uint32      `json:"flags"`
		Name       string      `json:"name"`
		Kind       Kind        `json:"kind"`
		Start      string      `json:"startTimeUnixNano"`
		End        string      `json:"endTimeUnixNano"`
		Attributes []jsonAttr  `json:"attributes,omitempty"`
		Dropped    int         `json:"droppedAttributesCount,omitempty"`
		Status     *jsonStatus `json:"status,omitempty"`
	}
	jsonStatus struct {
		Message string `json:"message,omitempty"`
		Code    int    `json:"code"`
	}
	jsonAttr struct {
		Key   string    `json:"key"`
		Value jsonValue `json:"value"`
	}
	jsonValue struct {
		String *string   `json:"stringValue,omitempty"`
		Bool   *bool     `json:"boolValue,omitempty"`
		Int    *string   `json:"intValue,omitempty"`
		Double *float64  `json:"doubleValue,omitempty"`
		Array  *jsonList `json:"arrayValue,omitempty"`
	}
	jsonList struct {
		Values []jsonValue `json:"values"`
	}
)

// json returns an ExportTraceServiceRequest.
func (o *origin) json(batch []*Span) ([]byte, error) {
	spans := make([]jsonSpan, len(batch))
	for i, s := range batch {
		spans[i] = o.jsonSpan(s)
	}
	return json.Marshal(jsonRequest{[]jsonResourceSpans{{
		Resource:   jsonResource{o.jsonAttrs(o.attrs)},
		ScopeSpans: []jsonScopeSpans{{Scope: jsonScope{scope, o.version}, Spans: spans, SchemaURL: schemaURL}},
		SchemaURL:  schemaURL,
	}}})
}

func (o *origin) jsonSpan(s *Span) jsonSpan {
	out := jsonSpan{
		TraceID: s.TraceID(), SpanID: s.SpanID(), TraceState: s.place.state, Flags: s.flags(), Name: o.text(s.name), Kind: s.kind,
		Start: nanos(s.start), End: nanos(s.end), Attributes: o.jsonAttrs(s.attrs), Dropped: s.dropped,
	}
	if s.parent != [8]byte{} {
		out.ParentID = hex.EncodeToString(s.parent[:])
	}
	if s.failed {
		out.Status = &jsonStatus{o.text(s.failure), statusError}
	}
	return out
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func (o *origin) jsonAttrs(attrs []slog.Attr) []jsonAttr {
	out := make([]jsonAttr, len(attrs))
	for i, a := range attrs {
		out[i] = jsonAttr{a.Key, newJSONValue(o.value(a.Value))}
	}
	return out
}

func newJSONValue(v any) (out jsonValue) {
	switch v := v.(type) {
	case string:
		out.String = &v
	case bool:
		out.Bool = &v
	case int64:
		text := strconv.FormatInt(v, 10)
		out.Int = &text
	case float64:
		out.Double = &v
	case []string:
		list := jsonList{make([]jsonValue, len(v))}
		for i := range v {
			list.Values[i].String = &v[i]
		}
		out.Array = &list
	}
	return out
}

// console writes each batch as one line of OTLP in JSON.
type console struct {
	to    io.Writer
	about *origin
}

func (c *console) export(_ context.Context, batch []*Span) (int, error) {
	line, err := c.about.json(batch)
	if err == nil {
		_, err = c.to.Write(append(line, '\n'))
	}
	return 0, err
}

func (c *console) close() {}
