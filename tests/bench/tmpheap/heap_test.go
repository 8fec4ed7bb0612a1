package tmpheap

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/embedded"
	"github.com/pawl-registry/pawl/registry/rest"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

func record(n int) string {
	return fmt.Sprintf(`{"type":"record","name":"Order%06d","namespace":"com.example.orders","fields":[`+
		`{"name":"id","type":"string"},{"name":"customer","type":["null","string"],"default":null},{"name":"amount","type":"double"},`+
		`{"name":"placed","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"lines","type":{"type":"array","items":`+
		`{"type":"record","name":"Line%06d","fields":[{"name":"sku","type":"string"},{"name":"quantity","type":"int"}]}}}]}`, n, n)
}
func subject(n int) string { return fmt.Sprintf("team-%02d.orders-%06d-value", n%100, n) }

func rss() string {
	t, _ := os.ReadFile("/proc/self/status")
	for l := range strings.Lines(string(t)) {
		if strings.HasPrefix(l, "VmRSS") {
			return strings.TrimSpace(l)
		}
	}
	return ""
}

func show(what string) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := rss()
	runtime.GC()
	var l runtime.MemStats
	runtime.ReadMemStats(&l)
	debug.FreeOSMemory()
	fmt.Printf("%s: %s heapinuse %dMB live %d MB freed rss %s\n", what, r, m.HeapInuse>>20, l.HeapAlloc>>20, rss())
}

func TestHeap(t *testing.T) {
	dir := os.Getenv("HEAPDIR")
	n := 100000
	ctx := context.Background()
	st, err := embedded.Open(ctx, vfs.OS(dir), "registry", embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	reg, err := registry.New(ctx, registry.Options{Store: st, Formats: schema.NewFormats(avro.Format)})
	if err != nil {
		t.Fatal(err)
	}
	show("open")
	sem := make(chan int, 256)
	done := make(chan int)
	go func() {
		for i := range n {
			sem <- 1
			go func() {
				if _, err := reg.Register(ctx, registry.Submission{Subject: subject(i), Text: record(i)}); err != nil {
					panic(err)
				}
				<-sem
				done <- 1
			}()
		}
	}()
	for range n {
		<-done
	}
	show("filled")
	f, _ := os.Create(dir + "/filled.pprof")
	pprof.Lookup("heap").WriteTo(f, 0)
	f.Close()
	h := rest.New(reg, rest.Options{})
	for i := range n {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", fmt.Sprintf("/schemas/ids/%d", i+1), nil))
	}
	show("by id")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/subjects", nil))
	show("list")
	f, _ = os.Create(dir + "/read.pprof")
	pprof.Lookup("heap").WriteTo(f, 0)
	f.Close()
	runtime.KeepAlive(h)
}
