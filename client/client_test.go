package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
)

var _ serde.Schemas = (*client.Client)(nil)

// pauses records what a client would have slept.
type pauses []time.Duration

func (p *pauses) sleep(ctx context.Context, d time.Duration) error {
	*p = append(*p, d)
	return ctx.Err()
}

func newClient(t *testing.T, o client.Options) *client.Client {
	t.Helper()
	if o.Sleep == nil {
		o.Sleep = new(pauses).sleep
	}
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// seen is one request as a server saw it.
type seen struct{ Line, Body string }

// recorder answers every request alike and remembers them.
type recorder struct {
	status int
	body   string
	header http.Header
	got    []seen
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.got = append(r.got, seen{q.Method + " " + q.RequestURI, string(body)})
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(max(r.status, 200))
	_, _ = io.WriteString(w, r.body)
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestCallsAreTheOnesOfTheAPI(t *testing.T) {
	ctx := context.Background()
	body := openapi.SchemaRequest{Schema: `"<int>"`, References: []openapi.Reference{{Name: "n", Subject: "s", Version: 1}}}
	const sent = `{"references":[{"name":"n","subject":"s","version":1}],"schema":"\"<int>\""}`
	tests := []struct {
		line, sent, answer string
		call               func(c *client.Client) (any, error)
		want               any
	}{
		{"POST /subjects/a%2Fb%20c/versions?force=true&normalize=true", sent, `{"id":7,"version":2,"schemaType":"X"}`,
			func(c *client.Client) (any, error) {
				return c.RegisterSchema(ctx, "a/b c", body, client.WriteOptions{Normalize: true, Force: true})
			},
			openapi.RegisterResponse{ID: 7, Version: 2, SchemaType: "X"}},
		{"POST /subjects/:.c:s?deleted=true&format=f", sent, `{"id":7,"version":2,"schemaType":"X","subject":"s"}`,
			func(c *client.Client) (any, error) {
				return c.LookupSchema(ctx, ":.c:s", body, client.All, client.WriteOptions{Format: "f"})
			},
			openapi.Schema{ID: 7, Version: 2, SchemaType: "X", Subject: "s"}},
		{"GET /subjects?deletedOnly=true&subjectPrefix=%3A%2A%3A", "", `["a","b"]`,
			func(c *client.Client) (any, error) { return c.Subjects(ctx, client.AllContexts, client.DeletedOnly) }, []string{"a", "b"}},
		{"GET /subjects/100%25/versions?deleted=true", "", `[1,2]`,
			func(c *client.Client) (any, error) { return c.Versions(ctx, "100%", client.All) }, []int{1, 2}},
		{"GET /subjects/s/versions/latest", "", `{"version":3}`,
			func(c *client.Client) (any, error) { return c.SubjectVersion(ctx, "s", client.Latest, client.Live) }, openapi.Schema{Version: 3}},
		{"GET /subjects/:.:/versions/3?deleted=true", "", `{"version":3}`,
			func(c *client.Client) (any, error) { return c.SubjectVersion(ctx, "", 3, client.All) }, openapi.Schema{Version: 3}},
		{"GET /subjects/s/versions/1/referencedby", "", `[4,5]`,
			func(c *client.Client) (any, error) { return c.ReferencedBy(ctx, "s", 1, client.Live) }, []schema.ID{4, 5}},
		{"DELETE /subjects/s?permanent=true", "", `[1]`,
			func(c *client.Client) (any, error) { return c.DeleteSubject(ctx, "s", client.Permanent) }, []int{1}},
		{"DELETE /subjects/s/versions/latest", "", `3`,
			func(c *client.Client) (any, error) { return c.DeleteVersion(ctx, "s", client.Latest, client.Soft) }, 3},
		{"GET /schemas/ids/9?subject=a%2Bb", "", `{"schema":"x"}`,
			func(c *client.Client) (any, error) { return c.SchemaByID(ctx, "a+b", 9) }, openapi.SchemaString{Schema: "x"}},
		{"GET /schemas/ids/9?fetchMaxId=true&subject=%3A.c%3A", "", `{"schema":"x","maxId":12}`,
			func(c *client.Client) (any, error) { return c.MaxID(ctx, ":.c:", 9) }, schema.ID(12)},
		{"GET /schemas/ids/9?fetchMaxId=true", "", `{"schema":"x"}`,
			func(c *client.Client) (any, error) { return c.MaxID(ctx, "", 9) }, schema.ID(0)},
		{"GET /schemas?aliases=true&deleted=true&limit=7&offset=14&subjectPrefix=%3A%2A%3A", "", `[{"subject":"s","aliases":["a"]}]`,
			func(c *client.Client) (any, error) {
				return c.SchemaPage(ctx, client.SchemaQuery{Prefix: client.AllContexts, Filter: client.All, Aliases: true}, 14, 7)
			},
			[]openapi.Schema{{Subject: "s", Aliases: []string{"a"}}}},
		{"GET /dek-registry/v1/keks?deleted=true", "", `["k"]`,
			func(c *client.Client) (any, error) { return c.Keks(ctx, client.All) }, []string{"k"}},
		{"GET /associations/resources/-/a%2Fb", "", `[{"subject":"s"}]`,
			func(c *client.Client) (any, error) { return c.Associations(ctx, "-", "a/b") }, []openapi.Association{{Subject: "s"}}},
		{"GET /schemas/guids/g", "", `{"schema":"x"}`,
			func(c *client.Client) (any, error) { return c.SchemaByGUID(ctx, "g") }, openapi.SchemaString{Schema: "x"}},
		{"GET /schemas/guids/g/ids", "", `[{"context":".","id":1}]`,
			func(c *client.Client) (any, error) { return c.IDsByGUID(ctx, "g") }, []openapi.ContextID{{Context: ".", ID: 1}}},
		{"GET /schemas/ids/9/subjects", "", `["a"]`,
			func(c *client.Client) (any, error) { return c.SubjectsByID(ctx, "", 9, client.Live) }, []string{"a"}},
		{"GET /schemas/ids/9/versions?deleted=true", "", `[{"subject":"a","version":1}]`,
			func(c *client.Client) (any, error) { return c.VersionsByID(ctx, "", 9, client.All) }, []openapi.SubjectVersion{{Subject: "a", Version: 1}}},
		{"GET /schemas/types", "", `["X"]`,
			func(c *client.Client) (any, error) { return c.Types(ctx) }, []string{"X"}},
		{"POST /compatibility/subjects/s/versions?verbose=true", sent, `{"is_compatible":false,"messages":["m"]}`,
			func(c *client.Client) (any, error) {
				return c.Check(ctx, "s", client.AllVersions, body, client.WriteOptions{})
			},
			client.Verdict{Messages: []string{"m"}}},
		{"POST /compatibility/subjects/s/versions/latest?normalize=true&verbose=true", sent, `{"is_compatible":true}`,
			func(c *client.Client) (any, error) {
				return c.Check(ctx, "s", client.Latest, body, client.WriteOptions{Normalize: true})
			},
			client.Verdict{Compatible: true}},
		{"GET /config", "", `{"compatibilityLevel":"FULL"}`,
			func(c *client.Client) (any, error) { return c.Config(ctx, "", client.Stored) }, openapi.Config{CompatibilityLevel: "FULL"}},
		{"GET /config/s?defaultToGlobal=true", "", `{"compatibilityLevel":"FULL"}`,
			func(c *client.Client) (any, error) { return c.Config(ctx, "s", client.InForce) }, openapi.Config{CompatibilityLevel: "FULL"}},
		{"PUT /config/:.c:", `{"compatibility":null,"compatibilityGroup":"g","normalize":false}`, `{"compatibilityGroup":"g"}`,
			func(c *client.Client) (any, error) {
				no := false
				change := client.ConfigChange{Set: openapi.Config{CompatibilityGroup: "g", Normalize: &no}, Clear: []string{"compatibilityLevel"}}
				return c.SetConfig(ctx, ":.c:", change)
			},
			openapi.Config{CompatibilityGroup: "g"}},
		{"DELETE /config/s", "", `{"compatibilityLevel":"NONE"}`,
			func(c *client.Client) (any, error) { return c.DeleteConfig(ctx, "s") }, openapi.Config{CompatibilityLevel: "NONE"}},
		{"GET /mode/s?defaultToGlobal=true", "", `{"mode":"READONLY"}`,
			func(c *client.Client) (any, error) { return c.Mode(ctx, "s", client.InForce) }, "READONLY"},
		{"PUT /mode?force=true", `{"mode":"IMPORT"}`, `{"mode":"IMPORT"}`,
			func(c *client.Client) (any, error) {
				return nil, c.SetMode(ctx, "", client.ModeChange{Mode: "IMPORT", Force: true})
			}, nil},
		{"PUT /mode/s", `{"mode":null}`, `{}`,
			func(c *client.Client) (any, error) { return nil, c.SetMode(ctx, "s", client.ModeChange{}) }, nil},
		{"DELETE /mode/:.c:?recursive=true", "", `{"mode":"IMPORT"}`,
			func(c *client.Client) (any, error) { return c.DeleteMode(ctx, ":.c:", client.AndSubjects) }, "IMPORT"},
		{"GET /contexts?contextPrefix=.a", "", `[".a"]`,
			func(c *client.Client) (any, error) { return c.Contexts(ctx, ".a") }, []string{".a"}},
		{"DELETE /contexts/.a", "", ``,
			func(c *client.Client) (any, error) { return nil, c.DeleteContext(ctx, ".a") }, nil},
		{"GET /v1/metadata/version", "", `{"version":"1"}`,
			func(c *client.Client) (any, error) { return c.ServerVersion(ctx) }, openapi.ServerVersion{Version: "1"}},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			r := &recorder{body: tt.answer}
			got, err := tt.call(newClient(t, client.Options{URLs: []string{serve(t, r) + "/"}}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("answer: %s", diff)
			}
			for i := range r.got {
				r.got[i].Body = strings.TrimSpace(r.got[i].Body)
			}
			if diff := cmp.Diff([]seen{{tt.line, tt.sent}}, r.got); diff != "" {
				t.Errorf("request: %s", diff)
			}
		})
	}
}

func TestSerdeMethods(t *testing.T) {
	ctx := context.Background()
	inContext := `{"subject":":.c:s","version":2,"id":5,"guid":"g","schemaType":"X","schema":"t","references":[{"name":"a","subject":"r","version":1},{"name":"b","subject":":.d:r","version":1}]}`
	want := schema.Registered{Subject: ":.c:s", Version: 2, ID: 5, GUID: "g", Format: "X", Text: "t", References: []schema.Reference{
		{Name: "a", Subject: ":.c:r", Version: 1}, {Name: "b", Subject: ":.d:r", Version: 1},
	}}
	tests := []struct {
		name string
		call func(c *client.Client) (schema.Registered, error)
		line string
	}{
		{"ByID", func(c *client.Client) (schema.Registered, error) { return c.ByID(ctx, ":.c:s", 5) }, "GET /schemas/ids/5?subject=%3A.c%3As"},
		{"Latest", func(c *client.Client) (schema.Registered, error) { return c.Latest(ctx, ":.c:s") }, "GET /subjects/:.c:s/versions/latest"},
		{"Version", func(c *client.Client) (schema.Registered, error) { return c.Version(ctx, ":.c:s", 2) }, "GET /subjects/:.c:s/versions/2?deleted=true"},
		{"Register", func(c *client.Client) (schema.Registered, error) {
			return c.Register(ctx, ":.c:s", schema.Unregistered{Text: "t", Normalize: true})
		}, "POST /subjects/:.c:s/versions?normalize=true"},
		{"Lookup", func(c *client.Client) (schema.Registered, error) {
			return c.Lookup(ctx, ":.c:s", schema.Unregistered{Format: "X", Text: "t"})
		}, "POST /subjects/:.c:s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{body: inContext}
			got, err := tt.call(newClient(t, client.Options{URLs: []string{serve(t, r)}}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if r.got[0].Line != tt.line {
				t.Errorf("request %s, want %s", r.got[0].Line, tt.line)
			}
		})
	}
}

// Old servers answer a registration with the ID alone; the rest is looked up.
func TestRegisterWithAnOldServer(t *testing.T) {
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/versions") {
			_, _ = io.WriteString(w, `{"id":5}`)
			return
		}
		_, _ = io.WriteString(w, `{"subject":"s","version":3,"id":5,"schema":"t"}`)
	}))
	got, err := newClient(t, client.Options{URLs: []string{url}}).Register(context.Background(), "s", schema.Unregistered{Text: "t"})
	if diff := cmp.Diff(schema.Registered{Subject: "s", Version: 3, ID: 5, Text: "t"}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestHas(t *testing.T) {
	tests := []struct {
		name, subject, answer string
		status                int
		want                  bool
		code                  *fault.Code
	}{
		{"among the uses", "s", `[{"subject":"r","version":1},{"subject":"s","version":4}]`, 200, true, nil},
		{"default context by name", ":.:s", `[{"subject":"s","version":4}]`, 200, true, nil},
		{"other uses only", "s", `[{"subject":":.c:s","version":1}]`, 200, false, nil},
		{"unknown ID", "s", `{"error_code":40403,"message":"Schema not found"}`, 404, false, nil},
		{"another failure", "s", `{"error_code":401,"message":"Unauthorized"}`, 401, false, client.ErrUnauthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{status: tt.status, body: tt.answer}
			got, err := newClient(t, client.Options{URLs: []string{serve(t, r)}}).Has(context.Background(), tt.subject, 1)
			if got != tt.want || fault.CodeOf(err) != tt.code {
				t.Errorf("got %t, %v", got, err)
			}
		})
	}
}

func TestSchemasAreReadPageByPage(t *testing.T) {
	const all = 2345
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var offset, limit int
		_, _ = fmt.Sscan(r.URL.Query().Get("offset")+" "+r.URL.Query().Get("limit"), &offset, &limit)
		page := []openapi.Schema{}
		for i := offset; i < min(offset+limit, all); i++ {
			page = append(page, openapi.Schema{ID: i + 1})
		}
		_ = json.NewEncoder(w).Encode(page)
	}))
	n := 0
	for s, err := range newClient(t, client.Options{URLs: []string{url}}).Schemas(context.Background(), client.SchemaQuery{Prefix: "p"}) {
		if n++; err != nil || s.ID != n {
			t.Fatalf("schema %d is %d, %v", n, s.ID, err)
		}
	}
	if n != all {
		t.Errorf("%d schemas, want %d", n, all)
	}
}

func TestErrorsCarryCodeDetailAndAnswer(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		code   *fault.Code
		detail string
		number int
	}{
		{"subject", 404, `{"error_code":40401,"message":"Subject 's' not found."}`, client.ErrSubjectNotFound, "Subject 's' not found.", 40401},
		{"invalid schema", 422, `{"error_code":42201,"message":"Invalid schema"}`, schema.ErrInvalid, "Invalid schema", 42201},
		{"incompatible", 409, `{"error_code":40901,"message":"m"}`, client.ErrIncompatible, "m", 40901},
		{"incompatible of old servers", 409, `{"error_code":409,"message":"m"}`, client.ErrIncompatible, "m", 409},
		{"number of later servers", 422, `{"error_code":42299,"message":"m"}`, client.ErrBadRequest, "m", 42299},
		{"path of other servers", 404, `{"error_code":404,"message":"HTTP 404 Not Found"}`, client.ErrNotServed, "HTTP 404", 404},
		{"proxy", 404, `<html>`, client.ErrNotServed, `without an error of a schema registry: "<html>"`, 0},
		{"JSON of another kind", 400, `{"code":1}`, client.ErrBadRequest, `HTTP 400`, 0},
		{"empty body", 403, ``, client.ErrUnauthorized, "HTTP 403", 0},
		{"redirect that leads nowhere", 300, ``, client.ErrBadResponse, "HTTP 300", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{status: tt.status, body: tt.body}
			_, err := newClient(t, client.Options{URLs: []string{serve(t, r)}}).Types(context.Background())
			if fault.CodeOf(err) != tt.code || !strings.Contains(fault.DetailOf(err), tt.detail) {
				t.Errorf("code %v, detail %q", fault.CodeOf(err), fault.DetailOf(err))
			}
			s, is := errors.AsType[*client.StatusError](err)
			if !is || s.Status != tt.status || s.Number != tt.number {
				t.Errorf("answer %+v", s)
			}
			if len(r.got) != 1 {
				t.Errorf("%d attempts", len(r.got))
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for name, body := range map[string]string{"no JSON": "<html>hello</html>", "another type": `{"a":1}`, "nothing": "", "too much": `["` + strings.Repeat("x", 1000) + `"]`} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, client.Options{URLs: []string{serve(t, &recorder{body: body})}, MaxResponseBytes: 100})
			if _, err := c.Types(context.Background()); !errors.Is(err, client.ErrBadResponse) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestTransientAnswersAreRepeated(t *testing.T) {
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			var calls atomic.Int32
			url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if calls.Add(1) < 3 || !strings.Contains(string(body), "text") {
					w.WriteHeader(status)
					return
				}
				_, _ = io.WriteString(w, `{"id":1}`)
			}))
			c := newClient(t, client.Options{URLs: []string{url}})
			got, err := c.RegisterSchema(context.Background(), "s", openapi.SchemaRequest{Schema: "text"}, client.WriteOptions{})
			if err != nil || got.ID != 1 || calls.Load() != 3 {
				t.Errorf("got %+v, %v after %d calls", got, err, calls.Load())
			}
		})
	}
}

// What must not arrive twice is repeated only if the server said that it did nothing.
func TestWhatMustNotArriveTwice(t *testing.T) {
	ctx := context.Background()
	calls := map[string]func(c *client.Client) error{
		"DeleteSubject": func(c *client.Client) error { _, err := c.DeleteSubject(ctx, "s", client.Permanent); return err },
		"DeleteVersion": func(c *client.Client) error { _, err := c.DeleteVersion(ctx, "s", 1, client.Soft); return err },
		"DeleteConfig":  func(c *client.Client) error { _, err := c.DeleteConfig(ctx, "s"); return err },
		"DeleteMode":    func(c *client.Client) error { _, err := c.DeleteMode(ctx, "s", client.ThisLevel); return err },
		"registration of a chosen version": func(c *client.Client) error {
			_, err := c.RegisterSchema(ctx, "s", openapi.SchemaRequest{Version: 3}, client.WriteOptions{})
			return err
		},
	}
	for name, call := range calls {
		for status, attempts := range map[int]int{500: 1, 502: 1, 504: 1, 408: 3, 429: 3, 503: 3} {
			r := &recorder{status: status}
			if err := call(newClient(t, client.Options{URLs: []string{serve(t, r)}, Retries: 2})); err == nil {
				t.Errorf("%s: no error", name)
			}
			if len(r.got) != attempts {
				t.Errorf("%s after %d: %d attempts, want %d", name, status, len(r.got), attempts)
			}
		}
	}
}

// A connection that breaks leaves open what the server did; one that was refused does not.
func TestBrokenConnections(t *testing.T) {
	ctx := context.Background()
	var calls atomic.Int32
	broken := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	}))
	c := newClient(t, client.Options{URLs: []string{broken}, Retries: 2})
	if _, err := c.Types(ctx); !errors.Is(err, client.ErrUnreachable) || calls.Load() != 3 {
		t.Errorf("a read: %v after %d calls", err, calls.Load())
	}
	calls.Store(0)
	if _, err := c.DeleteSubject(ctx, "s", client.Soft); !errors.Is(err, client.ErrUnreachable) || calls.Load() != 1 {
		t.Errorf("a deletion: %v after %d calls", err, calls.Load())
	}
	p := new(pauses)
	c = newClient(t, client.Options{URLs: []string{unreachable(t)}, Retries: 2, Sleep: p.sleep})
	if _, err := c.DeleteSubject(ctx, "s", client.Soft); !errors.Is(err, client.ErrUnreachable) || len(*p) != 2 {
		t.Errorf("a refused deletion: %v after %d pauses", err, len(*p))
	}
}

func unreachable(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	return s.URL
}

func TestFailoverStaysWithTheServerThatAnswered(t *testing.T) {
	bad, good := &recorder{status: 503}, &recorder{body: `["X"]`}
	p := new(pauses)
	c := newClient(t, client.Options{URLs: []string{unreachable(t), serve(t, bad), serve(t, good)}, Sleep: p.sleep})
	for range 3 {
		if got, err := c.Types(context.Background()); err != nil || len(got) != 1 {
			t.Fatalf("got %v, %v", got, err)
		}
	}
	if len(bad.got) != 1 || len(good.got) != 3 || len(*p) != 0 {
		t.Errorf("bad asked %d times, good %d times, %d pauses", len(bad.got), len(good.got), len(*p))
	}
}

// An answer that is a failure for good is not asked for elsewhere.
func TestNoFailoverFromARefusal(t *testing.T) {
	first, second := &recorder{status: 404, body: `{"error_code":40401,"message":"m"}`}, &recorder{body: `[1]`}
	c := newClient(t, client.Options{URLs: []string{serve(t, first), serve(t, second)}})
	if _, err := c.Versions(context.Background(), "s", client.Live); !errors.Is(err, client.ErrSubjectNotFound) || len(second.got) != 0 {
		t.Errorf("error %v, second asked %d times", err, len(second.got))
	}
}

func TestPausesDoubleAndAreJittered(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name   string
		random float64
		header http.Header
		want   pauses
	}{
		{"shortest", 0, nil, pauses{50 * ms, 100 * ms, 200 * ms, 400 * ms, 500 * ms}},
		{"middle", 0.5, nil, pauses{75 * ms, 150 * ms, 300 * ms, 600 * ms, 750 * ms}},
		{"server asks for more than the most", 0, http.Header{"Retry-After": {"7"}}, pauses{1000 * ms, 1000 * ms, 1000 * ms, 1000 * ms, 1000 * ms}},
		{"server asks for a date", 0, http.Header{"Retry-After": {"Wed, 21 Oct 2026 07:28:00 GMT"}}, pauses{50 * ms, 100 * ms, 200 * ms, 400 * ms, 500 * ms}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := new(pauses)
			c := newClient(t, client.Options{
				URLs: []string{serve(t, &recorder{status: 503, header: tt.header})}, Retries: 5, Backoff: 100 * ms, MaxBackoff: 1000 * ms,
				Sleep: p.sleep, Random: func() float64 { return tt.random },
			})
			if _, err := c.Types(context.Background()); !errors.Is(err, client.ErrServer) {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, *p); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNegativeRetriesAskOnce(t *testing.T) {
	r := &recorder{status: 503}
	if _, err := newClient(t, client.Options{URLs: []string{serve(t, r)}, Retries: -1}).Types(context.Background()); err == nil || len(r.got) != 1 {
		t.Errorf("error %v after %d calls", err, len(r.got))
	}
}

func TestCanceledCallsEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	release := make(chan struct{})
	url := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		cancel()
		<-release
	}))
	t.Cleanup(func() { close(release) }) // runs before the server closes
	if _, err := newClient(t, client.Options{URLs: []string{url}}).Types(ctx); !errors.Is(err, client.ErrCanceled) || !errors.Is(err, context.Canceled) {
		t.Errorf("in flight: %v", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	c := newClient(t, client.Options{
		URLs:  []string{serve(t, &recorder{status: 503})},
		Sleep: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() },
	})
	if _, err := c.Types(ctx); !errors.Is(err, client.ErrCanceled) || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "HTTP 503") {
		t.Errorf("while waiting: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	var got http.Header
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = io.WriteString(w, "[]")
	}))
	withUser := strings.Replace(url, "http://", "http://ann:s%20ecret@", 1)
	tests := []struct {
		name string
		opts client.Options
		want string
	}{
		{"none", client.Options{URLs: []string{url}}, ""},
		{"basic", client.Options{URLs: []string{url}, Username: "u", Password: "p"}, "Basic dTpw"},
		{"in the URL", client.Options{URLs: []string{withUser}}, "Basic YW5uOnMgZWNyZXQ="},
		{"the URL's own win", client.Options{URLs: []string{withUser}, Username: "u", Password: "p"}, "Basic YW5uOnMgZWNyZXQ="},
		{"token", client.Options{URLs: []string{url}, Token: "t"}, "Bearer t"},
		{"header", client.Options{URLs: []string{url}, Header: http.Header{"authorization": {"Custom x"}}}, "Custom x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := newClient(t, tt.opts).Types(context.Background()); err != nil {
				t.Fatal(err)
			}
			if got.Get("Authorization") != tt.want {
				t.Errorf("Authorization %q, want %q", got.Get("Authorization"), tt.want)
			}
		})
	}
}

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]client.Options{
		"no URL":         {},
		"no scheme":      {URLs: []string{"registry:8081"}},
		"other scheme":   {URLs: []string{"ftp://registry"}},
		"no host":        {URLs: []string{"http://"}},
		"unparsable":     {URLs: []string{"http://u:secret@[::1"}},
		"password shown": {URLs: []string{"ftp://u:secret@registry"}},
		"two ways in":    {URLs: []string{"http://r"}, Username: "u", Token: "t"},
	} {
		_, err := client.New(o)
		if !errors.Is(err, client.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows a password: %v", name, err)
		}
	}
}
