package tracing

import (
	"log/slog"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// ErrConfig is a setting that a tracer cannot be made with.
var ErrConfig = fault.NewCode(fault.Invalid, "tracing_configuration")

// Config is what a Tracer is made with. FromEnvironment makes it; the zero value traces nothing.
type Config struct {
	Exporters   []string // otlp, console; none: nothing is traced
	OTLP        OTLP
	Resource    []slog.Attr // what the spans come from, besides what the process knows of itself
	Sampler     Sampler
	Propagators []string // see propagators

	QueueSpans    int           // that wait to be sent; more are lost
	BatchSpans    int           // sent together
	Delay         time.Duration // from the first span of a batch to its sending
	ExportTimeout time.Duration // of one batch, with all that is tried again

	MaxAttributes  int // of a span
	MaxValueLength int // of the text of an attribute, in characters; 0: no bound
}

// OTLP is where spans go, and how.
type OTLP struct {
	Endpoint string // URL
	JSON     bool   // else Protobuf
	Gzip     bool
	Headers  map[string]string // may hold secrets
	Timeout  time.Duration     // of one request
	CA       string            // files, PEM; empty: the system's authorities
	Cert     string            // of this client, with Key; empty: none
	Key      string
}

// On reports whether anything is traced.
func (c *Config) On() bool { return len(c.Exporters) > 0 }

// Setting is one setting as people see it, without secrets.
type Setting struct {
	Name, Value, Origin string
}

// Environment is what the OTEL_* variables say.
type Environment struct {
	Config
	Settings []Setting // in the order of their names
	Warnings []string  // about variables that have no effect, by name
}
