package client

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

// Options configure a Client. URLs is required; the zero value of anything else is the stated default.
type Options struct {
	// URLs are the base addresses of one registry's servers, such as "https://registry:8081". A path before the API's own is
	// kept. A user and password in an URL apply to that URL.
	URLs []string
	// Username and Password are sent as basic authentication, Token as a bearer token. Give one of the two, or none.
	Username, Password string
	Token              string
	// HTTPClient carries TLS settings, proxies and the time limit of one request. Nil is a client with a limit of 30 seconds.
	HTTPClient *http.Client
	// Header is sent with every request.
	Header http.Header
	// Retries is how many rounds over all URLs follow a failed one. 0 is 3; negative is none.
	Retries int
	// Backoff is the pause before the first retry; each further one doubles, up to MaxBackoff, and a random half of it is
	// taken away. A Retry-After header lengthens the pause up to MaxBackoff. 0 is 100 ms and 5 s.
	Backoff, MaxBackoff time.Duration
	// MaxResponseBytes bounds the body of an answer. 0 is 64 MiB.
	MaxResponseBytes int64

	// Sleep waits for a duration or until the context ends, and then returns the context's error. Nil uses the system clock.
	Sleep func(context.Context, time.Duration) error
	// Random returns a number in [0,1). Nil is math/rand.
	Random func() float64
}

// Client calls one registry. Make it with New.
type Client struct {
	servers []server
	opts    Options
	current atomic.Uint32 // index of the server that answered last
}

type server struct {
	base               string // without a trailing slash and without credentials
	username, password string
}

// New returns a client. It does not connect. It fails with ErrConfig if an URL is unusable.
func New(opts Options) (*Client, error) {
	c := &Client{opts: withDefaults(opts)}
	for _, raw := range opts.URLs {
		s, err := parseServer(raw, opts)
		if err != nil {
			return nil, err
		}
		c.servers = append(c.servers, s)
	}
	if len(c.servers) == 0 {
		return nil, fault.New(ErrConfig, "client.New", "no registry URL is given")
	}
	if opts.Token != "" && opts.Username != "" {
		return nil, fault.New(ErrConfig, "client.New", "a token and a username are given; give one of them")
	}
	return c, nil
}

func parseServer(raw string, opts Options) (server, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		// The parser's error repeats the text, which may hold a password.
		return server{}, fault.New(ErrConfig, "client.New", "a registry URL cannot be parsed")
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return server{}, fault.New(ErrConfig, "client.New", "registry URL %q must be http://host or https://host", u.Redacted())
	}
	s := server{username: opts.Username, password: opts.Password}
	if u.User != nil {
		s.username = u.User.Username()
		s.password, _ = u.User.Password()
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	s.base = strings.TrimRight(u.String(), "/")
	return s, nil
}

func withDefaults(o Options) Options {
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{Timeout: 30 * time.Second}
	}
	if o.Retries == 0 {
		o.Retries = 3
	}
	o.Retries = max(o.Retries, 0)
	if o.Backoff <= 0 {
		o.Backoff = 100 * time.Millisecond
	}
	if o.MaxBackoff <= 0 {
		o.MaxBackoff = 5 * time.Second
	}
	if o.MaxResponseBytes <= 0 {
		o.MaxResponseBytes = 64 << 20
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
