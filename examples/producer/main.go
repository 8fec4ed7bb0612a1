// Command producer writes orders to a topic, encoded with a schema that it registers. Start a server with `pawl serve` first.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/serde"
)

const orderSchema = `{
  "type": "record", "name": "Order", "namespace": "shop",
  "fields": [
    {"name": "id", "type": "long"},
    {"name": "customer", "type": "string"},
    {"name": "total", "type": "double"}
  ]
}`

// Order is one value of the topic.
type Order struct {
	ID       int64   `avro:"id"`
	Customer string  `avro:"customer"`
	Total    float64 `avro:"total"`
}

func main() {
	if err := run(context.Background()); err != nil {
		slog.Error("producer failed", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	registry, err := client.New(client.Options{URLs: []string{"http://127.0.0.1:8081"}})
	if err != nil {
		return err
	}
	resolver := serde.NewResolver(registry, schema.NewFormats(avro.Format), serde.Options{})
	encoder, err := serde.NewEncoder(resolver, serde.EncoderOptions{Schema: serde.Unregistered{Text: orderSchema}})
	if err != nil {
		return err
	}
	orders := serde.NewSerde[Order](encoder, nil)

	kafka, err := kgo.NewClient(kgo.SeedBrokers("127.0.0.1:9092"), kgo.AllowAutoTopicCreation())
	if err != nil {
		return err
	}
	defer kafka.Close()
	for i := range int64(10) {
		value, err := orders.Encode(ctx, nil, "orders", Order{ID: i, Customer: fmt.Sprintf("customer %d", i%3), Total: float64(i) * 9.5})
		if err != nil {
			return err
		}
		if err := kafka.ProduceSync(ctx, &kgo.Record{Topic: "orders", Value: value}).FirstErr(); err != nil {
			return err
		}
	}
	fmt.Println("10 orders written to topic orders")
	return nil
}
