package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/openapi"
)

// call is one request of the API, to be sent to any of the servers.
type call struct {
	op     string // "client.Latest"
	method string
	path   string // escaped, with a leading slash
	query  url.Values
	body   any  // encoded as JSON; nil for none
	into   any  // decoded from JSON; nil to ignore the body; *string for the body as it is
	once   bool // harmful or misleading if it arrives twice
}

// answer is what one attempt came to.
type answer struct {
	err   error
	again bool          // worth another attempt
	after time.Duration // what the server asked to wait
}

// do sends a call until it succeeds, fails for good or runs out of attempts, and returns the last failure.
func (c *Client) do(ctx context.Context, k call) error {
	body, err := encodeBody(k)
	if err != nil {
		return err
	}
	start := c.current.Load()
	var last answer
	for round := 0; round <= c.opts.Retries; round++ {
		if round > 0 {
			if err := c.opts.Sleep(ctx, c.pause(round, last.after)); err != nil {
				return fault.Wrap(ErrCanceled, k.op, err, "the call was canceled while waiting to retry: %v", last.err)
			}
		}
		for i := range c.servers {
			n := (start + uint32(i)) % uint32(len(c.servers))
			last = c.attempt(ctx, c.servers[n], k, body)
			if !last.again {
				c.current.Store(n)
				return last.err
			}
		}
	}
	return last.err
}

func encodeBody(k call) ([]byte, error) {
	if k.body == nil {
		return nil, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(k.body); err != nil {
		return nil, fault.Wrap(ErrBadRequest, k.op, err, "the request cannot be encoded")
	}
	return b.Bytes(), nil
}

// pause returns how long to wait before a round: between half and the whole of a doubling limit, so that clients that failed
// together do not come back together.
func (c *Client) pause(round int, asked time.Duration) time.Duration {
	limit := c.opts.MaxBackoff
	if round < 32 {
		if d := c.opts.Backoff << (round - 1); d > 0 && d < limit {
			limit = d
		}
	}
	d := limit/2 + time.Duration(c.opts.Random()*float64(limit-limit/2))
	return min(max(d, asked), c.opts.MaxBackoff)
}

func (c *Client) attempt(ctx context.Context, s server, k call, body []byte) answer {
	req, err := c.request(ctx, s, k, body)
	if err != nil {
		return answer{err: fault.Wrap(ErrBadRequest, k.op, err, "the request cannot be built")}
	}
	res, err := c.opts.HTTPClient.Do(req)
	if err != nil {
		return c.unreached(ctx, s, k, err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, c.opts.MaxResponseBytes+1))
	if err != nil {
		return c.unreached(ctx, s, k, err)
	}
	if int64(len(text)) > c.opts.MaxResponseBytes {
		return answer{err: fault.New(ErrBadResponse, k.op, "%s answered more than %d bytes", s.base, c.opts.MaxResponseBytes)}
	}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNoContent {
		return refused(s, k, res, text)
	}
	return answer{err: decodeBody(s, k, res.StatusCode, text)}
}

func (c *Client) request(ctx context.Context, s server, k call, body []byte) (*http.Request, error) {
	target := s.base + k.path
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, r)
	if err != nil {
		return nil, err
	}
	for name, values := range c.opts.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	req.Header.Set("Accept", openapi.MediaTypeV1+", "+openapi.MediaType+";q=0.9, "+openapi.MediaTypeJSON+";q=0.5")
	if body != nil {
		req.Header.Set("Content-Type", openapi.MediaTypeV1)
	}
	switch {
	case s.username != "":
		req.SetBasicAuth(s.username, s.password)
	case c.opts.Token != "":
		req.Header.Set("Authorization", "Bearer "+c.opts.Token)
	}
	return req, nil
}

// unreached judges a request without a whole answer.
func (c *Client) unreached(ctx context.Context, s server, k call, err error) answer {
	if ctx.Err() != nil {
		return answer{err: fault.Wrap(ErrCanceled, k.op, errors.Join(ctx.Err(), err), "the call to %s was canceled", s.base)}
	}
	return answer{
		err:   fault.Wrap(ErrUnreachable, k.op, err, "%s does not answer: %s", s.base, reason(err)),
		again: !k.once || neverSent(err),
	}
}

// reason is the part of a connection failure that is fit for people: without the method and URL that net/http puts before it.
func reason(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err.Error()
	}
	return err.Error()
}

// neverSent reports whether a request cannot have reached a server.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// refused judges an answer that is a failure.
func refused(s server, k call, res *http.Response, text []byte) answer {
	err := statusError(s, k.op, res.StatusCode, text)
	switch res.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return answer{err: err, again: true, after: retryAfter(res.Header)}
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return answer{err: err, again: !k.once}
	}
	return answer{err: err}
}

func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

func decodeBody(s server, k call, status int, text []byte) error {
	if k.into == nil || status == http.StatusNoContent {
		return nil
	}
	if raw, ok := k.into.(*string); ok {
		*raw = string(text)
		return nil
	}
	if err := json.Unmarshal(text, k.into); err != nil {
		return fault.Wrap(ErrBadResponse, k.op, err, "%s answered what is no answer of a schema registry: %s", s.base, excerpt(text))
	}
	return nil
}

// excerpt quotes the start of a body.
func excerpt(text []byte) string {
	const most = 200
	if len(text) > most {
		return fmt.Sprintf("%q...", text[:most])
	}
	return fmt.Sprintf("%q", text)
}
