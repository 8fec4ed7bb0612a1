package postgrestest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Crash ends the server at once, in the middle of whatever it does. What it acknowledged is there when it is revived.
func (s *Server) Crash() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(syscall.SIGQUIT)
	_ = s.process.Wait()
	s.process = nil
}

// Revive starts the server over the data that it had, on the port that it had, and waits until it answers.
func (s *Server) Revive() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	process := s.command()
	process.Stderr = log
	if err := process.Start(); err != nil {
		return err
	}
	s.process = process
	return s.ready()
}

// Hang stops every process of the server as it stands, so that connections stay and nothing answers. Resume lets them go on.
func (s *Server) Hang() error { return s.signal(syscall.SIGSTOP) }

// Resume ends a Hang.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

// signal sends a signal to the server, and then to its children, of which there are no more by then.
func (s *Server) signal(sig syscall.Signal) error {
	parent := s.process.Process.Pid
	if err := syscall.Kill(parent, sig); err != nil {
		return err
	}
	children, err := childrenOf(parent)
	if err != nil {
		return err
	}
	for _, pid := range children {
		if err := syscall.Kill(pid, sig); err != nil && err != syscall.ESRCH {
			return err
		}
	}
	return nil
}

// childrenOf reads the process table of Linux.
func childrenOf(parent int) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it ended meanwhile
		}
		// pid (name) state ppid ...; the name may hold anything.
		var state string
		var ppid int
		if _, err := fmt.Sscan(string(text[bytes.LastIndexByte(text, ')')+1:]), &state, &ppid); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if ppid != parent {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			return nil, err
		}
		children = append(children, pid)
	}
	return children, nil
}
