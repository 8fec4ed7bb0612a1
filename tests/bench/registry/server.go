package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pawl-registry/pawl/tests/bench/load"
)

// server is a registry under load, and what the run knows of it.
type server struct {
	load.Target
	host string // of the Host header
	base string // of paths, without a final slash
	ids  []int  // of the schema of each subject
	tags []string

	// restart ends the server, starts it anew over its data, and returns how long it took until it was ready; nil if it is not ours.
	restart func() (time.Duration, error)
}

// parseServer reads [name=]URL[,process[,process of its database]].
func parseServer(text string) (*server, error) {
	name, rest, named := strings.Cut(text, "=")
	if !named || strings.Contains(name, "/") {
		name, rest = "", text
	}
	fields := strings.Split(rest, ",")
	u, err := url.Parse(fields[0])
	if err != nil || u.Scheme != "http" || u.Host == "" || len(fields) > 3 {
		return nil, fmt.Errorf("%q is not of the form [name=]http://host:port[/path][,process[,process of its database]]", text)
	}
	s := newServer(name, u)
	for i, to := range []*load.Process{&s.Process, &s.Database} {
		if len(fields) > i+1 {
			n, err := strconv.Atoi(fields[i+1])
			if err != nil {
				return nil, fmt.Errorf("%q: %q is no process id", text, fields[i+1])
			}
			*to = load.Process(n)
		}
	}
	return s, nil
}

func newServer(name string, u *url.URL) *server {
	if name == "" {
		name = u.Host
	}
	addr := u.Host
	if u.Port() == "" {
		addr = net.JoinHostPort(u.Hostname(), "80")
	}
	return &server{Target: load.Target{Name: name, Addr: addr}, host: u.Host, base: strings.TrimSuffix(u.Path, "/")}
}

func (s *server) get(path string, headers ...string) []byte {
	return load.Request(s.host, "GET", s.base+path, "", headers...)
}

func (s *server) send(method, path string, body any) []byte {
	text, err := json.Marshal(body)
	if err != nil {
		panic("a body of the benchmark does not encode: " + err.Error())
	}
	return load.Request(s.host, method, s.base+path, string(text))
}

// once asks one thing and wants the answer 200.
func (s *server) once(request []byte) (load.Response, error) {
	c, err := load.Dial(s.Addr)
	if err != nil {
		return load.Response{}, err
	}
	defer func() { _ = c.Close() }()
	r, err := c.Do(request)
	if err == nil && r.Status != 200 {
		err = fmt.Errorf("%s: %s\nanswered %d: %s", s.Name, request, r.Status, r.Body)
	}
	return r, err
}
