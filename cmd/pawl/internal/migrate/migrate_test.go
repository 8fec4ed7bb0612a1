package migrate_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/formats"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/migrate"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
	"github.com/pawl-registry/pawl/registry/rest"
	"github.com/pawl-registry/pawl/registry/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// side is a registry on a socket, which counts and may disturb what arrives.
type side struct {
	*client.Client
	t      *testing.T
	url    string
	writes atomic.Int64 // requests that change something
	before atomic.Pointer[func(w http.ResponseWriter, r *http.Request) (served bool)]
}

func newSide(t *testing.T) *side {
	t.Helper()
	reg, err := registry.New(t.Context(), registry.Options{Store: storetest.NewMemory(), Formats: formats.All()})
	if err != nil {
		t.Fatal(err)
	}
	s := &side{t: t}
	handler := rest.New(reg, rest.Options{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if before := s.before.Load(); before != nil && (*before)(w, r) {
			return
		}
		if r.Method == http.MethodPut || r.Method == http.MethodDelete || r.Method == http.MethodPost {
			s.writes.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		reg.Close()
	})
	s.url = server.URL
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	if s.Client, err = client.New(client.Options{URLs: []string{s.url}, HTTPClient: &http.Client{Transport: transport}, Retries: -1}); err != nil {
		t.Fatal(err)
	}
	return s
}

// intercept has every request shown to a function first, which may answer it; nil lets everything pass.
func (s *side) intercept(before func(w http.ResponseWriter, r *http.Request) (served bool)) {
	if before == nil {
		s.before.Store(nil)
		return
	}
	s.before.Store(&before)
}

// must fails the test unless a call of the side succeeded.
func (s *side) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *side) register(subject, text string, refs ...openapi.Reference) openapi.RegisterResponse {
	s.t.Helper()
	return s.put(subject, openapi.SchemaRequest{Schema: text, References: refs})
}

func (s *side) put(subject string, r openapi.SchemaRequest) openapi.RegisterResponse {
	s.t.Helper()
	res, err := s.RegisterSchema(s.t.Context(), subject, r, client.WriteOptions{Force: true})
	s.must(err)
	return res
}

func (s *side) remove(subject string, version int, kinds ...client.Deletion) {
	s.t.Helper()
	for _, d := range kinds {
		_, err := s.DeleteVersion(s.t.Context(), subject, version, d)
		s.must(err)
	}
}

func (s *side) config(name string, c openapi.Config) {
	s.t.Helper()
	_, err := s.SetConfig(s.t.Context(), name, client.ConfigChange{Set: c})
	s.must(err)
}

func (s *side) mode(name, mode string) {
	s.t.Helper()
	s.must(s.SetMode(s.t.Context(), name, client.ModeChange{Mode: mode, Force: true}))
}

func record(name string, fields ...string) string {
	var list []string
	for _, f := range fields {
		name, typ, _ := strings.Cut(f, ":")
		list = append(list, fmt.Sprintf(`{"name":%q,"type":%q}`, name, typ))
	}
	return fmt.Sprintf(`{"type":"record","name":%q,"namespace":"a.b","fields":[%s]}`, name, strings.Join(list, ","))
}

// fill gives a side one of everything that a migration keeps.
func (s *side) fill() {
	s.t.Helper()
	yes, no := true, false
	// Versions of which the first, the last and a middle one are deleted, and one that is gone for good with its ID.
	s.config("evolving", openapi.Config{CompatibilityLevel: "NONE"})
	for i := range 6 {
		s.register("evolving", record("E", fmt.Sprintf("f%d:int", i)))
	}
	for _, v := range []int{1, 3, 5} {
		s.remove("evolving", v, client.Soft)
	}
	s.remove("evolving", 4, client.Soft, client.Permanent)
	s.register("all-deleted", record("D", "f:int"))
	s.remove("all-deleted", 1, client.Soft)
	// References: two in an order of their own, a chain, one across contexts, and deleted referrers.
	s.register("z-base", record("Z", "f:int"))
	s.register("base", record("B", "f:string"))
	s.register("a-user", record("U", "z:a.b.Z", "b:a.b.B"),
		openapi.Reference{Name: "a.b.Z", Subject: "z-base", Version: 1}, openapi.Reference{Name: "a.b.B", Subject: "base", Version: 1})
	s.register("a-chain", record("C", "u:a.b.U"), openapi.Reference{Name: "a.b.U", Subject: "a-user", Version: 1})
	s.register("base", record("B", "f:string", "g:int"))
	s.register("gone-user", record("G", "b:a.b.B"), openapi.Reference{Name: "a.b.B", Subject: "base", Version: 2})
	s.remove("gone-user", 1, client.Soft)
	s.remove("base", 2, client.Soft)
	s.put(":.other:foreign", openapi.SchemaRequest{Schema: record("F", "z:a.b.Z"),
		References: []openapi.Reference{{Name: "a.b.Z", Subject: ":.:z-base", Version: 1}}})
	// The same content in two subjects of a context and in another context.
	for _, subject := range []string{"twin-1", "twin-2", ":.other:twin"} {
		s.register(subject, record("T", "f:long"))
	}
	// The other formats, names that need escapes, the empty subject.
	s.put("proto", openapi.SchemaRequest{SchemaType: "PROTOBUF", Schema: "syntax = \"proto3\";\nmessage M { int32 a = 1; }"})
	s.put("json", openapi.SchemaRequest{SchemaType: "JSON", Schema: `{"type": "object", "minimum": 1.10, "$comment": "<ä&>"}`})
	for _, subject := range []string{"a/b c%+ü", "x:y", "validate", ""} {
		s.register(subject, record("N", "f:bytes"))
	}
	// Metadata, rules, tags.
	s.put("contract", openapi.SchemaRequest{
		Schema:   `{"type":"record","name":"K","fields":[{"name":"f","type":"int","confluent:tags":["PII"]}]}`,
		Metadata: &openapi.Metadata{Properties: map[string]string{"b": "2", "a": "1"}, Tags: map[string][]string{"K.f": {"y", "x"}}, Sensitive: []string{"b", "a"}},
		RuleSet: &openapi.RuleSet{
			DomainRules:    []openapi.Rule{{Name: "z", Type: "CEL", Expr: "true", Params: map[string]string{"p": "q"}}, {Name: "a", Type: "CEL", Disabled: true, Tags: []string{"t", "s"}}},
			MigrationRules: []openapi.Rule{{Name: "m", Type: "JSONATA", Mode: "UPGRADE"}}, EnableAt: "CLIENT",
		},
	})
	s.put("empty-metadata", openapi.SchemaRequest{Schema: record("K2", "f:int"), Metadata: &openapi.Metadata{}})
	// A live version that refers to a soft-deleted one, and one content under two IDs: both come from imports.
	s.register("imported-base", record("I", "f:int"))
	s.remove("imported-base", 1, client.Soft)
	s.mode("imported-user", "IMPORT")
	s.put("imported-user", openapi.SchemaRequest{ID: 500, Version: 7, Schema: record("IU", "i:a.b.I"),
		References: []openapi.Reference{{Name: "a.b.I", Subject: "imported-base", Version: 1}}})
	s.put("imported-user", openapi.SchemaRequest{ID: 501, Version: 9, Schema: record("T", "f:long")})
	// Configurations with every field, aliases, a context that is empty by now, a counter of IDs ahead of its IDs.
	s.register(":.emptied:s", record("X", "f:int"))
	_, err := s.DeleteSubject(s.t.Context(), ":.emptied:s", client.Soft)
	s.must(err)
	_, err = s.DeleteSubject(s.t.Context(), ":.emptied:s", client.Permanent)
	s.must(err)
	s.register("late", record("L", "f:int"))
	s.remove("late", 1, client.Soft, client.Permanent)
	rules := &openapi.RuleSet{DomainRules: []openapi.Rule{{Name: "r", Type: "CEL"}}}
	meta := func(k string) *openapi.Metadata { return &openapi.Metadata{Properties: map[string]string{k: "v"}} }
	s.config("twin-2", openapi.Config{
		AliasForDeks: "twin-1", Normalize: &yes, ValidateFields: &no, ValidateNewSchemas: &yes, ValidateRules: &no, CompatibilityLevel: "FULL_TRANSITIVE",
		CompatibilityPolicy: "LENIENT", CompatibilityGroup: "g", DefaultMetadata: meta("d"), OverrideMetadata: meta("o"), DefaultRuleSet: rules, OverrideRuleSet: rules,
	})
	s.config("twin-1", openapi.Config{Alias: "proto"})
	s.config("alias-without-schemas", openapi.Config{Alias: "proto", CompatibilityLevel: "FULL"})
	s.config("settings-only", openapi.Config{CompatibilityLevel: "FORWARD"})
	s.config("", openapi.Config{CompatibilityLevel: "FORWARD_TRANSITIVE"})
	s.config(":.other:", openapi.Config{CompatibilityLevel: "FULL"})
	s.config(":.__GLOBAL:", openapi.Config{CompatibilityLevel: "NONE"})
	s.mode("evolving", "READONLY")
	s.mode("settings-only", "READONLY")
	s.mode(":.other:", "READONLY_OVERRIDE")
	s.mode(":.emptied:", "IMPORT")
	s.mode("", "READONLY")
}

// pawl runs one command and returns its exit status and what it printed.
func pawl(t *testing.T, ctx context.Context, in io.Reader, args ...string) (status int, out, talk string) {
	t.Helper()
	return pawlWith(t, ctx, in, nil, args...)
}

func pawlWith(t *testing.T, ctx context.Context, in io.Reader, env map[string]string, args ...string) (status int, out, talk string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &cli.App{In: in, Out: &stdout, Err: &stderr, Lookup: func(n string) (string, bool) { v, ok := env[n]; return v, ok }}
	root := cli.Group("pawl", "", migrate.Export(a), migrate.Import(a, formats.All()), migrate.Command(a, formats.All()))
	root.SilenceErrors, root.SilenceUsage = true, true
	a.Globals(root)
	root.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return a.FromEnvironment(c) }
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && cli.Message(err) != "" {
		a.Say("pawl: %s", cli.Message(err))
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return cli.Status(err), stdout.String(), stderr.String()
}

// run is pawl, and fails the test unless it ends with a status.
func run(t *testing.T, want int, args ...string) (out string) {
	t.Helper()
	status, out, talk := pawl(t, t.Context(), nil, args...)
	if status != want {
		t.Fatalf("pawl %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), status, want, out, talk)
	}
	return out + talk
}

func export(t *testing.T, s *side, extra ...string) string {
	t.Helper()
	status, out, talk := pawl(t, t.Context(), nil, append([]string{"export", "--registry", s.url, "--name", "settings-only"}, extra...)...)
	if status != 0 {
		t.Fatalf("export: %d\n%s", status, talk)
	}
	return out
}

func wantText(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("the output does not say %q:\n%s", w, text)
		}
	}
}

func TestAMigrationKeepsEverything(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.fill()
	out := run(t, 0, "migrate", "--from", from.url, "--to", to.url, "--name", "settings-only")
	wantText(t, out, "0 differences")
	source, target := export(t, from), export(t, to)
	if source != target {
		t.Errorf("the exports differ:\n%s\n%s", source, target)
	}
	if n := strings.Count(source, `{"schema":{`); n != 27 {
		t.Errorf("%d versions in the export, the test made 27:\n%s", n, source)
	}

	writes := to.writes.Load()
	out = run(t, 0, "migrate", "--from", from.url, "--to", to.url, "--name", "settings-only")
	wantText(t, out, "0 written, 0 soft-deleted, 0 settings", "0 differences")
	if again := to.writes.Load(); again != writes {
		t.Errorf("the second run sent %d writes", again-writes)
	}

	// What was given away and removed for good on one side is not given away again on the other.
	for _, s := range []*side{from, to} {
		s.mode("", "READWRITE")
	}
	a, b := from.register("new", record("New", "f:int")), to.register("new", record("New", "f:int"))
	if a.ID != b.ID || a.GUID != b.GUID {
		t.Errorf("the next new schema has id %d in the source, %d in the target", a.ID, b.ID)
	}
}

func TestAFileCarriesARegistry(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.fill()
	file := filepath.Join(t.TempDir(), "registry.jsonl")
	run(t, 0, "export", file, "--registry", from.url, "--name", "settings-only")
	run(t, 1, "import", file, "--registry", to.url, "--verify-only")
	if n := to.writes.Load(); n != 0 {
		t.Fatalf("--verify-only wrote %d times", n)
	}
	wantText(t, run(t, 3, "import", file, "--registry", to.url, "--dry-run"), "27 to be written")
	if n := to.writes.Load(); n != 0 {
		t.Fatalf("--dry-run wrote %d times", n)
	}
	wantText(t, run(t, 0, "import", file, "--registry", to.url, "--name", "settings-only"), "0 differences")
	wantText(t, run(t, 0, "import", file, "--registry", to.url, "--dry-run"), "0 to be written")
	if text, err := os.ReadFile(file); err != nil || string(text) != export(t, to) {
		t.Errorf("the target's export is not the file (%v)", err)
	}

	third := newSide(t)
	status, out, talk := pawl(t, t.Context(), strings.NewReader(export(t, from)), "import", "-", "--registry", third.url)
	if status != 0 {
		t.Errorf("import of standard input: %d\n%s%s", status, out, talk)
	}
}

// What is not copied is not left out in silence.
func TestWhatIsNotCopiedIsSaid(t *testing.T) {
	from, to := newSide(t), newSide(t)
	from.register("orders-value", record("O", "f:int"))
	quiet := run(t, 0, "migrate", "--from", from.url, "--to", to.url)
	if strings.Contains(quiet, "not copied") {
		t.Errorf("there is nothing to warn of:\n%s", quiet)
	}
	for path, body := range map[string]string{
		"/dek-registry/v1/keks": `{"name":"k","kmsType":"t","kmsKeyId":"i"}`,
		"/associations":         `{"resourceName":"orders","resourceNamespace":"lkc","resourceId":"r","associations":[{"subject":"orders-value","associationType":"value","lifecycle":"WEAK"}]}`,
	} {
		res, err := http.Post(from.url+path, "application/json", strings.NewReader(body))
		from.must(err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, res.Status)
		}
	}
	wantText(t, run(t, 0, "migrate", "--from", from.url, "--to", to.url), "not copied: 1 key encryption keys", "not copied: 1 associations")
	wantText(t, run(t, 0, "export", "--registry", from.url), "not copied: 1 key encryption keys", "not copied: 1 associations")
}

// What a migration leaves equal, each of these changes: the comparison must find every one, by name.
func TestTheComparisonFindsEveryDifference(t *testing.T) {
	no := false
	tests := []struct {
		name   string
		change func(from, to *side)
		want   []string
	}{
		{"a version that the target lacks", func(from, to *side) { from.register("z-base", record("Z", "f:long")) },
			[]string{"z-base version 2: version: present in the source, missing in the target"}},
		{"a version that the source lacks", func(from, to *side) { to.register("z-base", record("Z", "f:long")) },
			[]string{"z-base version 2: version: missing in the source, present in the target"}},
		{"a subject that the source lacks", func(from, to *side) { to.register("new", record("Z", "f:long")) }, []string{"new version 1"}},
		{"a context that the source lacks", func(from, to *side) { to.register(":.new:new", record("Z", "f:long")) },
			[]string{":.new:new version 1", "context .new: context: missing in the source, present in the target"}},
		{"a context that the target lacks", func(from, to *side) {
			from.register(":.new:new", record("Z", "f:long"))
			_, err := from.DeleteSubject(from.t.Context(), ":.new:new", client.Soft)
			from.must(err)
			_, err = from.DeleteSubject(from.t.Context(), ":.new:new", client.Permanent)
			from.must(err)
		}, []string{"context .new: context: present in the source, missing in the target"}},
		{"a version deleted in the source", func(from, to *side) { from.remove("json", 1, client.Soft) },
			[]string{"json version 1: state: soft-deleted in the source, live in the target"}},
		{"a version deleted in the target", func(from, to *side) { to.remove("twin-2", 1, client.Soft) },
			[]string{"twin-2 version 1: state: live in the source, soft-deleted in the target"}},
		{"a version removed in the target", func(from, to *side) { to.remove("twin-2", 1, client.Soft, client.Permanent) },
			[]string{"twin-2 version 1: version: present in the source, missing in the target", "config: "}},
		{"another id", func(from, to *side) { to.swap("twin-2", 1, func(s *openapi.Schema) { s.ID = 900 }) },
			[]string{"twin-2 version 1: id: 14 in the source, 900 in the target"}},
		{"another text", func(from, to *side) {
			to.swap("json", 1, func(s *openapi.Schema) { s.ID, s.Schema = 900, strings.Replace(s.Schema, "1.10", "1.1", 1) })
		}, []string{"json version 1: schema: ", "1.10"}},
		{"references in another order", func(from, to *side) {
			to.swap("a-user", 1, func(s *openapi.Schema) {
				s.ID, s.References = 900, []openapi.Reference{s.References[1], s.References[0]}
			})
		}, []string{"a-user version 1: references: "}},
		{"no metadata instead of empty metadata", func(from, to *side) {
			to.swap("empty-metadata", 1, func(s *openapi.Schema) { s.ID, s.Metadata = 900, nil })
		}, []string{"empty-metadata version 1: metadata: {} in the source, nothing in the target"}},
		{"rules in another order", func(from, to *side) {
			to.swap("contract", 1, func(s *openapi.Schema) {
				d := s.RuleSet.DomainRules
				s.ID, d[0], d[1] = 900, d[1], d[0]
			})
		}, []string{"contract version 1: ruleSet: "}},
		{"a field of a configuration", func(from, to *side) { to.config("twin-2", openapi.Config{Normalize: &no}) },
			[]string{"subject twin-2: config: ", `"normalize":true`, `"normalize":false`}},
		{"a configuration that the target lacks", func(from, to *side) {
			_, err := to.DeleteConfig(to.t.Context(), ":.other:")
			to.must(err)
		}, []string{`context .other: config: {"compatibilityLevel":"FULL"} in the source, nothing in the target`}},
		{"a configuration that the source lacks", func(from, to *side) { to.config("base", openapi.Config{CompatibilityLevel: "FULL"}) },
			[]string{"subject base: config: nothing in the source"}},
		{"an alias of a name without schemas", func(from, to *side) { to.config("nobody", openapi.Config{Alias: "base"}) },
			[]string{"subject nobody: config: nothing in the source"}},
		{"the configuration of the registry", func(from, to *side) { to.config("", openapi.Config{CompatibilityLevel: "FULL"}) },
			[]string{"the registry: config: "}},
		{"the configuration of all contexts", func(from, to *side) { to.config(":.__GLOBAL:", openapi.Config{CompatibilityLevel: "FULL"}) },
			[]string{"all contexts (:.__GLOBAL:): config: "}},
		{"a mode", func(from, to *side) { to.mode("base", "READONLY") }, []string{`subject base: mode: nothing in the source, "READONLY" in the target`}},
		{"a mode of a context", func(from, to *side) { from.mode(":.other:", "READONLY") }, []string{"context .other: mode: "}},
		{"the mode of the registry", func(from, to *side) { to.mode("", "READONLY") }, []string{"the registry: mode: "}},
		{"a counter of ids", func(from, to *side) {
			from.register("late", record("L2", "f:int"))
			from.remove("late", 1, client.Soft, client.Permanent)
		}, []string{"context .: highest id given away: 503 in the source, 502 in the target"}},
	}
	from, to := newSide(t), newSide(t)
	from.fill()
	from.mode("", "READWRITE")
	from.mode(":.other:", "READWRITE")
	run(t, 0, "migrate", "--from", from.url, "--to", to.url)
	base := export(t, from)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			from, to := restored(t, base), restored(t, base)
			tt.change(from, to)
			wantText(t, run(t, 1, "migrate", "--from", from.url, "--to", to.url, "--verify-only"), tt.want...)
		})
	}
}

// restored returns a side with the content of an export.
func restored(t *testing.T, file string) *side {
	t.Helper()
	s := newSide(t)
	if status, out, talk := pawl(t, t.Context(), strings.NewReader(file), "import", "-", "--registry", s.url); status != 0 {
		t.Fatalf("import: %d\n%s%s", status, out, talk)
	}
	return s
}

// swap writes a version anew, changed, as an import can.
func (s *side) swap(subject string, number int, change func(*openapi.Schema)) {
	s.t.Helper()
	v, err := s.SubjectVersion(s.t.Context(), subject, number, client.All)
	s.must(err)
	change(&v)
	s.mode(subject, "IMPORT")
	s.put(subject, openapi.SchemaRequest{Version: v.Version, ID: v.ID, SchemaType: v.SchemaType, References: v.References, Metadata: v.Metadata, RuleSet: v.RuleSet, Schema: v.Schema})
	_, err = s.DeleteMode(s.t.Context(), subject, client.ThisLevel)
	s.must(err)
}
