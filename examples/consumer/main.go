// Command consumer prints the orders that the producer beside it wrote, until it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/serde"
)

// readerSchema is what this program wants to see of an order, whatever version wrote it.
const readerSchema = `{
  "type": "record", "name": "Order", "namespace": "shop",
  "fields": [
    {"name": "id", "type": "long"},
    {"name": "total", "type": "double"},
    {"name": "currency", "type": "string", "default": "EUR"}
  ]
}`

// Order is one value of the topic as this program sees it.
type Order struct {
	ID       int64   `avro:"id"`
	Total    float64 `avro:"total"`
	Currency string  `avro:"currency"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("consumer failed", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	registry, err := client.New(client.Options{URLs: []string{"http://127.0.0.1:8081"}})
	if err != nil {
		return err
	}
	resolver := serde.NewResolver(registry, schema.NewFormats(avro.Format), serde.Options{})
	decoder := serde.NewDecoder(resolver, serde.DecoderOptions{Reader: serde.Unregistered{Text: readerSchema}})
	orders := serde.NewSerde[Order](nil, decoder)

	kafka, err := kgo.NewClient(kgo.SeedBrokers("127.0.0.1:9092"), kgo.ConsumeTopics("orders"), kgo.ConsumerGroup("examples"))
	if err != nil {
		return err
	}
	defer kafka.Close()
	for {
		fetched := kafka.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err := fetched.Err(); err != nil {
			return err
		}
		for it := fetched.RecordIter(); !it.Done(); {
			if err := show(ctx, orders, it.Next()); err != nil {
				return err
			}
		}
	}
}

// show prints one order. A record that can never be decoded is reported and passed over; a registry that does not answer ends
// the program before the record is committed.
func show(ctx context.Context, orders serde.Serde[Order], r *kgo.Record) error {
	order, err := orders.Decode(ctx, r.Topic, r.Value)
	switch {
	case errors.Is(err, serde.ErrRegistry):
		return err
	case err != nil:
		slog.Warn("record passed over", "partition", r.Partition, "offset", r.Offset, "error", err)
	default:
		fmt.Printf("order %d: %.2f %s\n", order.ID, order.Total, order.Currency)
	}
	return nil
}
