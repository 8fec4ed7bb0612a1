package rest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/registry/rest"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkHandler measures the calls that clients make most, without sockets.
func BenchmarkHandler(b *testing.B) {
	const body = `{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":\"string\"}]}"}`
	tests := []struct{ name, method, target, body string }{
		{"ByID", "GET", "/schemas/ids/1", ""},
		{"ByIDUnchanged", "GET", "/schemas/ids/1", ""},
		{"Latest", "GET", "/subjects/s/versions/latest", ""},
		{"RegisterAgain", "POST", "/subjects/s/versions", body},
		{"Check", "POST", "/compatibility/subjects/s/versions/latest", body},
	}
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) {
			h := newHandler(b, rest.Options{})
			if w := send(h, httptest.NewRequest(http.MethodPost, "/subjects/s/versions", strings.NewReader(body))); w.Code != 200 {
				b.Fatal(w.Body)
			}
			r := httptest.NewRequest(tt.method, tt.target, nil)
			if tt.name == "ByIDUnchanged" {
				r.Header.Set("If-None-Match", send(h, r).Header().Get("ETag"))
			}
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(strings.NewReader(tt.body))
				h.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}

// BenchmarkList measures the answer of a list of 2,000 subjects of some 400 bytes each, of which a part is held at a time.
func BenchmarkList(b *testing.B) {
	h, _ := crowded(b, 2000)
	r := httptest.NewRequest(http.MethodGet, "/subjects", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(discard{http.Header{}}, r)
	}
}
