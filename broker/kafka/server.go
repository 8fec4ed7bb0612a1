package kafka

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pawl-registry/pawl/broker"
)

// Options are the server's choices. The zero value of each is sensible but for Advertised.
type Options struct {
	Advertised       string // host:port that clients are told to connect to; empty: the listener's address
	Logger           *slog.Logger
	Trace            Trace         // nil: nobody is told of requests
	Access           *Access       // who may do what; nil: everyone everything, and no users, ACLs or quotas are kept
	MaxConnections   int           // 0: 10,000
	MaxPerHost       int           // connections from one address; 0: MaxConnections
	MaxRequestBytes  int           // of a Produce; 0: 100 MiB. Other requests have smaller bounds of their own
	MaxRequestMemory int64         // bytes of all requests being read or served; 0: 512 MiB
	MaxFetchBytes    int           // of one Fetch response; 0: 55 MiB
	MaxFetchMemory   int64         // bytes of all Fetch responses being read or written; 0: 256 MiB
	MaxSessions      int           // Fetch sessions; 0: 1,000, negative: none
	IdleTimeout      time.Duration // without a request; 0: 10 minutes
	ReadTimeout      time.Duration // for a frame to arrive, and more by its size; 0: 30 seconds
	WriteTimeout     time.Duration // without progress; 0: 30 seconds
}

// Trace is told of each request that is served, once its header is read: the name of its API key, its version and the client's
// ID and address. The request is served in the context that is returned; ended is told when the answer is made, and of an error
// that ends the connection instead.
type Trace func(ctx context.Context, api string, version int16, client, remote string) (in context.Context, ended func(error))

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	setDefault(&o.MaxConnections, 10_000)
	setDefault(&o.MaxPerHost, o.MaxConnections)
	setDefault(&o.MaxRequestBytes, 100<<20)
	setDefault(&o.MaxRequestMemory, 512<<20)
	setDefault(&o.MaxFetchBytes, 55<<20)
	setDefault(&o.MaxFetchMemory, 256<<20)
	setDefault(&o.MaxSessions, 1000)
	setDefault(&o.IdleTimeout, 10*time.Minute)
	setDefault(&o.ReadTimeout, 30*time.Second)
	setDefault(&o.WriteTimeout, 30*time.Second)
	return o
}

func setDefault[T int | int64 | time.Duration](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

// Server speaks Kafka's protocol for a broker.
type Server struct {
	opts     Options
	broker   *broker.Broker
	logger   *slog.Logger
	apis     map[int16]*api
	guards   map[int16]guard
	requests *semaphore.Weighted // bytes of requests
	fetches  *semaphore.Weighted // bytes of Fetch responses
	sessions *fetchSessions

	mu    sync.Mutex
	host  string
	port  int32
	conns map[*conn]struct{}
	hosts map[string]int // connections by address

	served [maxKey + 1]atomic.Uint64 // requests by key
	turned atomic.Uint64             // connections refused because there were too many
}

// maxKey is the largest key served.
const maxKey = 75

// Counts is what a server has done since it was made.
type Counts struct {
	Connections        int // open now
	RefusedConnections uint64
	Requests           map[string]uint64 // by the name of the key
}

// Counts returns what the server has done.
func (s *Server) Counts() Counts {
	c := Counts{RefusedConnections: s.turned.Load(), Requests: make(map[string]uint64, len(s.apis))}
	for key, a := range s.apis {
		c.Requests[a.name] = s.served[key].Load()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Connections = len(s.conns)
	return c
}

// NewServer returns a server for b. It listens to nothing yet.
func NewServer(b *broker.Broker, opts Options) *Server {
	opts = opts.withDefaults()
	s := &Server{
		opts: opts, broker: b, logger: opts.Logger, guards: guards(),
		requests: semaphore.NewWeighted(opts.MaxRequestMemory),
		fetches:  semaphore.NewWeighted(opts.MaxFetchMemory),
		sessions: newFetchSessions(opts.MaxSessions, time.Now, rand.Int32),
		conns:    make(map[*conn]struct{}),
		hosts:    make(map[string]int),
	}
	s.apis = make(map[int16]*api)
	for _, a := range table() {
		a.parsed = parseShape(a.shape)
		s.apis[a.key] = &a
	}
	return s
}

// Serve accepts connections from ln until ctx ends, then closes ln and every connection and returns nil. It returns an error
// only if ln fails by itself.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if err := s.advertise(ln.Addr()); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { closeQuietly(ln) })
	defer stop()
	var serving sync.WaitGroup
	defer serving.Wait()
	for {
		nc, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if wait, ok := temporary(err); ok {
				s.logger.Warn("cannot accept a connection", "error", err)
				if !sleep(ctx, wait) {
					return nil
				}
				continue
			}
			cancel()
			return err
		}
		s.admit(ctx, nc, &serving)
	}
}

// temporary reports errors of Accept that pass, such as too many open files, and how long to wait.
func temporary(err error) (time.Duration, bool) {
	var ne interface{ Temporary() bool }
	if errors.As(err, &ne) && ne.Temporary() {
		return 50 * time.Millisecond, true
	}
	return 0, false
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// admit serves a connection, unless there are too many.
func (s *Server) admit(ctx context.Context, nc net.Conn, serving *sync.WaitGroup) {
	c := newConn(s, nc)
	s.mu.Lock()
	full := len(s.conns) >= s.opts.MaxConnections || s.hosts[c.host] >= s.opts.MaxPerHost
	if !full {
		s.conns[c] = struct{}{}
		s.hosts[c.host]++
	}
	s.mu.Unlock()
	if full {
		s.turned.Add(1)
		s.logger.Warn("connection refused: there are too many", "remote", nc.RemoteAddr().String(), "max", s.opts.MaxConnections)
		closeQuietly(nc)
		return
	}
	serving.Go(func() {
		defer func() {
			s.mu.Lock()
			delete(s.conns, c)
			if s.hosts[c.host]--; s.hosts[c.host] == 0 {
				delete(s.hosts, c.host)
			}
			s.mu.Unlock()
		}()
		c.serve(ctx)
	})
}

// advertise settles the address that clients are told.
func (s *Server) advertise(addr net.Addr) error {
	at := s.opts.Advertised
	if at == "" {
		at = addr.String()
	}
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return err
	}
	if n == 0 {
		if tcp, ok := addr.(*net.TCPAddr); ok {
			n = uint64(tcp.Port)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host, s.port = host, int32(n)
	return nil
}

// address returns what clients are told to connect to.
func (s *Server) address() (host string, port int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.host, s.port
}

// closeQuietly closes what is of no more use; that it was closed already, or cannot be, changes nothing.
func closeQuietly(c interface{ Close() error }) { _ = c.Close() }
