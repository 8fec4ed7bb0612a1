package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/crypto/bcrypt"

	"github.com/pawl-registry/pawl/internal/auth"
)

// clock is a time that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock { return &clock{now: time.Unix(1_800_000_000, 0)} }

func hash(t *testing.T, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

const roles = `
roles:
  reader: [{subjects: ["*"], rights: [read]}]
  orders: [{subjects: ["orders-*", "shared"], rights: [write]}, {subjects: ["orders-*"], rights: [config]}]
  team:   [{subjects: [":.team:*"], rights: [admin]}]
  root:   [{subjects: ["*"], rights: [admin]}]
  scrape: [{rights: [metrics]}]
  idle:   []
members:
  ann: [orders]
  tim: [team, idle]
  rob: [root]
  pro: [scrape]
  red: [reader]
`

func policy(t *testing.T, text string) *auth.Policy {
	t.Helper()
	p, err := auth.ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRightsAreGivenByRoleAndPatternAndNeverOtherwise(t *testing.T) {
	p := policy(t, roles)
	tests := []struct {
		who     string
		right   auth.Right
		subject string
		want    bool
	}{
		{"ann", auth.Write, "orders-value", true},
		{"ann", auth.Read, "orders-value", true},
		{"ann", auth.Check, "orders-value", true},
		{"ann", auth.Config, "orders-value", true},
		{"ann", auth.Write | auth.Config, "orders-value", false}, // no single grant holds both
		{"ann", auth.Admin, "orders-value", false},
		{"ann", auth.Write, "shared", true},
		{"ann", auth.Config, "shared", false},
		{"ann", auth.Read, "shared2", false},
		{"ann", auth.Read, "order", false},
		{"ann", auth.Read, ":.team:orders-value", false},
		{"ann", auth.Read, "", false},
		{"tim", auth.Admin, ":.team:x", true},
		{"tim", auth.Admin, ":.team:", true},
		{"tim", auth.Read, "x", false},
		{"tim", auth.Read, ":.team2:x", false},
		{"rob", auth.Admin, "", true},
		{"rob", auth.Read, ":.team:x", true},
		{"red", auth.Read, ":.team:x", true},
		{"red", auth.Check, "x", false},
		{"nobody", auth.Read, "orders-value", false},
		{"", auth.Read, "orders-value", false},
	}
	for _, tt := range tests {
		if got := p.Allows(auth.Principal{Name: tt.who}, tt.right, tt.subject); got != tt.want {
			t.Errorf("%s, %s over %q: %v", tt.who, tt.right, tt.subject, got)
		}
	}
	if !p.Allows(auth.Principal{Name: "new", Roles: []string{"none", "orders"}}, auth.Write, "orders-1") {
		t.Error("the roles of a token do not count")
	}
	for who, want := range map[string]bool{"pro": true, "rob": true, "ann": false, "red": false} {
		if got := p.Has(auth.Principal{Name: who}, auth.Metrics); got != want {
			t.Errorf("%s sees the numbers: %v", who, got)
		}
	}
	for who, want := range map[string]bool{"tim": true, "rob": true, "ann": false} {
		if got := p.Within(auth.Principal{Name: who}, auth.Read, ":.team:"); got != want {
			t.Errorf("%s sees into the context: %v", who, got)
		}
	}
}

func TestAnEmptyPolicyGivesNothingAndEveryoneStandsForAll(t *testing.T) {
	if policy(t, "").Allows(auth.Principal{Name: "a"}, auth.Read, "s") {
		t.Error("an empty policy gives rights")
	}
	p := policy(t, `{"roles":{"r":[{"subjects":["s"],"rights":["read"]}]},"members":{"*":["r"]}}`)
	if !p.Allows(auth.Principal{Name: "a"}, auth.Read, "s") {
		t.Error("everyone is not everyone")
	}
}

func TestAPolicyWithAMistakeIsRefusedAndTheMistakeNamed(t *testing.T) {
	for text, want := range map[string]string{
		"roles: {r: [{subjects: [a], rights: [wright]}]}":   `no right "wright"`,
		"roles: {r: [{subjects: ['a*b'], rights: [read]}]}": `"a*b" covers nothing`,
		"roles: {r: [{subjects: [''], rights: [read]}]}":    `"" covers nothing`,
		"members: {a: [r]}":          `no role "r"`,
		"role: {}":                   "field role not found",
		"roles: {r: [{subject: a}]}": "field subject not found",
		"roles: [":                   "does not parse",
	} {
		if _, err := auth.ParsePolicy([]byte(text)); !errors.Is(err, auth.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(roles))
	f.Add([]byte(`{"roles":{"r":[{"subjects":["*"],"rights":["admin"]}]},"members":{"*":["r"]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := auth.ParsePolicy(text)
		if err == nil {
			p.Allows(auth.Principal{Name: "ann"}, auth.Read, "orders-value")
		}
	})
}

func passwords(t *testing.T, c *clock, text func() string) *auth.Passwords {
	t.Helper()
	p, err := auth.NewPasswords(func() auth.Hashes {
		h, err := auth.ParseHashes([]byte(text()))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPasswordsAreVerifiedAndAChangedOneIsForgottenAtOnce(t *testing.T) {
	c := newClock()
	text := "# users\nann:" + hash(t, "right:with colon") + "\n\nbob:" + hash(t, "")
	p := passwords(t, c, func() string { return text })
	for _, tt := range []struct {
		name, password string
		want           bool
	}{
		{"ann", "right:with colon", true}, {"ann", "right:with colon", true}, {"ann", "wrong", false}, {"bob", "", true},
		{"nobody", "right:with colon", false}, {"", "", false}, {"ann", strings.Repeat("x", 73), false},
	} {
		who, err := p.Verify(t.Context(), tt.name, tt.password)
		if (err == nil) != tt.want || tt.want && who.Name != tt.name {
			t.Errorf("%q/%q: %v, %v", tt.name, tt.password, who, err)
		}
		if err != nil && (!errors.Is(err, auth.ErrUnauthenticated) || strings.Contains(err.Error(), tt.password) && tt.password != "") {
			t.Errorf("%q/%q: %v", tt.name, tt.password, err)
		}
	}
	text = "ann:" + hash(t, "new")
	if _, err := p.Verify(t.Context(), "ann", "right:with colon"); err == nil {
		t.Error("the old password is still taken")
	}
	if _, err := p.Verify(t.Context(), "ann", "new"); err != nil {
		t.Error(err)
	}
}

func TestAVerifiedCredentialIsKnownAgainForAMinute(t *testing.T) {
	c := newClock()
	h, err := bcrypt.GenerateFromPassword([]byte("p"), bcrypt.DefaultCost)
	if err != nil {
		t.Fatal(err)
	}
	text := "ann:" + string(h)
	p := passwords(t, c, func() string { return text })
	if _, err := p.Verify(t.Context(), "ann", "p"); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	// A call whose context has ended waits for no slot, so a thousand of them pass only if none needs one.
	for range 1000 {
		if _, err := p.Verify(gone, "ann", "p"); err != nil {
			t.Fatal("the credential is not known again")
		}
	}
	if n := auth.Known(p, c.Now()); n != 1 {
		t.Errorf("%d credentials are known", n)
	}
	c.pass(2 * time.Minute)
	if n := auth.Known(p, c.Now()); n != 0 {
		t.Error("the credential is known for ever")
	}
	if _, err := p.Verify(t.Context(), "ann", "p"); err != nil {
		t.Error(err)
	}
}

func TestHashesThatAreNoBcryptAreRefusedByLine(t *testing.T) {
	for text, want := range map[string]string{
		"a:{SHA}5baa61e4": "line 1: the password of a is not a bcrypt hash",
		"\n\na:$apr1$x$y": "line 3",
		"a":               "line 1 is not of the form",
		":x":              "line 1 is not of the form",
	} {
		if _, err := auth.ParseHashes([]byte(text)); !errors.Is(err, auth.ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// issuer signs tokens.
type issuer struct {
	key *ecdsa.PrivateKey
	url string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{key: key, url: "https://issuer.example"}
}

func (i *issuer) set() []byte {
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		panic(err)
	}
	return text
}

func (i *issuer) sign(t *testing.T, claims map[string]any) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: i.key, KeyID: "k"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := jwt.Signed(s).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (i *issuer) claims(c *clock, change map[string]any) map[string]any {
	all := map[string]any{
		"iss": i.url, "aud": "pawl", "sub": "ann", "exp": c.Now().Add(time.Hour).Unix(), "roles": []string{"orders", "x"},
		"deep": map[string]any{"roles": "a b", "name": "Ann"},
	}
	for k, v := range change {
		all[k] = v
		if v == nil {
			delete(all, k)
		}
	}
	return all
}

func TestTokensAreBelievedOnlyIfEverythingFits(t *testing.T) {
	c, i, stranger := newClock(), newIssuer(t), newIssuer(t)
	keys, err := auth.ParseKeys(i.set())
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := auth.NewTokens(auth.TokenOptions{Issuer: i.url, Audience: "pawl", Clock: c.Now, Keys: func() []crypto.PublicKey { return keys }})
	if err != nil {
		t.Fatal(err)
	}
	at := func(d time.Duration) int64 { return c.Now().Add(d).Unix() }
	good := i.sign(t, i.claims(c, nil))
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(good, ".")[1] + "."
	tests := []struct {
		name, raw string
		want      bool
	}{
		{"good", good, true},
		{"several audiences", i.sign(t, i.claims(c, map[string]any{"aud": []string{"other", "pawl"}})), true},
		{"expired within the skew", i.sign(t, i.claims(c, map[string]any{"exp": at(-20 * time.Second)})), true},
		{"expired", i.sign(t, i.claims(c, map[string]any{"exp": at(-40 * time.Second)})), false},
		{"without an end", i.sign(t, i.claims(c, map[string]any{"exp": nil})), false},
		{"not yet", i.sign(t, i.claims(c, map[string]any{"nbf": at(time.Hour)})), false},
		{"for others", i.sign(t, i.claims(c, map[string]any{"aud": "other"})), false},
		{"for nobody", i.sign(t, i.claims(c, map[string]any{"aud": nil})), false},
		{"of another issuer", i.sign(t, i.claims(c, map[string]any{"iss": "https://else.example"})), false},
		{"without a name", i.sign(t, i.claims(c, map[string]any{"sub": nil})), false},
		{"with a name that is none", i.sign(t, i.claims(c, map[string]any{"sub": 7})), false},
		{"signed by a stranger", stranger.sign(t, i.claims(c, nil)), false},
		{"unsigned", unsigned, false},
		{"changed", good[:len(good)-8] + "AAAAAAAA", false},
		{"no token", "x", false},
		{"nothing", "", false},
	}
	for _, tt := range tests {
		who, err := tokens.Verify(t.Context(), tt.raw)
		if (err == nil) != tt.want || err != nil && !errors.Is(err, auth.ErrUnauthenticated) {
			t.Errorf("%s: %v, %v", tt.name, who, err)
		}
		if tt.want && (who.Name != "ann" || fmt.Sprint(who.Roles) != "[orders x]") {
			t.Errorf("%s: %+v", tt.name, who)
		}
	}
	deep, err := auth.NewTokens(auth.TokenOptions{
		Issuer: i.url, Audience: "pawl", Clock: c.Now, Keys: func() []crypto.PublicKey { return keys }, NameClaim: "deep.name", RolesClaim: "deep.roles",
	})
	if err != nil {
		t.Fatal(err)
	}
	if who, err := deep.Verify(t.Context(), good); err != nil || who.Name != "Ann" || fmt.Sprint(who.Roles) != "[a b]" {
		t.Errorf("nested claims: %+v, %v", who, err)
	}
}

func TestSharedSecretsAndEmptyAudiencesAreNoConfiguration(t *testing.T) {
	for _, o := range []auth.TokenOptions{
		{Issuer: "i", Audience: "a", Algorithms: []string{"HS256"}}, {Issuer: "i", Audience: "a", Algorithms: []string{"none"}}, {Issuer: "i"}, {Audience: "a"},
	} {
		if _, err := auth.NewTokens(o); !errors.Is(err, auth.ErrConfig) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, text := range []string{`{"keys":[{"kty":"oct","k":"AAAA"}]}`, `{}`, `[`} {
		if _, err := auth.ParseKeys([]byte(text)); !errors.Is(err, auth.ErrConfig) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestKeysAreDiscoveredWhenTheFirstTokenComes(t *testing.T) {
	c, i := newClock(), newIssuer(t)
	up, asked := false, 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !up:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.url, "jwks_uri": i.url + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
		default:
			asked++
			_, _ = w.Write(i.set())
		}
	}))
	defer srv.Close()
	i.url = srv.URL
	tokens, err := auth.NewTokens(auth.TokenOptions{Issuer: srv.URL, Audience: "pawl", Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	raw := i.sign(t, i.claims(c, nil))
	if _, err := tokens.Verify(t.Context(), raw); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("an issuer that is down: %v", err)
	}
	up = true
	if _, err := tokens.Verify(t.Context(), raw); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("the issuer is asked again at once: %v", err)
	}
	c.pass(6 * time.Second)
	if who, err := tokens.Verify(t.Context(), raw); err != nil || who.Name != "ann" {
		t.Errorf("%v, %v", who, err)
	}
	// Tokens of strangers do not make the server hammer the issuer, and a new key is found a second later.
	for range 50 {
		if _, err := tokens.Verify(t.Context(), newIssuer(t).sign(t, i.claims(c, nil))); !errors.Is(err, auth.ErrUnauthenticated) {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("the issuer was asked %d times for its keys", asked)
	}
	i.key = newIssuer(t).key
	for range 20 { // the first may still join the last refused question
		c.pass(time.Second)
		if _, err = tokens.Verify(t.Context(), i.sign(t, i.claims(c, nil))); err == nil {
			break
		}
	}
	if err != nil {
		t.Errorf("after a change of keys: %v", err)
	}
}

func TestPasswordsThatWaitDoNotPileUp(t *testing.T) {
	c := newClock()
	text := "ann:" + hash(t, "p")
	p := passwords(t, c, func() string { return text })
	if _, err := p.Verify(t.Context(), "ann", "p"); err != nil {
		t.Fatal(err)
	}
	free := auth.FillQueue(p)
	if _, err := p.Verify(t.Context(), "ann", "wrong"); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a full queue: %v", err)
	}
	if _, err := p.Verify(t.Context(), "ann", "p"); err != nil {
		t.Errorf("who is known waits for nobody: %v", err)
	}
	free()
	if _, err := p.Verify(t.Context(), "ann", "wrong"); !errors.Is(err, auth.ErrUnauthenticated) {
		t.Errorf("an empty queue: %v", err)
	}
}

func TestAGateTakesTheMeansItHasAndNoOther(t *testing.T) {
	c := newClock()
	text := "ann:" + hash(t, "p")
	p := passwords(t, c, func() string { return text })
	peer := []*x509.Certificate{{Subject: pkix.Name{CommonName: "svc"}}}
	header := "Basic " + base64.StdEncoding.EncodeToString([]byte("ann:p"))
	tests := []struct {
		name   string
		gate   auth.Gate
		header string
		peers  []*x509.Certificate
		want   string // empty: refused
	}{
		{"password", auth.Gate{Passwords: p}, header, nil, "ann"},
		{"scheme in another case", auth.Gate{Passwords: p}, strings.Replace(header, "Basic", "bASIC", 1), nil, "ann"},
		{"nothing", auth.Gate{Passwords: p}, "", nil, ""},
		{"no base64", auth.Gate{Passwords: p}, "Basic ???", nil, ""},
		{"no colon", auth.Gate{Passwords: p}, "Basic " + base64.StdEncoding.EncodeToString([]byte("ann")), nil, ""},
		{"token where none are taken", auth.Gate{Passwords: p}, "Bearer x", nil, ""},
		{"certificate", auth.Gate{Certificates: true}, "", peer, "svc"},
		{"certificate where none are taken", auth.Gate{Passwords: p}, "", peer, ""},
		{"certificate without a name", auth.Gate{Certificates: true}, "", []*x509.Certificate{{}}, ""},
		{"a header decides alone", auth.Gate{Passwords: p, Certificates: true}, "Basic " + base64.StdEncoding.EncodeToString([]byte("ann:x")), peer, ""},
	}
	for _, tt := range tests {
		who, err := tt.gate.Identify(t.Context(), tt.header, tt.peers)
		if who.Name != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %+v, %v", tt.name, who, err)
		}
	}
}

func TestAFileIsReadAgainWhenItChangesAndAMistakeChangesNothing(t *testing.T) {
	c := newClock()
	path := filepath.Join(t.TempDir(), "f")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("one")
	f, err := auth.OpenFile(c.Now, slog.New(slog.DiscardHandler), auth.One(func(text []byte) (string, error) {
		if string(text) == "mistake" {
			return "", errors.New("no")
		}
		return string(text), nil
	}), path)
	if err != nil {
		t.Fatal(err)
	}
	want := func(text string) {
		t.Helper()
		if got := f.Value(); got != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
	write("second")
	want("one") // a second has not passed
	c.pass(time.Second)
	want("second")
	write("mistake")
	c.pass(time.Second)
	want("second")
	write("right again")
	c.pass(time.Second)
	want("right again")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	c.pass(time.Second)
	want("right again")
	if _, err := auth.OpenFile(c.Now, slog.New(slog.DiscardHandler), auth.One(auth.ParsePolicy), path); !errors.Is(err, auth.ErrConfig) {
		t.Errorf("a file that is missing: %v", err)
	}
}

func FuzzIdentify(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	i := &issuer{key: key}
	keys, err := auth.ParseKeys(i.set())
	if err != nil {
		f.Fatal(err)
	}
	tokens, err := auth.NewTokens(auth.TokenOptions{Issuer: "i", Audience: "a", Keys: func() []crypto.PublicKey { return keys }})
	if err != nil {
		f.Fatal(err)
	}
	g := &auth.Gate{Tokens: tokens, Certificates: true}
	for _, s := range []string{"", "Bearer", "Bearer x.y.z", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic Og==", "bearer  " + strings.Repeat(".", 50)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if who, err := g.Identify(t.Context(), header, nil); err == nil {
			t.Errorf("%q is %+v", header, who)
		}
	})
}
