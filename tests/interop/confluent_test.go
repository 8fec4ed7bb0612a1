package interop

import (
	"context"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/avrov2"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/jsonschema"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde/protobuf"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/test"
)

// confluent is librdkafka through confluent-kafka-go with its schemaregistry serdes, at their defaults.
type confluent struct{ on *place }

func (c confluent) registry(t *testing.T) schemaregistry.Client {
	t.Helper()
	cl, err := schemaregistry.NewClient(c.on.confluent())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cl.Close() })
	return cl
}

func (c confluent) write(ctx context.Context, t *testing.T, f format, topic string, all []order) {
	t.Helper()
	p, err := kafka.NewProducer(c.on.librdkafka(kafka.ConfigMap{"enable.idempotence": true, "compression.type": "gzip"}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ser := c.serializer(t, f)
	done := make(chan kafka.Event, len(all))
	for _, o := range all {
		value, err := ser.Serialize(topic, c.value(f, o))
		if err != nil {
			t.Fatalf("confluent %s serialize: %v", f, err)
		}
		msg := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny}, Key: []byte(o.ID), Value: value}
		if err := p.Produce(msg, done); err != nil {
			t.Fatal(err)
		}
	}
	for range all {
		select {
		case e := <-done:
			if m := e.(*kafka.Message); m.TopicPartition.Error != nil {
				t.Fatalf("confluent produce: %v", m.TopicPartition.Error)
			}
		case <-ctx.Done():
			t.Fatal("confluent produce: no delivery report")
		}
	}
}

func (c confluent) read(ctx context.Context, t *testing.T, f format, topic, group string, n int) []order {
	t.Helper()
	consumer, err := kafka.NewConsumer(c.on.librdkafka(kafka.ConfigMap{"group.id": group, "auto.offset.reset": "earliest"}))
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	if err := consumer.Subscribe(topic, nil); err != nil {
		t.Fatal(err)
	}
	into := c.deserializer(t, f)
	var got []order
	for len(got) < n && ctx.Err() == nil {
		msg, err := consumer.ReadMessage(time.Second)
		if err != nil {
			if e, ok := err.(kafka.Error); ok && e.Code() == kafka.ErrTimedOut {
				continue
			}
			t.Fatalf("confluent consume: %v", err)
		}
		got = append(got, into(topic, msg.Value))
	}
	if _, err := consumer.Commit(); err != nil {
		t.Fatalf("confluent commit: %v", err)
	}
	return got
}

func (c confluent) value(f format, o order) any {
	if f == protobufFormat {
		return toAuthor(o)
	}
	return &o
}

func (c confluent) serializer(t *testing.T, f format) serde.Serializer {
	t.Helper()
	var ser serde.Serializer
	var err error
	switch f {
	case avroFormat:
		ser, err = avrov2.NewSerializer(c.registry(t), serde.ValueSerde, avrov2.NewSerializerConfig())
	case protobufFormat:
		ser, err = protobuf.NewSerializer(c.registry(t), serde.ValueSerde, protobuf.NewSerializerConfig())
	default:
		ser, err = jsonschema.NewSerializer(c.registry(t), serde.ValueSerde, jsonschema.NewSerializerConfig())
	}
	if err != nil {
		t.Fatal(err)
	}
	return ser
}

// deserializer returns a function that reads one record of the format.
func (c confluent) deserializer(t *testing.T, f format) func(topic string, data []byte) order {
	t.Helper()
	var de serde.Deserializer
	var err error
	switch f {
	case avroFormat:
		de, err = avrov2.NewDeserializer(c.registry(t), serde.ValueSerde, avrov2.NewDeserializerConfig())
	case protobufFormat:
		de, err = protobuf.NewDeserializer(c.registry(t), serde.ValueSerde, protobuf.NewDeserializerConfig())
	default:
		config := jsonschema.NewDeserializerConfig()
		config.EnableValidation = true
		de, err = jsonschema.NewDeserializer(c.registry(t), serde.ValueSerde, config)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func(topic string, data []byte) order {
		t.Helper()
		if f == protobufFormat {
			var a test.Author
			if err := de.DeserializeInto(topic, data, &a); err != nil {
				t.Fatalf("confluent %s deserialize: %v", f, err)
			}
			return fromAuthor(&a)
		}
		var o order
		if err := de.DeserializeInto(topic, data, &o); err != nil {
			t.Fatalf("confluent %s deserialize: %v", f, err)
		}
		return o
	}
}
