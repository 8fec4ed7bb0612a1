package main

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/rest"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

func serve(t *testing.T) string {
	t.Helper()
	reg, err := registry.New(t.Context(), registry.Options{Store: storetest.NewMemory(), Formats: schema.NewFormats(avro.Format)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reg.Close)
	s := httptest.NewServer(rest.New(reg, rest.Options{}))
	t.Cleanup(s.Close)
	return s.URL
}

// Every scenario gets the answers that it wants of two registries, and has a figure for each of them.
func TestEveryScenarioIsMeasuredOnEveryServer(t *testing.T) {
	s := settings{sizes: []int{0, 20}, chain: 12, span: time.Millisecond}
	b := &bench{span: s.span}
	for _, text := range []string{"one=" + serve(t) + ",0", "two=" + serve(t) + "/"} {
		one, err := parseServer(text)
		if err != nil {
			t.Fatal(err)
		}
		b.servers = append(b.servers, one)
	}
	if err := b.all(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, r := range b.report.Rows {
		rows[r.Scenario+" "+r.Server]++
		if r.Requests == 0 || r.P50 <= 0 || r.P99 < r.P50 || r.Throughput <= 0 {
			t.Errorf("%+v", r)
		}
		if r.Server == "two" && (r.Ratio.P50 <= 0 || r.Ratio.Throughput <= 0) {
			t.Errorf("no ratio: %+v", r)
		}
	}
	for _, name := range []string{"register new", "register again", "lookup", "by id", "latest", "subjects by prefix",
		"list of subjects", "by id, unchanged", "register new, by writers", "chain: last tenth", "growing chain: check, new text"} {
		if rows[name+" one"] == 0 || rows[name+" one"] != rows[name+" two"] {
			t.Errorf("%s: %d and %d rows", name, rows[name+" one"], rows[name+" two"])
		}
	}
	if err := b.report.writeJSON(filepath.Join(t.TempDir(), "figures.json")); err != nil {
		t.Error(err)
	}
	var table strings.Builder
	if err := b.report.writeTable(&table); err != nil || strings.Count(table.String(), "\n") != len(b.report.Rows)+1 {
		t.Errorf("%v:\n%s", err, &table)
	}
}

func TestServersAreRead(t *testing.T) {
	s, err := parseServer("peer=http://127.0.0.1:8081/apis/v7/,12,34")
	if err != nil || s.Name != "peer" || s.Addr != "127.0.0.1:8081" || s.base != "/apis/v7" || s.Process != 12 || s.Database != 34 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = parseServer("http://localhost/?a=b"); err != nil || s.Name != "localhost" || s.Addr != "localhost:80" || s.Process != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, text := range []string{"", "localhost:8081", "https://localhost", "http://localhost,x", "http://localhost,1,2,3"} {
		if s, err := parseServer(text); err == nil {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

func TestSettingsAreJudged(t *testing.T) {
	for _, args := range [][]string{{}, {"-sizes", "10,5", "http://x"}, {"-sizes", "a", "http://x"}, {"-sizes", "-1", "http://x"}} {
		if s, err := parse(args); err == nil {
			t.Errorf("%q: %+v", args, s)
		}
	}
	s, err := parse([]string{"-sizes", "0,10", "http://x"})
	if err != nil || len(s.sizes) != 2 || len(s.others) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}
