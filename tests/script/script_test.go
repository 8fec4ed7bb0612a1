package script_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/tests/product"
)

func TestScripts(t *testing.T) {
	bin := product.Build(t)
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := &runner{t: t, bin: bin, dir: t.TempDir(), vars: map[string]string{}}
			r.run(string(text))
		})
	}
}

// runner executes one script.
type runner struct {
	t              *testing.T
	bin, dir       string
	env            []string
	vars           map[string]string
	server         *product.Server
	stdin          []byte
	stdout, stderr string
	line           int
}

var fileHead = regexp.MustCompile(`(?m)^-- (.+) --\n`)

func (r *runner) run(text string) {
	r.t.Helper()
	r.vars["WORK"] = r.dir
	commands := text
	if heads := fileHead.FindAllStringSubmatchIndex(text, -1); len(heads) > 0 {
		commands = text[:heads[0][0]]
		for i, h := range heads {
			end := len(text)
			if i+1 < len(heads) {
				end = heads[i+1][0]
			}
			r.write(text[h[2]:h[3]], text[h[1]:end])
		}
	}
	for n, line := range strings.Split(commands, "\n") {
		r.line = n + 1
		if words := r.words(line); len(words) > 0 {
			r.do(words)
		}
	}
}

func (r *runner) write(name, body string) {
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// words splits a line at spaces outside single quotes and replaces variables.
func (r *runner) words(line string) []string {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return nil
	}
	var words []string
	for i, part := range strings.Split(line, "'") {
		part = os.Expand(part, func(name string) string {
			if v, ok := r.vars[name]; ok {
				return v
			}
			return "$" + name
		})
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

func (r *runner) fail(format string, args ...any) {
	r.t.Helper()
	r.t.Fatalf("line %d: "+format+"\nstdout:\n%s\nstderr:\n%s", append(append([]any{r.line}, args...), r.stdout, r.stderr)...)
}

func (r *runner) do(w []string) {
	r.t.Helper()
	switch w[0] {
	case "pawl":
		r.pawl(0, w[1:])
	case "exit":
		status, err := strconv.Atoi(w[1])
		if err != nil || w[2] != "pawl" {
			r.fail("exit takes a number and a run of pawl")
		}
		r.pawl(status, w[3:])
	case "serve":
		r.serve()
	case "stop":
		ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
		defer cancel()
		if err := r.server.Stop(ctx); err != nil {
			r.fail("stop: %v; the server said:\n%s", err, r.server.Log())
		}
	case "stdin":
		r.stdin = r.read(w[1])
	case "env":
		r.env = append(r.env, w[1])
	case "no":
		if r.matches(w[1], w[2]) {
			r.fail("%s matches %q", w[1], w[2])
		}
	case "stdout", "stderr":
		if !r.matches(w[0], w[1]) {
			r.fail("%s does not match %q", w[0], w[1])
		}
	case "same":
		if diff := cmp.Diff(string(r.read(w[2])), r.stdout); diff != "" {
			r.fail("stdout differs (-want +got):\n%s", diff)
		}
	default:
		r.fail("unknown command %q", w[0])
	}
}

func (r *runner) read(name string) []byte {
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.fail("%v", err)
	}
	return data
}

func (r *runner) matches(stream, pattern string) bool {
	re, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		r.fail("%v", err)
	}
	if stream == "stderr" {
		return re.MatchString(r.stderr)
	}
	return re.MatchString(r.stdout)
}

func (r *runner) serve() {
	r.server = product.Start(r.t, r.bin, filepath.Join(r.dir, "data"))
	r.vars["HTTP"] = strings.TrimPrefix(r.server.Registry, "http://")
	r.vars["KAFKA"] = r.server.Brokers
	r.env = append(r.env, "PAWL_REGISTRY="+r.server.Registry, "PAWL_BROKERS="+r.server.Brokers)
}

func (r *runner) pawl(status int, args []string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.bin, args...)
	cmd.Dir = r.dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir()}, r.env...)
	cmd.Stdin = bytes.NewReader(r.stdin)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	r.stdin, r.stdout, r.stderr = nil, out.String(), talk.String()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		r.fail("%v", err)
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		r.fail("pawl %s: exit status %d, want %d", strings.Join(args, " "), got, status)
	}
}
