package serve

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/pawl-registry/pawl/broker/kafka"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/metrics"
	"github.com/pawl-registry/pawl/internal/tracing"
	"github.com/pawl-registry/pawl/registry"
)

// loadTracing takes what OpenTelemetry's variables say.
func (s *Settings) loadTracing(environ []string) error {
	e, err := tracing.FromEnvironment(environ)
	if err != nil {
		return cli.Usagef("%s", fault.DetailOf(err))
	}
	s.warnings = append(s.warnings, e.Warnings...)
	s.Tracing, s.traced = e.Config, e.Settings
	return nil
}

// flushTime is how much of the stop the last spans may take.
const flushTime = 3 * time.Second

// openTracer returns nil unless the configuration asks for traces.
func (s *Server) openTracer(cfg Config, logger *slog.Logger) (*tracing.Tracer, error) {
	t, err := tracing.New(cfg.Tracing, tracing.Options{Logger: logger, Version: cfg.Version})
	if t == nil || err != nil {
		return nil, err
	}
	s.opened("tracing", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, flushTime)
		defer cancel()
		if err := t.Close(ctx); err != nil {
			logger.Warn("spans were lost at the end", "error", err) // which is no reason to call the stop a failure
		}
		return nil
	})
	return t, nil
}

// traceSteps gives the steps of a request spans below the request's own.
func traceSteps(t *tracing.Tracer) registry.Trace {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, step string) func(error, ...slog.Attr) {
		if !tracing.FromContext(ctx).Sampled() {
			return nil
		}
		_, span := t.Start(ctx, step, tracing.Internal)
		return func(err error, about ...slog.Attr) {
			span.Set(about...)
			end(span, err)
		}
	}
}

// traceKafka gives requests of Kafka clients spans of their own, for their protocol has no place for a parent.
func traceKafka(t *tracing.Tracer, cfg Config) kafka.Trace {
	if t == nil || !cfg.TraceKafka {
		return nil
	}
	return func(ctx context.Context, api string, version int16, client, remote string) (context.Context, func(error)) {
		ctx, span := t.Start(ctx, api, tracing.Server)
		if span.Recording() {
			span.Set(slog.String("messaging.system", "kafka"), slog.String("messaging.operation.name", api),
				slog.Int("pawl.kafka.api_version", int(version)), slog.String("messaging.client.id", client))
			if host, _, err := net.SplitHostPort(remote); err == nil {
				span.Set(slog.String("client.address", host), slog.String("network.peer.address", host))
			}
		}
		return ctx, func(err error) { end(span, err) }
	}
}

// end ends a span with an error's code and its text for the caller.
func end(span *tracing.Span, err error) {
	if err != nil {
		what := fault.KindOf(err).String()
		if code := fault.CodeOf(err); code != nil {
			what = code.Name()
		}
		span.Set(slog.String("error.type", what))
		span.Fail(fault.DetailOf(err))
	}
	span.End()
}

// measureTracing adds what became of spans, if there are any.
func measureTracing(set *metrics.Set, t *tracing.Tracer) {
	if t == nil {
		return
	}
	set.Read([]metrics.Family{
		{Name: "pawl_traces_sent_spans_total", Help: "Spans that a collector took.", Kind: metrics.Counter},
		{Name: "pawl_traces_lost_spans_total", Help: "Spans that no collector took.", Kind: metrics.Counter},
	}, func(emit metrics.Emit) {
		c := t.Counts()
		emit(0, float64(c.Sent))
		emit(1, float64(c.Lost))
	})
}
