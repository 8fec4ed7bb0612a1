package auth

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

// paced lets one request a second through to each URL of an issuer. Without it everybody who sends a token with an unknown key
// would make the server ask the issuer for its keys.
type paced struct {
	next  http.RoundTripper // nil: http.DefaultTransport
	clock func() time.Time

	mu   sync.Mutex
	last map[string]time.Time // by URL; an issuer has two
}

var errTooSoon = errors.New("the issuer was asked a moment ago")

// RoundTrip implements http.RoundTripper.
func (p *paced) RoundTrip(r *http.Request) (*http.Response, error) {
	if !p.allow(r.URL.String()) {
		return nil, errTooSoon
	}
	if p.next == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return p.next.RoundTrip(r)
}

func (p *paced) allow(url string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	if last, asked := p.last[url]; asked && now.Sub(last) < time.Second {
		return false
	}
	p.last[url] = now
	return true
}
