package interop

import (
	"context"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/test"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/schema/jsonschema"
	"github.com/pawl-registry/pawl/schema/protobuf"
	"github.com/pawl-registry/pawl/serde"
)

// pawl is our own client and serde, on kgo.
type pawl struct{ on *place }

func (p pawl) resolver(t *testing.T) *serde.Resolver {
	t.Helper()
	registry, err := client.New(p.on.client())
	if err != nil {
		t.Fatal(err)
	}
	return serde.NewResolver(registry, schema.NewFormats(avro.Format, protobuf.Format, jsonschema.Format), serde.Options{})
}

func (p pawl) write(ctx context.Context, t *testing.T, f format, topic string, all []order) {
	t.Helper()
	encoder, err := serde.NewEncoder(p.resolver(t), serde.EncoderOptions{Schema: p.schema(t, f)})
	if err != nil {
		t.Fatal(err)
	}
	cl := p.on.kgo(t, kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(kgo.GzipCompression()))
	for _, o := range all {
		var v any = o
		if f == protobufFormat {
			v = toAuthor(o)
		}
		value, err := encoder.Encode(ctx, nil, topic, v)
		if err != nil {
			t.Fatalf("pawl %s encode: %v", f, err)
		}
		if err := cl.ProduceSync(ctx, &kgo.Record{Key: []byte(o.ID), Value: value}).FirstErr(); err != nil {
			t.Fatalf("pawl produce: %v", err)
		}
	}
}

func (pawl) schema(t *testing.T, f format) serde.Unregistered {
	t.Helper()
	text, _ := text(f)
	if f == protobufFormat {
		var imports []protobuf.Import
		var err error
		if text, imports, err = protobuf.SourceOf(&test.Author{}); err != nil || len(imports) > 0 {
			t.Fatalf("text of a generated message: %v, %d imports", err, len(imports))
		}
	}
	return serde.Unregistered{Format: string(f), Text: text}
}

func (p pawl) read(ctx context.Context, t *testing.T, f format, topic, group string, n int) []order {
	t.Helper()
	decoder := serde.NewDecoder(p.resolver(t), serde.DecoderOptions{})
	var got []order
	for _, value := range groupConsume(ctx, t, p.on, topic, group, n) {
		var o order
		var err error
		if f == protobufFormat {
			var a test.Author
			err = decoder.Decode(ctx, topic, value, &a)
			o = fromAuthor(&a)
		} else {
			err = decoder.Decode(ctx, topic, value, &o)
		}
		if err != nil {
			t.Fatalf("pawl %s decode: %v", f, err)
		}
		got = append(got, o)
	}
	return got
}
