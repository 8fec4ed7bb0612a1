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

	"github.com/pawl-registry/pawl/internal/scram"
)

// SaslHandshake, key 17, versions 0 and 1, and SaslAuthenticate, key 36, versions 0 to 2. After a handshake of version 0 the
// client sends its messages bare, each behind its size, and gets bare answers. Left out: authenticating anew on a connection
// (KIP-368), so sessions have no end (lifetime 0), and the second handshake is an illegal state.

// session is who a connection belongs to. The reader of the connection writes it, and only until it is open; requests are
// queued after that, so their handlers may read it.
type session struct {
	open      bool // requests are served
	principal string
	exchange  scram.Exchange
	mechanism string
	bare      bool // messages come without a request around them
	by        time.Time
}

// errDenied ends connections that did not authenticate.
var errDenied = errors.New("authentication failed")

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
	case c.session.open, key == saslHandshakeKey, key == saslAuthenticateKey, key == apiVersionsKey:
		return nil
	}
	return fmt.Errorf("%w: a request with key %d before authentication", errDenied, key)
}

// authenticate serves the two keys of SASL in the reader, for what follows is read differently. A task that is the last of its
// connection says so.
func (c *conn) authenticate(t *task, request kmsg.Request) {
	began := time.Now()
	var m kmsg.Response
	var failed bool
	switch r := request.(type) {
	case *kmsg.SASLHandshakeRequest:
		m, failed = c.handshake(r)
	case *kmsg.SASLAuthenticateRequest:
		m, failed = c.token(r)
	}
	m.SetVersion(request.GetVersion())
	ends := failed && !c.session.open
	t.finish = func(ctx context.Context) (message, error) {
		if ends {
			c.linger(ctx, began)
		}
		return m, nil
	}
	if ends {
		t.last = fmt.Errorf("%w: mechanism %q", errDenied, c.session.mechanism)
	}
}

// linger lets the failure delay pass: guessing takes time, and each failure takes the same.
func (c *conn) linger(ctx context.Context, began time.Time) {
	sleep(ctx, time.Until(began.Add(c.server.opts.Access.opts.FailureDelay)))
}

func (c *conn) handshake(req *kmsg.SASLHandshakeRequest) (r *kmsg.SASLHandshakeResponse, failed bool) {
	r = kmsg.NewPtrSASLHandshakeResponse()
	if c.session.open || c.session.exchange != nil {
		r.ErrorCode = illegalSASLState
		return r, true
	}
	a := c.server.opts.Access
	r.SupportedMechanisms = a.mechanisms()
	if !slices.Contains(r.SupportedMechanisms, req.Mechanism) {
		r.ErrorCode = unsupportedSASLMechanism
		return r, true
	}
	c.session.mechanism = req.Mechanism
	c.session.exchange = a.sasl.Begin(scram.Mechanism(req.Mechanism))
	c.session.bare = req.GetVersion() == 0
	return r, false
}

func (c *conn) token(req *kmsg.SASLAuthenticateRequest) (r *kmsg.SASLAuthenticateResponse, failed bool) {
	r = kmsg.NewPtrSASLAuthenticateResponse()
	r.SASLAuthBytes = []byte{}
	if c.session.open || c.session.exchange == nil {
		text := "SaslAuthenticate must follow a SaslHandshake, once"
		r.ErrorCode, r.ErrorMessage = illegalSASLState, &text
		return r, true
	}
	answer, err := c.advance(req.SASLAuthBytes)
	if err != nil {
		text := "Authentication failed during authentication due to invalid credentials with SASL mechanism " + c.session.mechanism
		r.ErrorCode, r.ErrorMessage = saslAuthenticationFailed, &text
		return r, true
	}
	r.SASLAuthBytes = answer
	return r, false
}

// advance gives the exchange what the client sent. Hashing a password takes a while: only so many are hashed at once.
func (c *conn) advance(message []byte) ([]byte, error) {
	a := c.server.opts.Access
	a.slots <- struct{}{}
	answer, done, err := c.session.exchange.Next(message)
	<-a.slots
	if err != nil {
		return nil, err
	}
	if done {
		c.session.principal = userType + c.session.exchange.User()
		c.session.exchange, c.session.bare, c.session.open = nil, false, true
	}
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
	answer, err := c.advance(text)
	if err != nil {
		c.linger(ctx, began)
		return task{}, fmt.Errorf("%w: mechanism %q", errDenied, c.session.mechanism)
	}
	return task{finish: func(context.Context) (message, error) { return bareAnswer(answer), nil }, release: func() {}}, nil
}

// bareAnswer is written behind its size alone.
type bareAnswer []byte

func (b bareAnswer) AppendTo(dst []byte) []byte { return append(dst, b...) }
