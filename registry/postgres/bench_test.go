package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/postgres"
)

func benchStore(b *testing.B) (*postgres.Store, string) {
	b.Helper()
	url := server.Database(b)
	s, err := postgres.Open(context.Background(), url, postgres.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s, url
}

func BenchmarkAppend(b *testing.B) {
	s, _ := benchStore(b)
	data := []byte(`{"format":1,"time":1,"put":[{"subject":"orders-value","version":1,"id":1,"type":"AVRO","schema":"\"string\""}]}`)
	b.ReportAllocs()
	for n := registry.Seq(0); b.Loop(); n++ {
		if err := s.Append(b.Context(), n, data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadNothing is what a read that must be current asks.
func BenchmarkReadNothing(b *testing.B) {
	s, _ := benchStore(b)
	if err := s.Append(b.Context(), 0, []byte(`{}`)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Read(b.Context(), 1, func(registry.Entry) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReplay reads 100,000 changes.
func BenchmarkReplay(b *testing.B) {
	s, url := benchStore(b)
	const changes = 100_000
	server.Execute(b, url, fmt.Sprintf(`INSERT INTO pawl_changes (seq, data)
		SELECT n, ('{"format":1,"time":1,"put":[{"subject":"subject-' || n || '-value","version":1,"id":' || n || ',"type":"AVRO","schema":"' || repeat('x', 300) || '"}]}')::json
		FROM generate_series(1, %d) n`, changes))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := s.Read(b.Context(), 0, func(registry.Entry) error { n++; return nil }); err != nil || n != changes {
			b.Fatal(n, err)
		}
	}
}
