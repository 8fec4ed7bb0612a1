package rest_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/rest"
	"github.com/pawl-registry/pawl/registry/storetest"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

func newRegistry(t testing.TB) *registry.Registry {
	t.Helper()
	reg, _ := newRegistryOn(t)
	return reg
}

func newRegistryOn(t testing.TB) (*registry.Registry, registry.Store) {
	t.Helper()
	store := storetest.NewMemory()
	reg, err := registry.New(context.Background(), registry.Options{Store: store, Formats: schema.NewFormats(avro.Format)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		reg.Close()
		_ = store.Close()
	})
	return reg, store
}

func newHandler(t testing.TB, opts rest.Options) http.Handler {
	t.Helper()
	return rest.New(newRegistry(t), opts)
}

func send(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func wantError(t *testing.T, w *httptest.ResponseRecorder, status, code int, message string) {
	t.Helper()
	var got openapi.Error
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("body %q: %v", w.Body, err)
	}
	if w.Code != status || got.ErrorCode != code || !strings.Contains(got.Message, message) {
		t.Errorf("got %d %+v, want %d/%d with message %q", w.Code, got, status, code, message)
	}
}

func TestRoutesAndDocumentAgree(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.YAML)
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	served := rest.Routes(newHandler(t, rest.Options{}))
	slices.Sort(served)
	slices.Sort(documented)
	if diff := cmp.Diff(documented, served); diff != "" {
		t.Errorf("documented (-) and served (+) differ:\n%s", diff)
	}
}

func TestFrameworkErrors(t *testing.T) {
	h := newHandler(t, rest.Options{MaxBodyBytes: 100})
	tests := []struct {
		name, method, target, body, contentType, accept string
		status                                          int
		message                                         string
	}{
		{"unknown path", "GET", "/nowhere", "", "", "", 404, "HTTP 404 Not Found"},
		{"exporters are not served", "GET", "/exporters", "", "", "", 404, "HTTP 404 Not Found"},
		{"empty segment", "GET", "/subjects//versions", "", "", "", 404, "HTTP 404 Not Found"},
		{"two trailing slashes", "GET", "/subjects//", "", "", "", 404, "HTTP 404 Not Found"},
		{"ID that is no number", "GET", "/schemas/ids/abc", "", "", "", 404, "HTTP 404 Not Found"},
		{"ID beyond 32 bits", "GET", "/schemas/ids/2147483648", "", "", "", 404, "HTTP 404 Not Found"},
		{"limit that is no number", "GET", "/contexts?limit=x", "", "", "", 404, "HTTP 404 Not Found"},
		{"offset that is no number", "GET", "/contexts?offset=1.5", "", "", "", 404, "HTTP 404 Not Found"},
		{"query that cannot be unescaped", "GET", "/contexts?a=%zz", "", "", "", 400, "query is malformed"},
		{"colon in a context", "GET", "/contexts/a:b/subjects", "", "", "", 400, "Context name 'a:b' cannot contain a colon"},
		{"wrong method", "PATCH", "/config", "", "", "", 405, "HTTP 405 Method Not Allowed"},
		{"wrong method of a context", "GET", "/contexts/c", "", "", "", 405, "HTTP 405 Method Not Allowed"},
		{"method that nobody knows", "BREW", "/config", "", "", "", 405, "HTTP 405 Method Not Allowed"},
		{"unacceptable media type", "GET", "/subjects", "", "", "text/html", 406, "HTTP 406 Not Acceptable"},
		{"unknown path comes before media types", "POST", "/nowhere", "x", "text/plain", "text/html", 404, "HTTP 404 Not Found"},
		{"foreign body", "PUT", "/config", "{}", "text/plain", "", 415, "HTTP 415 Unsupported Media Type"},
		{"no JSON", "PUT", "/config", "{", "", "", 400, "unexpected end of JSON"},
		{"no object", "PUT", "/config", "[]", "", "", 400, "not the JSON object"},
		{"trailing text", "PUT", "/config", "{} {}", "", "", 400, "after top-level value"},
		{"wrong type of a member", "PUT", "/config", `{"normalize":"yes"}`, "", "", 400, "member normalize"},
		{"not UTF-8", "PUT", "/config", "{\"a\":\"\xff\"}", "", "", 400, "not UTF-8"},
		{"unknown constant in a rule", "POST", "/subjects/s/versions", `{"ruleSet":{"domainRules":[{"kind":"X"}]}}`, "", "", 400, "member kind"},
		{"NaN where a text is due", "PUT", "/config", `{"alias":NaN}`, "", "", 400, "member alias"},
		{"no body", "PUT", "/config", "", "", "", 422, "needs a body"},
		{"blank body", "PUT", "/mode", " \n", "", "", 422, "needs a body"},
		{"null body", "POST", "/subjects/s", "null", "", "", 422, "needs a body"},
		{"body beyond the limit", "PUT", "/config", `{"alias":"` + strings.Repeat("x", 100) + `"}`, "", "", 413, "larger than 100 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, tt.target, strings.NewReader(tt.body))
			set(r, "Content-Type", tt.contentType)
			set(r, "Accept", tt.accept)
			wantError(t, send(h, r), tt.status, tt.status, tt.message)
		})
	}
}

func set(r *http.Request, name, value string) {
	if value != "" {
		r.Header.Set(name, value)
	}
}

func TestWrongMethodNamesTheRightOnes(t *testing.T) {
	w := send(newHandler(t, rest.Options{}), httptest.NewRequest(http.MethodPatch, "/config/s%2Ft/", nil))
	if diff := cmp.Diff([]string{"GET", "PUT", "DELETE"}, w.Header().Values("Allow")); diff != "" {
		t.Error(diff)
	}
}

func TestNestingIsBounded(t *testing.T) {
	h := newHandler(t, rest.Options{})
	body := func(depth int) io.Reader {
		return strings.NewReader(`{"unknown":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`)
	}
	if w := send(h, httptest.NewRequest(http.MethodPost, "/", body(rest.MaxNesting-1))); w.Code != 200 {
		t.Errorf("nesting within the bound: %d %s", w.Code, w.Body)
	}
	wantError(t, send(h, httptest.NewRequest(http.MethodPost, "/", body(rest.MaxNesting))), 400, 400, "nested deeper")
}

func TestMembersThatAreNotKnownAreIgnored(t *testing.T) {
	h := newHandler(t, rest.Options{})
	body := `{"a":NaN,"b":[Infinity,-Infinity,"NaN \" Infinity"],"c":{"d":1}}`
	if w := send(h, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))); w.Code != 200 || w.Body.String() != "{}" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestPlainReplacesOnlyWhatJSONDoesNotHave(t *testing.T) {
	tests := []struct{ in, want string }{
		{`{"a":1}`, `{"a":1}`},
		{`NaN`, `0.25`},
		{`[NaN,NaN,NaN,NaN,Infinity]`, `[0.25,0.25,0.25,0.25,0.25]`},
		{`"NaN \"Infinity\" \\"`, `"NaN \"Infinity\" \\"`},
		{`["\\",NaN]`, `["\\",0.25]`},
		{`Nope`, `Nope`},
		{`"open NaN`, `"open NaN`},
	}
	for _, tt := range tests {
		got, err := rest.Plain([]byte(tt.in))
		if err != nil || string(got) != tt.want {
			t.Errorf("Plain(%s) = %s, %v; want %s", tt.in, got, err, tt.want)
		}
	}
}

func TestMediaTypesAreNegotiated(t *testing.T) {
	const v1, v0, plain = openapi.MediaTypeV1, openapi.MediaType, openapi.MediaTypeJSON
	tests := []struct {
		accept []string
		want   string // empty: nothing acceptable
	}{
		{nil, v1},
		{[]string{""}, v1},
		{[]string{"*/*"}, v1},
		{[]string{"application/*"}, v1},
		{[]string{plain}, plain},
		{[]string{"Application/JSON; charset=utf-8"}, plain},
		{[]string{v0}, v0},
		{[]string{plain, v0}, v0},
		{[]string{v1 + ", " + v0 + ", " + plain}, v1},
		{[]string{v1 + ";q=0.4, " + plain + ";q=0.9"}, plain},
		{[]string{"text/html, */*;q=0.1"}, v1},
		{[]string{"*/*, " + v1 + ";q=0"}, v0},
		{[]string{plain + ";q=nonsense"}, plain},
		{[]string{"text/html"}, ""},
		{[]string{plain + ";q=0"}, ""},
	}
	for _, tt := range tests {
		got, acceptable := rest.Negotiate(tt.accept)
		if acceptable != (tt.want != "") || acceptable && got != tt.want {
			t.Errorf("Negotiate(%q) = %q, %t; want %q", tt.accept, got, acceptable, tt.want)
		}
	}
}

func TestBodiesAreConsumed(t *testing.T) {
	for contentType, want := range map[string]bool{
		"": true, "application/json": true, "application/json; charset=utf-8": true, "APPLICATION/VND.SchemaRegistry.v1+json": true,
		"application/vnd.schemaregistry+json": true, "application/octet-stream": true, "text/plain": false, "application/xml": false,
		"application/jsonx": false,
	} {
		if got := rest.Consumable(contentType); got != want {
			t.Errorf("Consumable(%q) = %t", contentType, got)
		}
	}
}

func TestAnswersCarryTheNegotiatedType(t *testing.T) {
	h := newHandler(t, rest.Options{})
	for _, target := range []string{"/", "/nowhere", "/schemas/ids/x"} {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Accept", "application/json")
		if got := send(h, r).Header().Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: Content-Type %q", target, got)
		}
	}
}

func TestPathsAreBroughtIntoOneForm(t *testing.T) {
	tests := []struct{ target, path, query string }{
		{"/", "/", ""},
		{"/subjects/", "/subjects", ""},
		{"/subjects/a%2Fb/versions", "/subjects/a%2Fb/versions", ""},
		{"/subjects/a%252Fb/versions/", "/subjects/a%252Fb/versions", ""},
		{"/subjects/100%25/versions", "/subjects/100%25/versions", ""},
		{"/subjects/a+b%20c/versions", "/subjects/a+b%20c/versions", ""},
		{"/subjects/%3A.c%3As", "/subjects/:.c:s", ""},
		{"/subjects/%61", "/subjects/a", ""},
		{"/contexts/c/subjects", "/subjects", "subjectPrefix=%3A.c%3A"},
		{"/contexts/.c/subjects/", "/subjects", "subjectPrefix=%3A.c%3A"},
		{"/contexts/%3A.c%3A/subjects?subjectPrefix=a", "/subjects", "subjectPrefix=%3A.c%3Aa"},
		{"/contexts/c/subjects?subjectPrefix=:*:a", "/subjects", "subjectPrefix=%3A%2A%3Aa"},
		{"/contexts/c/subjects?subjectPrefix=:.d:", "/subjects", "subjectPrefix=%3A.d%3A"},
		{"/contexts/c/schemas", "/schemas", "subjectPrefix=%3A.c%3A"},
		{"/contexts/c/subjects/s/versions", "/subjects/:.c:s/versions", ""},
		{"/contexts/c/subjects/subjects/versions", "/subjects/:.c:subjects/versions", ""},
		{"/contexts/c/subjects/:.d:s", "/subjects/:.d:s", ""},
		{"/contexts/c/compatibility/subjects/a%2Fb/versions/1", "/compatibility/subjects/:.c:a%2Fb/versions/1", ""},
		{"/contexts/c/config", "/config/:.c:", ""},
		{"/contexts/c/config/s", "/config/:.c:s", ""},
		{"/contexts/c/mode/", "/mode/:.c:", ""},
		{"/contexts/c/mode/s", "/mode/:.c:s", ""},
		{"/contexts/c/schemas/ids/1", "/schemas/ids/1", "subject=%3A.c%3A"},
		{"/contexts/c/schemas/ids/1/subjects?subject=s", "/schemas/ids/1/subjects", "subject=%3A.c%3As"},
		{"/contexts/c/schemas/types", "/schemas/types", ""},
		{"/contexts/c/schemas/guids/g", "/schemas/guids/g", ""},
		{"/contexts/c/contexts", "/contexts", ""},
		{"/contexts/c", "/contexts/c", ""},
		{"/contexts/:.:/subjects", "/subjects", ""},
		{"/contexts/./config", "/config", ""},
		{"/contexts/c/subjects//versions", "/subjects/:.c:/versions", ""},
	}
	for _, tt := range tests {
		path, query, err := rest.Locate(tt.target)
		if err != nil || path != tt.path || query != tt.query {
			t.Errorf("Locate(%s) = %s, %q, %v; want %s, %q", tt.target, path, query, err, tt.path, tt.query)
		}
	}
}

func TestRequestsAreNamed(t *testing.T) {
	h := newHandler(t, rest.Options{})
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	tests := []struct {
		name string
		ids  []string
		want string // empty: a fresh UUID
	}{
		{"no name", nil, ""},
		{"one name", []string{"mine"}, "mine"},
		{"blank name", []string{"  "}, ""},
		{"two names", []string{"a", "b"}, ""},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodGet, "/nowhere", nil)
		r.Header["X-Request-Id"] = tt.ids
		got := send(h, r).Header().Get("X-Request-ID")
		if tt.want != "" && got != tt.want || tt.want == "" && !uuid.MatchString(got) {
			t.Errorf("%s: X-Request-ID %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	h := newHandler(t, rest.Options{})
	get, head := send(h, httptest.NewRequest(http.MethodGet, "/schemas/types/", nil)), send(h, httptest.NewRequest(http.MethodHead, "/schemas/types/", nil))
	if head.Code != 200 || head.Body.Len() != 0 {
		t.Errorf("HEAD: %d %q", head.Code, head.Body)
	}
	for _, name := range []string{"Content-Type", "Content-Length"} {
		if head.Header().Get(name) != get.Header().Get(name) {
			t.Errorf("%s: HEAD %q, GET %q", name, head.Header().Get(name), get.Header().Get(name))
		}
	}
}

func TestTheDocumentIsServedToAnyone(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil)
	r.Header.Set("Accept", "application/yaml")
	w := send(newHandler(t, rest.Options{}), r)
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/yaml" || w.Body.String() != string(openapi.YAML) {
		t.Errorf("got %d %s, %d bytes", w.Code, w.Header().Get("Content-Type"), w.Body.Len())
	}
}

func TestAboutTheServer(t *testing.T) {
	h := newHandler(t, rest.Options{Version: "1.2.3", Commit: "abc", ClusterID: "c1"})
	for target, want := range map[string]string{
		"/":                       `{}`,
		"/v1/metadata/version":    `{"version":"1.2.3","commitId":"abc"}`,
		"/v1/metadata/id":         `{"scope":{"path":[],"clusters":{"kafka-cluster":"c1","schema-registry-cluster":"schema-registry"}}}`,
		"/v1/metadata/deployment": `{"attributes":[]}`,
		"/health/live":            `{"status":"up"}`,
		"/health/ready":           `{"status":"up"}`,
	} {
		if w := send(h, httptest.NewRequest(http.MethodGet, target, nil)); w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s: %d %s, want %s", target, w.Code, w.Body, want)
		}
	}
}

func TestAClosedRegistryIsNotReady(t *testing.T) {
	reg := newRegistry(t)
	h := rest.New(reg, rest.Options{})
	reg.Close()
	w := send(h, httptest.NewRequest(http.MethodGet, "/health/ready", nil))
	if w.Code != 503 || w.Body.String() != `{"status":"down"}` {
		t.Errorf("ready: %d %s", w.Code, w.Body)
	}
	if w := send(h, httptest.NewRequest(http.MethodGet, "/health/live", nil)); w.Code != 200 {
		t.Errorf("live: %d", w.Code)
	}
}

// A handler that panics answers 500 and tells the log, not the client, why.
func TestPanicsAreAnswered(t *testing.T) {
	var log strings.Builder
	h := rest.New(nil, rest.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}) // a nil registry cannot be asked
	w := send(h, httptest.NewRequest(http.MethodGet, "/subjects", nil))
	wantError(t, w, 500, 500, "Internal Server Error")
	if !strings.Contains(log.String(), "handler panicked") || !strings.Contains(log.String(), w.Header().Get("X-Request-ID")) {
		t.Errorf("log: %s", log.String())
	}
}

func TestTheAccessLogNamesRequestAndOutcome(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r := httptest.NewRequest(http.MethodGet, "/subjects/a%2Fb/nowhere", nil)
	r.Header.Set("X-Request-ID", "id-1")
	send(newHandler(t, rest.Options{Logger: logger}), r)
	for _, want := range []string{"request_id=id-1", "method=GET", "path=/subjects/a%2Fb/nowhere", "status=404"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %s: %s", want, log.String())
		}
	}
}

// A client that sends far more than the limit still reads why it was refused.
func TestTooMuchIsRefusedOverTheWire(t *testing.T) {
	s := httptest.NewServer(newHandler(t, rest.Options{MaxBodyBytes: 1000}))
	defer s.Close()
	res, err := http.Post(s.URL+"/subjects/s/versions", "application/json", strings.NewReader(`{"schema":"`+strings.Repeat("x", 4<<20)+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(body), `"error_code":413`) {
		t.Errorf("%d %s, %v", res.StatusCode, body, err)
	}
}

// What lies behind a fault of the server goes to the log; the caller learns that it happened and may come back.
func TestFaultsOfTheServerAreLogged(t *testing.T) {
	var log strings.Builder
	reg, store := newRegistryOn(t)
	h := rest.New(reg, rest.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	w := send(h, httptest.NewRequest(http.MethodPost, "/subjects/s/versions", strings.NewReader(`{"schema":"\"string\""}`)))
	wantError(t, w, 503, 50001, "Error while accessing the backend store: the store is closed")
	for _, want := range []string{"request failed", "level=ERROR", w.Header().Get("X-Request-ID"), "error="} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %s: %s", want, log.String())
		}
	}
}
