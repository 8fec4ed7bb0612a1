package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry/serde"
)

// server is the one that all tests share which need no other. binary is what it was started from.
var (
	server place
	binary string
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "pawl-interop-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "pawl")
	build := exec.Command("go", "build", "-o", binary, "./cmd/pawl")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, out)
	}
	log, stop, err := server.serve(filepath.Join(dir, "data"))
	if err != nil {
		return 0, err
	}
	defer stop()
	*serde.GlobalRuleRegistry() = serde.NewRuleRegistry() // the rules of the process serve clients of one registry only
	code := m.Run()
	if code != 0 {
		fmt.Fprintf(os.Stderr, "the server said:\n%s\n", log)
	}
	return code, nil
}

// serve starts a pawl at two free addresses, with settings as arguments, and waits until it answers.
func (p *place) serve(data string, settings ...string) (log *journal, stop func(), err error) {
	registry, brokers := freeAddr(), freeAddr()
	scheme := "http://"
	if p.CA != "" {
		scheme = "https://"
	}
	p.Registry, p.Brokers = scheme+registry, brokers
	cmd := exec.Command(binary, append([]string{"serve", "--http", registry, "--kafka", brokers, "--data", data}, settings...)...)
	log = &journal{}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "PAWL_KAFKA_ADMIN="+p.admin())
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	if err := p.ready(); err != nil {
		stop()
		return nil, nil, fmt.Errorf("%w; the server said:\n%s", err, log)
	}
	return log, stop, nil
}

func tail(s string, lines int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func freeAddr() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (p *place) ready() error {
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if res, err := p.http().Get(p.Registry + "/health/ready"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("the server did not answer within 30 s")
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
