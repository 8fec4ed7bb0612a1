package rest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/registry/rest"
)

func register(t testing.TB, h http.Handler, subject, fields string) {
	t.Helper()
	body := `{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[` + fields + `]}"}`
	if w := send(h, httptest.NewRequest(http.MethodPost, "/subjects/"+subject+"/versions", strings.NewReader(body))); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func get(h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return send(h, r)
}

func TestAnswersByIDMayBeKept(t *testing.T) {
	h := newHandler(t, rest.Options{})
	register(t, h, "s", "")
	for target, keep := range map[string]string{
		"/schemas/ids/1":                        "max-age=3600",
		"/schemas/ids/1?subject=s":              "max-age=3600",
		"/schemas/ids/1/schema":                 "max-age=31536000, immutable",
		"/schemas/ids/1/schema?format=resolved": "max-age=3600",
	} {
		w := get(h, target)
		tag := w.Header().Get("ETag")
		if w.Code != 200 || len(tag) < 10 || tag[0] != '"' || w.Header().Get("Cache-Control") != keep || w.Header().Get("Vary") != "Accept" {
			t.Errorf("%s: %d %v", target, w.Code, w.Header())
		}
		for condition, status := range map[string]int{
			tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200, strings.Trim(tag, `"`): 200,
		} {
			again := get(h, target, "If-None-Match", condition)
			if again.Code != status || (again.Body.Len() == 0) != (status == 304) || again.Header().Get("ETag") != tag {
				t.Errorf("%s with %s: %d %q", target, condition, again.Code, again.Body)
			}
			if status == 304 && (again.Header().Get("Content-Length") != "" || again.Header().Get("Cache-Control") != keep) {
				t.Errorf("%s with %s: %v", target, condition, again.Header())
			}
		}
	}
}

// What an answer says of an ID besides its text changes with its uses, and its tag with it.
func TestTagsFollowTheAnswer(t *testing.T) {
	h := newHandler(t, rest.Options{})
	register(t, h, "first", "")
	register(t, h, "second", "")
	before := get(h, "/schemas/ids/1")
	if w := send(h, httptest.NewRequest(http.MethodDelete, "/subjects/first", nil)); w.Code != 200 {
		t.Fatal(w.Body)
	}
	after := get(h, "/schemas/ids/1", "If-None-Match", before.Header().Get("ETag"))
	if after.Code != 200 || !strings.Contains(after.Body.String(), `"second"`) || after.Header().Get("ETag") == before.Header().Get("ETag") {
		t.Errorf("%d %s, tag %s after %s", after.Code, after.Body, after.Header().Get("ETag"), before.Header().Get("ETag"))
	}
}

func TestNothingElseIsKept(t *testing.T) {
	h := newHandler(t, rest.Options{})
	register(t, h, "s", "")
	for _, target := range []string{"/subjects", "/subjects/s/versions/latest", "/schemas/ids/2", "/schemas/ids/1?fetchMaxId=true", "/config"} {
		w := get(h, target, "If-None-Match", "*")
		if w.Code == 304 || w.Header().Get("ETag") != "" || w.Header().Get("Cache-Control") != "" {
			t.Errorf("%s: %d %v", target, w.Code, w.Header())
		}
	}
}

func TestAnswersToKnownCallersAreTheirsAlone(t *testing.T) {
	h := guarded(t, nil)
	filled(t, h)
	for target, keep := range map[string]string{"/schemas/ids/1": "private, max-age=3600", "/schemas/ids/1/schema": "private, max-age=31536000, immutable"} {
		w := as(h, "ann", http.MethodGet, target, "")
		if w.Code != 200 || w.Header().Get("Cache-Control") != keep {
			t.Fatalf("%s: %d %v", target, w.Code, w.Header())
		}
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.SetBasicAuth("non", "non")
		r.Header.Set("If-None-Match", w.Header().Get("ETag"))
		if w := send(h, r); w.Code != 403 {
			t.Errorf("%s to somebody without rights: %d", target, w.Code)
		}
	}
}
