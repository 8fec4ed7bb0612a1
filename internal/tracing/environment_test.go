package tracing_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/tracing"
)

const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://user:s3cret@collector:4318/base"

func TestWhatCannotBeIsRefusedWithARemedy(t *testing.T) {
	for environ, want := range map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc":                      "http/protobuf",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc":               "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
		"OTEL_EXPORTER_OTLP_PROTOCOL=udp":                       "http/json",
		"OTEL_TRACES_EXPORTER=zipkin":                           "zipkin",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=collector:4318":     "http://localhost:4318",
		"OTEL_EXPORTER_OTLP_HEADERS=key":                        "name=value",
		"OTEL_EXPORTER_OTLP_HEADERS=a=%0d%0ab":                  "no header",
		"OTEL_EXPORTER_OTLP_HEADERS=a b=c":                      "no header",
		"OTEL_EXPORTER_OTLP_CLIENT_KEY=key.pem":                 "go together",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=unix:///run/x.sock": "is no URL",
	} {
		_, err := tracing.FromEnvironment([]string{endpoint, environ})
		if !errors.Is(err, tracing.ErrConfig) || !strings.Contains(fault.DetailOf(err), want) {
			t.Errorf("%s: %v; want %s", environ, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v tells a secret", environ, err)
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_CERTIFICATE=/nowhere.pem", "OTEL_EXPORTER_OTLP_CERTIFICATE=environment_test.go"} {
		e, err := tracing.FromEnvironment([]string{endpoint, name})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tracing.New(e.Config, tracing.Options{}); !errors.Is(err, tracing.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatHasNoEffectIsNamed(t *testing.T) {
	for _, c := range []struct {
		environ string
		want    []string
	}{
		{endpoint + " OTEL_TRACES_SAMPLER=sometimes", []string{"OTEL_TRACES_SAMPLER names no sampler"}},
		{endpoint + " OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=2", []string{"OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1; 1 holds"}},
		{endpoint + " OTEL_TRACES_SAMPLER_ARG=0.1", []string{"OTEL_TRACES_SAMPLER_ARG has no effect"}},
		{endpoint + " OTEL_BSP_MAX_QUEUE_SIZE=-1", []string{"OTEL_BSP_MAX_QUEUE_SIZE must be a whole number from 1 to 1048576; 2048 holds"}},
		{endpoint + " OTEL_BSP_MAX_QUEUE_SIZE=8", []string{"OTEL_BSP_MAX_EXPORT_BATCH_SIZE is larger than OTEL_BSP_MAX_QUEUE_SIZE; 8 holds"}},
		{endpoint + " OTEL_PROPAGATORS=xray,b3", []string{"OTEL_PROPAGATORS names xray"}},
		{endpoint + " OTEL_SDK_DISABLED=yes", []string{"OTEL_SDK_DISABLED must be true or false; false holds"}},
		{endpoint + " OTEL_METRICS_EXPORTER=otlp OTEL_LOGS_EXPORTER=none", []string{"OTEL_METRICS_EXPORTER has no effect"}},
		{endpoint + " OTEL_EXPORTER_OTLP_COMPRESSION=zstd", []string{"OTEL_EXPORTER_OTLP_COMPRESSION must be gzip or none; none holds"}},
		{endpoint + " OTEL_RESOURCE_ATTRIBUTES=a=%zz", []string{"OTEL_RESOURCE_ATTRIBUTES must hold"}},
		{endpoint + " OTEL_SPAN_EVENT_COUNT_LIMIT=5", nil},
		{"OTEL_SERVICE_NAME=x OTEL_BSP_SCHEDULE_DELAY=5", []string{"OTEL_BSP_SCHEDULE_DELAY has no effect without a collector", "OTEL_SERVICE_NAME has no effect without a collector"}},
		{"OTEL_SERVICE_NAME=x OTEL_TRACES_EXPORTER=none", nil},
		{"OTEL_SERVICE_NAME=x OTEL_SDK_DISABLED=true OTEL_LOG_LEVEL=debug", nil},
	} {
		e, err := tracing.FromEnvironment(strings.Fields(c.environ))
		if err != nil {
			t.Errorf("%s: %v", c.environ, err)
		}
		if len(e.Warnings) != len(c.want) {
			t.Errorf("%s: %q", c.environ, e.Warnings)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(e.Warnings[i], want) {
				t.Errorf("%s: %q; want %q", c.environ, e.Warnings[i], want)
			}
		}
	}
}

func TestEachSettingIsShownWithItsOriginAndNoSecret(t *testing.T) {
	e, err := tracing.FromEnvironment([]string{
		endpoint, "OTEL_EXPORTER_OTLP_HEADERS=authorization=s3cret", "OTEL_SERVICE_NAME=orders", "OTEL_BSP_SCHEDULE_DELAY=250", "OTEL_EXPORTER_OTLP_TIMEOUT=3000",
	})
	if err != nil {
		t.Fatal(err)
	}
	if e.Delay != 250*time.Millisecond || e.OTLP.Timeout != 3*time.Second || e.ExportTimeout != 30*time.Second {
		t.Errorf("%+v", e.Config)
	}
	got := map[string][2]string{}
	for _, s := range e.Settings {
		got[s.Name] = [2]string{s.Value, s.Origin}
	}
	want := map[string][2]string{
		"OTEL_BSP_EXPORT_TIMEOUT":                      {"30000", "default"},
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE":               {"512", "default"},
		"OTEL_BSP_MAX_QUEUE_SIZE":                      {"2048", "default"},
		"OTEL_BSP_SCHEDULE_DELAY":                      {"250", "variable OTEL_BSP_SCHEDULE_DELAY"},
		"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE":        {"", "default"},
		"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": {"", "default"},
		"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY":         {"", "default"},
		"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION":        {"none", "default"},
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT":           {"http://user:xxxxx@collector:4318/base/v1/traces", "variable OTEL_EXPORTER_OTLP_ENDPOINT"},
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS":            {"(hidden)", "variable OTEL_EXPORTER_OTLP_HEADERS"},
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL":           {"http/protobuf", "default"},
		"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT":            {"3000", "variable OTEL_EXPORTER_OTLP_TIMEOUT"},
		"OTEL_PROPAGATORS":                             {"tracecontext,baggage", "default"},
		"OTEL_RESOURCE_ATTRIBUTES":                     {"", "default"},
		"OTEL_SDK_DISABLED":                            {"false", "default"},
		"OTEL_SERVICE_NAME":                            {"orders", "variable OTEL_SERVICE_NAME"},
		"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT":              {"128", "default"},
		"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT":       {"", "default"},
		"OTEL_TRACES_EXPORTER":                         {"otlp", "default"},
		"OTEL_TRACES_SAMPLER":                          {"parentbased_always_on", "default"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
