package kafka_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/oauth"

	"github.com/pawl-registry/pawl/broker/kafka"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/auth"
)

// movable is a time that the test moves.
type movable struct {
	mu  sync.Mutex
	now time.Time
}

func (m *movable) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *movable) pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

// issuer believes tokens of the form NAME/LIFETIME; the token "later" makes it wait for a better day.
type issuer struct{ clock *movable }

func (i issuer) Verify(_ context.Context, token string) (auth.Principal, error) {
	if token == "later" {
		return auth.Principal{}, fault.New(auth.ErrUnavailable, "test", "not now")
	}
	name, lifetime, ok := strings.Cut(token, "/")
	d, err := time.ParseDuration(lifetime)
	if !ok || err != nil {
		return auth.Principal{}, fault.New(auth.ErrUnauthenticated, "test", "no such token")
	}
	return auth.Principal{Name: name, Expires: i.clock.Now().Add(d)}, nil
}

func bearers(t *testing.T, opts kafka.AccessOptions) (guarded, *movable) {
	clock := &movable{now: noonToday}
	opts.SASL = append([]string{"OAUTHBEARER"}, opts.SASL...)
	opts.Tokens, opts.Clock = issuer{clock}, clock.Now
	return guard(t, opts, nil, kafka.Options{}), clock
}

var noonToday = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func handshake(t *testing.T, nc net.Conn, mechanism string) int16 {
	t.Helper()
	return askOn(t, nc, &kmsg.SASLHandshakeRequest{Version: 1, Mechanism: mechanism}).(*kmsg.SASLHandshakeResponse).ErrorCode
}

func authenticate(t *testing.T, nc net.Conn, text string) *kmsg.SASLAuthenticateResponse {
	t.Helper()
	return askOn(t, nc, &kmsg.SASLAuthenticateRequest{Version: 2, SASLAuthBytes: []byte(text)}).(*kmsg.SASLAuthenticateResponse)
}

// whole is a good first message with a token.
func whole(token string) string { return "n,,\x01auth=Bearer " + token + "\x01\x01" }

// over reports whether the server has closed the connection.
func over(nc net.Conn) bool {
	n, err := nc.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF)
}

func topics(t *testing.T, nc net.Conn) {
	t.Helper()
	askOn(t, nc, &kmsg.MetadataRequest{Version: 7})
}

func TestTokensOpenASession(t *testing.T) {
	g, _ := bearers(t, kafka.AccessOptions{})
	for name, text := range map[string]string{
		"plain":                whole("ann/1h"),
		"authorization id":     "n,a=ann,\x01auth=Bearer ann/1h\x01\x01",
		"escaped name":         "n,a=a=2Cb=3Dc,\x01auth=Bearer a,b=c/1h\x01\x01",
		"extensions":           "n,,\x01traceId=1\x01auth=bearer ann/1h\x01logicalCluster=a=b\x01\x01",
		"case of the scheme":   "n,,\x01auth=bEaReR ann/1h\x01\x01",
		"spaces after a token": "n,,\x01auth=Bearer  ann/1h \x01\x01",
	} {
		t.Run(name, func(t *testing.T) {
			nc := dial(t, g.addr)
			if code := handshake(t, nc, "OAUTHBEARER"); code != 0 {
				t.Fatalf("handshake: error %d", code)
			}
			r := authenticate(t, nc, text)
			if r.ErrorCode != 0 || len(r.SASLAuthBytes) != 0 || r.SessionLifetimeMillis != time.Hour.Milliseconds() {
				t.Fatalf("error %d, %q, lifetime %d ms", r.ErrorCode, r.SASLAuthBytes, r.SessionLifetimeMillis)
			}
			topics(t, nc)
		})
	}
}

// A client hears of a bad token as RFC 7628 wants it, acknowledges that, and is told that it failed.
func TestABadTokenIsChallenged(t *testing.T) {
	g, _ := bearers(t, kafka.AccessOptions{})
	for name, text := range map[string]string{
		"unknown": whole("wrong-secret"), "of somebody else": "n,a=bob,\x01auth=Bearer ann/1h\x01\x01", "of nobody": whole("/1h"),
	} {
		t.Run(name, func(t *testing.T) {
			nc := dial(t, g.addr)
			handshake(t, nc, "OAUTHBEARER")
			if r := authenticate(t, nc, text); r.ErrorCode != 0 || string(r.SASLAuthBytes) != `{"status":"invalid_token"}` || r.SessionLifetimeMillis != 0 {
				t.Fatalf("error %d, %q", r.ErrorCode, r.SASLAuthBytes)
			}
			if r := authenticate(t, nc, "\x01"); r.ErrorCode != kerr.SaslAuthenticationFailed.Code {
				t.Errorf("error %d", r.ErrorCode)
			}
			if !over(nc) {
				t.Error("the connection goes on")
			}
		})
	}
	nc := dial(t, g.addr)
	handshake(t, nc, "OAUTHBEARER")
	authenticate(t, nc, whole("wrong-secret"))
	if _, err := nc.Write(frame(&kmsg.MetadataRequest{Version: 7}, 1)); err != nil || !over(nc) {
		t.Error("a session is open that was challenged")
	}
}

func TestMalformedTokenMessagesAreRefusedAtOnce(t *testing.T) {
	g, _ := bearers(t, kafka.AccessOptions{})
	for _, text := range []string{
		"", "n", "n,,", "n,,\x01\x01", "n,,\x01auth=Bearer ann/1h", "n,,\x01auth=Bearer ann/1h\x01", "y,,\x01auth=Bearer ann/1h\x01\x01",
		"p=tls-unique,,\x01auth=Bearer ann/1h\x01\x01", "n,b=ann,\x01auth=Bearer ann/1h\x01\x01", "n,a=,\x01auth=Bearer ann/1h\x01\x01",
		"n,a=a=2,\x01auth=Bearer ann/1h\x01\x01", "n,,\x01auth=Basic ann/1h\x01\x01", "n,,\x01auth=Bearer\x01\x01", "n,,\x01auth\x01\x01",
		"n,,\x01auth=Bearer ann/1h\x01auth=Bearer ann/1h\x01\x01", "n,,\x01=x\x01auth=Bearer ann/1h\x01\x01", "n,,\x01\x01auth=Bearer ann/1h\x01\x01",
	} {
		nc := dial(t, g.addr)
		handshake(t, nc, "OAUTHBEARER")
		if r := authenticate(t, nc, text); r.ErrorCode != kerr.SaslAuthenticationFailed.Code || !over(nc) {
			t.Errorf("%q: error %d, %q", text, r.ErrorCode, r.SASLAuthBytes)
		}
	}
}

// Clients do not try again after a refusal, but do after a connection that broke.
func TestAnIssuerThatDoesNotAnswerIsNoRefusal(t *testing.T) {
	g, _ := bearers(t, kafka.AccessOptions{})
	nc := dial(t, g.addr)
	handshake(t, nc, "OAUTHBEARER")
	if _, err := nc.Write(frame(&kmsg.SASLAuthenticateRequest{Version: 2, SASLAuthBytes: []byte(whole("later"))}, 1)); err != nil || !over(nc) {
		t.Error("the connection goes on")
	}
}

func TestASessionEndsWithItsTokenUnlessItIsRenewed(t *testing.T) {
	g, clock := bearers(t, kafka.AccessOptions{SASL: []string{"SCRAM-SHA-256"}})
	begin := func() net.Conn {
		nc := dial(t, g.addr)
		handshake(t, nc, "OAUTHBEARER")
		if r := authenticate(t, nc, whole("ann/10m")); r.ErrorCode != 0 {
			t.Fatalf("error %d", r.ErrorCode)
		}
		return nc
	}
	renew := func(nc net.Conn, token string) *kmsg.SASLAuthenticateResponse {
		t.Helper()
		if code := handshake(t, nc, "OAUTHBEARER"); code != 0 {
			t.Fatalf("handshake: error %d", code)
		}
		return authenticate(t, nc, whole(token))
	}
	silent, renewed, late, other, bad := begin(), begin(), begin(), begin(), begin()
	clock.pass(9 * time.Minute)
	if r := renew(renewed, "ann/20m"); r.ErrorCode != 0 || r.SessionLifetimeMillis != 20*time.Minute.Milliseconds() {
		t.Errorf("error %d, lifetime %d ms", r.ErrorCode, r.SessionLifetimeMillis)
	}
	if code := handshake(t, other, "SCRAM-SHA-256"); code != kerr.UnsupportedSaslMechanism.Code {
		t.Errorf("another mechanism: error %d", code)
	}
	if r := renew(other, "bob/20m"); r.ErrorCode != kerr.SaslAuthenticationFailed.Code || !over(other) {
		t.Errorf("another principal: error %d", r.ErrorCode)
	}
	renew(bad, "wrong-secret")
	if r := authenticate(t, bad, "\x01"); r.ErrorCode != kerr.SaslAuthenticationFailed.Code || !over(bad) {
		t.Errorf("a bad token: error %d", r.ErrorCode)
	}
	topics(t, silent)
	clock.pass(time.Minute)
	topics(t, renewed)
	if _, err := silent.Write(frame(&kmsg.MetadataRequest{Version: 7}, 1)); err != nil || !over(silent) {
		t.Error("a session outlives its token")
	}
	if r := renew(late, "ann/1h"); r.ErrorCode != 0 { // its client was quick enough to be asked for nothing else meanwhile
		t.Errorf("error %d", r.ErrorCode)
	}
	topics(t, late)
}

func TestSessionsOfEveryMechanismCanBeBounded(t *testing.T) {
	g, clock := bearers(t, kafka.AccessOptions{SASL: []string{"PLAIN"}, MaxSession: time.Minute})
	for mechanism, text := range map[string]string{"PLAIN": "\x00root\x00root-secret", "OAUTHBEARER": whole("ann/1h")} {
		nc := dial(t, g.addr)
		handshake(t, nc, mechanism)
		if r := authenticate(t, nc, text); r.ErrorCode != 0 || r.SessionLifetimeMillis != time.Minute.Milliseconds() {
			t.Fatalf("%s: error %d, lifetime %d ms", mechanism, r.ErrorCode, r.SessionLifetimeMillis)
		}
		clock.pass(59 * time.Second)
		handshake(t, nc, mechanism)
		if r := authenticate(t, nc, text); r.ErrorCode != 0 {
			t.Fatalf("%s is not renewed: error %d", mechanism, r.ErrorCode)
		}
		clock.pass(59 * time.Second)
		topics(t, nc)
		clock.pass(time.Second)
		if _, err := nc.Write(frame(&kmsg.MetadataRequest{Version: 7}, 1)); err != nil || !over(nc) {
			t.Errorf("%s: the session goes on", mechanism)
		}
	}
}

func TestRightsBelongToTheNameInTheToken(t *testing.T) {
	g, _ := bearers(t, kafka.AccessOptions{SASL: []string{"SCRAM-SHA-512"}, Authorize: true})
	if _, err := g.root(t).CreateTopic(deadline(t), 1, 1, nil, "t"); err != nil {
		t.Fatal(err)
	}
	acls := kadm.NewACLs().Topics("t").Operations(kadm.OpWrite, kadm.OpDescribe).Allow("User:ann").ResourcePatternType(kadm.ACLPatternLiteral)
	if _, err := g.root(t).CreateACLs(deadline(t), acls); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]error{"ann": nil, "bob": kerr.TopicAuthorizationFailed} {
		c := client(t, g.addr, kgo.SASL(oauth.Auth{Token: name + "/1h"}.AsMechanism()))
		if err := c.ProduceSync(deadline(t), &kgo.Record{Topic: "t", Value: []byte("v")}).FirstErr(); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

func TestTokensNeedAnIssuer(t *testing.T) {
	g, _ := bearers(t, kafka.AccessOptions{})
	if _, err := kafka.OpenAccess(t.Context(), g.broker, kafka.AccessOptions{SASL: []string{"OAUTHBEARER"}}); err == nil {
		t.Error("OAUTHBEARER without anybody who believes tokens")
	}
}
