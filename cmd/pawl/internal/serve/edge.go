package serve

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/kafka"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/auth"
)

// Edge is who may connect to the broker and what they may do, and how its connections are protected.
type Edge struct {
	Cert     string // files, PEM
	Key      string
	ClientCA string

	SASL           []string // mechanisms; none: clients do not authenticate
	Admin          string   // user:password; never logged
	ACLs           bool
	SuperUsers     []string
	OpenWorld      bool
	PrincipalRules string
	MaxConnections int
	MaxPerHost     int
	Configs        []string // name=value, by Kafka's names
	Issuer         string   // of tokens
	Audience       string
	Keys           string // file; empty: discovered at the issuer
	Algorithms     []string
	NameClaim      string
	MaxSession     time.Duration // 0: no limit
}

const oauthBearer = "OAUTHBEARER"

var mechanisms = []string{"SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN", oauthBearer}

func (e *Edge) flags(f *pflag.FlagSet) {
	f.StringVar(&e.Cert, "kafka-tls-cert", "", "certificate (PEM) of the Kafka listener, which then speaks TLS; read again when it changes")
	f.StringVar(&e.Key, "kafka-tls-key", "", "private key (PEM) of the certificate")
	f.StringVar(&e.ClientCA, "kafka-tls-client-ca", "", "authorities (PEM) that certificates of Kafka clients must come from; without --kafka-sasl every client needs one, and is known by its subject")
	f.StringSliceVar(&e.SASL, "kafka-sasl", nil, "how Kafka clients authenticate: SCRAM-SHA-512, SCRAM-SHA-256, PLAIN, OAUTHBEARER, or several of them; by default they do not. The first user of the former three comes from the variable PAWL_KAFKA_ADMIN (user:password), which is a super user; others through Kafka's API")
	f.BoolVar(&e.ACLs, "kafka-acls", false, "decide by ACLs, which are managed through Kafka's API, what Kafka clients may do")
	f.StringSliceVar(&e.SuperUsers, "kafka-super-users", nil, "principals that ACLs do not bind, such as User:admin")
	f.BoolVar(&e.OpenWorld, "kafka-allow-everyone-if-no-acl", false, "what no ACL names is open to everyone")
	f.StringVar(&e.PrincipalRules, "kafka-principal-rules", "", "how the subject of a client's certificate becomes a name, such as RULE:^CN=([^,]*).*$/$1/, DEFAULT; by default the whole subject")
	f.IntVar(&e.MaxConnections, "kafka-max-connections", 10_000, "Kafka connections at once")
	f.IntVar(&e.MaxPerHost, "kafka-max-connections-per-host", 0, "Kafka connections at once from one address; 0 is as many as all together")
	f.StringSliceVar(&e.Configs, "kafka-config", nil, "configuration of the broker by Kafka's name, NAME=VALUE, such as log.retention.hours=24; may be repeated")
	f.StringVar(&e.Issuer, "kafka-oauth-issuer", "", "issuer of the tokens for OAUTHBEARER; its keys are discovered (OpenID Connect)")
	f.StringVar(&e.Audience, "kafka-oauth-audience", "", "audience that these tokens must be for")
	f.StringVar(&e.Keys, "kafka-oauth-keys", "", "file with a JSON Web Key Set, instead of discovery")
	f.StringSliceVar(&e.Algorithms, "kafka-oauth-algorithms", []string{"RS256", "ES256"}, "algorithms of these tokens that are believed")
	f.StringVar(&e.NameClaim, "kafka-oauth-name-claim", "sub", "claim of a token that names the principal, User:NAME; dots lead into objects")
	f.DurationVar(&e.MaxSession, "kafka-max-session", 0, "how long a client that authenticated is served before it must authenticate anew; 0 is as long as it likes, with OAUTHBEARER as long as its token is good")
}

func (e *Edge) check() error {
	for _, m := range e.SASL {
		if !slices.Contains(mechanisms, m) {
			return cli.Usagef("--kafka-sasl %q: use %s, or several of them with commas between", m, strings.Join(mechanisms, ", "))
		}
	}
	if err := e.checkTokens(); err != nil {
		return err
	}
	user, password, ok := strings.Cut(e.Admin, ":")
	switch {
	case (e.Cert == "") != (e.Key == ""):
		return cli.Usagef("--kafka-tls-cert and --kafka-tls-key go together")
	case e.ClientCA != "" && e.Cert == "":
		return cli.Usagef("--kafka-tls-client-ca needs --kafka-tls-cert")
	case e.Admin != "" && (!ok || user == "" || password == ""):
		return cli.Usagef("PAWL_KAFKA_ADMIN: use USER:PASSWORD")
	case !e.ACLs && (len(e.SuperUsers) > 0 || e.OpenWorld):
		return cli.Usagef("--kafka-super-users and --kafka-allow-everyone-if-no-acl have no effect without --kafka-acls")
	case e.PrincipalRules != "" && e.ClientCA == "":
		return cli.Usagef("--kafka-principal-rules need --kafka-tls-client-ca")
	case e.MaxConnections < 1 || e.MaxPerHost < 0:
		return cli.Usagef("--kafka-max-connections must be at least 1, and --kafka-max-connections-per-host not negative")
	}
	if _, _, err := e.listener(); err != nil {
		return err
	}
	for _, p := range e.SuperUsers {
		if !strings.HasPrefix(p, "User:") || p == "User:" {
			return cli.Usagef("--kafka-super-users %q: use User:NAME", p)
		}
	}
	return nil
}

func (e *Edge) checkTokens() error {
	switch tokens := slices.Contains(e.SASL, oauthBearer); {
	case tokens && (e.Issuer == "" || e.Audience == ""):
		return cli.Usagef("--kafka-sasl OAUTHBEARER needs --kafka-oauth-issuer and --kafka-oauth-audience")
	case !tokens && (e.Issuer != "" || e.Audience != "" || e.Keys != ""):
		return cli.Usagef("the settings --kafka-oauth-... have no effect without --kafka-sasl OAUTHBEARER")
	case e.MaxSession < 0:
		return cli.Usagef("--kafka-max-session %s: it cannot be negative", e.MaxSession)
	case e.MaxSession > 0 && len(e.SASL) == 0:
		return cli.Usagef("--kafka-max-session has no effect without --kafka-sasl")
	}
	return nil
}

// configs reads the configurations by Kafka's names.
func (e *Edge) configs() (map[string]string, error) {
	all := make(map[string]string)
	for _, pair := range e.Configs {
		name, value, ok := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch _, twice := all[name]; {
		case !ok || name == "":
			return nil, cli.Usagef("--kafka-config %q: use NAME=VALUE, such as log.retention.hours=24", pair)
		case twice:
			return nil, cli.Usagef("--kafka-config has %s twice", name)
		}
		all[name] = value
	}
	return all, nil
}

// listener returns the options of the Kafka listener, and the configurations that are the broker's.
func (e *Edge) listener() (opts kafka.Options, rest map[string]string, err error) {
	configs, err := e.configs()
	if err != nil {
		return opts, nil, err
	}
	opts.MaxConnections, opts.MaxPerHost = e.MaxConnections, e.MaxPerHost
	if rest, err = opts.Configure(configs); err == nil {
		err = broker.CheckConfigs(rest)
	}
	if err != nil {
		return opts, nil, cli.Usagef("--kafka-config: %s", fault.DetailOf(err))
	}
	return opts, rest, nil
}

// open opens the users, ACLs and quotas of a broker.
func (e *Edge) open(ctx context.Context, b *broker.Broker, logger *slog.Logger) (*kafka.Access, error) {
	super := slices.Clone(e.SuperUsers)
	user, password, _ := strings.Cut(e.Admin, ":")
	if user != "" {
		super = append(super, "User:"+user)
	}
	tokens, err := e.tokens(logger)
	if err != nil {
		return nil, err
	}
	a, err := kafka.OpenAccess(ctx, b, kafka.AccessOptions{
		SASL: e.SASL, Tokens: tokens, MaxSession: e.MaxSession, Authorize: e.ACLs, SuperUsers: super, OpenWorld: e.OpenWorld, PrincipalRules: e.PrincipalRules, Logger: logger,
	})
	if err != nil || user == "" {
		return a, err
	}
	return a, a.SetPassword(ctx, user, password)
}

// tokens returns who believes tokens, or nil.
func (e *Edge) tokens(logger *slog.Logger) (kafka.Verifier, error) {
	if !slices.Contains(e.SASL, oauthBearer) {
		return nil, nil
	}
	return openTokens(logger, e.Keys, auth.TokenOptions{Issuer: e.Issuer, Audience: e.Audience, Algorithms: e.Algorithms, NameClaim: e.NameClaim})
}

// protect puts TLS around the listener, if it is asked for.
func (e *Edge) protect(l net.Listener, logger *slog.Logger) (net.Listener, error) {
	mode := tls.RequireAndVerifyClientCert
	if len(e.SASL) > 0 {
		mode = tls.VerifyClientCertIfGiven
	}
	cfg, err := protect(logger, e.Cert, e.Key, e.ClientCA, mode)
	if err != nil || cfg == nil {
		return l, err
	}
	return tls.NewListener(l, cfg), nil
}

// warn tells an operator who opens a broker to a network without a door.
func (e *Edge) warn(logger *slog.Logger, addr string) {
	if passwords := slices.ContainsFunc(e.SASL, func(m string) bool { return m != oauthBearer }); passwords && e.Admin == "" {
		logger.Info("Kafka clients must authenticate; where there are no users yet, PAWL_KAFKA_ADMIN (user:password) makes the first")
	}
	switch {
	case loopback(addr):
	case len(e.SASL) == 0 && e.ClientCA == "":
		logger.Warn("THE BROKER IS OPEN: its listener does not identify clients. Set --kafka-sasl or --kafka-tls-client-ca, or keep it inside a network that you trust", "kafka", addr)
	case !e.ACLs:
		logger.Warn("every user may do everything on the broker: set --kafka-acls to decide who may do what", "kafka", addr)
	}
	if !loopback(addr) && len(e.SASL) > 0 && e.Cert == "" {
		logger.Warn("connections to the broker are not encrypted, and PLAIN passwords and tokens cross the network in the clear: set --kafka-tls-cert and --kafka-tls-key", "kafka", addr)
	}
}
