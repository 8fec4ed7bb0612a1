package auth

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

var (
	// ErrUnauthenticated is a caller without valid credentials. Its detail never says which part of them was wrong.
	ErrUnauthenticated = fault.NewCode(fault.Forbidden, "unauthenticated")
	// ErrDenied is a caller without the right to do what was asked.
	ErrDenied = fault.NewCode(fault.Forbidden, "denied")
	// ErrUnavailable is an identity that cannot be established now: the issuer does not answer, or too many wait.
	ErrUnavailable = fault.NewCode(fault.Unavailable, "identity_unavailable")
	// ErrConfig is a file or a setting of this package that cannot be used.
	ErrConfig = fault.NewCode(fault.Invalid, "auth_configuration")
)

// Principal is somebody who was identified.
type Principal struct {
	Name    string
	Roles   []string  // that came with the credentials, in addition to those of the policy
	Expires time.Time // when the credentials are no longer believed; zero if they do not say
}

// Gate identifies callers and holds the policy. At least one of its means must be set.
type Gate struct {
	Passwords    *Passwords // nil: no passwords
	Tokens       *Tokens    // nil: no tokens
	Certificates bool       // a verified client certificate identifies by its common name
	Policy       func() *Policy
}

// Identify returns who made a request, from the value of its Authorization header and the client certificates of its connection,
// which TLS must have verified. A header decides alone if there is one. Errors: ErrUnauthenticated, ErrUnavailable.
func (g *Gate) Identify(ctx context.Context, authorization string, peers []*x509.Certificate) (Principal, error) {
	scheme, rest, _ := strings.Cut(authorization, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case authorization == "" && g.Certificates && len(peers) > 0 && peers[0].Subject.CommonName != "":
		return Principal{Name: peers[0].Subject.CommonName}, nil
	case g.Passwords != nil && strings.EqualFold(scheme, "Basic"):
		if name, password, ok := basic(rest); ok {
			return g.Passwords.Verify(ctx, name, password)
		}
	case g.Tokens != nil && strings.EqualFold(scheme, "Bearer"):
		return g.Tokens.Verify(ctx, rest)
	}
	return Principal{}, unauthenticated(nil)
}

// basic reads the credentials of RFC 7617.
func basic(text string) (name, password string, ok bool) {
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(plain), ":")
}

// Challenges returns the values of WWW-Authenticate that tell a caller how to identify.
func (g *Gate) Challenges() []string {
	var all []string
	if g.Passwords != nil {
		all = append(all, `Basic realm="pawl", charset="UTF-8"`)
	}
	if g.Tokens != nil {
		all = append(all, `Bearer realm="pawl"`)
	}
	return all
}

func unauthenticated(cause error) error {
	if cause == nil {
		return fault.New(ErrUnauthenticated, "auth", "Unauthorized")
	}
	return fault.Wrap(ErrUnauthenticated, "auth", cause, "Unauthorized")
}
