package postgres_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// proxied returns the URL of a database by way of a proxy.
func proxied(url string, p *proxy) string { return strings.Replace(url, host(admin), p.addr, 1) }

func throughProxy(t *testing.T, p *proxy) string {
	t.Helper()
	return proxied(database(t), p)
}

func host(url string) string {
	_, rest, _ := strings.Cut(url, "@")
	addr, _, _ := strings.Cut(rest, "/")
	return addr
}

// proxy forwards connections. It can stop moving bytes without closing anything, as a hung machine does, and lose the next
// answer of the database together with its connection.
type proxy struct {
	addr string
	mu   sync.Mutex
	gate chan struct{}     // closed while bytes may pass
	lose map[net.Conn]bool // connections to the database whose next answer is lost
	all  map[net.Conn]bool // connections to the database
}

func newProxy(t *testing.T, url string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), gate: make(chan struct{}), lose: map[net.Conn]bool{}, all: map[net.Conn]bool{}}
	close(p.gate)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go p.forward(in, host(url))
		}
	}()
	return p
}

func (p *proxy) forward(in net.Conn, to string) {
	defer in.Close()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	p.mu.Lock()
	p.all[out] = true
	p.mu.Unlock()
	go p.copy(out, in)
	p.copy(in, out)
}

func (p *proxy) copy(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		gate, lost := p.gate, p.lose[from]
		p.mu.Unlock()
		if lost {
			return
		}
		<-gate
		if _, err := io.Copy(to, strings.NewReader(string(buf[:n]))); err != nil {
			return
		}
	}
}

// loseAnswers cuts each connection that there is at the moment when the database answers on it.
func (p *proxy) loseAnswers() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.all {
		p.lose[conn] = true
	}
}

func (p *proxy) hang() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gate = make(chan struct{})
}

func (p *proxy) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.gate)
}
