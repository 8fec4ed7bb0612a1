package serve

import (
	"context"
	"fmt"
	"testing"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/formats"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
	"github.com/pawl-registry/pawl/serde/frame"
)

// BenchmarkValidate judges a batch of some 900 KB by the IDs of its records, as a broker does with a registry in its process.
func BenchmarkValidate(b *testing.B) {
	all := formats.All()
	r, err := registry.New(b.Context(), registry.Options{Store: storetest.NewMemory(), Formats: all})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(r.Close)
	known := schemas{r}
	one, err := known.Register(b.Context(), "t-value", schema.Unregistered{Text: `"string"`})
	if err != nil {
		b.Fatal(err)
	}
	v := validator{serde.NewValidator(serde.NewResolver(known, all, serde.Options{}), serde.ValidatorOptions{})}
	for _, size := range []int{100, 1024} {
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			made := framed(b, one.ID, size, 900_000/size)
			b.SetBytes(int64(len(made)))
			b.ReportAllocs()
			for b.Loop() {
				bad, err := v.Validate(context.Background(), "t", []broker.Demand{{Field: broker.Value}}, 1, func(yield func(int, batch.Record) bool) error {
					return made.Records(1<<20, yield)
				})
				if len(bad) > 0 || err != nil {
					b.Fatal(bad, err)
				}
			}
		})
	}
}

// framed is a batch of n records that name a schema.
func framed(b *testing.B, id schema.ID, size, n int) batch.Batch {
	records := make([]batch.Record, n)
	for i := range records {
		records[i] = batch.Record{Value: append(frame.AppendID(nil, id), make([]byte, size-frame.SizeID)...)}
	}
	made, err := batch.Build(nil, batch.Spec{}, records)
	if err != nil {
		b.Fatal(err)
	}
	return made
}
