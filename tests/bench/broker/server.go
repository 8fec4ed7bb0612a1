package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is one started process under measurement.
type server struct {
	name     string
	addr     string            // of the Kafka listener
	registry string            // base URL, if it has one
	topic    map[string]string // configuration of its topics, beyond that of the workload
	durable  bool              // acknowledges after fsync
	cmd      *exec.Cmd
	said     *tail
	over     chan struct{}
}

// starters start the servers by name.
var starters = []struct {
	name  string
	start func(context.Context, options) ([]*server, error)
}{
	{"pawl fsync", startPawl("pawl fsync", "fsync")},
	{"pawl os", startPawl("pawl os", "os")},
	{"kafka", startKafka},
	{"kfake", startKfake},
}

// startAll starts the servers that are wanted; those that did start are returned with the error of one that did not.
func startAll(ctx context.Context, o options) (all []*server, err error) {
	for _, s := range starters {
		if !o.servers.match(s.name) {
			continue
		}
		some, err := s.start(ctx, o)
		all = append(all, some...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

func startPawl(name, flush string) func(context.Context, options) ([]*server, error) {
	return func(ctx context.Context, o options) ([]*server, error) {
		s, err := pawl(ctx, o, name, "--flush", flush)
		s.durable = flush == "fsync"
		return []*server{s}, err
	}
}

// pawl starts the binary with a data folder of its own.
func pawl(ctx context.Context, o options, name string, extra ...string) (*server, error) {
	s := &server{name: name}
	http, err := freeAddr()
	if err != nil {
		return s, err
	}
	s.registry = "http://" + http
	if s.addr, err = freeAddr(); err != nil {
		return s, err
	}
	data := filepath.Join(o.dir, strings.ReplaceAll(name, " ", "-"))
	args := append([]string{"serve", "--http", http, "--kafka", s.addr, "--data", data}, extra...)
	return s, s.start(ctx, exec.Command(o.pawl, args...))
}

// start runs the command and waits until it listens.
func (s *server) start(ctx context.Context, cmd *exec.Cmd) error {
	s.cmd, s.said, s.over = cmd, &tail{}, make(chan struct{})
	cmd.Stdout, cmd.Stderr = s.said, s.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.cmd = nil
		return fmt.Errorf("%s: %w", s.name, err)
	}
	go func() {
		_ = cmd.Wait() // how it ended does not matter: stop ends it by a signal
		close(s.over)
	}()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if c, err := net.Dial("tcp", s.addr); err == nil {
			return c.Close()
		}
		select {
		case <-s.over:
			return fmt.Errorf("%s ended by itself; it said:\n%s", s.name, s.said)
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen: %w; it said:\n%s", s.name, ctx.Err(), s.said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func stopAll(all []*server) error {
	var err error
	for _, s := range all {
		err = errors.Join(err, s.stop())
	}
	return err
}

// stop ends the process and waits until it is gone.
func (s *server) stop() error {
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.over
	return nil
}

// clockTick is the unit of CPU time in /proc: 1/100 s on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// cpu returns the processor time that the server has taken.
func (s *server) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // the name before may hold anything
	const user, system = 11, 12
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", s.cmd.Process.Pid, len(fields))
	}
	u, err := strconv.ParseInt(fields[user], 10, 64)
	if err != nil {
		return 0, err
	}
	k, err := strconv.ParseInt(fields[system], 10, 64)
	return time.Duration(u+k) * clockTick, err
}

// ownCPU returns the processor time that this process has taken.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // which the kernel does for no process that asks about itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory returns a line of /proc/<pid>/status in bytes: VmRSS, or VmHWM for the most there ever was.
func (s *server) memory(line string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no %s", s.cmd.Process.Pid, line)
}

// freeAddr returns a loopback address whose port was free a moment ago.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// tail keeps the last of what a process printed.
type tail struct {
	mu sync.Mutex
	b  []byte
}

const tailBytes = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-tailBytes):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
