package kafka

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/scram"
)

// SaslHandshake, key 17, versions 0 and 1, and SaslAuthenticate, key 36, versions 0 to 2. After a handshake of version 0 the
// client sends its messages bare, each behind its size, and gets bare answers. A session that ends, with its token or after the
// longest time that one may last, can be renewed on its connection by the same client and mechanism (KIP-368); in one that does
// not, a second handshake is an illegal state.

// session is who a connection belongs to. The reader of the connection writes it. Requests are queued after it is open, and
// mechanism and principal stay what they are then, so their handlers may read them.
type session struct {
	open      bool // requests are served
	principal string
	exchange  exchange
	mechanism string
	bare      bool // messages come without a request around them
	by        time.Time
	ends      time.Time // when it must have been renewed; zero: it lasts as long as its connection
}

var (
	// errDenied ends connections that did not authenticate.
	errDenied = errors.New("authentication failed")
	// errOver ends connections whose session was not renewed in time.
	errOver = errors.New("the session is over")
)

// begin settles the session of a new connection: it does the handshake of TLS, and asks for SASL if the server does.
func (c *conn) begin(ctx context.Context) error {
	limit := c.server.opts.ReadTimeout
	var state *tls.ConnectionState
	if t, ok := c.net.(*tls.Conn); ok {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		if err := t.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("%w: TLS: %w", errDenied, err)
		}
		s := t.ConnectionState()
		state = &s
	}
	a := c.server.opts.Access
	c.session = session{principal: a.principalOf(state), open: a == nil || len(a.mechanisms()) == 0, by: time.Now().Add(limit)}
	return nil
}

// admits reports whether a request of the key may come now, before anything else of it is read.
func (c *conn) admits(key int16) error {
	switch {
	case key == saslHandshakeKey, key == saslAuthenticateKey, key == apiVersionsKey:
		return nil
	case c.session.open && (c.session.ends.IsZero() || c.server.opts.Access.opts.Clock().Before(c.session.ends)):
		return nil
	case c.session.open:
		return errOver
	}
	return fmt.Errorf("%w: a request with key %d before authentication", errDenied, key)
}

// authenticate serves the two keys of SASL in the reader, for what follows is read differently. A task that is the last of its
// connection says so.
func (c *conn) authenticate(ctx context.Context, t *task, request kmsg.Request) error {
	began := time.Now()
	var m kmsg.Response
	var failed bool
	var err error
	renewing := c.session.open && c.session.exchange != nil
	switch r := request.(type) {
	case *kmsg.SASLHandshakeRequest:
		m, failed = c.handshake(r)
	case *kmsg.SASLAuthenticateRequest:
		m, failed, err = c.token(ctx, r)
	}
	if err != nil {
		return err
	}
	m.SetVersion(request.GetVersion())
	ends := failed && (!c.session.open || renewing)
	t.finish = func(ctx context.Context) (message, error) {
		if ends {
			c.linger(ctx, began)
		}
		return m, nil
	}
	if ends {
		t.last = fmt.Errorf("%w: mechanism %q", errDenied, c.session.mechanism)
	}
	return nil
}

// linger lets the failure delay pass: guessing takes time, and each failure takes the same.
func (c *conn) linger(ctx context.Context, began time.Time) {
	sleep(ctx, time.Until(began.Add(c.server.opts.Access.opts.FailureDelay)))
}

func (c *conn) handshake(req *kmsg.SASLHandshakeRequest) (r *kmsg.SASLHandshakeResponse, failed bool) {
	r = kmsg.NewPtrSASLHandshakeResponse()
	a := c.server.opts.Access
	again := c.session.open && !c.session.ends.IsZero() && req.GetVersion() > 0
	if c.session.open && !again || c.session.exchange != nil {
		r.ErrorCode = illegalSASLState
		return r, true
	}
	r.SupportedMechanisms = a.mechanisms()
	if !slices.Contains(r.SupportedMechanisms, req.Mechanism) || again && req.Mechanism != c.session.mechanism {
		r.ErrorCode = unsupportedSASLMechanism
		return r, true
	}
	c.session.exchange = a.begin(req.Mechanism)
	if !again {
		c.session.mechanism, c.session.bare = req.Mechanism, req.GetVersion() == 0
	}
	return r, false
}

// token serves a SaslAuthenticate. An error ends the connection without an answer: nothing can be said about who it is.
func (c *conn) token(ctx context.Context, req *kmsg.SASLAuthenticateRequest) (r *kmsg.SASLAuthenticateResponse, failed bool, err error) {
	r = kmsg.NewPtrSASLAuthenticateResponse()
	r.SASLAuthBytes = []byte{}
	if c.session.exchange == nil {
		text := "SaslAuthenticate must follow a SaslHandshake, once"
		r.ErrorCode, r.ErrorMessage = illegalSASLState, &text
		return r, true, nil
	}
	answer, err := c.advance(ctx, req.SASLAuthBytes)
	if fault.KindOf(err) == fault.Unavailable {
		return nil, false, fmt.Errorf("mechanism %s: %w", c.session.mechanism, err)
	}
	if err != nil {
		text := "Authentication failed during authentication due to invalid credentials with SASL mechanism " + c.session.mechanism
		r.ErrorCode, r.ErrorMessage = saslAuthenticationFailed, &text
		return r, true, nil
	}
	r.SASLAuthBytes = answer
	if c.session.exchange == nil && !c.session.ends.IsZero() {
		r.SessionLifetimeMillis = max(1, c.session.ends.Sub(c.server.opts.Access.opts.Clock()).Milliseconds()) // 0 would be for ever
	}
	return r, false, nil
}

// advance gives the exchange what the client sent.
func (c *conn) advance(ctx context.Context, message []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.server.opts.ReadTimeout)
	defer cancel()
	answer, done, err := c.session.exchange.next(ctx, message)
	if err != nil || !done {
		return answer, err
	}
	user, until := c.session.exchange.who()
	if c.session.open && c.session.principal != userType+user {
		return nil, fault.New(scram.ErrDenied, "kafka.session", "a session is renewed by another principal")
	}
	if !c.session.open {
		c.session.principal = userType + user
	}
	c.session.ends = c.server.opts.Access.ends(until)
	c.session.exchange, c.session.bare, c.session.open = nil, false, true
	return answer, nil
}

// maxBare bounds a message that comes without a request around it, as Kafka's sasl.server.max.receive.size does.
const maxBare = small

// bare reads a message without a request around it. Where it is refused, the connection just ends: there is nothing to say
// so in.
func (c *conn) bare(ctx context.Context) (task, error) {
	began := time.Now()
	if err := c.net.SetReadDeadline(c.session.by); err != nil {
		return task{}, err
	}
	var head [sizeBytes]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return task{}, err
	}
	size := int32(binary.BigEndian.Uint32(head[:]))
	if size < 0 || size > maxBare {
		return task{}, fmt.Errorf("%w: a message of %d bytes; at most %d", errDenied, size, maxBare)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(c.in, text); err != nil {
		return task{}, err
	}
	answer, err := c.advance(ctx, text)
	if fault.KindOf(err) == fault.Unavailable {
		return task{}, fmt.Errorf("mechanism %s: %w", c.session.mechanism, err)
	}
	if err != nil {
		return task{
			finish:  func(ctx context.Context) (message, error) { c.linger(ctx, began); return nil, nil },
			release: func() {},
			last:    fmt.Errorf("%w: mechanism %q", errDenied, c.session.mechanism),
		}, nil
	}
	return task{finish: func(context.Context) (message, error) { return bareAnswer(answer), nil }, release: func() {}}, nil
}

// bareAnswer is written behind its size alone.
type bareAnswer []byte

func (b bareAnswer) AppendTo(dst []byte) []byte { return append(dst, b...) }
