package migrate_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/openapi"
)

func writing(r *http.Request) bool { return r.Method != http.MethodGet }

func fail(w http.ResponseWriter) bool {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnprocessableEntity)
	_, _ = w.Write([]byte(`{"error_code":42205,"message":"cut off"}`))
	return true
}

// A run is cut off after every number of writes, as by a crash: nothing that it would do to tidy up arrives either. The next run
// must bring the target to where an uninterrupted one does.
func TestARunThatWasCutOffIsRunAgain(t *testing.T) {
	from := newSide(t)
	from.fill()
	want := export(t, from)
	for cut := 0; ; cut += 1 + cut/10 {
		to := newSide(t)
		var passed atomic.Int64
		to.intercept(func(w http.ResponseWriter, r *http.Request) bool {
			return writing(r) && passed.Add(1) > int64(cut) && fail(w)
		})
		args := []string{"migrate", "--from", from.url, "--to", to.url, "--name", "settings-only", "--concurrency", "3"}
		status, _, _ := pawl(t, t.Context(), nil, args...)
		if status == 0 {
			if cut < 40 {
				t.Errorf("the whole run takes %d writes", cut)
			}
			return
		}
		if status != 4 {
			t.Errorf("cut after %d writes: exit status %d", cut, status)
		}
		to.intercept(nil)
		run(t, 0, args...)
		if diff := cmp.Diff(want, export(t, to)); diff != "" {
			t.Fatalf("cut after %d writes: %s", cut, diff)
		}
	}
}

// modes reads what is stored under some names.
func modes(t *testing.T, s *side) []string {
	t.Helper()
	var out []string
	for _, name := range []string{"", ":.__GLOBAL:", ":.other:", ":.emptied:", "a-user", "z-base", "evolving", "base"} {
		mode, err := s.Mode(t.Context(), name, client.Stored)
		if err != nil && !errors.Is(err, client.ErrNoSubjectMode) {
			t.Fatal(err)
		}
		out = append(out, name+" "+mode)
	}
	return out
}

// A target that was in use, with modes of its own, gets them back whatever write fails.
func TestAFailurePutsTheModesBack(t *testing.T) {
	from := newSide(t)
	from.fill()
	for victim, want := range map[string]string{
		"a-user": "a-user version 1 cannot be written", "z-base": "z-base version 1", ":.other:twin": ":.other:twin version 1", "proto": "proto version 1",
		"pawl-migrate-reserved": "id 502 of context . cannot be given away",
	} {
		t.Run(victim, func(t *testing.T) {
			to := newSide(t)
			to.mode("", "READONLY")
			to.mode(":.other:", "READONLY")
			to.mode("a-user", "READWRITE")
			to.mode("z-base", "READONLY")
			before := modes(t, to)
			to.intercept(func(w http.ResponseWriter, r *http.Request) bool {
				return r.Method == http.MethodPost && r.URL.Path == "/subjects/"+victim+"/versions" && fail(w)
			})
			wantText(t, run(t, 4, "migrate", "--from", from.url, "--to", to.url), want, "cut off")
			if diff := cmp.Diff(before, modes(t, to)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGivingUpPutsTheModesBack(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.fill()
	before := modes(t, to)
	ctx, cancel := context.WithCancel(t.Context())
	to.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			cancel()
		}
		return false
	})
	if status, out, talk := pawl(t, ctx, nil, "migrate", "--from", from.url, "--to", to.url); status != 4 {
		t.Errorf("exit status %d: %s%s", status, out, talk)
	}
	if diff := cmp.Diff(before, modes(t, to)); diff != "" {
		t.Error(diff)
	}
}

// The source's modes are not wanted where it is read-only for the move alone.
func TestModesAndConfigurationsCanBeLeftAlone(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.fill()
	to.mode(":.other:", "READONLY")
	to.config("base", openapi.Config{CompatibilityLevel: "FULL"})
	before := modes(t, to)
	run(t, 0, "migrate", "--from", from.url, "--to", to.url, "--with-mode=false", "--with-config=false")
	if diff := cmp.Diff(before, modes(t, to)); diff != "" {
		t.Error(diff)
	}
	if c, err := to.Config(t.Context(), "base", client.Stored); err != nil || c.CompatibilityLevel != "FULL" {
		t.Errorf("the configuration is %v now (%v)", c, err)
	}
}

func TestConflictsAreNamedBeforeAnythingIsWritten(t *testing.T) {
	tests := []struct {
		name  string
		setup func(to *side)
		args  []string
		want  []string
	}{
		{"another schema in a version's place", func(to *side) { to.register("z-base", record("Other", "f:int")) }, nil,
			[]string{"z-base version 1: id: 8 in the source, 1 in the target", "z-base version 1: schema: ", "nothing was written"}},
		{"a version that only the target has", func(to *side) {
			to.mode("z-base", "IMPORT")
			to.put("z-base", openapi.SchemaRequest{ID: 900, Version: 3, Schema: record("Z3", "f:int")})
		}, nil, []string{"z-base version 3: version: missing in the source"}},
		{"an id that stands for another schema", func(to *side) { to.register("other", record("O", "f:int")) }, []string{"--allow-extra"},
			[]string{"evolving version 1: id 1: this schema in the source, another schema, that of other version 1 in the target"}},
		{"a version deleted in the target", func(to *side) {
			to.mode("json", "IMPORT")
			to.put("json", openapi.SchemaRequest{ID: 16, Version: 1, SchemaType: "JSON", Schema: `{"type":"object","minimum":1.10,"$comment":"<ä&>"}`})
			to.remove("json", 1, client.Soft)
		}, nil, []string{"json version 1: state: live in the source, soft-deleted in the target"}},
		{"settings that others fall under", func(to *side) {
			to.mode("other", "IMPORT")
			to.put("other", openapi.SchemaRequest{ID: 900, Version: 1, Schema: record("O", "f:int")})
		}, []string{"--allow-extra"}, []string{"the registry: config: ", "the registry: mode: "}},
		{"a reference that leads out of scope", func(*side) {}, []string{"--prefix", "a-user"},
			[]string{"a-user version 1: reference to z-base version 1: missing in the source, missing in the target"}},
	}
	from := newSide(t)
	from.fill()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to := newSide(t)
			tt.setup(to)
			before, writes := export(t, to), to.writes.Load()
			wantText(t, run(t, 1, append([]string{"migrate", "--from", from.url, "--to", to.url}, tt.args...)...), tt.want...)
			if n := to.writes.Load(); n != writes {
				t.Errorf("%d writes were sent", n-writes)
			}
			if diff := cmp.Diff(before, export(t, to)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Somebody registers between the first look at the target and the moment when it takes imports alone.
func TestARegistrationInBetweenIsNotOverwritten(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.fill()
	var once atomic.Bool
	to.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && r.URL.Path == "/mode" && once.CompareAndSwap(false, true) {
			to.register("z-base", record("Mine", "f:int"))
		}
		return false
	})
	wantText(t, run(t, 1, "migrate", "--from", from.url, "--to", to.url), "z-base version 1: schema: ")
	v, err := to.SubjectVersion(t.Context(), "z-base", 1, client.Live)
	if err != nil || !strings.Contains(v.Schema, "Mine") {
		t.Errorf("what was registered in between is %q now (%v)", v.Schema, err)
	}
	if m, err := to.Mode(t.Context(), "", client.Stored); err != nil || m != "READWRITE" {
		t.Errorf("the mode is %q (%v)", m, err)
	}
}

// What was registered in the source during the copy is found by the comparison, and the next run brings it over.
func TestARegistrationInTheSourceMeanwhileIsFound(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.register("s", record("A", "f:int"))
	var once atomic.Bool
	to.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && once.CompareAndSwap(false, true) {
			from.register("s2", record("B", "f:int"))
		}
		return false
	})
	wantText(t, run(t, 1, "migrate", "--from", from.url, "--to", to.url), "s2 version 1: version: present in the source, missing in the target")
	wantText(t, run(t, 0, "migrate", "--from", from.url, "--to", to.url), "1 written", "0 differences")
}

func TestAPartOfARegistryJoinsAnother(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.fill()
	for i := range 3 {
		to.register("mine-"+strconv.Itoa(i), record("M"+strconv.Itoa(i), "f:int"))
	}
	wantText(t, run(t, 0, "migrate", "--from", from.url, "--to", to.url, "--prefix", ":.other:", "--allow-extra", "--dry-run=false", "--with-mode=false",
		"--prefix", ":.emptied:"), "0 differences")
	names, err := to.Subjects(t.Context(), client.AllContexts, client.All)
	if diff := cmp.Diff([]string{"mine-0", "mine-1", "mine-2"}, names); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	// The context's schemas refer to one of the default context, which has to come first, under its own id.
	run(t, 1, "migrate", "--from", from.url, "--to", to.url, "--prefix", ":.other:")
	run(t, 0, "migrate", "--from", from.url, "--to", to.url, "--prefix", "z-base")
	run(t, 0, "migrate", "--from", from.url, "--to", to.url, "--prefix", ":.other:")
	if s, err := to.SchemaByID(t.Context(), ":.other:foreign", 1); err != nil || s.Subject != ":.other:foreign" {
		t.Errorf("%v %v", s, err)
	}
}

// A file of a part says so: what is not in it is neither a difference nor taken away.
func TestAFileOfAPartLeavesTheRestAlone(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.fill()
	to.register("mine", record("M", "f:int"))
	to.config("", openapi.Config{CompatibilityLevel: "FULL"})
	to.config("mine", openapi.Config{CompatibilityLevel: "NONE"})
	to.mode(":.other:", "READONLY")
	file := export(t, from, "--prefix", ":.other:twin", "--with-mode=false")
	before, writes := modes(t, to), to.writes.Load()
	for _, args := range [][]string{{"--prefix", "orders-"}, {"--prefix", ":.emptied:"}} {
		if status, _, talk := pawl(t, t.Context(), strings.NewReader(file), append([]string{"import", "-", "--registry", to.url}, args...)...); status != 2 {
			t.Errorf("%v: exit status %d: %s", args, status, talk)
		}
	}
	if to.writes.Load() != writes {
		t.Error("something was written")
	}
	status, out, talk := pawl(t, t.Context(), strings.NewReader(file), "import", "-", "--registry", to.url)
	if status != 0 {
		t.Fatalf("exit status %d: %s%s", status, out, talk)
	}
	wantText(t, out, "1 written", "0 differences")
	if diff := cmp.Diff(before, modes(t, to)); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"": "FULL", "mine": "NONE"} {
		if c, err := to.Config(t.Context(), name, client.Stored); err != nil || c.CompatibilityLevel != want {
			t.Errorf("the configuration of %q is %v now (%v)", name, c, err)
		}
	}
}

// older makes a registry answer as others do.
type older struct {
	hide     []string // paths that are not served
	unstated bool     // neither ts nor deleted nor guid in answers
	spaced   bool     // texts as they were sent, not in canonical form
}

func (o older) wrap(t *testing.T, s *side) string {
	target, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, path := range o.hide {
			if r.URL.Path == path {
				w.WriteHeader(http.StatusNotFound)
				_, _ = w.Write([]byte(`{"error_code":404,"message":"HTTP 404 Not Found"}`))
				return
			}
		}
		req := r.Clone(r.Context())
		req.URL.Scheme, req.URL.Host, req.RequestURI = target.Scheme, target.Host, ""
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = res.Body.Close() }()
		var body any
		_ = json.NewDecoder(res.Body).Decode(&body)
		w.WriteHeader(res.StatusCode)
		_ = json.NewEncoder(w).Encode(o.edit(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func (o older) edit(body any) any {
	switch b := body.(type) {
	case []any:
		for i := range b {
			b[i] = o.edit(b[i])
		}
	case map[string]any:
		if o.unstated {
			delete(b, "ts")
			delete(b, "deleted")
			delete(b, "guid")
			delete(b, "maxId")
		}
		if text, ok := b["schema"].(string); ok && o.spaced && b["schemaType"] == "AVRO" {
			b["schema"] = strings.ReplaceAll(text, `","`, `", "`)
		}
	}
	return body
}

func TestOtherRegistriesAreSourcesToo(t *testing.T) {
	for name, kind := range map[string]older{
		"without a state in its answers":           {unstated: true},
		"without a list of schemas":                {hide: []string{"/schemas"}, unstated: true},
		"that keeps texts as they were sent":       {spaced: true},
		"without contexts and a list of schemas":   {hide: []string{"/schemas", "/contexts"}},
		"that keeps texts and lists no schemas":    {hide: []string{"/schemas"}, spaced: true, unstated: true},
		"that is like us, through the same detour": {},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := newSide(t), newSide(t)
			from.fill()
			from.mode("", "READWRITE")
			_, err := from.DeleteConfig(t.Context(), "twin-1") // aliases hide versions where nothing lists them
			from.must(err)
			if kind.unstated { // the counter of ids is unknown there
				from.register("late", record("L3", "f:int"))
			}
			from.mode("", "READONLY")
			args := []string{"migrate", "--from", kind.wrap(t, from), "--to", to.url, "--name", "settings-only", "--name", "alias-without-schemas"}
			wantText(t, run(t, 0, args...), "0 differences")
			writes := to.writes.Load()
			wantText(t, run(t, 0, args...), "0 differences", "0 written")
			if again := to.writes.Load(); again != writes {
				t.Errorf("the second run sent %d writes", again-writes)
			}
			want, got := export(t, from), export(t, to)
			if strings.Contains(strings.Join(kind.hide, " "), "/contexts") {
				return // a context without schemas is not seen there
			}
			if want != got {
				t.Errorf("the exports differ: %s", cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
			}
		})
	}
}

// A target that takes the request and gives out ids of its own is no target.
func TestATargetThatDoesNotImportIsFoundOut(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.register("s", record("A", "f:int"))
	from.register("s", record("A", "f:int"))
	to.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			_, _ = w.Write([]byte(`{"id":77}`))
		}
		return r.Method == http.MethodPost
	})
	wantText(t, run(t, 4, "migrate", "--from", from.url, "--to", to.url), "does not import")
}

func TestCredentialsOfBothSides(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.register("s", record("A", "f:int"))
	guard := func(want string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Authorization") == want {
				return false
			}
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
	}
	from.intercept(guard("Basic YW5uOnBhc3M="))
	to.intercept(guard("Bearer secret"))
	args := []string{"migrate", "--from", from.url, "--to", to.url}
	run(t, 4, args...)
	env := map[string]string{"PAWL_FROM_USER": "ann", "PAWL_FROM_PASSWORD": "pass", "PAWL_REGISTRY_TOKEN": "secret"}
	if status, out, talk := pawlWith(t, t.Context(), nil, env, args...); status != 0 {
		t.Errorf("exit status %d: %s%s", status, out, talk)
	}
}

func TestMistakesInTheCommandLine(t *testing.T) {
	s := newSide(t)
	for _, args := range [][]string{
		{"migrate"},
		{"migrate", "--from", "nowhere"},
		{"migrate", "--from", s.url, "--to", s.url, "--concurrency", "0"},
		{"import", "/no/such/file", "--registry", s.url},
		{"export", "/no/such/folder/file", "--registry", s.url},
		{"migrate", "--from", s.url, "--from-ca", "/no/such/file"},
	} {
		run(t, 2, args...)
	}
	run(t, 4, "migrate", "--from", "http://127.0.0.1:1", "--to", s.url)
}
