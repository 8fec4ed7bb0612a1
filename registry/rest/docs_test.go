package rest_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/registry/rest"
)

// browse asks for a page as a browser does.
func browse(h http.Handler, target string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.1")
	return send(h, r)
}

var addresses = regexp.MustCompile(`(?:href|src|action|data|poster|srcset)\s*=\s*["']?([^"'\s>]*)`)

// The page and all that it leads to must come from this server, and the policy must keep a browser from anything else.
func TestThePageOfTheDocumentStaysOnTheServer(t *testing.T) {
	h := newHandler(t, rest.Options{})
	w := browse(h, "/docs/")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(w.Body.String(), "<!doctype html>") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || strings.Contains(policy, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", w.Header())
	}
	seen := 0
	for _, m := range addresses.FindAllStringSubmatch(w.Body.String(), -1) {
		switch to := m[1]; {
		case strings.HasPrefix(to, "#"):
		case strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//"):
			seen++
			if got := browse(h, to); got.Code != 200 || strings.Contains(got.Header().Get("Location"), "//") {
				t.Errorf("%s: %d", to, got.Code)
			}
		default:
			t.Errorf("the page leads to %s", to)
		}
	}
	if seen == 0 {
		t.Error("the page leads to no document")
	}
	if again := browse(h, "/docs"); again.Body.String() != w.Body.String() {
		t.Error("the page differs from one request to the next")
	}
}

func TestWhoMayReadTheDocumentMayReadThePage(t *testing.T) {
	h := guarded(t, nil)
	for who, want := range map[string]int{"": 401, "stranger": 401, "non": 200, "rob": 200} {
		page, document := as(h, who, "GET", "/docs", ""), as(h, who, "GET", "/openapi.yaml", "")
		if page.Code != want || document.Code != want {
			t.Errorf("%q: %d for the page, %d for the document", who, page.Code, document.Code)
		}
	}
}

func TestAServerThatStartsTellsOfItsHealthAlone(t *testing.T) {
	var log strings.Builder
	h := rest.NewStartup(slog.New(slog.NewTextHandler(&log, nil)))
	for target, want := range map[string]int{"/health/live": 200, "/health/startup": 503, "/health/ready": 503} {
		if w := send(h, httptest.NewRequest(http.MethodGet, target, nil)); w.Code != want || !strings.Contains(w.Body.String(), `"status"`) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	for _, call := range [][2]string{{"GET", "/subjects"}, {"POST", "/subjects/s/versions"}, {"POST", "/health/live"}, {"GET", "/docs"}, {"GET", "/contexts/c/subjects"}} {
		w := send(h, httptest.NewRequest(call[0], call[1], strings.NewReader("{}")))
		wantError(t, w, 503, 503, "starting")
		if w.Header().Get("Retry-After") == "" {
			t.Errorf("%v: nobody says when to come again", call)
		}
	}
	if log.Len() > 0 {
		t.Errorf("starting is no failure: %s", log.String())
	}
	h.Open(newHandler(t, rest.Options{}))
	for _, target := range []string{"/health/live", "/health/startup", "/health/ready", "/subjects"} {
		if w := send(h, httptest.NewRequest(http.MethodGet, target, nil)); w.Code != 200 {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}
