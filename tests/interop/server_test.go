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

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A place is a started `pawl serve`, as clients are told of it.
type place struct {
	Registry string `json:"registry"` // base URL
	Brokers  string `json:"brokers"`  // host:port
}

// server is the one that all tests share which need no other.
var server place

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
	bin := filepath.Join(dir, "pawl")
	build := exec.Command("go", "build", "-o", bin, "./cmd/pawl")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, out)
	}
	httpAddr, kafkaAddr := freeAddr(), freeAddr()
	server.Registry, server.Brokers = "http://"+httpAddr, kafkaAddr
	logFile, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return 0, err
	}
	serve := exec.Command(bin, "serve", "--http", httpAddr, "--kafka", kafkaAddr, "--data", filepath.Join(dir, "data"))
	serve.Stdout, serve.Stderr = logFile, logFile
	if err := serve.Start(); err != nil {
		return 0, err
	}
	defer func() {
		_ = serve.Process.Kill()
		_ = serve.Wait()
	}()
	if err := ready(); err != nil {
		text, _ := os.ReadFile(logFile.Name())
		return 0, fmt.Errorf("%w; the server said:\n%s", err, text)
	}
	code := m.Run()
	if code != 0 {
		text, _ := os.ReadFile(logFile.Name())
		fmt.Fprintf(os.Stderr, "the server said:\n%s\n", tail(string(text), 60))
	}
	return code, nil
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

func ready() error {
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if res, err := http.Get(server.Registry + "/subjects"); err == nil {
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// topic makes a topic of its own for a test.
func topic(t *testing.T, partitions int32, configs map[string]string) string {
	t.Helper()
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, t.Name())
	cl, err := kgo.NewClient(kgo.SeedBrokers(server.Brokers))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	set := map[string]*string{}
	for k, v := range configs {
		set[k] = &v
	}
	res, err := kadm.NewClient(cl).CreateTopic(testContext(t), partitions, 1, set, name)
	if err != nil {
		t.Fatalf("create topic %s: %v", name, err)
	}
	if res.Err != nil {
		t.Fatalf("create topic %s: %v: %s", name, res.Err, res.ErrMessage)
	}
	return name
}
