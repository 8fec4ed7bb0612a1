package kafka

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/auth"
	"github.com/pawl-registry/pawl/internal/scram"
)

// oauthBearer is the mechanism of RFC 7628, as Kafka uses it (KIP-255).
const oauthBearer = "OAUTHBEARER"

// Verifier believes tokens or does not. *auth.Tokens is one.
type Verifier interface {
	// Verify returns who a token stands for, and until when. Errors: auth.ErrUnauthenticated, auth.ErrUnavailable.
	Verify(ctx context.Context, token string) (auth.Principal, error)
}

// exchange is the server's side of one authentication.
type exchange interface {
	// next takes what the client sent and returns the answer. Once done, who says whom the client is, and until when; zero is for ever.
	next(ctx context.Context, message []byte) (answer []byte, done bool, err error)
	who() (user string, until time.Time)
}

// hashed is an exchange over a password. Hashing one takes a while: only so many are hashed at once.
type hashed struct {
	scram scram.Exchange
	slots chan struct{}
}

func (h *hashed) next(_ context.Context, message []byte) ([]byte, bool, error) {
	h.slots <- struct{}{}
	defer func() { <-h.slots }()
	return h.scram.Next(message)
}

func (h *hashed) who() (string, time.Time) { return h.scram.User(), time.Time{} }

// bearer is an exchange over a token: one message, if the token is good. If it is not, the client hears why as RFC 7628 wants it
// (section 3.2.2), answers with one byte, and only then is told that it failed.
type bearer struct {
	tokens    Verifier
	step      int
	principal auth.Principal
}

// challenge is what a client hears of a token that is not believed. It says no more: a client must not learn what was wrong.
const challenge = `{"status":"invalid_token"}`

func (b *bearer) next(ctx context.Context, message []byte) ([]byte, bool, error) {
	b.step++
	if b.step > 1 {
		return nil, false, fault.New(scram.ErrDenied, "kafka.bearer", "invalid token")
	}
	authorization, token, ok := parseBearer(string(message))
	if !ok {
		return nil, false, fault.New(scram.ErrDenied, "kafka.bearer", "malformed message")
	}
	p, err := b.tokens.Verify(ctx, token)
	if errors.Is(err, auth.ErrUnavailable) {
		return nil, false, err
	}
	if err != nil || p.Name == "" || (authorization != "" && authorization != p.Name) {
		return []byte(challenge), false, nil
	}
	b.principal = p
	return []byte{}, true, nil
}

func (b *bearer) who() (string, time.Time) { return b.principal.Name, b.principal.Expires }

// parseBearer reads the client's message: a GS2 header without channel binding, then pairs of keys and values, each behind a
// byte 0x01, and one more at the end (RFC 7628, section 3.1). Other pairs than auth are extensions, which are passed over.
func parseBearer(message string) (authorization, token string, ok bool) {
	header, rest, found := strings.Cut(message, "\x01")
	authorization, ends := strings.CutSuffix(header, ",")
	if !found || !ends || !strings.HasPrefix(authorization, "n,") {
		return "", "", false
	}
	authorization = authorization[len("n,"):]
	if authorization != "" {
		name, named := strings.CutPrefix(authorization, "a=")
		if authorization, ok = unescaped(name); !named || !ok {
			return "", "", false
		}
	}
	rest, ends = strings.CutSuffix(rest, "\x01\x01")
	if !ends {
		return "", "", false
	}
	for pair := range strings.SplitSeq(rest, "\x01") {
		key, value, isPair := strings.Cut(pair, "=")
		if !isPair || key == "" {
			return "", "", false
		}
		if key != "auth" {
			continue
		}
		scheme, credentials, _ := strings.Cut(value, " ")
		if token != "" || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(credentials) == "" {
			return "", "", false
		}
		token = strings.TrimSpace(credentials)
	}
	return authorization, token, token != ""
}

// unescaped reads a name as RFC 5801 writes it: =2C is a comma, =3D an equals sign.
func unescaped(text string) (string, bool) {
	if strings.Count(text, "=") != strings.Count(text, "=2C")+strings.Count(text, "=3D") {
		return "", false
	}
	return strings.NewReplacer("=2C", ",", "=3D", "=").Replace(text), text != ""
}
