package interop

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/test"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"google.golang.org/protobuf/proto"
)

// franz is franz-go: kgo for Kafka, sr for the registry and the frame, and the codecs its users bring.
type franz struct{ on *place }

const authorProto = `syntax = "proto3";
package test;

message Author {
  string name = 1;
  int32 id = 2;
  bytes picture = 3;
  repeated string works = 4;
  oneof pii_oneof {
    Pizza oneof_message = 5;
    string oneof_string = 6;
  }
}
message Pizza {
  string size = 1;
  repeated string toppings = 2;
}
`

func text(f format) (string, sr.SchemaType) {
	switch f {
	case avroFormat:
		return orderAvro, sr.TypeAvro
	case protobufFormat:
		return authorProto, sr.TypeProtobuf
	}
	return orderJSON, sr.TypeJSON
}

func (z franz) registry(t *testing.T) *sr.Client {
	t.Helper()
	cl, err := sr.NewClient(z.on.sr()...)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// serde registers what sr.Serde needs to read and write the schema with the given ID.
func (z franz) serde(t *testing.T, f format, id int, schemaText string) *sr.Serde {
	t.Helper()
	var s sr.Serde
	switch f {
	case avroFormat:
		parsed, err := avro.Parse(schemaText)
		if err != nil {
			t.Fatalf("twmb/avro: %v", err)
		}
		s.Register(id, order{},
			sr.EncodeFn(func(v any) ([]byte, error) { return parsed.AppendEncode(nil, v) }),
			sr.DecodeFn(func(b []byte, v any) error { _, err := parsed.Decode(b, v); return err }))
	case protobufFormat:
		s.Register(id, &test.Author{}, sr.Index(0),
			sr.EncodeFn(func(v any) ([]byte, error) { return proto.Marshal(v.(proto.Message)) }),
			sr.DecodeFn(func(b []byte, v any) error { return proto.Unmarshal(b, v.(proto.Message)) }),
			sr.GenerateFn(func() any { return new(test.Author) }))
	default:
		s.Register(id, order{}, sr.EncodeFn(json.Marshal), sr.DecodeFn(json.Unmarshal))
	}
	return &s
}

func (z franz) write(ctx context.Context, t *testing.T, f format, topic string, all []order) {
	t.Helper()
	schemaText, kind := text(f)
	registered, err := z.registry(t).CreateSchema(ctx, topic+"-value", sr.Schema{Schema: schemaText, Type: kind})
	if err != nil {
		t.Fatalf("franz-go register: %v", err)
	}
	s := z.serde(t, f, registered.ID, registered.Schema.Schema)
	cl := z.on.kgo(t, kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(kgo.GzipCompression()))
	for _, o := range all {
		var v any = o
		if f == protobufFormat {
			v = toAuthor(o)
		}
		value, err := s.Encode(v)
		if err != nil {
			t.Fatalf("franz-go %s encode: %v", f, err)
		}
		if err := cl.ProduceSync(ctx, &kgo.Record{Key: []byte(o.ID), Value: value}).FirstErr(); err != nil {
			t.Fatalf("franz-go produce: %v", err)
		}
	}
}

func (z franz) read(ctx context.Context, t *testing.T, f format, topic, group string, n int) []order {
	t.Helper()
	var got []order
	for _, value := range groupConsume(ctx, t, z.on, topic, group, n) {
		var header sr.ConfluentHeader
		id, _, err := header.DecodeID(value)
		if err != nil {
			t.Fatalf("franz-go header: %v", err)
		}
		found, err := z.registry(t).SchemaByID(ctx, id)
		if err != nil {
			t.Fatalf("franz-go by id: %v", err)
		}
		got = append(got, z.decode(t, f, z.serde(t, f, id, found.Schema), value))
	}
	return got
}

func (z franz) decode(t *testing.T, f format, s *sr.Serde, value []byte) order {
	t.Helper()
	if f == protobufFormat {
		var a test.Author
		if err := s.Decode(value, &a); err != nil {
			t.Fatalf("franz-go %s decode: %v", f, err)
		}
		return fromAuthor(&a)
	}
	var o order
	if err := s.Decode(value, &o); err != nil {
		t.Fatalf("franz-go %s decode: %v", f, err)
	}
	return o
}

// groupConsume reads n values as the only member of a group and commits them.
func groupConsume(ctx context.Context, t *testing.T, on *place, topic, group string, n int) [][]byte {
	t.Helper()
	cl := on.kgo(t, kgo.ConsumeTopics(topic), kgo.ConsumerGroup(group), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer cl.Close()
	var values [][]byte
	for len(values) < n {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("franz-go consume after %d of %d: %v", len(values), n, err)
		}
		fetches.EachError(func(topic string, partition int32, err error) {
			t.Fatalf("franz-go consume %s/%d: %v", topic, partition, err)
		})
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, r.Value) })
	}
	if err := cl.CommitUncommittedOffsets(ctx); err != nil {
		t.Fatalf("franz-go commit: %v", err)
	}
	return values
}
