package bench_test

import (
	"testing"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

// BenchmarkReplay is the part of a start that is the registry's: the changes of BenchmarkStart, read from an embedded store.
func BenchmarkReplay(b *testing.B) {
	data := b.TempDir()
	fillEmbedded(b, data)
	b.ReportAllocs()
	for b.Loop() {
		s := openUnsynced(b, data)
		reg, err := registry.New(b.Context(), registry.Options{Store: s, Formats: schema.NewFormats(avro.Format), Reads: registry.Local})
		if err != nil {
			b.Fatal(err)
		}
		reg.Close()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
