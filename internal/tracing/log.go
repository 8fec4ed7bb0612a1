package tracing

import (
	"context"
	"log/slog"
)

// Log returns a handler that adds trace_id and span_id to what is logged as part of a span.
func Log(h slog.Handler) slog.Handler { return logHandler{h} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if s := FromContext(ctx); s != nil {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", s.TraceID()), slog.String("span_id", s.SpanID()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}
