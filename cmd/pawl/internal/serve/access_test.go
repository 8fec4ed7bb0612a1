package serve_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/formats"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/serve"
)

// authority signs certificates for a test.
type authority struct {
	key    *ecdsa.PrivateKey
	cert   *x509.Certificate
	serial int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.key, a.cert = a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "ca"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) sign(t *testing.T, c *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.serial++
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(a.serial), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, made
}

func file(t *testing.T, path string, text []byte) string {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// server writes a new certificate for this machine into a folder.
func (a *authority) server(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	k, c := a.sign(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	key = file(t, filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return file(t, filepath.Join(dir, "cert.pem"), pemOf(c)), key
}

// client returns a client that believes the authority, with a certificate for name unless that is empty.
func (a *authority) client(t *testing.T, name string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	cfg := &tls.Config{RootCAs: pool}
	if name != "" {
		k, c := a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		cfg.Certificates = []tls.Certificate{{Certificate: [][]byte{c.Raw}, PrivateKey: k}}
	}
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: cfg, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// ask returns the status of a GET and the serial number of the server's certificate; 0 if the connection fails.
func ask(t *testing.T, c *http.Client, url, user, password string) (status int, serial int64) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	res, err := c.Do(r)
	if err != nil {
		return 0, 0
	}
	defer res.Body.Close()
	return res.StatusCode, res.TLS.PeerCertificates[0].SerialNumber.Int64()
}

// guarded returns a configuration with users ann (by password) and svc (by certificate), of whom both may read.
func guarded(t *testing.T, ca *authority) serve.Config {
	t.Helper()
	dir := t.TempDir()
	h, err := bcrypt.GenerateFromPassword([]byte("p"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(t)
	cert, key := ca.server(t, dir)
	cfg.Access = serve.Access{
		Means: []string{"basic", "certificate"}, Cert: cert, Key: key,
		Roles:    file(t, filepath.Join(dir, "roles.yaml"), []byte("roles: {r: [{subjects: ['*'], rights: [read]}]}\nmembers: {ann: [r], svc: [r]}\n")),
		Htpasswd: file(t, filepath.Join(dir, "users"), append([]byte("ann:"), h...)),
		ClientCA: file(t, filepath.Join(dir, "ca.pem"), pemOf(ca.cert)),
	}
	return cfg
}

func TestCallersIdentifyByPasswordOrCertificateOverTLS(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	s := start(t, guarded(t, ca))
	plain, svc, other := ca.client(t, ""), ca.client(t, "svc"), ca.client(t, "other")
	foreign := ca.client(t, "")
	foreign.Transport.(*http.Transport).TLSClientConfig.Certificates = stranger.client(t, "svc").Transport.(*http.Transport).TLSClientConfig.Certificates
	foreign.Transport.(*http.Transport).TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &foreign.Transport.(*http.Transport).TLSClientConfig.Certificates[0], nil // sent although the server did not ask for its authority
	}
	tests := []struct {
		name           string
		client         *http.Client
		user, password string
		path           string
		want           int
	}{
		{"password", plain, "ann", "p", "/subjects/s/versions", 404},
		{"wrong password", plain, "ann", "x", "/subjects/s/versions", 401},
		{"nothing", plain, "", "", "/subjects", 401},
		{"certificate", svc, "", "", "/subjects/s/versions", 404},
		{"certificate of somebody without a role", other, "", "", "/subjects/s/versions", 403},
		{"certificate of another authority", foreign, "", "", "/subjects", 0},
		{"health", plain, "", "", "/health/live", 200},
		{"numbers", plain, "ann", "p", "/metrics", 403},
	}
	for _, tt := range tests {
		if got, _ := ask(t, tt.client, s.URL+tt.path, tt.user, tt.password); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
	if res, err := http.Get("http://" + s.HTTP + "/subjects"); err == nil {
		res.Body.Close()
		if res.StatusCode < 400 {
			t.Errorf("plain HTTP is answered: %d", res.StatusCode)
		}
	}
}

func TestWhereCertificatesAreTheOnlyMeansNobodyConnectsWithoutOne(t *testing.T) {
	ca := newAuthority(t)
	cfg := guarded(t, ca)
	cfg.Access.Means, cfg.Access.Htpasswd = []string{"certificate"}, ""
	s := start(t, cfg)
	if got, _ := ask(t, ca.client(t, ""), s.URL+"/health/live", "", ""); got != 0 {
		t.Errorf("without a certificate: %d", got)
	}
	if got, _ := ask(t, ca.client(t, "svc"), s.URL+"/subjects/s/versions", "", ""); got != 404 {
		t.Errorf("with a certificate: %d", got)
	}
}

func TestACertificateIsReadAgainWhenItsFilesChange(t *testing.T) {
	ca := newAuthority(t)
	cfg := guarded(t, ca)
	s := start(t, cfg)
	c := ca.client(t, "")
	_, first := ask(t, c, s.URL+"/health/live", "", "")
	ca.server(t, filepath.Dir(cfg.Access.Cert))
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if status, serial := ask(t, c, s.URL+"/health/live", "", ""); serial != first {
			if status != 200 {
				t.Fatalf("status %d", status)
			}
			return
		}
	}
	t.Error("the new certificate is not served")
}

func TestAStartWithABadFileNamesIt(t *testing.T) {
	ca := newAuthority(t)
	for name, spoil := range map[string]func(a *serve.Access) string{
		"roles":    func(a *serve.Access) string { return a.Roles },
		"users":    func(a *serve.Access) string { return a.Htpasswd },
		"cert.pem": func(a *serve.Access) string { return a.Cert },
		"ca.pem":   func(a *serve.Access) string { return a.ClientCA },
	} {
		cfg := guarded(t, ca)
		file(t, spoil(&cfg.Access), []byte("nonsense"))
		s, err := serve.Start(t.Context(), cfg, formats.All(), slog.New(slog.DiscardHandler))
		if err == nil {
			stop(t, s)
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnOpenServerIsWarnedOf(t *testing.T) {
	for _, tt := range []struct {
		http  string
		means []string
		cert  string
		want  string // empty: no warning
	}{
		{"127.0.0.1:8081", nil, "", ""},
		{"[::1]:8081", nil, "", ""},
		{"localhost:8081", nil, "", ""},
		{":8081", nil, "", "THE REGISTRY IS OPEN"},
		{"0.0.0.0:8081", nil, "", "THE REGISTRY IS OPEN"},
		{"10.1.2.3:8081", []string{"basic"}, "", "in the clear"},
		{"10.1.2.3:8081", []string{"basic"}, "c", ""},
	} {
		var log bytes.Buffer
		cfg := serve.Config{HTTP: tt.http, Kafka: "127.0.0.1:9092", Access: serve.Access{Means: tt.means, Cert: tt.cert}}
		serve.Warn(&cfg, slog.New(slog.NewTextHandler(&log, nil)))
		if got := log.String(); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}
