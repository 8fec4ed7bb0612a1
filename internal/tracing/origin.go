package tracing

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"os"
	"slices"
)

// schemaURL names the version of the semantic conventions that the names of attributes come from.
const schemaURL = "https://opentelemetry.io/schemas/1.37.0"

// scope is the name of the instrumentation.
const scope = "github.com/pawl-registry/pawl"

// origin is what is told with every batch: what process the spans come from.
type origin struct {
	attrs     []slog.Attr
	version   string
	maxLength int
}

// newOrigin puts what somebody said of the service over what the process knows of itself.
func newOrigin(c *Config, version string) *origin {
	own := []slog.Attr{
		slog.String("service.version", version), slog.String("service.instance.id", instance()),
		slog.String("telemetry.sdk.name", "pawl"), slog.String("telemetry.sdk.language", "go"), slog.String("telemetry.sdk.version", version),
	}
	if host, err := os.Hostname(); err == nil {
		own = append(own, slog.String("host.name", host))
	}
	o := &origin{attrs: slices.Clone(c.Resource), version: version, maxLength: c.MaxValueLength}
	for _, a := range own {
		if !slices.ContainsFunc(o.attrs, func(said slog.Attr) bool { return said.Key == a.Key }) {
			o.attrs = append(o.attrs, a)
		}
	}
	return o
}

// instance returns a UUID of version 4 for this process.
func instance() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (o *origin) agent() string { return "OTel-OTLP-Exporter-Pawl/" + o.version }

// The flags of a span in OTLP: those of W3C below, and whether the parent is in another process.
const (
	flagKnown  = 0x100
	flagRemote = 0x200
)

func (s *Span) flags() uint32 {
	f := uint32(s.place.flags) | flagKnown
	if s.remote {
		f |= flagRemote
	}
	return f
}

// statusError is the status of a span that did not succeed, by its number in OTLP.
const statusError = 2
