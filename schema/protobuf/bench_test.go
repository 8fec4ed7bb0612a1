package protobuf_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

func sampleEvents() map[string]proto.Message {
	audit := &Audit{Actor: "svc-billing", Action: "invoice.updated", Context: map[string]string{}, Versions: []int64{1, 2, 300, 40000}}
	for i := range 12 {
		audit.Targets = append(audit.Targets, strings.Repeat("target/", 10))
		audit.Context[strings.Repeat("k", i+3)] = strings.Repeat("value ", 16)
	}
	audit.Before, audit.After = strings.Repeat("before ", 120), strings.Repeat("after ", 120)
	return map[string]proto.Message{
		"order":   sampleOrder(),
		"reading": &Reading{Sensor: 8812, AtMs: 1700000000123, Value: 21.5},
		"audit":   audit,
	}
}

// each runs a benchmark for every event with its codec and payload.
func each(b *testing.B, f func(b *testing.B, m schema.Message, v proto.Message, payload []byte)) {
	s := sampleSchema(b)
	for name, v := range sampleEvents() {
		m := message(b, s, string(v.ProtoReflect().Descriptor().FullName()))
		payload, err := m.Append(nil, v)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(payload)))
			f(b, m, v, payload)
		})
	}
}

func fatal(b *testing.B, err error) {
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkEncode(b *testing.B) {
	each(b, func(b *testing.B, m schema.Message, v proto.Message, payload []byte) {
		for b.Loop() {
			out, err := m.Append(payload[:0], v)
			fatal(b, err)
			payload = out
		}
	})
}

// BenchmarkEncodeRaw is protobuf-go alone, to compare with.
func BenchmarkEncodeRaw(b *testing.B) {
	each(b, func(b *testing.B, _ schema.Message, v proto.Message, payload []byte) {
		for b.Loop() {
			out, err := proto.MarshalOptions{}.MarshalAppend(payload[:0], v)
			fatal(b, err)
			payload = out
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	each(b, func(b *testing.B, m schema.Message, v proto.Message, payload []byte) {
		out := v.ProtoReflect().New().Interface()
		for b.Loop() {
			fatal(b, m.Decode(payload, out))
		}
	})
}

// BenchmarkDecodeRaw is protobuf-go alone, to compare with.
func BenchmarkDecodeRaw(b *testing.B) {
	each(b, func(b *testing.B, _ schema.Message, v proto.Message, payload []byte) {
		out := v.ProtoReflect().New().Interface()
		for b.Loop() {
			fatal(b, proto.Unmarshal(payload, out))
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	each(b, func(b *testing.B, m schema.Message, _ proto.Message, payload []byte) {
		for b.Loop() {
			fatal(b, m.Check(payload))
		}
	})
}

func BenchmarkDecodeGeneric(b *testing.B) {
	each(b, func(b *testing.B, m schema.Message, _ proto.Message, payload []byte) {
		for b.Loop() {
			var v any
			fatal(b, m.Decode(payload, &v))
		}
	})
}

func BenchmarkEncodeGeneric(b *testing.B) {
	each(b, func(b *testing.B, m schema.Message, _ proto.Message, payload []byte) {
		var v any
		fatal(b, m.Decode(payload, &v))
		for b.Loop() {
			out, err := m.Append(payload[:0], v)
			fatal(b, err)
			payload = out
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	each(b, func(b *testing.B, m schema.Message, _ proto.Message, payload []byte) {
		var text []byte
		for b.Loop() {
			out, err := m.AppendJSON(text[:0], payload)
			fatal(b, err)
			text = out
		}
	})
}

func BenchmarkParseJSON(b *testing.B) {
	each(b, func(b *testing.B, m schema.Message, _ proto.Message, payload []byte) {
		text, err := m.AppendJSON(nil, payload)
		fatal(b, err)
		for b.Loop() {
			out, err := m.ParseJSON(payload[:0], text)
			fatal(b, err)
			payload = out
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	s := sampleSchema(b)
	body := message(b, s, "pawl.sample.Order.Address").AppendPrefix(nil)
	b.ReportAllocs()
	for b.Loop() {
		_, _, err := s.Open(body)
		fatal(b, err)
	}
}

func BenchmarkParse(b *testing.B) {
	text, _, err := protobuf.SourceOf(&Order{})
	fatal(b, err)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s, err := protobuf.Format.Parse(schema.Source{Text: text}, nil)
		fatal(b, err)
		_ = s.Canonical()
	}
}

// BenchmarkLink is the first payload of a schema: descriptors are made once and kept.
func BenchmarkLink(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		m := message(b, sampleSchema(b), "pawl.sample.Order")
		_, err := m.ParseJSON(nil, []byte("{}"))
		fatal(b, err)
	}
}

func BenchmarkDifferences(b *testing.B) {
	writer := sampleSchema(b)
	text := strings.Replace(writer.Canonical(), "int64 minor_units = 2;", "int64 minor_units = 2; string note = 3;", 1)
	reader, err := protobuf.Format.Parse(schema.Source{Text: text}, nil)
	fatal(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if d := reader.Differences(writer, schema.Question{}); d != nil {
			b.Fatal(d)
		}
	}
}
