package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pawl-registry/pawl/tests/bench/load"
	"github.com/pawl-registry/pawl/tests/postgrestest"
)

// startPawl starts a binary of pawl on each of its stores: one in a temporary folder, one on a PostgreSQL of its own, both of which
// write to the disk before they acknowledge. stop ends everything and removes it; it is never nil.
func startPawl(bin string) (servers []*server, stop func(), err error) {
	var ends []func()
	stop = func() {
		for i := range ends {
			ends[len(ends)-1-i]()
		}
	}
	dir, err := os.MkdirTemp("", "pawl-bench-")
	if err != nil {
		return nil, stop, err
	}
	ends = append(ends, func() { _ = os.RemoveAll(dir) })
	database, err := postgrestest.Start("fsync=on")
	if err != nil {
		return nil, stop, err
	}
	ends = append(ends, database.Stop)
	for _, store := range []struct{ name, url string }{{"embedded", "embedded"}, {"postgres", database.Admin}} {
		p := &process{bin: bin, store: store.url, dir: filepath.Join(dir, store.name)}
		ends = append(ends, p.kill)
		if err := p.start(); err != nil {
			return nil, stop, err
		}
		s := newServer("pawl "+store.name, &url.URL{Scheme: "http", Host: p.http})
		s.Process = load.Process(p.cmd.Process.Pid)
		if store.url == database.Admin {
			s.Database = load.Process(database.PID())
		}
		s.restart = func() (time.Duration, error) {
			p.end()
			start := time.Now()
			if err := p.start(); err != nil {
				return 0, err
			}
			s.Process = load.Process(p.cmd.Process.Pid)
			return time.Since(start), nil
		}
		servers = append(servers, s)
	}
	return servers, stop, nil
}

// process is one running `pawl serve`.
type process struct {
	bin, store, dir string
	http            string // host:port, the same after a restart
	cmd             *exec.Cmd
	ended           chan struct{}
}

// startTime bounds the wait until a server is ready.
const startTime = 2 * time.Minute

// start starts the process and waits until it is ready.
func (p *process) start() error {
	if p.http == "" {
		addr, err := freeAddr()
		if err != nil {
			return err
		}
		p.http = addr
	}
	kafka, err := freeAddr()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		return err
	}
	p.cmd = exec.Command(p.bin, "serve", "--http", p.http, "--kafka", kafka, "--data", filepath.Join(p.dir, "data"))
	p.cmd.Env = append(os.Environ(), "PAWL_STORE="+p.store)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	err = p.cmd.Start()
	_ = log.Close() // the process has its own
	if err != nil {
		p.cmd = nil
		return err
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.ended = ended
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	return p.ready()
}

func (p *process) ready() error {
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		select {
		case <-p.ended:
			said, _ := os.ReadFile(filepath.Join(p.dir, "log"))
			return fmt.Errorf("%s ended by itself:\n%s", p.bin, said)
		default:
		}
		if res, err := http.Get("http://" + p.http + "/health/ready"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	return errors.New(p.bin + " did not become ready")
}

// end asks the process to end, as an operator does, and waits for it.
func (p *process) end() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	<-p.ended
}

func (p *process) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
