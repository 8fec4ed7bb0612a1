// Package product builds the pawl binary and starts it, for the black-box tests: real process, real sockets, real files.
package product

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Build compiles cmd/pawl once per call into a folder of the test and returns the path of the binary.
func Build(t testing.TB) string {
	t.Helper()
	bin, err := BuildIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return bin
}

// BuildIn compiles cmd/pawl into a folder and returns the path of the binary, for tests that share one.
func BuildIn(dir string) (string, error) {
	bin := filepath.Join(dir, "pawl")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/pawl")
	cmd.Dir = root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/pawl: %w\n%s", err, out)
	}
	return bin, nil
}

func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Server is one started `pawl serve`.
type Server struct {
	Registry string // base URL
	Brokers  string // host:port
	cmd      *exec.Cmd
	log      *syncBuffer
	done     chan struct{}
}

// Start starts the binary on free ports over a data folder and waits until both ports answer. The server is killed when the
// test ends.
func Start(t testing.TB, bin, data string, extra ...string) *Server {
	t.Helper()
	httpAddr, kafkaAddr := FreeAddr(t), FreeAddr(t)
	s := &Server{Registry: "http://" + httpAddr, Brokers: kafkaAddr, log: &syncBuffer{}, done: make(chan struct{})}
	s.cmd = exec.Command(bin, append([]string{"serve", "--http", httpAddr, "--kafka", kafkaAddr, "--data", data}, extra...)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(s.Kill)
	if err := s.ready(); err != nil {
		t.Fatalf("%v; the server said:\n%s", err, s.Log())
	}
	return s
}

func (s *Server) ready() error {
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-s.done:
			return errors.New("the server ended by itself")
		default:
		}
		if !s.answersHTTP() {
			continue
		}
		conn, err := net.Dial("tcp", s.Brokers)
		if err != nil {
			continue
		}
		return conn.Close()
	}
	return errors.New("the server did not answer within 60 s")
}

func (s *Server) answersHTTP() bool {
	res, err := http.Get(s.Registry + "/subjects")
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode == http.StatusOK
}

// Kill ends the process as kill -9 does and waits until it is gone. Killing twice is harmless.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// Stop asks the process to end, as an operator does, and waits until it is gone or ctx ends.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Alive reports whether the process still runs.
func (s *Server) Alive() bool {
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// PID returns the number of the process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// RSS returns the resident memory of the process in bytes (Linux).
func (s *Server) RSS() (int64, error) { return s.memory("VmRSS:") }

// Peak returns the highest resident memory of the process, since its start or ResetPeak (Linux).
func (s *Server) Peak() (int64, error) { return s.memory("VmHWM:") }

// ResetPeak makes Peak begin anew.
func (s *Server) ResetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0)
}

func (s *Server) memory(word string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, word); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no line " + word)
}

// OpenFiles returns how many file descriptors the process has (Linux).
func (s *Server) OpenFiles(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// Log returns what the process printed so far.
func (s *Server) Log() string { return s.log.String() }

// FreeAddr returns a loopback address whose port was free a moment ago.
func FreeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// syncBuffer keeps the last part of what a process prints.
type syncBuffer struct {
	mu   sync.Mutex
	text []byte
}

const keep = 1 << 16

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	if len(b.text) > 2*keep {
		b.text = append([]byte(nil), b.text[len(b.text)-keep:]...)
	}
	return len(p), nil
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}
