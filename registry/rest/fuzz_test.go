package rest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry/rest"
)

var fuzzMethods = []string{"GET", "HEAD", "POST", "PUT", "DELETE"}

// FuzzHandler sends any target and body. Whatever comes, the answer is whole: a failure has the one error body whose number
// belongs to its status, nothing is a fault of the server, and the handler stays usable.
func FuzzHandler(f *testing.F) {
	for _, seed := range []struct {
		method       uint8
		target, body string
	}{
		{0, "/subjects/a%2Fb/versions/latest/schema?format=resolved", ""},
		{0, "/contexts/:.c:/schemas/ids/1?subject=s&fetchMaxId=true", ""},
		{0, "/contexts/%3A.c%3A/subjects?subjectPrefix=:*:&offset=1&limit=x", ""},
		{0, "/schemas?subjectPrefix=:.c:&aliases=true&latestOnly=true", ""},
		{0, "/schemas/guids/095d71cf12556b9d5e330ad575b3df5d/ids/", ""},
		{1, "/subjects//versions//", ""},
		{2, "/subjects/s/versions?normalize=true", `{"schema":"\"string\"","references":[{"name":"a","subject":"b","version":1}],"metadata":{"tags":{"a":["b"]}}}`},
		{2, "/subjects/s/versions/1/tags", `{"newVersion":2,"tagsToAdd":[{"schemaEntity":{"entityPath":"R.f","entityType":"sr_field"},"tags":["T"]}]}`},
		{2, "/compatibility/subjects/s/versions/-1?verbose=TRUE", `{"schema":"{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}","version":-1,"id":7}`},
		{2, "/", `{"a":[NaN,-Infinity,"\""]}`},
		{3, "/config/:.c:", `{"compatibility":null,"defaultRuleSet":{"domainRules":[{"name":"r","type":"t","kind":"CONDITION"}]}}`},
		{3, "/contexts/c/mode/s?force=true", `{"mode":"import"}`},
		{4, "/contexts/c", ""},
		{4, "/subjects/s/versions/latest?permanent=true", ""},
	} {
		f.Add(seed.method, seed.target, seed.body)
	}
	h := newHandler(f, rest.Options{MaxBodyBytes: 64 << 10})
	f.Fuzz(func(t *testing.T, method uint8, target, body string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") {
			return // net/http does not let it through
		}
		r := httptest.NewRequest(fuzzMethods[int(method)%len(fuzzMethods)], "/", strings.NewReader(body))
		r.URL = u
		checkWhole(t, r, send(h, r))
	})
}

func checkWhole(t *testing.T, r *http.Request, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Header().Get("X-Request-ID") == "" {
		t.Error("the answer has no name")
	}
	if w.Code >= 500 {
		t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
	}
	if w.Code < 400 || r.Method == http.MethodHead {
		return
	}
	var e openapi.Error
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.ErrorCode != w.Code && e.ErrorCode/100 != w.Code || e.Message == "" {
		t.Errorf("%s %s: status %d with body %s", r.Method, r.URL, w.Code, w.Body)
	}
}
