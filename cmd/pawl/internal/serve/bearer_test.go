package serve_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/formats"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/serve"
)

// issuer is a server that others trust to sign tokens (OpenID Connect).
type issuer struct {
	*httptest.Server
	key *ecdsa.PrivateKey
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{key: key}
	public := must(key.PublicKey.Bytes()) // 4, x, y
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}}
		if r.URL.Path == "/keys" {
			answer = map[string]any{"keys": []any{map[string]any{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "1", "x": encoded(public[1:33]), "y": encoded(public[33:])}}}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(i.Close)
	return i
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// token signs claims, by a key that may be another issuer's.
func (i *issuer) token(key *ecdsa.PrivateKey, claims map[string]any) string {
	all := map[string]any{"iss": i.URL, "aud": "kafka", "sub": "id-7", "login": map[string]any{"name": "ann"}, "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range claims {
		all[name] = value
	}
	text := encoded([]byte(`{"alg":"ES256","kid":"1"}`)) + "." + encoded(must(json.Marshal(all)))
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + encoded(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// lines is a log that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestKafkaClientsAuthenticateWithTokensOfAnIssuer(t *testing.T) {
	i, stranger := newIssuer(t), newIssuer(t)
	cfg := config(t)
	cfg.Edge = serve.Edge{
		SASL: []string{"OAUTHBEARER", "SCRAM-SHA-512"}, Admin: "root:a-secret", ACLs: true, MaxConnections: 100,
		Issuer: i.URL, Audience: "kafka", Algorithms: []string{"ES256"}, NameClaim: "login.name",
	}
	var log lines
	s, err := serve.Start(t.Context(), cfg, formats.All(), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	dial := func(opts ...kgo.Opt) *kgo.Client {
		c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(s.Kafka), kgo.RecordDeliveryTimeout(20*time.Second))...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	root := kadm.NewClient(dial(kgo.SASL(scram.Auth{User: "root", Pass: "a-secret"}.AsSha512Mechanism())))
	mode := "id"
	if _, err := root.CreateTopic(t.Context(), 1, 1, map[string]*string{"pawl.value.schema.validation.mode": &mode}, "t"); err != nil {
		t.Fatal(err)
	}
	if _, err := root.CreateACLs(t.Context(), kadm.NewACLs().Topics("t").Operations(kadm.OpWrite, kadm.OpDescribe).Allow("User:ann").ResourcePatternType(kadm.ACLPatternLiteral)); err != nil {
		t.Fatal(err)
	}
	produce := func(token string) error {
		return dial(kgo.SASL(oauth.Auth{Token: token}.AsMechanism())).ProduceSync(t.Context(), &kgo.Record{Topic: "t"}).FirstErr()
	}
	if err := produce(i.token(i.key, nil)); err != nil {
		t.Errorf("a good token: %v", err)
	}
	if err := produce(i.token(i.key, map[string]any{"login": map[string]any{"name": "bob"}})); err == nil || !strings.Contains(err.Error(), kerr.TopicAuthorizationFailed.Message) {
		t.Errorf("somebody else: %v", err)
	}
	for name, token := range map[string]string{
		"signed by a stranger": i.token(stranger.key, nil),
		"for something else":   i.token(i.key, map[string]any{"aud": "registry"}),
		"of another issuer":    i.token(i.key, map[string]any{"iss": stranger.URL}),
		"too old":              i.token(i.key, map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}),
		"of nobody":            i.token(i.key, map[string]any{"login": "ann"}),
		"no token":             "ann",
	} {
		c := dial(kgo.SASL(oauth.Auth{Token: token}.AsMechanism()), kgo.RequestRetries(0))
		if _, err := c.Request(t.Context(), kmsg.NewPtrMetadataRequest()); err == nil {
			t.Errorf("a token %s is believed", name)
		}
	}
	// The log of refusals says whom the token stands for.
	c := dial(kgo.SASL(oauth.Auth{Token: i.token(i.key, nil)}.AsMechanism()))
	if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Value: []byte("x")}).FirstErr(); err == nil {
		t.Error("a bad record is taken")
	}
	if got := log.String(); !strings.Contains(got, `msg="batch rejected" topic=t partition=0 record=0 records=1 principal=User:ann client=kgo address=127.0.0.1`) {
		t.Errorf("the log says %s", got)
	}
}
