package serde_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/schema/jsonschema"
	"github.com/pawl-registry/pawl/schema/protobuf"
	"github.com/pawl-registry/pawl/serde"
)

var realFormats = schema.NewFormats(avro.Format, protobuf.Format, jsonschema.Format)

// reading is the small event of the benchmarks and round trips.
type reading struct {
	Sensor string            `avro:"sensor" json:"sensor"`
	Value  float64           `avro:"value" json:"value"`
	Count  int32             `avro:"count" json:"count"`
	Tags   []string          `avro:"tags" json:"tags"`
	Extra  map[string]string `avro:"extra" json:"extra"`
}

var readings = []struct {
	format, text, evolved, name string
}{
	{
		"AVRO",
		`{"type":"record","name":"Reading","namespace":"lab","fields":[{"name":"sensor","type":"string"},{"name":"value","type":"double"},
		  {"name":"count","type":"int"},{"name":"tags","type":{"type":"array","items":"string"}},{"name":"extra","type":{"type":"map","values":"string"}}]}`,
		`{"type":"record","name":"Reading","namespace":"lab","fields":[{"name":"unit","type":"string","default":"C"},{"name":"sensor","type":"string"},
		  {"name":"value","type":"double"}]}`,
		"lab.Reading",
	},
	{
		"PROTOBUF",
		`syntax = "proto3"; package lab; message Other { message Nested { string a = 1; } } message Reading { string sensor = 1; double value = 2;
		  int32 count = 3; repeated string tags = 4; map<string, string> extra = 5; }`,
		`syntax = "proto3"; package lab; message Reading { string sensor = 1; double value = 2; string unit = 6; }`,
		"lab.Reading",
	},
	{
		"JSON",
		`{"title":"lab.Reading","type":"object","required":["sensor"],"properties":{"sensor":{"type":"string"},"value":{"type":"number"},
		  "count":{"type":"integer"},"tags":{"type":"array","items":{"type":"string"}},"extra":{"type":"object","additionalProperties":{"type":"string"}}}}`,
		`{"title":"lab.Reading","type":"object","required":["sensor"],"properties":{"sensor":{"type":"string"},"value":{"type":"number"},"unit":{"type":"string"}}}`,
		"lab.Reading",
	},
}

// typed is a registry that keeps the format of what is registered, as real ones do.
type typed struct{ *fake }

func (f typed) Register(ctx context.Context, subject string, s serde.Unregistered) (serde.Registered, error) {
	r, err := f.fake.Register(ctx, subject, s)
	f.mu.Lock()
	defer f.mu.Unlock()
	versions := f.subjects[subject]
	for i := range versions {
		if versions[i].ID == r.ID {
			versions[i].Format = s.Format
		}
	}
	r.Format = s.Format
	return r, err
}

func TestRealFormatsRoundTrip(t *testing.T) {
	want := reading{Sensor: "s1", Value: 21.5, Count: 3, Tags: []string{"a", "b"}, Extra: map[string]string{"k": "v"}}
	for _, tt := range readings {
		t.Run(tt.format, func(t *testing.T) {
			r := serde.NewResolver(typed{newFake()}, realFormats, serde.Options{})
			e, err := serde.NewEncoder(r, serde.EncoderOptions{Schema: serde.Unregistered{Format: tt.format, Text: tt.text}, Message: tt.name})
			if err != nil {
				t.Fatal(err)
			}
			pair := serde.NewSerde[reading](e, serde.NewDecoder(r, serde.DecoderOptions{}))
			buf := append(make([]byte, 0, 512), "before"...)
			data, err := pair.Encode(t.Context(), buf, "readings", want)
			if err != nil || !bytes.HasPrefix(data, []byte("before\x00\x00\x00\x00\x01")) {
				t.Fatalf("Encode = %q, %v", data, err)
			}
			data = data[len("before"):]
			if got, err := pair.Decode(t.Context(), "readings", data); err != nil || !cmp.Equal(want, got) {
				t.Errorf("Decode: %v\n%s", err, cmp.Diff(want, got))
			}
			var generic any
			if err := serde.NewDecoder(r, serde.DecoderOptions{}).Decode(t.Context(), "readings", data, &generic); err != nil || generic.(map[string]any)["sensor"] != "s1" {
				t.Errorf("generic: %v, %v", generic, err)
			}
			refuseEveryPrefix(t, serde.NewDecoder(r, serde.DecoderOptions{}), tt.format, data)
		})
	}
}

// refuseEveryPrefix decodes the record cut at every byte: nothing may panic, and a cut Avro or JSON payload is never a value.
func refuseEveryPrefix(t *testing.T, d *serde.Decoder, format string, data []byte) {
	t.Helper()
	for n := range data {
		var v any
		err := d.Decode(t.Context(), "readings", data[:n], &v)
		if err == nil && format != "PROTOBUF" {
			t.Errorf("%d of %d bytes decode to %v", n, len(data), v)
		}
		var de *serde.DecodeError
		if err != nil && !errors.As(err, &de) {
			t.Errorf("%d bytes: %v is no DecodeError", n, err)
		}
	}
}

func TestRealFormatsAreReadWithAnotherSchema(t *testing.T) {
	type evolved struct {
		Sensor string  `avro:"sensor" json:"sensor"`
		Value  float64 `avro:"value" json:"value"`
		Unit   string  `avro:"unit" json:"unit"`
	}
	wants := map[string]string{"AVRO": "C"} // Avro has defaults; the others leave the field empty
	for _, tt := range readings {
		t.Run(tt.format, func(t *testing.T) {
			r := serde.NewResolver(typed{newFake()}, realFormats, serde.Options{})
			e, err := serde.NewEncoder(r, serde.EncoderOptions{Schema: serde.Unregistered{Format: tt.format, Text: tt.text}, Message: tt.name})
			if err != nil {
				t.Fatal(err)
			}
			data, err := e.Encode(t.Context(), nil, "readings", &reading{Sensor: "s1", Value: 2, Tags: []string{}, Extra: map[string]string{}})
			if err != nil {
				t.Fatal(err)
			}
			d := serde.NewDecoder(r, serde.DecoderOptions{Reader: serde.Unregistered{Format: tt.format, Text: tt.evolved}})
			got, err := serde.NewSerde[evolved](nil, d).Decode(t.Context(), "readings", data)
			if want := (evolved{"s1", 2, wants[tt.format]}); err != nil || got != want {
				t.Errorf("Decode = %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestProtobufMessageIndexesAndNames(t *testing.T) {
	tests := []struct {
		message, prefix, subject string
		value                    map[string]any
	}{
		{"", "\x00", "readings-lab.Other", map[string]any{}},
		{"lab.Other", "\x00", "readings-lab.Other", map[string]any{}},
		{"lab.Reading", "\x02\x02", "readings-lab.Reading", map[string]any{"sensor": "x"}},
		{"lab.Other.Nested", "\x04\x00\x00", "readings-lab.Other.Nested", map[string]any{"a": "x"}},
	}
	for _, tt := range tests {
		f := newFake()
		r := serde.NewResolver(typed{f}, realFormats, serde.Options{})
		e, err := serde.NewEncoder(r, serde.EncoderOptions{
			Strategy: serde.TopicRecordName, Message: tt.message, Schema: serde.Unregistered{Format: "PROTOBUF", Text: readings[1].text},
		})
		if err != nil {
			t.Fatal(err)
		}
		data, err := e.Encode(t.Context(), nil, "readings", tt.value)
		if err != nil || !strings.HasPrefix(string(data[min(5, len(data)):]), tt.prefix) {
			t.Errorf("%q: %q, %v", tt.message, data, err)
			continue
		}
		f.asked(t, "Register "+tt.subject, 1)
		v := serde.NewValidator(r, serde.ValidatorOptions{})
		rule := serde.Rule{Topic: "readings", Strategy: serde.TopicRecordName, Rigor: serde.CheckPayload}
		if refusal, err := v.Batch().Judge(t.Context(), rule, nil, data); !refusal.Passes() || err != nil {
			t.Errorf("%q: judged %+v, %v", tt.message, refusal, err)
		}
		var got any
		if err := serde.NewDecoder(r, serde.DecoderOptions{}).Decode(t.Context(), "readings", data, &got); err != nil || !cmp.Equal(any(tt.value), got) {
			t.Errorf("%q: decoded %v, %v", tt.message, got, err)
		}
	}
}

func TestRealFormatsFromManyGoroutines(t *testing.T) {
	for _, tt := range readings {
		t.Run(tt.format, func(t *testing.T) {
			r := serde.NewResolver(typed{newFake()}, realFormats, serde.Options{})
			e, err := serde.NewEncoder(r, serde.EncoderOptions{Schema: serde.Unregistered{Format: tt.format, Text: tt.text}, Message: tt.name})
			if err != nil {
				t.Fatal(err)
			}
			pair := serde.NewSerde[reading](e, serde.NewDecoder(r, serde.DecoderOptions{}))
			var wg sync.WaitGroup
			for g := range 4 {
				wg.Go(func() {
					for i := range 50 {
						want := reading{Sensor: fmt.Sprint(g), Count: int32(i + 1), Tags: []string{"t"}, Extra: map[string]string{"i": fmt.Sprint(i)}}
						data, err := pair.Encode(context.Background(), nil, "readings", want)
						if err != nil {
							t.Error(err)
							return
						}
						if got, err := pair.Decode(context.Background(), "readings", data); err != nil || !cmp.Equal(want, got) {
							t.Errorf("%v: %s", err, cmp.Diff(want, got))
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// BenchmarkFormats is the whole way of a small record: encode into a reused buffer, decode into a fresh struct.
func BenchmarkFormats(b *testing.B) {
	for _, tt := range readings {
		r := serde.NewResolver(typed{newFake()}, realFormats, serde.Options{})
		e, err := serde.NewEncoder(r, serde.EncoderOptions{Schema: serde.Unregistered{Format: tt.format, Text: tt.text}, Message: tt.name})
		if err != nil {
			b.Fatal(err)
		}
		d := serde.NewDecoder(r, serde.DecoderOptions{})
		v := &reading{Sensor: "s1", Value: 21.5, Count: 3, Tags: []string{"a", "b"}, Extra: map[string]string{"k": "v"}}
		buf := make([]byte, 0, 512)
		b.Run(tt.format+"/encode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Encode(context.Background(), buf, "readings", v); err != nil {
					b.Fatal(err)
				}
			}
		})
		data, err := e.Encode(context.Background(), nil, "readings", v)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(tt.format+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var got reading
				if err := d.Decode(context.Background(), "readings", data, &got); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
