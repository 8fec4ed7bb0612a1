// Package arch_test holds the import law of the repository: who may import whom, which third-party library lives where, and
// where a format may be named. A failure says which rule was broken and why the rule exists.
package arch_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pawl-registry/pawl"

type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

func (p pkg) rel() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list found %d packages: the test looks in the wrong place", len(all))
	}
	return all
}

// law is what a package may import from this module, besides fault, which is open to all. A pattern ending in /... covers a
// folder and everything below it. The first matching rule counts.
var law = []struct {
	pkg    string
	may    []string
	reason string
}{
	{"fault", nil, "every package may import fault, so fault imports none"},
	{"schema", nil, "the model of a schema knows no format and does no I/O"},
	{"schema/formattest", []string{"schema"}, "the exam does not know which format sits it"},
	{"schema/avro/hamba", []string{"schema", "schema/avro"}, "an adapter of one format"},
	{"schema/*/...", []string{"schema", "schema/SELF/..."}, "formats do not know each other, ids, subjects, HTTP or Kafka"},
	{"compat", []string{"schema"}, "the verdict knows neither formats nor stores nor HTTP wording"},
	{"serde/frame", []string{"schema"}, "the frame does not know what the body is"},
	{"serde/...", []string{"schema", "serde/..."}, "a serde knows neither formats, nor where schemas come from, nor the broker"},
	{"registry", []string{"schema", "compat"}, "the registry knows no HTTP, SQL, files, payloads or broker"},
	{"registry/rest", []string{"registry", "schema", "compat", "openapi", "openapi/page", "internal/auth", "internal/tracing"}, "the REST edge knows no stores and no formats"},
	{"registry/embedded", []string{"registry", "internal/seglog", "internal/vfs"}, "a store does not know what a change means"},
	{"registry/postgres", []string{"registry"}, "a store does not know what a change means"},
	{"registry/storetest", []string{"registry"}, "the exam knows neither SQL nor files"},
	{"broker", []string{"broker/batch", "broker/commitlog", "broker/group", "broker/txn"}, "the broker knows no schemas, wire structs or files"},
	{"broker/batch", nil, "a batch knows neither topics nor logs"},
	{"broker/commitlog", []string{"broker/batch"}, "the log contract knows neither topics, groups nor schemas"},
	{"broker/commitlog/compaction", []string{"broker/batch"}, "what compaction keeps is decided on batches alone"},
	{"broker/commitlog/logtest", []string{"broker/commitlog", "broker/commitlog/compaction", "broker/batch"}, "the exam knows neither disks nor quorums"},
	{"broker/commitlog/local", []string{"broker/commitlog", "broker/commitlog/compaction", "broker/batch", "internal/seglog", "internal/vfs"}, "the log on this disk knows no Kafka requests"},
	{"broker/group", []string{"broker/batch"}, "a pure machine: no clocks, sockets or logs"},
	{"broker/txn", []string{"broker/batch"}, "a pure machine: no clocks, sockets or logs"},
	{"broker/kafka", []string{"broker", "broker/batch", "broker/commitlog", "broker/group", "broker/txn", "internal/auth", "internal/acl", "internal/scram", "internal/quota"}, "the Kafka edge knows no segments and no schemas; it meets the contracts below the broker for their error codes"},
	{"client", []string{"schema", "openapi"}, "the client knows neither the registry nor formats"},
	{"openapi/...", nil, "the contract stands alone"},
	{"internal/vfs", nil, "the file system does not know who writes"},
	{"internal/seglog", []string{"internal/vfs"}, "segments do not know what an entry is"},
	{"internal/...", nil, "internal helpers stand alone"},
	{"cmd/...", []string{"..."}, "wiring may know everything"},
	{"examples/...", []string{"client", "serde/...", "schema/..."}, "examples use what users use"},
	{"tests/...", []string{"..."}, "black-box exams"},
}

func covers(pattern, path string) bool {
	if pattern == "..." {
		return true
	}
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		if parent, ok := strings.CutSuffix(base, "/*"); ok {
			return strings.HasPrefix(path, parent+"/")
		}
		return path == base || strings.HasPrefix(path, base+"/")
	}
	return pattern == path
}

func TestImportsFollowTheLaw(t *testing.T) {
	for _, p := range packages(t) {
		from := p.rel()
		i := slices.IndexFunc(law, func(r struct {
			pkg    string
			may    []string
			reason string
		}) bool {
			return covers(r.pkg, from)
		})
		if i < 0 {
			t.Errorf("%s stands in no rule of the import law: add it to tests/arch and to ARCHITECTURE.md", from)
			continue
		}
		for _, imp := range p.Imports {
			to, ours := strings.CutPrefix(imp, module+"/")
			if !ours || to == "fault" || allowed(law[i].may, from, to) {
				continue
			}
			t.Errorf("%s imports %s, which the law forbids: %s", from, to, law[i].reason)
		}
	}
}

func allowed(may []string, from, to string) bool {
	self := ""
	if parts := strings.Split(from, "/"); len(parts) > 1 {
		self = parts[1]
	}
	return slices.ContainsFunc(may, func(m string) bool { return covers(strings.ReplaceAll(m, "SELF", self), to) })
}

// homes gives each third-party library the folders that may import it.
var homes = []struct {
	library string
	in      []string
	reason  string
}{
	{"github.com/hamba/avro/v2", []string{"schema/avro/hamba"}, "its decoder must never see bytes from outside; the adapter is for users' own trusted data"},
	{"github.com/twmb/avro", []string{"schema/avro"}, "Avro is known in one folder"},
	{"github.com/bufbuild/protocompile", []string{"schema/protobuf/..."}, "Protobuf is known in one folder"},
	{"go.opentelemetry.io", []string{"internal/tracing/tracetest"}, "spans are made and sent by code of our own, which the generated code of OpenTelemetry checks"},
	{"google.golang.org/protobuf/encoding/protojson", []string{"schema/protobuf/...", "internal/tracing/tracetest"}, "Protobuf is known in one folder; the collector for tests reads messages of OpenTelemetry"},
	{"google.golang.org/protobuf/proto", []string{"schema/protobuf/...", "internal/tracing/tracetest"}, "Protobuf is known in one folder; the collector for tests reads messages of OpenTelemetry"},
	{"google.golang.org/protobuf", []string{"schema/protobuf/..."}, "Protobuf is known in one folder"},
	{"github.com/santhosh-tekuri/jsonschema/v5", []string{"schema/jsonschema/..."}, "JSON Schema is known in one folder"},
	{"github.com/dlclark/regexp2", []string{"schema/jsonschema/..."}, "Java's regular expressions are needed by JSON Schema alone"},
	{"github.com/go-chi/chi/v5", []string{"registry/rest"}, "routing belongs to the REST edge"},
	{"github.com/jackc/pgx/v5", []string{"registry/postgres"}, "SQL belongs to one store"},
	{"github.com/twmb/franz-go/pkg/kmsg", []string{"broker/kafka", "cmd/pawl/internal/records", "cmd/pawl/internal/refusal"}, "Kafka's wire structs belong to the Kafka edge"},
	{"github.com/twmb/franz-go", []string{"cmd/...", "examples/..."}, "the broker never uses a Kafka client"},
	{"github.com/klauspost/compress", []string{"broker/batch"}, "compression belongs to the batch"},
	{"github.com/pierrec/lz4/v4", []string{"broker/batch"}, "compression belongs to the batch"},
	{"github.com/spf13/cobra", []string{"cmd/..."}, "flags belong to commands"},
	{"github.com/prometheus", []string{"internal/metrics"}, "numbers are handed over as numbers; their text form is known in one folder"},
	{"github.com/coreos/go-oidc/v3", []string{"internal/auth"}, "tokens are judged in one folder"},
	{"github.com/go-jose/go-jose/v4", []string{"internal/auth"}, "keys are read in one folder"},
	{"golang.org/x/crypto", []string{"internal/auth"}, "passwords are judged in one folder"},
	{"golang.org/x/sys", []string{"internal/vfs", "cmd/..."}, "system calls belong to the file-system seam"},
}

func TestEachLibraryHasOneHome(t *testing.T) {
	for _, p := range packages(t) {
		from := p.rel()
		if strings.HasPrefix(from, "tests/") {
			continue
		}
		for _, imp := range p.Imports {
			for _, h := range homes {
				if imp != h.library && !strings.HasPrefix(imp, h.library+"/") {
					continue
				}
				if !slices.ContainsFunc(h.in, func(in string) bool { return covers(in, from) }) {
					t.Errorf("%s imports %s, whose home is %s: %s", from, imp, strings.Join(h.in, ", "), h.reason)
				}
				break
			}
		}
	}
}

func TestFormatNamesAreWrittenInTheirFolderOnly(t *testing.T) {
	names := map[string]string{"AVRO": "schema/avro", "PROTOBUF": "schema/protobuf", "JSON": "schema/jsonschema"}
	for _, p := range packages(t) {
		from := p.rel()
		if strings.HasPrefix(from, "tests/") || strings.HasPrefix(from, "cmd/") || strings.HasPrefix(from, "examples/") {
			continue
		}
		for _, file := range p.GoFiles {
			for _, lit := range literals(t, filepath.Join(p.Dir, file)) {
				if home, ok := names[lit]; ok && !covers(home+"/...", from) {
					t.Errorf("%s/%s writes the literal %q: a format is named in %s alone, so that adding one changes no other folder", from, file, lit, home)
				}
			}
		}
	}
}

func literals(t *testing.T, file string) []string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	ast.Inspect(tree, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				found = append(found, s)
			}
		}
		return true
	})
	return found
}

func TestEveryFolderHasOnePackageComment(t *testing.T) {
	for _, p := range packages(t) {
		var with []string
		for _, file := range p.GoFiles {
			tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if tree.Doc != nil {
				with = append(with, file)
			}
		}
		if len(p.GoFiles) > 0 && len(with) != 1 {
			t.Errorf("%s has package comments in %v: one file of a folder says what the package is for", p.rel(), with)
		}
	}
}

func TestNoInitFunctions(t *testing.T) {
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			fset := token.NewFileSet()
			tree, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range tree.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s: init runs before anything is wired; build it in a constructor", fset.Position(f.Pos()))
				}
			}
		}
	}
}
