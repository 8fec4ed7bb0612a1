package tracing

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FromEnvironment reads the OTEL_* variables out of an environment (NAME=value). Nothing is traced unless somebody asks for it,
// by an exporter or by the address of a collector: OpenTelemetry's own default, a collector on this machine, would have every
// server without one fail to reach it. What cannot be understood is warned of and the default holds, as the specification asks,
// but for what the spans would be lost by: that is refused with ErrConfig.
func FromEnvironment(environ []string) (Environment, error) {
	v := newVariables(environ)
	var c Config
	off := v.truth("OTEL_SDK_DISABLED")
	c.Exporters = v.exporters()
	v.otlp(&c.OTLP)
	c.Resource = v.resource()
	c.Sampler = v.sampler()
	c.Propagators = v.propagators()
	v.batches(&c)
	v.limits(&c)
	on := c.On() && !off
	if !on && !off && v.given["OTEL_TRACES_EXPORTER"] == "" {
		v.idle()
	}
	if !off {
		v.leftOver()
	}
	slices.Sort(v.warnings)
	out := Environment{Config: c, Settings: v.settings, Warnings: v.warnings}
	slices.SortFunc(out.Settings, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	if !on {
		out.Config = Config{}
		return out, nil
	}
	return out, v.failed
}

// idle warns of what is set although nothing is traced.
func (v *variables) idle() {
	for name := range v.given {
		if v.asked[name] && name != "OTEL_SDK_DISABLED" {
			v.warn("the variable %s has no effect without a collector: name one in OTEL_EXPORTER_OTLP_ENDPOINT", name)
		}
	}
}

func (v *variables) exporters() []string {
	otherwise := "none"
	if v.given["OTEL_EXPORTER_OTLP_ENDPOINT"] != "" || v.given["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] != "" {
		otherwise = "otlp"
	}
	var all []string
	for _, name := range v.list(otherwise, "OTEL_TRACES_EXPORTER") {
		switch name {
		case "otlp", "console":
			all = append(all, name)
		case "none":
		default:
			all = append(all, name)
			v.refuse("OTEL_TRACES_EXPORTER: spans cannot be sent by %q; use otlp, which every collector takes, console or none", name)
		}
	}
	return all
}

func (v *variables) otlp(o *OTLP) {
	o.Endpoint = v.endpoint()
	switch protocol, from := v.text("http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "http/protobuf":
	case "http/json":
		o.JSON = true
	case "grpc":
		v.refuse("%s: grpc is not spoken; use http/protobuf, which collectors take on port 4318", from)
	default:
		v.refuse("%s: %q is no protocol; use http/protobuf or http/json", from, protocol)
	}
	switch compression, from := v.text("none", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"); compression {
	case "none":
	case "gzip":
		o.Gzip = true
	default:
		v.corrected(from, "must be gzip or none", "none")
	}
	o.Timeout = v.millis(10*time.Second, 1, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
	o.Headers = v.headers()
	o.CA, _ = v.text("", "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_CERTIFICATE")
	o.Cert, _ = v.text("", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE")
	o.Key, _ = v.text("", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_KEY")
	if (o.Cert == "") != (o.Key == "") {
		v.refuse("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY go together")
	}
}

// endpoint returns where spans are sent. The address of traces is used as it is, to that of all signals the path of traces is
// added (OpenTelemetry Protocol Exporter: Endpoint URLs for OTLP/HTTP).
func (v *variables) endpoint() string {
	const ofTraces, ofAll = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"
	text, from := v.text("http://localhost:4318", ofTraces, ofAll)
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		v.settings[len(v.settings)-1].Value = "(malformed)"
		v.refuse("%s is no URL such as http://localhost:4318", from)
		return ""
	}
	if from != ofTraces {
		u = u.JoinPath("v1/traces")
	} else if u.Path == "" {
		u.Path = "/"
	}
	v.settings[len(v.settings)-1].Value = u.Redacted()
	return u.String()
}

func (v *variables) headers() map[string]string {
	text, from := v.secret("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
	list, ok := parsePairs(text)
	if !ok {
		v.refuse("%s must hold name=value, with commas between and values escaped like URLs", from)
	}
	headers := map[string]string{}
	for _, one := range list {
		if !token(one.name) || strings.ContainsAny(one.value, "\r\n\x00") {
			v.refuse("%s: %q is no header", from, one.name)
		}
		headers[one.name] = one.value
	}
	return headers
}

// token reports whether a text can be the name of a header (RFC 9110, section 5.6.2).
func token(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// resource returns what is told of the service.
func (v *variables) resource() []slog.Attr {
	text, from := v.text("", "OTEL_RESOURCE_ATTRIBUTES")
	list, ok := parsePairs(text)
	if !ok {
		v.corrected(from, "must hold name=value, with commas between and values escaped like URLs", "nothing")
	}
	service := "pawl"
	var attrs []slog.Attr
	for _, one := range list {
		if one.name == "service.name" {
			service = one.value
			continue
		}
		attrs = append(attrs, slog.String(one.name, one.value))
	}
	service, _ = v.text(service, "OTEL_SERVICE_NAME")
	return append([]slog.Attr{slog.String("service.name", service)}, attrs...)
}

// samplers are the samplers that are understood.
var samplers = map[string]Sampler{
	"always_on":                {orphan: true},
	"always_off":               {orphan: true, ratio: share(0)},
	"traceidratio":             {orphan: true},
	"parentbased_always_on":    {},
	"parentbased_always_off":   {ratio: share(0)},
	"parentbased_traceidratio": {},
}

func (v *variables) sampler() Sampler {
	const otherwise = "parentbased_always_on"
	name, from := v.text(otherwise, "OTEL_TRACES_SAMPLER")
	s, known := samplers[name]
	if !known {
		v.corrected(from, fmt.Sprintf("names no sampler that is known here (%q)", name), otherwise)
	}
	if strings.HasSuffix(name, "traceidratio") {
		s.ratio = share(v.ratio())
	} else if v.given["OTEL_TRACES_SAMPLER_ARG"] != "" {
		v.asked["OTEL_TRACES_SAMPLER_ARG"] = true
		v.warn("the variable OTEL_TRACES_SAMPLER_ARG has no effect on the sampler in force")
	}
	return s
}

func (v *variables) ratio() float64 {
	text, from := v.text("1", "OTEL_TRACES_SAMPLER_ARG")
	of, err := strconv.ParseFloat(text, 64)
	if err == nil && of >= 0 && of <= 1 {
		return of
	}
	v.corrected(from, "must be a number from 0 to 1", "1")
	return 1
}

func (v *variables) propagators() []string {
	var all []string
	for _, name := range v.list("tracecontext,baggage", "OTEL_PROPAGATORS") {
		if propagators[name] == nil {
			v.warn("the variable OTEL_PROPAGATORS names %s, which is not understood here; tracecontext, b3 and b3multi are", name)
			continue
		}
		all = append(all, name)
	}
	return all
}

func (v *variables) batches(c *Config) {
	c.QueueSpans = v.number(2048, 1, 1<<20, "OTEL_BSP_MAX_QUEUE_SIZE")
	c.BatchSpans = v.number(512, 1, 1<<20, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
	if c.BatchSpans > c.QueueSpans {
		v.warn("OTEL_BSP_MAX_EXPORT_BATCH_SIZE is larger than OTEL_BSP_MAX_QUEUE_SIZE; %d holds", c.QueueSpans)
		c.BatchSpans = c.QueueSpans
		v.settings[len(v.settings)-1].Value = strconv.Itoa(c.BatchSpans)
	}
	c.Delay = v.millis(5*time.Second, 0, "OTEL_BSP_SCHEDULE_DELAY")
	c.ExportTimeout = v.millis(30*time.Second, 1, "OTEL_BSP_EXPORT_TIMEOUT")
}

// limits reads the bounds of spans. Spans from here have no events and no links, so bounds of those are kept by themselves.
func (v *variables) limits(c *Config) {
	c.MaxAttributes = v.number(128, 0, 1<<20, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT")
	if text, _ := v.text("", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"); text != "" {
		v.settings = v.settings[:len(v.settings)-1]
		c.MaxValueLength = v.number(0, 0, 1<<20, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")
	}
	for _, name := range []string{
		"OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT", "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
	} {
		v.asked[name] = true
	}
}
