package serve

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/auth"
)

// Access is who may call the registry, and how its connections are protected.
type Access struct {
	Means      []string // basic, bearer, certificate; none: everybody may do everything
	Roles      string   // file
	Htpasswd   string   // file
	Issuer     string
	Audience   string
	Keys       string // file; empty: discovered at the issuer
	Algorithms []string
	NameClaim  string
	RolesClaim string

	Cert     string // files, PEM
	Key      string
	ClientCA string
}

func (a *Access) flags(f *pflag.FlagSet) {
	f.StringSliceVar(&a.Means, "auth", nil, "how callers of the registry identify: basic, bearer, certificate, or several of them; by default they do not")
	f.StringVar(&a.Roles, "auth-roles", "", "file (YAML or JSON) that says which roles there are and who has them")
	f.StringVar(&a.Htpasswd, "auth-htpasswd", "", "file of users and bcrypt hashes, as htpasswd -B writes it, for basic")
	f.StringVar(&a.Issuer, "auth-issuer", "", "issuer of the tokens for bearer; its keys are discovered (OpenID Connect)")
	f.StringVar(&a.Audience, "auth-audience", "", "audience that tokens must be for")
	f.StringVar(&a.Keys, "auth-keys", "", "file with a JSON Web Key Set, instead of discovery")
	f.StringSliceVar(&a.Algorithms, "auth-algorithms", []string{"RS256", "ES256"}, "algorithms of tokens that are believed")
	f.StringVar(&a.NameClaim, "auth-name-claim", "sub", "claim of a token that names the caller")
	f.StringVar(&a.RolesClaim, "auth-roles-claim", "roles", "claim of a token that lists roles; dots lead into objects")
	f.StringVar(&a.Cert, "tls-cert", "", "certificate (PEM) of the registry, which then speaks HTTPS; read again when it changes")
	f.StringVar(&a.Key, "tls-key", "", "private key (PEM) of the certificate")
	f.StringVar(&a.ClientCA, "tls-client-ca", "", "authorities (PEM) that client certificates must come from; with --auth certificate alone, every client needs one")
}

func (a *Access) check() error {
	for _, m := range a.Means {
		if m != "basic" && m != "bearer" && m != "certificate" {
			return cli.Usagef("--auth %q: use basic, bearer, certificate, or several of them with commas between", m)
		}
	}
	switch {
	case len(a.Means) > 0 && a.Roles == "":
		return cli.Usagef("--auth needs --auth-roles: whoever is given no role may do nothing")
	case a.has("basic") && a.Htpasswd == "":
		return cli.Usagef("--auth basic needs --auth-htpasswd")
	case a.has("bearer") && (a.Issuer == "" || a.Audience == ""):
		return cli.Usagef("--auth bearer needs --auth-issuer and --auth-audience")
	case a.has("certificate") && a.ClientCA == "":
		return cli.Usagef("--auth certificate needs --tls-client-ca")
	case (a.Cert == "") != (a.Key == ""):
		return cli.Usagef("--tls-cert and --tls-key go together")
	case a.ClientCA != "" && a.Cert == "":
		return cli.Usagef("--tls-client-ca needs --tls-cert")
	case len(a.Means) == 0 && (a.Roles != "" || a.Htpasswd != "" || a.Issuer != "" || a.Keys != ""):
		return cli.Usagef("settings of authentication have no effect without --auth")
	}
	return nil
}

func (a *Access) has(means string) bool { return slices.Contains(a.Means, means) }

// gate opens the files and returns the gate, or nil if everybody may do everything.
func (a *Access) gate(logger *slog.Logger) (*auth.Gate, error) {
	if len(a.Means) == 0 {
		return nil, nil
	}
	roles, err := auth.OpenFile(time.Now, logger, auth.One(auth.ParsePolicy), a.Roles)
	if err != nil {
		return nil, err
	}
	g := &auth.Gate{Certificates: a.has("certificate"), Policy: roles.Value}
	if a.has("basic") {
		users, err := auth.OpenFile(time.Now, logger, auth.One(auth.ParseHashes), a.Htpasswd)
		if err != nil {
			return nil, err
		}
		if g.Passwords, err = auth.NewPasswords(users.Value, time.Now); err != nil {
			return nil, err
		}
	}
	if a.has("bearer") {
		if g.Tokens, err = a.tokens(logger); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (a *Access) tokens(logger *slog.Logger) (*auth.Tokens, error) {
	return openTokens(logger, a.Keys, auth.TokenOptions{
		Issuer: a.Issuer, Audience: a.Audience, Algorithms: a.Algorithms, NameClaim: a.NameClaim, RolesClaim: a.RolesClaim,
	})
}

// openTokens returns a verifier of tokens, whose keys come from a file if one is named.
func openTokens(logger *slog.Logger, file string, o auth.TokenOptions) (*auth.Tokens, error) {
	if file != "" {
		keys, err := auth.OpenFile[[]crypto.PublicKey](time.Now, logger, auth.One(auth.ParseKeys), file)
		if err != nil {
			return nil, err
		}
		o.Keys = keys.Value
	}
	return auth.NewTokens(o)
}

// tls returns how the registry protects its connections, or nil if it does not.
func (a *Access) tls(logger *slog.Logger) (*tls.Config, error) {
	// Where certificates are one means among others, those who have no other need not have one.
	mode := tls.VerifyClientCertIfGiven
	if len(a.Means) == 0 || len(a.Means) == 1 && a.has("certificate") {
		mode = tls.RequireAndVerifyClientCert
	}
	return protect(logger, a.Cert, a.Key, a.ClientCA, mode, "h2", "http/1.1")
}

// protect returns a configuration of TLS whose files (PEM) are read again when they change, or nil without a certificate.
func protect(logger *slog.Logger, cert, key, clientCA string, mode tls.ClientAuthType, protocols ...string) (*tls.Config, error) {
	if cert == "" {
		return nil, nil
	}
	pair, err := auth.OpenFile(time.Now, logger, func(texts [][]byte) (*tls.Certificate, error) {
		c, err := tls.X509KeyPair(texts[0], texts[1])
		return &c, err
	}, cert, key)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     protocols,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return pair.Value(), nil },
	}
	if clientCA == "" {
		return cfg, nil
	}
	authorities, err := auth.OpenFile(time.Now, logger, auth.One(authoritiesOf), clientCA)
	if err != nil {
		return nil, err
	}
	cfg.ClientAuth = mode
	outer := cfg.Clone()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		c := cfg.Clone()
		c.ClientCAs = authorities.Value()
		return c, nil
	}
	return outer, nil
}

func authoritiesOf(text []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fault.New(auth.ErrConfig, "serve", "there is no certificate in it")
	}
	return pool, nil
}

// warn tells an operator who opens a server to a network without a door.
func (c *Config) warn(logger *slog.Logger) {
	if len(c.Access.Means) == 0 && c.Access.ClientCA == "" && !loopback(c.HTTP) {
		logger.Warn("THE REGISTRY IS OPEN: whoever reaches this address may read, change and delete every schema. Set --auth, or listen on 127.0.0.1", "http", c.HTTP)
	}
	if len(c.Access.Means) > 0 && c.Access.Cert == "" && !loopback(c.HTTP) {
		logger.Warn("credentials cross the network in the clear: set --tls-cert and --tls-key, or put a proxy that speaks TLS in front", "http", c.HTTP)
	}
	c.Edge.warn(logger, c.Kafka)
}

// loopback reports whether an address can be reached from this machine alone.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
