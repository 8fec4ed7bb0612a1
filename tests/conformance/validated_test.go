package conformance_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// serveValidated serves an empty registry and holds everything that passes against the contract.
func serveValidated(t *testing.T) string {
	t.Helper()
	c, h := readContract(t), newHandler(t, stores["memory"](t), nil)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if err := c.checkExchange(r, body, rec); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func (c *contract) checkExchange(r *http.Request, body []byte, w *httptest.ResponseRecorder) error {
	in, err := c.input(r.Method, r.RequestURI, r.Header, string(body))
	if err != nil {
		return err
	}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		return err
	}
	return c.checkAnswer(in, w)
}
