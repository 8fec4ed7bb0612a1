package auth

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/pawl-registry/pawl/fault"
)

// TokenOptions say which tokens are believed. Issuer and Audience are required.
type TokenOptions struct {
	Issuer     string
	Audience   string
	Algorithms []string      // empty: RS256, ES256. Algorithms with a shared secret, and none, are refused
	NameClaim  string        // of the principal's name; empty: "sub"
	RolesClaim string        // of a list of roles, or a text of words; dots lead into objects; empty: "roles"
	Skew       time.Duration // between clocks; 0: 30 s
	Keys       func() []crypto.PublicKey
	Clock      func() time.Time // nil: time.Now
	HTTPClient *http.Client     // to the issuer, if Keys is nil; nil: one with a time limit of 10 s
}

// Tokens verifies signed tokens (RFC 7519): signature, algorithm, issuer, audience and times. Keys come from a file, or from the
// issuer by OpenID Connect Discovery, which happens when the first token comes, so that a server starts without its issuer.
type Tokens struct {
	opts TokenOptions

	mu       sync.Mutex
	verifier *oidc.IDTokenVerifier
	again    time.Time // when to ask the issuer again
}

// asymmetric lists the algorithms that can be verified with a public key.
var asymmetric = map[string]bool{
	oidc.RS256: true, oidc.RS384: true, oidc.RS512: true, oidc.ES256: true, oidc.ES384: true, oidc.ES512: true,
	oidc.PS256: true, oidc.PS384: true, oidc.PS512: true, oidc.EdDSA: true,
}

// NewTokens returns a verifier. Errors: ErrConfig.
func NewTokens(o TokenOptions) (*Tokens, error) {
	const op = "auth.NewTokens"
	if o.Issuer == "" || o.Audience == "" {
		return nil, fault.New(ErrConfig, op, "tokens need an issuer and an audience to be checked against")
	}
	if len(o.Algorithms) == 0 {
		o.Algorithms = []string{oidc.RS256, oidc.ES256}
	}
	for _, a := range o.Algorithms {
		if !asymmetric[a] {
			return nil, fault.New(ErrConfig, op, "tokens signed with %s are not believed; use RS256, ES256, PS256, EdDSA or one of their kin", a)
		}
	}
	setDefault(&o.NameClaim, "sub")
	setDefault(&o.RolesClaim, "roles")
	if o.Skew == 0 {
		o.Skew = 30 * time.Second
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	}
	slow := *o.HTTPClient
	slow.Transport = &paced{next: slow.Transport, clock: o.Clock, last: map[string]time.Time{}}
	o.HTTPClient = &slow
	return &Tokens{opts: o}, nil
}

func setDefault(s *string, otherwise string) {
	if *s == "" {
		*s = otherwise
	}
}

// ParseKeys reads a JSON Web Key Set (RFC 7517), of which only public keys are kept.
func ParseKeys(text []byte) ([]crypto.PublicKey, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fault.Wrap(ErrConfig, "auth.ParseKeys", err, "this is no JSON Web Key Set: %v", err)
	}
	var keys []crypto.PublicKey
	for _, k := range set.Keys {
		if public := k.Public(); public.Valid() {
			keys = append(keys, public.Key)
		}
	}
	if len(keys) == 0 {
		return nil, fault.New(ErrConfig, "auth.ParseKeys", "the set holds no public key")
	}
	return keys, nil
}

// Verify returns the principal of a token. Errors: ErrUnauthenticated, ErrUnavailable.
func (t *Tokens) Verify(ctx context.Context, raw string) (Principal, error) {
	v, err := t.verify(ctx)
	if err != nil {
		return Principal{}, err
	}
	token, err := v.Verify(oidc.ClientContext(ctx, t.opts.HTTPClient), raw)
	if err != nil {
		return Principal{}, unauthenticated(err)
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return Principal{}, unauthenticated(err)
	}
	name, _ := claim(claims, t.opts.NameClaim).(string)
	if name == "" {
		return Principal{}, unauthenticated(errors.New("the token has no claim " + t.opts.NameClaim))
	}
	return Principal{Name: name, Roles: words(claim(claims, t.opts.RolesClaim)), Expires: token.Expiry.Add(t.opts.Skew)}, nil
}

// verify returns the verifier, after discovery if need be.
func (t *Tokens) verify(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	o := t.opts
	cfg := &oidc.Config{
		ClientID: o.Audience, SupportedSigningAlgs: o.Algorithms,
		Now: func() time.Time { return o.Clock().Add(-o.Skew) }, // not-before has a leeway of five minutes of its own
	}
	if o.Keys != nil {
		return oidc.NewVerifier(o.Issuer, &oidc.StaticKeySet{PublicKeys: o.Keys()}, cfg), nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.verifier != nil {
		return t.verifier, nil
	}
	if o.Clock().Before(t.again) {
		return nil, fault.New(ErrUnavailable, "auth.Tokens", "the issuer of tokens did not answer a moment ago; try again")
	}
	// The keys outlive the request: they are fetched anew whenever a token has one that is not known.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), o.HTTPClient), o.Issuer)
	if err != nil {
		t.again = o.Clock().Add(5 * time.Second)
		return nil, fault.Wrap(ErrUnavailable, "auth.Tokens", err, "the issuer of tokens does not answer; try again")
	}
	t.verifier = provider.Verifier(cfg)
	return t.verifier, nil
}

// claim returns a claim by its name, or by the names that lead to it.
func claim(claims map[string]any, path string) any {
	if v, ok := claims[path]; ok {
		return v
	}
	name, rest, deeper := strings.Cut(path, ".")
	inner, ok := claims[name].(map[string]any)
	if !deeper || !ok {
		return nil
	}
	return claim(inner, rest)
}

// words returns a list of texts, or the words of a text.
func words(v any) []string {
	switch v := v.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		var all []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}
