package rest

import (
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// beginSpan begins the span of a request, in the trace that its headers name. What asks for health and numbers is not traced:
// machines ask it all day.
func (x *exchange) beginSpan() {
	t := x.s.opts.Tracer
	if t == nil || x.r.URL.Path == metricsPath || strings.HasPrefix(x.r.URL.Path, "/health/") {
		return
	}
	ctx, span := t.StartRemote(x.r.Context(), methodName(x.r.Method), x.r.Header)
	x.span, x.r = span, x.r.WithContext(ctx)
}

// endSpan says what the request was and what became of it, by the semantic conventions for HTTP servers (OpenTelemetry,
// version 1.37). Only faults of the server make a failed span; a refusal is an answer.
func (x *exchange) endSpan() {
	if !x.span.Recording() {
		return
	}
	x.span.Set(x.requestAttrs()...)
	if x.route != nil {
		x.span.Rename(methodName(x.r.Method) + " " + x.route.path)
		x.span.Set(slog.String("http.route", x.route.path))
	}
	x.span.Set(slog.String("pawl.request_id", x.id))
	if x.status != 0 { // else it was given up
		x.span.Set(slog.Int("http.response.status_code", x.status))
	}
	if x.code != 0 {
		x.span.Set(slog.Int("pawl.error_code", x.code))
	}
	if x.status >= http.StatusInternalServerError {
		x.span.Set(slog.String("error.type", strconv.Itoa(x.status)))
		x.span.Fail("")
	}
	x.span.End()
}

// methodName is the name of a request whose route is not known.
func methodName(method string) string {
	if known(method) != other {
		return method
	}
	return "HTTP"
}

func (x *exchange) requestAttrs() []slog.Attr {
	r := x.r
	attrs := []slog.Attr{
		slog.String("url.scheme", scheme(r)), slog.String("url.path", pathAlone(r)),
		slog.String("network.protocol.version", strings.TrimSuffix(strings.TrimPrefix(r.Proto, "HTTP/"), ".0")),
	}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	if known(r.Method) != other {
		add("http.request.method", r.Method)
	} else {
		add("http.request.method", "_OTHER")
		add("http.request.method_original", r.Method)
	}
	add("url.query", r.URL.RawQuery)
	add("user_agent.original", r.UserAgent())
	if host, port, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		add("client.address", host)
		add("network.peer.address", host)
		attrs = addPort(attrs, "network.peer.port", port)
	}
	if host, port, err := net.SplitHostPort(r.Host); err == nil {
		add("server.address", host)
		attrs = addPort(attrs, "server.port", port)
	} else {
		add("server.address", r.Host)
	}
	return attrs
}

// pathAlone returns the path without keeping a long query in memory, of which it may be a part.
func pathAlone(r *http.Request) string {
	if len(r.RequestURI) > 1024 {
		return strings.Clone(r.URL.EscapedPath())
	}
	return r.URL.EscapedPath()
}

func addPort(attrs []slog.Attr, name, port string) []slog.Attr {
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		attrs = append(attrs, slog.Uint64(name, n))
	}
	return attrs
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}
