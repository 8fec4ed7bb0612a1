// Package migrate_test moves registries between servers as an operator does: real binaries, an embedded store on one side and
// PostgreSQL on the other.
package migrate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/tests/postgrestest"
	"github.com/pawl-registry/pawl/tests/product"
)

var server *postgrestest.Server

func TestMain(m *testing.M) {
	os.Exit(postgrestest.Main(m, func(s *postgrestest.Server) { server = s }))
}

// pawl runs the binary and returns its exit status and all that it printed.
func pawl(t *testing.T, bin string, args ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, args...)
	out, err := cmd.CombinedOutput()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func mustPawl(t *testing.T, bin string, want int, args ...string) string {
	t.Helper()
	status, out := pawl(t, bin, args...)
	if status != want {
		t.Fatalf("pawl %s: exit status %d, want %d\n%s", strings.Join(args, " "), status, want, out)
	}
	return out
}

type filler struct {
	*client.Client
	t *testing.T
}

func (f filler) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f filler) register(subject string, r openapi.SchemaRequest) {
	f.t.Helper()
	_, err := f.RegisterSchema(f.t.Context(), subject, r, client.WriteOptions{})
	f.must(err)
}

var contexts = []string{"", ":.eu:", ":.us-east:"}

const families = 25

// fill makes, in every context, families of a base that changes, users that refer to it, and deleted versions of both.
func (f filler) fill() {
	ctx := f.t.Context()
	for _, c := range contexts {
		for i := range families {
			base, user := fmt.Sprintf("%sbase-%d", c, i), fmt.Sprintf("%sa-user-%d", c, i)
			name := func(kind string) string { return fmt.Sprintf("fam%d.%s", i, kind) }
			text := func(fields int) string {
				var b strings.Builder
				for n := range fields {
					_, _ = fmt.Fprintf(&b, `,{"name":"f%d","type":"string","default":"%s"}`, n, strings.Repeat("x", n))
				}
				return fmt.Sprintf(`{"type":"record","name":%q,"fields":[{"name":"id","type":"long"}%s]}`, name("Base"), b.String())
			}
			for v := range 3 {
				f.register(base, openapi.SchemaRequest{Schema: text(v + 1)})
			}
			for v := 1; v <= 2; v++ {
				f.register(user, openapi.SchemaRequest{
					Schema:     fmt.Sprintf(`{"type":"record","name":%q,"doc":"v%d","fields":[{"name":"b","type":%q}]}`, name("User"), v, name("Base")),
					References: []openapi.Reference{{Name: name("Base"), Subject: fmt.Sprintf("base-%d", i), Version: v}},
					Metadata:   &openapi.Metadata{Properties: map[string]string{"owner": user}},
				})
			}
			_, err := f.DeleteVersion(ctx, user, 1, client.Soft)
			f.must(err)
			_, err = f.DeleteVersion(ctx, base, 1, client.Soft)
			f.must(err)
			if i%10 == 0 {
				_, err = f.DeleteSubject(ctx, user, client.Soft)
				f.must(err)
				f.must(f.SetMode(ctx, base, client.ModeChange{Mode: "READONLY"}))
			}
			if i%7 == 0 {
				_, err = f.SetConfig(ctx, user, client.ConfigChange{Set: openapi.Config{CompatibilityLevel: "FULL_TRANSITIVE", CompatibilityGroup: "owner"}})
				f.must(err)
			}
		}
	}
	_, err := f.SetConfig(ctx, ":.eu:", client.ConfigChange{Set: openapi.Config{CompatibilityLevel: "NONE"}})
	f.must(err)
	f.must(f.SetMode(ctx, ":.us-east:", client.ModeChange{Mode: "READONLY"}))
}

func connect(t *testing.T, url string) filler {
	t.Helper()
	c, err := client.New(client.Options{URLs: []string{url}})
	if err != nil {
		t.Fatal(err)
	}
	return filler{c, t}
}

func TestMoves(t *testing.T) {
	bin := product.Build(t)
	t.Run("from the embedded store to PostgreSQL and back", func(t *testing.T) { thereAndBack(t, bin) })
	t.Run("a move that is killed is run again", func(t *testing.T) { killed(t, bin) })
}

// From the embedded store to PostgreSQL, and by way of a file back to an embedded one: all three hold the same, to the byte.
func thereAndBack(t *testing.T, bin string) {
	dir := t.TempDir()
	from := product.Start(t, bin, filepath.Join(dir, "from"))
	to := product.Start(t, bin, filepath.Join(dir, "to"), "--store", server.Database(t))
	source := connect(t, from.Registry)
	source.fill()

	out := mustPawl(t, bin, 0, "migrate", "--from", from.Registry, "--to", to.Registry)
	t.Log(strings.TrimSpace(out))
	if !strings.Contains(out, fmt.Sprintf("%d versions", len(contexts)*families*5)) || !strings.Contains(out, "\n0 differences\n") {
		t.Errorf("the run says:\n%s", out)
	}
	if out := mustPawl(t, bin, 0, "migrate", "--from", from.Registry, "--to", to.Registry); !strings.Contains(out, " 0 written, 0 soft-deleted, 0 settings") {
		t.Errorf("the second run says:\n%s", out)
	}
	file := filepath.Join(dir, "registry.jsonl")
	mustPawl(t, bin, 0, "export", file, "--registry", to.Registry)
	back := product.Start(t, bin, filepath.Join(dir, "back"))
	mustPawl(t, bin, 0, "import", file, "--registry", back.Registry)
	first := export(t, bin, from.Registry)
	if second, third := export(t, bin, to.Registry), export(t, bin, back.Registry); !bytes.Equal(first, second) || !bytes.Equal(first, third) {
		t.Error("the three registries differ")
	}

	// The comparison is not blind: one change on either side, and it says so.
	target := connect(t, to.Registry)
	_, err := target.DeleteVersion(t.Context(), ":.eu:base-3", 3, client.Soft)
	target.must(err)
	source.register("base-3", openapi.SchemaRequest{Schema: `{"type":"record","name":"fam3.Base","fields":[{"name":"id","type":"long"}]}`})
	out = mustPawl(t, bin, 1, "migrate", "--from", from.Registry, "--to", to.Registry, "--verify-only")
	for _, want := range []string{":.eu:base-3 version 3: state: live in the source, soft-deleted in the target", "base-3 version 4: version: present in the source, missing"} {
		if !strings.Contains(out, want) {
			t.Errorf("the comparison does not say %q:\n%s", want, out)
		}
	}
}

func export(t *testing.T, bin, url string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), bin, "export", "--registry", url)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// kill -9 in the middle of a move, again and again, each time a little later; then one run that is left alone.
func killed(t *testing.T, bin string) {
	dir := t.TempDir()
	from := product.Start(t, bin, filepath.Join(dir, "from"))
	to := product.Start(t, bin, filepath.Join(dir, "to"), "--store", server.Database(t))
	connect(t, from.Registry).fill()
	target := connect(t, to.Registry)
	for _, versions := range []int{1, 100, 200, 330} {
		cmd := exec.Command(bin, "migrate", "--from", from.Registry, "--to", to.Registry)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait()
			close(ended)
		}()
		for n := 0; n < versions; {
			select {
			case <-ended:
				t.Logf("the run ended by itself at %d versions", n)
				n = versions
			default:
				n = 0
				for _, err := range target.Schemas(t.Context(), client.SchemaQuery{Prefix: client.AllContexts, Filter: client.All}) {
					target.must(err)
					n++
				}
			}
		}
		_ = cmd.Process.Kill()
		<-ended
	}
	mustPawl(t, bin, 0, "migrate", "--from", from.Registry, "--to", to.Registry)
	if !bytes.Equal(export(t, bin, from.Registry), export(t, bin, to.Registry)) {
		t.Error("the two registries differ")
	}
	if m, err := target.Mode(t.Context(), "", client.Stored); err != nil || m != "READWRITE" {
		t.Errorf("the target's mode is %q (%v)", m, err)
	}
}
