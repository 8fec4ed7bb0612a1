package tracing_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/pawl-registry/pawl/internal/tracing"
)

// BenchmarkSpan is a request with one step and the attributes of an HTTP server's span.
func BenchmarkSpan(b *testing.B) {
	for _, environ := range []string{"OTEL_TRACES_EXPORTER=none", "OTEL_TRACES_SAMPLER=always_off", "OTEL_TRACES_SAMPLER=always_on"} {
		b.Run(environ, func(b *testing.B) {
			e, err := tracing.FromEnvironment([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1", environ})
			if err != nil {
				b.Fatal(err)
			}
			tr, err := tracing.New(e.Config, tracing.Options{})
			if err != nil {
				b.Fatal(err)
			}
			h := http.Header{}
			b.ReportAllocs()
			for b.Loop() {
				ctx, s := tr.StartRemote(b.Context(), "GET", h)
				_, child := tr.Start(ctx, "registry.check", tracing.Internal)
				child.End()
				if s.Recording() {
					s.Set(slog.String("http.route", "/subjects"), slog.Int("http.response.status_code", 200), slog.String("url.path", "/subjects"))
				}
				s.End()
			}
			_ = tr.Close(cancelled())
		})
	}
}
