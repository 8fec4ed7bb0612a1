package crash_test

import (
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy gives a server that comes and goes one address, and cuts connections when it is hostile.
type proxy struct {
	addr    string
	hostile atomic.Bool
	cuts    atomic.Int64
	target  atomic.Pointer[string]

	mu     sync.Mutex
	random *rand.Rand
}

func newProxy(t *testing.T, seed uint64) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), random: rand.New(rand.NewPCG(seed, 2))}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(conn)
		}
	}()
	return p
}

// lead has new connections go to a server.
func (p *proxy) lead(addr string) { p.target.Store(&addr) }

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	target := p.target.Load()
	if target == nil {
		return
	}
	server, err := net.Dial("tcp", *target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	done := make(chan struct{}, 2)
	go p.pass(server, client, done)
	go p.pass(client, server, done)
	<-done // either side ends both
}

// pass copies bytes until one side ends, or whim does: then a part of what was read is still passed on.
func (p *proxy) pass(to, from net.Conn, done chan<- struct{}) {
	defer func() { done <- struct{}{} }()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		keep, cut := p.whim(n)
		if _, failed := to.Write(buf[:keep]); failed != nil || err != nil || cut {
			return
		}
	}
}

// whim says how many of n bytes to pass, and whether to end there: one of fifty times, in front of them, among them or behind them.
func (p *proxy) whim(n int) (keep int, cut bool) {
	if !p.hostile.Load() || n == 0 {
		return n, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.random.IntN(50) > 0 {
		return n, false
	}
	p.cuts.Add(1)
	return [...]int{0, p.random.IntN(n + 1), n}[p.random.IntN(3)], true
}
