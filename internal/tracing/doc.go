// Package tracing makes the spans of OpenTelemetry and sends them to a collector over OTLP/HTTP.
//
// It is told what to do by the OTEL_* variables of the OpenTelemetry specification ([FromEnvironment]); docs/tracing.md lists
// what is honoured, DESIGN.md says why the package is our own. It knows neither routes nor registries: whoever serves a request
// begins the span and says what it is about.
//
// A nil *Tracer and a nil *Span do nothing, which is what a server has that is not told to trace. A Tracer is safe for
// concurrent use. A Span belongs to one goroutine at a time; others may begin children of it, also after its end.
package tracing
