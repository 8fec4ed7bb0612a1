package interop

import (
	"context"
	"testing"
)

// order is the event that every party writes and reads.
type order struct {
	ID       string   `avro:"id" json:"id"`
	Quantity int64    `avro:"quantity" json:"quantity"`
	Price    float64  `avro:"price" json:"price"`
	Tags     []string `avro:"tags" json:"tags"`
}

func orders() []order {
	return []order{
		{ID: "o-1", Quantity: 3, Price: 9.5, Tags: []string{"new", "gift"}},
		{ID: "o-2", Quantity: -7, Price: 0, Tags: []string{}},
		{ID: "Größe-✓", Quantity: 1 << 40, Price: -1.25e-9, Tags: []string{""}},
	}
}

const orderAvro = `{"type":"record","name":"Order","namespace":"shop","fields":[
  {"name":"id","type":"string"},{"name":"quantity","type":"long"},{"name":"price","type":"double"},
  {"name":"tags","type":{"type":"array","items":"string"}}]}`

const orderJSON = `{"$schema":"http://json-schema.org/draft-07/schema#","title":"Order","type":"object",
  "properties":{"id":{"type":"string"},"quantity":{"type":"integer"},"price":{"type":"number"},
  "tags":{"type":"array","items":{"type":"string"}}},"required":["id","quantity"],"additionalProperties":false}`

// format is a schema format as the parties name it.
type format string

const (
	avroFormat     format = "AVRO"
	protobufFormat format = "PROTOBUF"
	jsonFormat     format = "JSON"
)

// A party is one foreign (or our own) stack: registry client, serde and Kafka client. write registers the schema under
// <topic>-value and produces the orders; read consumes n records with a group and decodes them.
type party interface {
	write(ctx context.Context, t *testing.T, f format, topic string, all []order)
	read(ctx context.Context, t *testing.T, f format, topic, group string, n int) []order
}
