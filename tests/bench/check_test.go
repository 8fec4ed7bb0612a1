package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/rest"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

// The workload: a record of 200 fields checked under BACKWARD_TRANSITIVE against 200 versions, all of different content and all
// compatible, so that every one is compared in full.
const (
	fields   = 200
	versions = 200
)

var kinds = []string{
	`"string"`, `"long"`, `["null","double"]`, `{"type":"array","items":"string"}`, `{"type":"map","values":["null","long"]}`,
	`{"type":"enum","name":"E%d","symbols":["A","B","C"],"default":"A"}`,
	`["null",{"type":"record","name":"N%d","fields":[{"name":"id","type":"string"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}]`,
	`{"type":"fixed","name":"F%d","size":16}`,
}

// wide returns version n of the record: most fields are those of all versions, ten come and go.
func wide(n int) string {
	var b strings.Builder
	b.WriteString(`{"type":"record","name":"Wide","namespace":"bench","fields":[`)
	for i := range fields - 10 {
		kind := kinds[i%len(kinds)]
		if strings.Contains(kind, "%d") {
			kind = fmt.Sprintf(kind, i)
		}
		fmt.Fprintf(&b, `{"name":"field_%d","type":%s},`, i, kind)
	}
	for i := range 10 {
		fmt.Fprintf(&b, `{"name":"added_%d","type":["null","string"],"default":null}`, n+i)
		if i < 9 {
			b.WriteByte(',')
		}
	}
	b.WriteString("]}")
	return b.String()
}

func parse(b *testing.B, n int) schema.Schema {
	b.Helper()
	s, err := avro.Format.Parse(schema.Source{Text: wide(n)}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkAvroTransitiveCheckEngine measures the comparison alone: cold parses all versions, too.
func BenchmarkAvroTransitiveCheckEngine(b *testing.B) {
	check := func(b *testing.B, next schema.Schema, history []compat.Version) {
		if v := (compat.Checker{}).Check(compat.BackwardTransitive, next, history); !v.Compatible() {
			b.Fatal(v)
		}
	}
	parsed := func(b *testing.B) []compat.Version {
		history := make([]compat.Version, versions)
		for i := range history {
			history[i] = compat.Version{Number: i + 1, Schema: parse(b, i)}
		}
		return history
	}
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			check(b, parse(b, versions), parsed(b))
		}
	})
	b.Run("warm", func(b *testing.B) {
		history, next := parsed(b), parse(b, versions)
		b.ReportAllocs()
		for b.Loop() {
			check(b, next, history)
		}
	})
}

// world is a registry with the history of the workload, and its REST API.
type world struct {
	registry *registry.Registry
	handler  http.Handler
}

// filled is a store with the history of the workload.
func filled(b *testing.B) registry.Store {
	b.Helper()
	store := storetest.NewMemory()
	reg := open(b, store).registry
	if _, err := reg.SetConfig(b.Context(), "s", registry.ConfigUpdate{Level: registry.Set("NONE")}); err != nil {
		b.Fatal(err)
	}
	for i := range versions {
		if _, err := reg.Register(b.Context(), registry.Submission{Subject: "s", Text: wide(i)}); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := reg.SetConfig(b.Context(), "s", registry.ConfigUpdate{Level: registry.Set(string(compat.BackwardTransitive))}); err != nil {
		b.Fatal(err)
	}
	return store
}

func open(b *testing.B, store registry.Store) world {
	b.Helper()
	reg, err := registry.New(b.Context(), registry.Options{Store: store, Formats: schema.NewFormats(avro.Format)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { reg.Close() })
	return world{reg, rest.New(reg, rest.Options{})}
}

// inRegistry asks the registry itself, through asks its REST API.
func (w world) inRegistry(b *testing.B, text string) {
	c, err := w.registry.CompatibilityAll(context.Background(), registry.Submission{Subject: "s", Text: text})
	if err != nil || !c.Compatible() {
		b.Fatal(c, err)
	}
}

func (w world) through(b *testing.B, text string) {
	body, err := json.Marshal(openapi.SchemaRequest{Schema: text})
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/compatibility/subjects/s/versions", strings.NewReader(string(body)))
	got := httptest.NewRecorder()
	w.handler.ServeHTTP(got, r)
	if got.Code != http.StatusOK || !strings.Contains(got.Body.String(), `"is_compatible":true`) {
		b.Fatal(got.Code, got.Body)
	}
}

// BenchmarkAvroTransitiveCheckRegistry and BenchmarkAvroTransitiveCheckHTTP measure a compatibility call. Cold is the first one
// after a start: all versions are parsed. Warm is a text that nobody asked about before, with all versions parsed; it is compared
// with each. Repeated is the same text again.
func BenchmarkAvroTransitiveCheckRegistry(b *testing.B) { calls(b, world.inRegistry) }

func BenchmarkAvroTransitiveCheckHTTP(b *testing.B) { calls(b, world.through) }

func calls(b *testing.B, ask func(world, *testing.B, string)) {
	store := filled(b)
	b.Run("cold", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			w := open(b, store)
			b.StartTimer()
			ask(w, b, wide(versions))
			b.StopTimer()
			w.registry.Close()
			b.StartTimer()
		}
	})
	b.Run("warm", func(b *testing.B) {
		w := open(b, store)
		ask(w, b, wide(versions))
		b.ReportAllocs()
		for n := versions + 1; b.Loop(); n++ {
			ask(w, b, wide(n))
		}
	})
	b.Run("repeated", func(b *testing.B) {
		w := open(b, store)
		ask(w, b, wide(versions))
		b.ReportAllocs()
		for b.Loop() {
			ask(w, b, wide(versions))
		}
	})
}
