package bench_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/embedded"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
	"github.com/pawl-registry/pawl/tests/bench/load"
	"github.com/pawl-registry/pawl/tests/postgrestest"
	"github.com/pawl-registry/pawl/tests/product"
)

// The registry that is started: as many subjects, each with a schema of its own of some 650 bytes, written one by one.
const startSubjects = 100_000

func startSubject(n int) string { return fmt.Sprintf("team-%02d.orders-%06d-value", n%100, n) }

func startChange(n int) string {
	return fmt.Sprintf(`{"format":1,"time":1700000000000,"put":[{"subject":"%s","version":1,"id":%d,"type":"AVRO","schema":"`+
		`{\"type\":\"record\",\"name\":\"Order%06d\",\"namespace\":\"com.example.orders\",\"fields\":[`+
		`{\"name\":\"id\",\"type\":\"string\"},{\"name\":\"customer\",\"type\":[\"null\",\"string\"],\"default\":null},{\"name\":\"amount\",\"type\":\"double\"},`+
		`{\"name\":\"placed\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}},{\"name\":\"lines\",\"type\":{\"type\":\"array\",\"items\":`+
		`{\"type\":\"record\",\"name\":\"Line%06d\",\"fields\":[{\"name\":\"sku\",\"type\":\"string\"},{\"name\":\"quantity\",\"type\":\"int\"}]}}}]}"}]}`,
		startSubject(n), n+1, n, n)
}

// BenchmarkStart starts `pawl serve` on each store over 100,000 subjects with as many schemas and reports how long it takes until
// it answers (ms/start), the processor time of that (ms-cpu/start), its memory then (MB) and after lists and lookups (MB-used), a list of a thousand subjects by prefix
// (µs/prefix) and of all (ms/all).
func BenchmarkStart(b *testing.B) {
	b.Run("embedded", func(b *testing.B) {
		data := b.TempDir()
		fillEmbedded(b, data)
		measureStarts(b, data)
	})
	b.Run("embedded-snapshot", func(b *testing.B) {
		data := b.TempDir()
		fillEmbedded(b, data)
		compactEmbedded(b, data)
		measureStarts(b, data)
	})
	b.Run("postgres", func(b *testing.B) {
		server, err := postgrestest.Start()
		if err != nil {
			b.Fatal(err)
		}
		defer server.Stop()
		url := server.Database(b)
		data := b.TempDir()
		b.Setenv("PAWL_STORE", url)
		product.Start(b, product.Build(b), data).Kill() // makes the tables
		fillPostgres(b, server, url)
		measureStarts(b, data)
	})
}

// unsynced is a disk that promises durability at once, which filling need not wait for.
type unsynced struct{ vfs.FS }

type unsyncedFile struct{ vfs.File }

func (f unsyncedFile) Sync() error { return nil }

func (f unsynced) Open(name string) (vfs.File, error) {
	file, err := f.FS.Open(name)
	return unsyncedFile{file}, err
}

func (f unsynced) Create(name string) (vfs.File, error) {
	file, err := f.FS.Create(name)
	return unsyncedFile{file}, err
}

// Lock passes on the lock of the disk below.
func (f unsynced) Lock(name string) (io.Closer, error) { return vfs.Lock(f.FS, name) }

func openUnsynced(b *testing.B, data string) *embedded.Store {
	b.Helper()
	s, err := embedded.Open(context.Background(), unsynced{vfs.OS(data)}, "registry", embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func fillEmbedded(b *testing.B, data string) {
	b.Helper()
	s := openUnsynced(b, data)
	for n := range startSubjects {
		if err := s.Append(b.Context(), registry.Seq(n), []byte(startChange(n))); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// compactEmbedded puts one snapshot in the place of all changes.
func compactEmbedded(b *testing.B, data string) {
	b.Helper()
	s := openUnsynced(b, data)
	reg, err := registry.New(b.Context(), registry.Options{Store: s, Formats: schema.NewFormats(avro.Format), Reads: registry.Local})
	if err != nil {
		b.Fatal(err)
	}
	if err := reg.Compact(b.Context()); err != nil {
		b.Fatal(err)
	}
	reg.Close()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

func fillPostgres(b *testing.B, server *postgrestest.Server, url string) {
	b.Helper()
	text, err := os.CreateTemp(b.TempDir(), "changes")
	if err != nil {
		b.Fatal(err)
	}
	for n := range startSubjects {
		fmt.Fprintf(text, "%d\x02%s\n", n+1, startChange(n))
	}
	if err := text.Close(); err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{filepath.Dir(filepath.Dir(text.Name())), filepath.Dir(text.Name())} {
		if err := os.Chmod(name, 0o755); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.Chmod(text.Name(), 0o644); err != nil {
		b.Fatal(err)
	}
	server.Execute(b, url, fmt.Sprintf(`COPY pawl_changes (seq, data) FROM '%s' WITH (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01', ESCAPE E'\x01')`, text.Name()))
	server.Execute(b, url, `VACUUM ANALYZE pawl_changes`)
}

func measureStarts(b *testing.B, data string) {
	b.Helper()
	bin := product.Build(b)
	var starts, cpu, rss, used, prefix, all float64
	for b.Loop() {
		begun := time.Now()
		s := product.Start(b, bin, data)
		starts += time.Since(begun).Seconds() * 1e3
		ran, err := load.Process(s.PID()).CPU()
		if err != nil {
			b.Fatal(err)
		}
		cpu += ran.Seconds() * 1e3
		rss += memory(b, s)
		get(b, s.Registry+"/subjects?subjectPrefix=none") // brings the list into order
		begun = time.Now()
		for team := range 10 {
			get(b, fmt.Sprintf("%s/subjects?subjectPrefix=team-%02d", s.Registry, team))
		}
		prefix += time.Since(begun).Seconds() * 1e6 / 10
		begun = time.Now()
		get(b, s.Registry+"/subjects")
		all += time.Since(begun).Seconds() * 1e3
		for n := 0; n < startSubjects; n += 50 {
			get(b, fmt.Sprintf("%s/schemas/ids/%d", s.Registry, n+1))
		}
		used += memory(b, s)
		s.Kill()
	}
	n := float64(b.N)
	b.ReportMetric(starts/n, "ms/start")
	b.ReportMetric(cpu/n, "ms-cpu/start")
	b.ReportMetric(rss/n, "MB")
	b.ReportMetric(used/n, "MB-used")
	b.ReportMetric(prefix/n, "µs/prefix")
	b.ReportMetric(all/n, "ms/all")
	b.ReportMetric(0, "ns/op")
}

func memory(b *testing.B, s *product.Server) float64 {
	b.Helper()
	rss, err := s.RSS()
	if err != nil {
		b.Fatal(err)
	}
	return float64(rss) / 1e6
}

func get(b *testing.B, url string) {
	b.Helper()
	res, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if n, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s, %d bytes, %v", url, res.Status, n, err)
	}
}
