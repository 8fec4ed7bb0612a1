package rest_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/pawl-registry/pawl/internal/auth"
	"github.com/pawl-registry/pawl/registry/rest"
)

const roles = `
roles:
  orders:  [{subjects: ["orders-*"], rights: [write]}]
  checker: [{subjects: ["orders-*"], rights: [check]}]
  config:  [{subjects: ["orders-*"], rights: [config, write]}]
  team:    [{subjects: [":.team:*"], rights: [admin]}]
  root:    [{subjects: ["*"], rights: [admin]}]
members: {ann: [orders], che: [checker], con: [config], tim: [team], rob: [root], non: []}
`

// guarded returns a handler whose users have their names as passwords.
func guarded(t *testing.T, log *slog.Logger) http.Handler {
	t.Helper()
	hashes := auth.Hashes{}
	for _, name := range []string{"ann", "che", "con", "tim", "rob", "non"} {
		h, err := bcrypt.GenerateFromPassword([]byte(name), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		hashes[name] = h
	}
	passwords, err := auth.NewPasswords(func() auth.Hashes { return hashes }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := auth.ParsePolicy([]byte(roles))
	if err != nil {
		t.Fatal(err)
	}
	gate := &auth.Gate{Passwords: passwords, Policy: func() *auth.Policy { return policy }}
	metrics := func() ([]byte, string, error) { return []byte("x 1\n"), "text/plain", nil }
	return newHandler(t, rest.Options{Gate: gate, Logger: log, Metrics: metrics})
}

func as(h http.Handler, who, method, target, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if who != "" {
		r.SetBasicAuth(who, who)
	}
	return send(h, r)
}

const (
	anInt  = `{"schema":"\"int\""}`
	aLong  = `{"schema":"\"long\""}`
	refers = `{"schema":"\"double\"","references":[{"name":"n","subject":"pay","version":1}]}`
)

// filled registers the same schema under three subjects, and another in a context.
func filled(t *testing.T, h http.Handler) {
	t.Helper()
	for _, call := range [][2]string{
		{"/subjects/pay/versions", anInt}, {"/subjects/orders-a/versions", anInt}, {"/subjects/secret/versions", aLong},
		{"/subjects/:.team:x/versions", `{"schema":"\"string\""}`}, {"/subjects/:.team:only/versions", `{"schema":"\"float\""}`},
	} {
		if w := as(h, "rob", "POST", call[0], call[1]); w.Code != 200 {
			t.Fatalf("%s: %d %s", call[0], w.Code, w.Body)
		}
	}
	if w := as(h, "rob", "PUT", "/config/orders-alias", `{"alias":"secret"}`); w.Code != 200 {
		t.Fatalf("alias: %d %s", w.Code, w.Body)
	}
}

func TestWithoutCredentialsNothingButHealthIsAnswered(t *testing.T) {
	h := guarded(t, nil)
	for _, route := range append(rest.Routes(h), "GET /nowhere", "PATCH /config") {
		method, path, _ := strings.Cut(route, " ")
		for _, who := range []string{"", "stranger"} {
			w := as(h, who, method, strings.NewReplacer("{subject}", "s", "{version}", "1", "{id}", "1", "{guid}", "g", "{context}", "c").Replace(path), "{}")
			if strings.HasPrefix(path, "/health") {
				if w.Code != 200 {
					t.Errorf("%s: %d", route, w.Code)
				}
				continue
			}
			wantError(t, w, 401, 401, "Unauthorized")
			if !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%s: no challenge", route)
			}
		}
	}
}

func TestWithoutRolesNothingOfSubjectsIsAnswered(t *testing.T) {
	h := guarded(t, nil)
	filled(t, h)
	harmless := map[string]bool{
		"GET /": true, "POST /": true, "GET /schemas/types": true, "GET /openapi.yaml": true, "GET /docs": true, "GET /v1/metadata/id": true,
		"GET /v1/metadata/version": true, "GET /v1/metadata/deployment": true, "GET /health/live": true, "GET /health/ready": true, "GET /health/startup": true,
		"GET /config": true, "GET /mode": true,
	}
	for _, route := range rest.Routes(h) {
		method, path, _ := strings.Cut(route, " ")
		w := as(h, "non", method, strings.NewReplacer("{subject}", "secret", "{version}", "1", "{id}", "2", "{guid}", "g", "{context}", "team").Replace(path), anInt)
		switch {
		case harmless[route]:
			if w.Code >= 400 {
				t.Errorf("%s: %d %s", route, w.Code, w.Body)
			}
		case w.Code == 200:
			if got := w.Body.String(); got != "[]" && got != `["."]` {
				t.Errorf("%s tells %s", route, got)
			}
		case path == "/schemas/guids/{guid}":
			wantError(t, w, 404, 40403, "not found")
		case strings.HasPrefix(path, "/associations") || strings.HasPrefix(path, "/dek-registry"):
			// The body is read before it is known what subject it means, so it may be refused first.
			if w.Code < 400 && w.Code != 207 || strings.Contains(w.Body.String(), "guid") {
				t.Errorf("%s: %d %s", route, w.Code, w.Body)
			}
		default:
			wantError(t, w, 403, 403, "non may not")
		}
	}
}

func TestRightsOverSubjects(t *testing.T) {
	h := guarded(t, nil)
	filled(t, h)
	tests := []struct {
		who, method, target, body string
		status                    int
		holds                     string
	}{
		{"ann", "GET", "/subjects", "", 200, `["orders-a"]`},
		{"ann", "GET", "/subjects?limit=1", "", 200, `["orders-a"]`},
		{"ann", "GET", "/schemas?limit=1", "", 200, `"subject":"orders-a"`},
		{"tim", "GET", "/subjects", "", 200, `[":.team:only",":.team:x"]`},
		{"rob", "GET", "/subjects", "", 200, `[":.team:only",":.team:x","orders-a","pay","secret"]`},
		{"ann", "GET", "/contexts", "", 200, `["."]`},
		{"tim", "GET", "/contexts", "", 200, `[".",".team"]`},

		{"ann", "GET", "/subjects/orders-a/versions/1", "", 200, `"orders-a"`},
		{"ann", "GET", "/subjects/secret/versions/1", "", 403, "ann may not read subject secret"},
		{"ann", "GET", "/subjects/nowhere/versions/1", "", 403, "ann may not read subject nowhere"},
		{"ann", "GET", "/subjects/orders-alias/versions/1", "", 403, "ann may not read subject secret"},
		{"ann", "POST", "/subjects/orders-alias/versions", anInt, 403, "ann may not write subject secret"},
		{"ann", "GET", "/contexts/team/subjects/x/versions/1", "", 403, ":.team:x"},
		{"ann", "GET", "/subjects/%3A.team%3Ax/versions/1", "", 403, ":.team:x"},
		{"ann", "GET", "/subjects/%3A.%3Aorders-a/versions/1", "", 200, `"orders-a"`},
		{"tim", "GET", "/contexts/team/subjects/x/versions/1", "", 200, `":.team:x"`},

		// IDs: 1 is of pay and orders-a, 2 of secret.
		{"ann", "GET", "/schemas/ids/1", "", 200, `"subject":"orders-a"`},
		{"ann", "GET", "/schemas/ids/1/schema", "", 200, `"int"`},
		{"ann", "GET", "/schemas/ids/1/subjects", "", 200, `["orders-a"]`},
		{"ann", "GET", "/schemas/ids/1/versions", "", 200, `[{"subject":"orders-a","version":1}]`},
		{"ann", "GET", "/schemas/ids/2", "", 403, "not theirs"},
		{"ann", "GET", "/schemas/ids/2/schema", "", 403, "not theirs"},
		{"ann", "GET", "/schemas/ids/2?subject=secret", "", 403, "not theirs"},
		{"ann", "GET", "/schemas/ids/2/subjects", "", 200, "[]"},
		{"ann", "GET", "/schemas/ids/1?subject=:.team:", "", 403, "not theirs"},

		{"ann", "POST", "/subjects/orders-a/versions", anInt, 200, `"id":1`},
		{"ann", "POST", "/subjects/pay/versions", anInt, 403, "ann may not write subject pay"},
		{"ann", "POST", "/subjects/orders-b/versions", refers, 403, "pay, which the schema refers to"},
		{"ann", "POST", "/compatibility/subjects/orders-a/versions", refers, 403, "pay, which the schema refers to"},
		{"ann", "POST", "/subjects/orders-a/versions?force=true", aLong, 403, "ann may not config and write"},
		{"con", "POST", "/subjects/orders-a/versions?force=true", `{"schema":"\"bytes\""}`, 200, `"version":2`},
		{"ann", "POST", "/subjects/orders-a", anInt, 200, `"orders-a"`},
		{"che", "POST", "/subjects/orders-a", anInt, 403, "che may not read"},
		{"che", "POST", "/compatibility/subjects/orders-a/versions/1", anInt, 200, "true"},
		{"che", "POST", "/compatibility/subjects/pay/versions/1", anInt, 403, "che may not check"},
		{"che", "GET", "/subjects/orders-a/versions", "", 403, "che may not read"},

		{"ann", "PUT", "/config/orders-a", `{"compatibility":"NONE"}`, 403, "ann may not config"},
		{"con", "PUT", "/config/orders-a", `{"compatibility":"NONE"}`, 200, "NONE"},
		{"con", "PUT", "/config", `{"compatibility":"NONE"}`, 403, "con may not config"},
		{"con", "DELETE", "/config", "", 403, "con may not config"},
		{"ann", "GET", "/config/orders-a", "", 200, "NONE"},
		{"ann", "GET", "/config/secret", "", 403, "ann may not read"},
		{"ann", "GET", "/config", "", 200, "BACKWARD"},
		{"ann", "GET", "/config/:.team:?defaultToGlobal=true", "", 403, "ann may not read"},
		{"tim", "GET", "/config/:.team:?defaultToGlobal=true", "", 200, "BACKWARD"},
		{"con", "PUT", "/mode/orders-a", `{"mode":"READONLY"}`, 403, "con may not admin"},
		{"tim", "PUT", "/mode/:.team:", `{"mode":"READWRITE"}`, 200, "READWRITE"},
		{"tim", "PUT", "/mode/:.__GLOBAL:", `{"mode":"READONLY"}`, 403, "tim may not admin"},
		{"tim", "PUT", "/mode", `{"mode":"READONLY"}`, 403, "tim may not admin"},

		{"ann", "DELETE", "/subjects/orders-a/versions/1", "", 200, "1"},
		{"ann", "DELETE", "/subjects/orders-a/versions/1?permanent=true", "", 403, "ann may not admin subject orders-a"},
		{"ann", "DELETE", "/subjects/orders-a", "", 200, "[2]"},
		{"ann", "DELETE", "/subjects/orders-a?permanent=TRUE", "", 403, "ann may not admin subject orders-a"},
		{"rob", "DELETE", "/subjects/orders-a?permanent=true", "", 200, "[1,2]"},
		{"ann", "DELETE", "/contexts/team", "", 403, "ann may not admin"},

		// An unqualified name falls back to other contexts: what is found there counts.
		{"rob", "POST", "/subjects/:.team:orders-t/versions", anInt, 200, `"id"`},
		{"ann", "GET", "/subjects/orders-t/versions/1", "", 403, ":.team:orders-t"},
		{"ann", "GET", "/subjects/orders-t/versions/1/schema", "", 403, ":.team:orders-t"},
		{"ann", "POST", "/subjects/orders-t", anInt, 403, ":.team:orders-t"},

		{"ann", "GET", "/metrics", "", 403, "ann may not metrics"},
		{"rob", "GET", "/metrics", "", 200, "x 1"},
		{"ann", "GET", "/nowhere", "", 404, "Not Found"},
	}
	for _, tt := range tests {
		w := as(h, tt.who, tt.method, tt.target, tt.body)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.holds) {
			t.Errorf("%s: %s %s: %d %s; want %d with %s", tt.who, tt.method, tt.target, w.Code, w.Body, tt.status, tt.holds)
		}
	}
}

func TestGUIDsTellOnlyWhatTheCallerMaySee(t *testing.T) {
	h := guarded(t, nil)
	filled(t, h)
	guid := func(target string) string {
		var v struct{ GUID string }
		if err := json.Unmarshal(as(h, "rob", "GET", target, "").Body.Bytes(), &v); err != nil || v.GUID == "" {
			t.Fatalf("%s: no GUID: %v", target, err)
		}
		return v.GUID
	}
	shared, only := guid("/subjects/pay/versions/1"), guid("/subjects/:.team:only/versions/1")
	if w := as(h, "ann", "GET", "/schemas/guids/"+shared, ""); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	wantError(t, as(h, "ann", "GET", "/schemas/guids/"+only, ""), 403, 403, "not theirs")
	if w := as(h, "ann", "GET", "/schemas/guids/"+only+"/ids", ""); w.Body.String() != "[]" {
		t.Errorf("IDs of another context: %s", w.Body)
	}
	if w := as(h, "tim", "GET", "/schemas/guids/"+only, ""); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestEveryChangeLeavesALineThatSaysWhoAndWhatAndWhatBecameOfIt(t *testing.T) {
	var log bytes.Buffer
	h := guarded(t, slog.New(slog.NewJSONHandler(&log, nil)))
	tests := []struct {
		who, method, target, body    string
		by, action, subject, outcome string
		version                      int
	}{
		{"ann", "POST", "/subjects/orders-a/versions", anInt, "ann", "register", "orders-a", "done", 1},
		{"ann", "POST", "/subjects/orders-a/versions", `{"schema":"\"string\""}`, "ann", "register", "orders-a", "refused", 0},
		{"ann", "POST", "/subjects/pay/versions", anInt, "ann", "register", "pay", "denied", 0},
		{"", "POST", "/subjects/pay/versions", anInt, "unknown", "register", "", "denied", 0},
		{"con", "PUT", "/config/orders-a", `{"compatibility":"NONE"}`, "con", "set_config", "orders-a", "done", 0},
		{"rob", "PUT", "/mode", `{"mode":"READWRITE"}`, "rob", "set_mode", "", "done", 0},
		{"ann", "DELETE", "/subjects/orders-a/versions/latest", "", "ann", "delete_version", "orders-a", "done", 1},
		{"ann", "DELETE", "/subjects/orders-a?permanent=true", "", "ann", "delete_subject", "orders-a", "denied", 0},
	}
	for _, tt := range tests {
		log.Reset()
		w := as(h, tt.who, tt.method, tt.target, tt.body)
		var line struct {
			RequestID string `json:"request_id"`
			Audit     struct {
				Who, Action, Subject, Outcome string
				Version                       int
			}
		}
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Errorf("%s %s: no single line: %s", tt.method, tt.target, log.String())
			continue
		}
		got := line.Audit
		if got.Who != tt.by || got.Action != tt.action || got.Subject != tt.subject || got.Outcome != tt.outcome || got.Version != tt.version {
			t.Errorf("%s %s: %+v", tt.method, tt.target, got)
		}
		if line.RequestID == "" || line.RequestID != w.Header().Get("X-Request-ID") {
			t.Errorf("the line has request ID %q, the answer %q", line.RequestID, w.Header().Get("X-Request-ID"))
		}
	}
	log.Reset()
	for _, target := range []string{"/subjects", "/subjects/orders-a/versions", "/schemas/ids/1"} {
		as(h, "ann", "GET", target, "")
	}
	if log.Len() > 0 {
		t.Errorf("reading leaves lines: %s", log.String())
	}
}

// What subjects a body names, or an association leads to, is judged as if the path named them.
func TestAssociationsAndKeysAreJudgedByTheirSubjects(t *testing.T) {
	h := guarded(t, nil)
	filled(t, h)
	bond := func(id, subject string) string {
		return `{"resourceName":"` + id + `","resourceNamespace":"n","resourceId":"` + id + `","associations":[{"subject":"` + subject + `"}]}`
	}
	tests := []struct {
		who, method, path, body string
		status                  int
	}{
		{"ann", "POST", "/associations", bond("a", "orders-a"), 200},
		{"ann", "POST", "/associations", bond("b", "secret"), 403},
		{"rob", "POST", "/associations", bond("b", "secret"), 200},
		{"ann", "PUT", "/associations/resources/c", bond("c", "secret"), 403},
		{"ann", "DELETE", "/associations/resources/b", "", 403},
		{"ann", "DELETE", "/associations/resources/a?cascadeLifecycle=true", "", 403},
		{"ann", "GET", "/associations/subjects/secret", "", 403},
		{"ann", "GET", "/associations/subjects/orders-a", "", 200},
		{"ann", "DELETE", "/associations/resources/a", "", 204},
		{"ann", "POST", "/dek-registry/v1/keks", `{"name":"k","kmsType":"t","kmsKeyId":"i"}`, 200},
		{"ann", "PUT", "/dek-registry/v1/keks/k", `{"doc":"d"}`, 403},
		{"ann", "DELETE", "/dek-registry/v1/keks/k", "", 403},
		{"ann", "POST", "/dek-registry/v1/keks/k/deks", `{"subject":"secret","encryptedKeyMaterial":"bQ=="}`, 403},
		{"ann", "POST", "/dek-registry/v1/keks/k/deks/secret", `{"encryptedKeyMaterial":"bQ=="}`, 403},
		{"ann", "POST", "/dek-registry/v1/keks/k/deks/orders-alias", `{"encryptedKeyMaterial":"bQ=="}`, 403},
		{"ann", "POST", "/dek-registry/v1/keks/k/deks/orders-a", `{"encryptedKeyMaterial":"bQ=="}`, 200},
		{"rob", "POST", "/dek-registry/v1/keks/k/deks/secret", `{"encryptedKeyMaterial":"bQ=="}`, 200},
		{"ann", "GET", "/dek-registry/v1/keks/k/deks/secret", "", 403},
		{"ann", "GET", "/dek-registry/v1/keks/k/deks/orders-a/versions/1", "", 200},
		{"ann", "DELETE", "/dek-registry/v1/keks/k/deks/orders-a?permanent=true", "", 403},
		{"ann", "DELETE", "/dek-registry/v1/keks/k/deks/orders-a", "", 204},
	}
	for _, tt := range tests {
		if w := as(h, tt.who, tt.method, tt.path, tt.body); w.Code != tt.status {
			t.Errorf("%s %s %s %s: %d %s", tt.who, tt.method, tt.path, tt.body, w.Code, w.Body)
		}
	}
	if w := as(h, "ann", "GET", "/associations/resources/-/-", ""); w.Body.String() != "[]" {
		t.Errorf("the list of associations tells %s", w.Body)
	}
	if w := as(h, "ann", "GET", "/dek-registry/v1/keks/k/deks?deleted=true", ""); w.Body.String() != `["orders-a"]` {
		t.Errorf("the list of subjects tells %s", w.Body)
	}
	batch := `{"requests":[` + bond("d", "secret") + `]}`
	if w := as(h, "ann", "POST", "/associations:batchMutate", batch); w.Code != 207 || !strings.Contains(w.Body.String(), `"error_code":403`) {
		t.Errorf("a batch: %d %s", w.Code, w.Body)
	}
}

// A subject in a body counts as one in the path, and a key that all subjects may use is changed by who may change all.
func TestRightsOverWhatBodiesNameAndOverKeys(t *testing.T) {
	h := guarded(t, nil)
	filled(t, h)
	kek := `{"name":"k","kmsType":"local-kms","kmsKeyId":"id","shared":false}`
	dek := `{"subject":"%","encryptedKeyMaterial":"AAAA"}`
	bond := `{"resourceName":"r%","resourceNamespace":"ns","resourceId":"id%","resourceType":"topic","associations":[{"subject":"%","associationType":"value","lifecycle":"WEAK"}]}`
	of := func(text, subject string) string { return strings.ReplaceAll(text, "%", subject) }
	tests := []struct {
		who, method, target, body string
		status                    int
	}{
		{"non", "POST", "/dek-registry/v1/keks", kek, 403},
		{"ann", "POST", "/dek-registry/v1/keks", kek, 200},
		{"non", "GET", "/dek-registry/v1/keks/k", "", 403},
		{"ann", "GET", "/dek-registry/v1/keks/k", "", 200},
		{"con", "PUT", "/dek-registry/v1/keks/k", `{"doc":"d"}`, 403},
		{"rob", "PUT", "/dek-registry/v1/keks/k", `{"doc":"d"}`, 200},
		{"ann", "POST", "/dek-registry/v1/keks/k/deks", of(dek, "secret"), 403},
		{"ann", "POST", "/dek-registry/v1/keks/k/deks/secret", of(dek, "orders-a"), 403},
		{"ann", "POST", "/dek-registry/v1/keks/k/deks/orders-alias", of(dek, "orders-a"), 403}, // an alias leads to secret
		{"ann", "POST", "/dek-registry/v1/keks/k/deks", of(dek, "orders-a"), 200},
		{"rob", "POST", "/dek-registry/v1/keks/k/deks", of(dek, "secret"), 200},
		{"ann", "GET", "/dek-registry/v1/keks/k/deks/secret", "", 403},
		{"ann", "GET", "/dek-registry/v1/keks/k/deks/orders-a", "", 200},
		{"che", "GET", "/dek-registry/v1/keks/k/deks/orders-a", "", 403},
		{"con", "DELETE", "/dek-registry/v1/keks/k", "", 403},
		{"ann", "POST", "/associations", of(bond, "secret"), 403},
		{"ann", "POST", "/associations", of(bond, "orders-a"), 200},
		{"rob", "POST", "/associations", of(bond, "secret"), 200},
		{"ann", "GET", "/associations/subjects/secret", "", 403},
		{"ann", "DELETE", "/associations/resources/idsecret", "", 403},
		{"ann", "DELETE", "/associations/resources/idorders-a", "", 204},
	}
	for _, tt := range tests {
		if w := as(h, tt.who, tt.method, tt.target, tt.body); w.Code != tt.status {
			t.Errorf("%s: %s %s %s: %d %s; want %d", tt.who, tt.method, tt.target, tt.body, w.Code, w.Body, tt.status)
		}
	}
	if w := as(h, "ann", "GET", "/dek-registry/v1/keks/k/deks", ""); strings.Contains(w.Body.String(), "secret") {
		t.Errorf("subjects of keys: %s", w.Body)
	}
	if w := as(h, "ann", "GET", "/associations/resources/idsecret", ""); w.Code == 200 && w.Body.String() != "[]" {
		t.Errorf("associations of a subject that is not theirs: %s", w.Body)
	}
}
