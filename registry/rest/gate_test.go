package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/rest"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

// slow is Avro with parses and comparisons that take as long as the test wants.
type slow struct {
	schema.Format
	parse, compare func()
	parses         *atomic.Int32
}

type slowSchema struct {
	schema.Schema
	f slow
}

func (f slow) Parse(src schema.Source, deps []schema.Dep) (schema.Schema, error) {
	f.parses.Add(1)
	f.parse()
	s, err := f.Format.Parse(src, deps)
	return slowSchema{s, f}, err
}

func (s slowSchema) Differences(writer schema.Schema, q schema.Question) []schema.Difference {
	s.f.compare()
	return s.Schema.Differences(writer.(slowSchema).Schema, q)
}

func newSlow(parse, compare func()) slow {
	return slow{avro.Format, parse, compare, new(atomic.Int32)}
}

func handlerOf(t *testing.T, f schema.Format, opts rest.Options) (http.Handler, func()) {
	t.Helper()
	store := storetest.NewMemory()
	reg, err := registry.New(context.Background(), registry.Options{Store: store, Formats: schema.NewFormats(f)})
	if err != nil {
		t.Fatal(err)
	}
	return rest.New(reg, opts), func() {
		reg.Close()
		_ = store.Close()
	}
}

// body makes a registration of about n bytes.
func body(name string, n int) string {
	return fmt.Sprintf(`{"schema":"{\"type\":\"record\",\"name\":\"%s\",\"fields\":[],\"doc\":\"%s\"}"}`, name, strings.Repeat("d", n))
}

// answers collects the status of requests that are under way.
type answers struct {
	wg   sync.WaitGroup
	mu   sync.Mutex
	list []int
}

func (a *answers) send(ctx context.Context, h http.Handler, subject string, r io.Reader) {
	a.wg.Go(func() {
		w := send(h, httptest.NewRequest(http.MethodPost, "/subjects/"+subject+"/versions", r).WithContext(ctx))
		a.mu.Lock()
		defer a.mu.Unlock()
		a.list = append(a.list, w.Code)
	})
}

func (a *answers) count(status int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, s := range a.list {
		if s == status {
			n++
		}
	}
	return n
}

// Long texts are parsed few at a time; short ones pass them; and who leaves while waiting is not served at all.
func TestLongTextsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		f := newSlow(func() { <-open }, func() {})
		h, end := handlerOf(t, f, rest.Options{MaxBodyBytes: 256 << 10})
		defer end()
		var a answers
		ctx, leave := context.WithCancel(context.Background())
		for i := range 2 {
			a.send(context.Background(), h, fmt.Sprint("first", i), strings.NewReader(body(fmt.Sprint("A", i), 100<<10)))
		}
		synctest.Wait()
		for i := range 20 {
			a.send(ctx, h, fmt.Sprint("left", i), strings.NewReader(body(fmt.Sprint("B", i), 100<<10)))
		}
		synctest.Wait()
		if n := f.parses.Load(); n != 2 {
			t.Errorf("%d long texts are parsed at the same time, want 2", n)
		}
		a.send(context.Background(), h, "short", strings.NewReader(body("C", 10)))
		synctest.Wait()
		if n := f.parses.Load(); n != 3 {
			t.Error("a short text waits for long ones")
		}
		leave()
		synctest.Wait()
		if n := a.count(http.StatusInternalServerError); n != 20 {
			t.Errorf("%d callers who left were let go, want 20", n)
		}
		close(open)
		a.wg.Wait()
		if n := a.count(http.StatusOK); n != 3 {
			t.Errorf("%d registrations succeeded, want 3: %v", n, a.list)
		}
		for i := range 20 {
			w := send(h, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/subjects/left%d/versions", i), nil))
			wantError(t, w, 404, 40401, "")
		}
		before := f.parses.Load()
		a.send(context.Background(), h, "after", strings.NewReader(body("D", 200<<10)))
		a.wg.Wait()
		if n := a.count(http.StatusOK); n != 4 || f.parses.Load() == before {
			t.Errorf("a long text is not served afterwards: %v", a.list)
		}
	})
}

// trickle is a body of which a part has come, and the rest comes when the test wants.
type trickle struct {
	part io.Reader
	rest chan struct{}
}

func (r *trickle) Read(p []byte) (int, error) {
	n, err := r.part.Read(p)
	if errors.Is(err, io.EOF) {
		<-r.rest
	}
	return n, err
}

// Bodies that come slowly count with what came, not with what they announce; together they have a bound.
func TestBodiesInMemoryAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, end := handlerOf(t, avro.Format, rest.Options{MaxBodyBytes: 1 << 20})
		defer end()
		var a answers
		come := make(chan struct{})
		for i := range 200 { // each announces a megabyte and sends 10 KB
			r := &trickle{strings.NewReader(body("A", 10<<10)), come}
			a.send(context.Background(), h, fmt.Sprint("thin", i), r)
		}
		synctest.Wait()
		full := strings.NewReader(body("B", 900<<10))
		a.send(context.Background(), h, "full", full)
		synctest.Wait()
		if n := a.count(http.StatusOK); n != 1 {
			t.Fatalf("thin bodies hold up a full one: %v", a.list)
		}
		for i := range 20 {
			a.send(context.Background(), h, fmt.Sprint("thick", i), &trickle{strings.NewReader(body("C", 900<<10)), come})
		}
		synctest.Wait()
		refused := a.count(http.StatusServiceUnavailable)
		if refused < 10 || refused > 14 {
			t.Errorf("of 20 bodies of 0.9 MB, %d are refused; 8 MB may be held", refused)
		}
		close(come)
		a.wg.Wait()
		if n := a.count(http.StatusOK); n != 1+200+20-refused {
			t.Errorf("%d are served in the end: %v", n, a.list)
		}
		for range 20 { // all is given back
			a.send(context.Background(), h, "again", strings.NewReader(body("D", 900<<10)))
			a.wg.Wait()
		}
		if n := a.count(http.StatusServiceUnavailable); n != refused {
			t.Error("memory that was counted was not given back")
		}
	})
}

// A check of many versions ends when its time is over, and at once when the caller leaves.
func TestWorkEndsWithItsTimeAndItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const versions, each = 100, 5 * time.Second
		var compared atomic.Int32
		pause := time.Duration(0)
		f := newSlow(func() {}, func() {
			compared.Add(1)
			time.Sleep(pause)
		})
		h, end := handlerOf(t, f, rest.Options{})
		defer end()
		send(h, httptest.NewRequest(http.MethodPut, "/config", strings.NewReader(`{"compatibility":"BACKWARD_TRANSITIVE"}`)))
		for i := range versions {
			if w := send(h, httptest.NewRequest(http.MethodPost, "/subjects/s/versions", strings.NewReader(body("A", i)))); w.Code != 200 {
				t.Fatal(w.Body)
			}
		}
		for _, path := range []string{"/compatibility/subjects/s/versions", "/subjects/s/versions"} {
			compared.Store(0)
			pause = each
			start := time.Now()
			w := send(h, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body("A", 1000+len(path)))))
			wantError(t, w, 500, 50002, "timed out")
			if took, n := time.Since(start), compared.Load(); took > time.Minute+2*each || n > 15 {
				t.Errorf("%s: %d comparisons, %v", path, n, took)
			}

			compared.Store(0)
			ctx, leave := context.WithTimeout(context.Background(), 12*time.Second)
			send(h, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body("A", 2000+len(path)))).WithContext(ctx))
			leave()
			synctest.Wait()
			time.Sleep(10 * time.Minute)
			if n := compared.Load(); n > 4 {
				t.Errorf("%s: %d comparisons for a caller who left after the second", path, n)
			}
		}
	})
}
