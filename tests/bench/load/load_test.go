package load_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/tests/bench/load"
)

func serve(t *testing.T, h http.HandlerFunc) (addr string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestAnswersAreReadWhole(t *testing.T) {
	long := strings.Repeat("x", 300_000)
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/tagged":
			w.Header().Set("ETag", `"1"`)
			w.WriteHeader(http.StatusNotModified)
		case "/long": // is sent in chunks
			_, _ = io.WriteString(w, long)
		default:
			fmt.Fprintf(w, "%s %s", r.Method, body)
		}
	})
	c, err := load.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for range 2 { // one connection serves all of them
		for _, tt := range []struct {
			request []byte
			want    load.Response
		}{
			{load.Request(addr, "POST", "/echo", "a body"), load.Response{Status: 200, Body: []byte("POST a body")}},
			{load.Request(addr, "GET", "/tagged", ""), load.Response{Status: 304, ETag: `"1"`}},
			{load.Request(addr, "GET", "/long", ""), load.Response{Status: 200, Body: []byte(long)}},
			{load.Request(addr, "GET", "/", ""), load.Response{Status: 200, Body: []byte("GET ")}},
		} {
			got, err := c.Do(tt.request)
			if err != nil {
				t.Fatal(err)
			}
			if got.Status != tt.want.Status || got.ETag != tt.want.ETag || string(got.Body) != string(tt.want.Body) {
				t.Errorf("%s: %d, tag %s, %d bytes", tt.request, got.Status, got.ETag, len(got.Body))
			}
		}
	}
}

// The slices of all lanes take turns, forwards and backwards, and every lane sends the same requests.
func TestLanesTakeTurns(t *testing.T) {
	var mu sync.Mutex
	var turns []string
	asked := map[string]int{}
	addr := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		lane, _, _ := strings.Cut(r.URL.Path[1:], "/")
		asked[r.URL.Path]++
		if len(turns) == 0 || turns[len(turns)-1] != lane {
			turns = append(turns, lane)
		}
	})
	lane := func(name string) *load.Lane {
		return &load.Lane{Target: &load.Target{Name: name, Addr: addr}, Clients: 3, Slice: 5, Call: func(n int) load.Call {
			return load.Call{Request: load.Request(addr, "GET", fmt.Sprintf("/%s/%d", name, n), ""), Status: 200}
		}}
	}
	results, err := load.Run([]*load.Lane{lane("a"), lane("b")}, load.Limit{Rounds: 3})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "a", "b"}, turns); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"a", "b"} {
		for n := range 15 {
			if got := asked[fmt.Sprintf("/%s/%d", name, n)]; got != 1 {
				t.Errorf("lane %s sent request %d %d times", name, n, got)
			}
		}
	}
	if part := load.Sum(results[0].Slices[:2]); len(part.Took) != 10 || part.Elapsed >= results[0].Elapsed {
		t.Errorf("two of three slices: %+v", part)
	}
	if len(asked) != 30 || len(results) != 2 || len(results[0].Took) != 15 || results[1].Throughput() <= 0 {
		t.Errorf("%d requests, results %+v", len(asked), results)
	}
}

func TestAWrongAnswerEndsTheRun(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/7" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = io.WriteString(w, r.URL.Path)
	})
	wrong := errors.New("wrong body")
	for name, check := range map[string]func(load.Response) error{
		"status": nil,
		"body": func(r load.Response) error {
			if string(r.Body) == "/5" {
				return wrong
			}
			return nil
		},
	} {
		l := &load.Lane{Target: &load.Target{Name: "a", Addr: addr}, Clients: 2, Slice: 4, Call: func(n int) load.Call {
			return load.Call{Request: load.Request(addr, "GET", fmt.Sprintf("/%d", n), ""), Status: 200, Check: check}
		}}
		_, err := load.Run([]*load.Lane{l}, load.Limit{Rounds: 10})
		if err == nil || errors.Is(err, wrong) != (name == "body") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAProcessIsMeasured(t *testing.T) {
	self := load.Process(os.Getpid())
	before, err := self.CPU()
	if err != nil {
		t.Fatal(err)
	}
	for now := before; now <= before+20*time.Millisecond; {
		if now, err = self.CPU(); err != nil {
			t.Fatal(err)
		}
	}
	after, err := self.FamilyCPU()
	if err != nil || after <= before+20*time.Millisecond {
		t.Errorf("%v after %v, %v", after, before, err)
	}
	if rss, err := self.RSS(); err != nil || rss < 1<<20 || rss > 4<<30 {
		t.Errorf("%d bytes, %v", rss, err)
	}
	if cpu, err := load.Process(0).CPU(); cpu != 0 || err != nil {
		t.Errorf("no process: %v, %v", cpu, err)
	}
}

func TestQuantiles(t *testing.T) {
	var r load.Result
	if got := r.Quantile(0.99); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
	for n := 100; n > 0; n-- {
		r.Took = append(r.Took, time.Duration(n))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 50, 0.99: 99, 1: 100} {
		if got := r.Quantile(q); got != want {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
}
