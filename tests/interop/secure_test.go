package interop

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	"github.com/golang-jwt/jwt/v5"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/sr"
	"golang.org/x/crypto/bcrypt"
)

// fortress is a pawl with everything on: TLS on both listeners, passwords and tokens for the registry, SASL and ACLs for Kafka.
type fortress struct {
	place
	key *ecdsa.PrivateKey // signs tokens
}

const (
	tokenIssuer   = "https://issuer.example"
	tokenAudience = "pawl"
)

// secured starts one for the tests that need it; it ends with the last of them.
func secured(t *testing.T) *fortress {
	t.Helper()
	f := &fortress{place: place{User: "ann", Password: "a long: password", Mechanism: "SCRAM-SHA-512"}}
	dir := t.TempDir()
	f.certify(t, dir)
	var err error
	if f.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(f.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"users": f.User + ":" + string(hash) + "\n",
		"roles": "roles:\n  team:\n    - {subjects: [\"*\"], rights: [admin]}\n  reader:\n    - {subjects: [\"*\"], rights: [read]}\nmembers:\n  ann: [team]\n",
		"keys":  f.keys(t),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	log, stop, err := f.serve(in("data"), "--tls-cert", in("cert.pem"), "--tls-key", in("key.pem"), "--auth", "basic,bearer",
		"--auth-htpasswd", in("users"), "--auth-roles", in("roles"), "--auth-keys", in("keys"), "--auth-issuer", tokenIssuer, "--auth-audience", tokenAudience,
		"--kafka-tls-cert", in("cert.pem"), "--kafka-tls-key", in("key.pem"), "--kafka-sasl", "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN", "--kafka-acls")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("the secured server said:\n%s", log)
		}
	})
	return f
}

// with is the place for one mechanism of SASL.
func (f *fortress) with(mechanism string) *place {
	p := f.place
	p.Mechanism = mechanism
	return &p
}

// certify makes an authority and a certificate of 127.0.0.1 that it signed.
func (f *fortress) certify(t *testing.T, dir string) {
	t.Helper()
	issue := func(of, by *x509.Certificate, key, signer *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, of, by, key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	caKey, key := newKey(), newKey()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, SubjectKeyId: []byte{1},
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "pawl"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, AuthorityKeyId: []byte{1},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	caDER, leafDER := issue(ca, ca, caKey, caKey), issue(leaf, ca, key, caKey)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.pem": {Type: "CERTIFICATE", Bytes: caDER}, "cert.pem": {Type: "CERTIFICATE", Bytes: leafDER}, "key.pem": {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(caDER)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	f.CA, f.trust = filepath.Join(dir, "ca.pem"), &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// keys is the set of keys that tokens are checked with.
func (f *fortress) keys(t *testing.T) string {
	t.Helper()
	point, err := f.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	part := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	set, err := json.Marshal(map[string]any{"keys": []map[string]string{{"kty": "EC", "crv": "P-256", "kid": "k", "alg": "ES256", "use": "sig", "x": part(point[1:33]), "y": part(point[33:])}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(set)
}

// bearing is the place for a caller with a token of a role.
func (f *fortress) bearing(t *testing.T, role string, expires time.Duration) *place {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": tokenIssuer, "aud": tokenAudience, "sub": "a-service", "roles": []string{role}, "exp": time.Now().Add(expires).Unix(),
	})
	token.Header["kid"] = "k"
	p := f.place
	var err error
	if p.token, err = token.SignedString(f.key); err != nil {
		t.Fatal(err)
	}
	return &p
}

// With authentication and TLS on, each party still reads what the others wrote: each format over another mechanism of SASL.
func TestSecuredPartiesReadWhatTheOthersWrote(t *testing.T) {
	t.Parallel()
	f := secured(t)
	for format, mechanism := range map[format]string{avroFormat: "SCRAM-SHA-256", protobufFormat: "SCRAM-SHA-512", jsonFormat: "PLAIN"} {
		on := f.with(mechanism)
		all := parties(patient(t), t, on)
		for writer := range all {
			t.Run(mechanism+"/"+string(format)+"/"+writer, func(t *testing.T) { cross(t, on, format, writer, all) })
		}
	}
	for _, client := range foreigns {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"} {
			t.Run(mechanism+"/"+client.name, func(t *testing.T) { thereAndBack(t, client, f.with(mechanism)) })
		}
	}
}

// Tokens open the registry to the clients that bear them, as far as their roles reach and as long as they are good.
func TestSecuredBearers(t *testing.T) {
	t.Parallel()
	f := secured(t)
	on := f.bearing(t, "team", time.Hour)
	all := map[string]party{"confluent": confluent{on}, "franz": franz{on}, "pawl": pawl{on}}
	for writer := range all {
		t.Run(writer, func(t *testing.T) { cross(t, on, avroFormat, writer, all) })
	}
	ctx := testContext(t)
	for name, tt := range map[string]struct {
		on   *place
		code int
	}{
		"expired":             {f.bearing(t, "team", -time.Hour), 401},
		"a role too small":    {f.bearing(t, "reader", time.Hour), 403},
		"a role of no rights": {f.bearing(t, "nobody", time.Hour), 403},
	} {
		t.Run(name, func(t *testing.T) { refusesToRegister(ctx, t, tt.on, tt.code) })
	}
}

// refusesToRegister registers with both clients, which must be told the code.
func refusesToRegister(ctx context.Context, t *testing.T, on *place, code int) {
	t.Helper()
	wantCode(t, code, func() error {
		_, err := confluent{on}.registry(t).Register("refused", schemaregistry.SchemaInfo{Schema: `"string"`}, false)
		return err
	})
	_, err := franz{on}.registry(t).CreateSchema(ctx, "refused", sr.Schema{Schema: `"string"`})
	var refused *sr.ResponseError
	if !errors.As(err, &refused) || refused.ErrorCode != code {
		t.Errorf("franz-go: %v, want error %d", err, code)
	}
}

// A wrong password opens nothing, and neither client talks to a server that it has no reason to trust.
func TestSecuredRefusals(t *testing.T) {
	t.Parallel()
	f := secured(t)
	ctx := testContext(t)
	wrong := f.with("SCRAM-SHA-512")
	wrong.Password = "another"
	refusesToRegister(ctx, t, wrong, 401)
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"} {
		wrong.Mechanism = mechanism
		if _, err := kadm.NewClient(wrong.kgo(t)).ListTopics(ctx); !errors.Is(err, kerr.SaslAuthenticationFailed) {
			t.Errorf("franz-go with %s: %v, want that authentication failed", mechanism, err)
		}
		if code := librdkafkaError(t, wrong); code != kafka.ErrAuthentication {
			t.Errorf("librdkafka with %s: %v, want that authentication failed", mechanism, code)
		}
	}
	stranger := *f.with("PLAIN")
	stranger.CA, stranger.trust = filepath.Join(t.TempDir(), "ca.pem"), &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	other := &fortress{}
	other.certify(t, filepath.Dir(stranger.CA))
	if code := librdkafkaError(t, &stranger); code != kafka.ErrSsl && code != kafka.ErrTransport {
		t.Errorf("librdkafka with another authority: %v, want that the connection fails", code)
	}
	var unknown x509.UnknownAuthorityError
	if _, err := (franz{&stranger}).registry(t).Subjects(ctx); !errors.As(err, &unknown) {
		t.Errorf("franz-go with another authority: %v", err)
	}
	if _, err := (confluent{&stranger}).registry(t).GetAllSubjects(); err == nil {
		t.Error("Confluent's client trusts another authority")
	}
}

// librdkafkaError returns the first error that a client meets on its way in.
func librdkafkaError(t *testing.T, on *place) kafka.ErrorCode {
	t.Helper()
	p, err := kafka.NewProducer(on.librdkafka(kafka.ConfigMap{}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	late := time.After(time.Minute)
	for {
		select {
		case e := <-p.Events():
			if k, ok := e.(kafka.Error); ok && k.Code() != kafka.ErrAllBrokersDown {
				return k.Code()
			}
		case <-late:
			return kafka.ErrNoError
		}
	}
}
