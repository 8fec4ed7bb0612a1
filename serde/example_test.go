package serde_test

import (
	"context"
	"fmt"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/serde"
)

type Order struct {
	ID    int64   `avro:"id"`
	Total float64 `avro:"total"`
}

func ExampleSerde() {
	registry := newFake() // in a program: client.New(client.Options{URLs: []string{"http://127.0.0.1:8081"}})
	resolver := serde.NewResolver(typed{registry}, schema.NewFormats(avro.Format), serde.Options{})
	encoder, err := serde.NewEncoder(resolver, serde.EncoderOptions{Schema: serde.Unregistered{
		Format: avro.Format.Name(),
		Text:   `{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"total","type":"double"}]}`,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	orders := serde.NewSerde[Order](encoder, serde.NewDecoder(resolver, serde.DecoderOptions{}))

	value, err := orders.Encode(context.Background(), nil, "orders", Order{ID: 7, Total: 9.5})
	fmt.Printf("%x %v\n", value, err)
	order, err := orders.Decode(context.Background(), "orders", value)
	fmt.Println(order, err)
	// Output:
	// 00000000010e0000000000002340 <nil>
	// {7 9.5} <nil>
}
