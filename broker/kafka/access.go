package kafka

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/acl"
	"github.com/pawl-registry/pawl/internal/quota"
	"github.com/pawl-registry/pawl/internal/scram"
)

// AccessOptions say who may do what. The zero value lets everyone do everything.
type AccessOptions struct {
	SASL           []string         // mechanisms of which each connection must use one; empty: none is asked for
	Tokens         Verifier         // for OAUTHBEARER; nil: there is no such mechanism
	MaxSession     time.Duration    // after which a client must authenticate anew (connections.max.reauth.ms); 0: it need not, but with a new token in time
	Authorize      bool             // decide by ACLs
	SuperUsers     []string         // principals that ACLs do not bind, such as User:admin
	OpenWorld      bool             // what no ACL names is open to everyone (allow.everyone.if.no.acl.found)
	PrincipalRules string           // how the subject of a certificate becomes a name; empty: the whole subject (see internal/acl)
	FailureDelay   time.Duration    // from an attempt to authenticate to the answer that it failed; 0: 100 milliseconds
	Random         io.Reader        // nil: crypto/rand
	Clock          func() time.Time // that sessions end by; nil: time.Now
	Logger         *slog.Logger     // nil: slog.Default
}

// Access holds the users, ACLs and quotas of a broker, which are settings of it. Servers of one broker share one Access.
type Access struct {
	opts    AccessOptions
	broker  *broker.Broker
	policy  acl.Policy
	rules   acl.Rules
	sasl    scram.Server
	slots   chan struct{} // passwords being hashed at once
	meters  quota.Meters
	changes sync.Mutex // one change at a time

	users  atomic.Pointer[map[userKey]scram.Credential]
	acls   atomic.Pointer[acl.List]
	quotas atomic.Pointer[quota.Table]
}

// userKey names a credential.
type userKey struct {
	User      string          `json:"user"`
	Mechanism scram.Mechanism `json:"mechanism"`
}

// The kinds of settings. They reach disks: frozen.
const (
	kindUser   = "scram"
	kindACL    = "acl"
	kindQuota  = "quota"
	kindSecret = "scram_secret"
)

var errAccess = fault.NewCode(fault.Invalid, "invalid_access_options")

// OpenAccess reads the users, ACLs and quotas of a broker.
func OpenAccess(ctx context.Context, b *broker.Broker, opts AccessOptions) (*Access, error) {
	if opts.Random == nil {
		opts.Random = rand.Reader
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	setDefault(&opts.FailureDelay, 100*time.Millisecond)
	a := &Access{opts: opts, broker: b, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	a.policy = acl.Policy{Super: make(map[string]bool), OpenWorld: opts.OpenWorld}
	for _, p := range opts.SuperUsers {
		a.policy.Super[p] = true
	}
	var err error
	if a.rules, err = acl.ParseRules(opts.PrincipalRules); err != nil {
		return nil, err
	}
	if a.sasl.Secret, err = a.secret(ctx); err != nil {
		return nil, err
	}
	a.sasl.Lookup, a.sasl.Nonce = a.credential, a.nonce
	for _, m := range opts.SASL {
		if m == oauthBearer && opts.Tokens == nil {
			return nil, fault.New(errAccess, "kafka.OpenAccess", "SASL mechanism %s needs an issuer of tokens", m)
		}
		if a.begin(m) == nil {
			return nil, fault.New(errAccess, "kafka.OpenAccess", "SASL mechanism %q is not known: use %s, %s, %s or %s", m, scram.SHA512, scram.SHA256, scram.Plain, oauthBearer)
		}
	}
	return a, a.load()
}

// secret returns what decoys are drawn from, the same for as long as the data lives.
func (a *Access) secret(ctx context.Context) ([]byte, error) {
	var secret []byte
	if text, ok := a.broker.Settings(kindSecret)[""]; ok {
		if err := json.Unmarshal(text, &secret); err != nil {
			return nil, fault.Wrap(broker.ErrStorage, "kafka.OpenAccess", err, "a setting of kind %s cannot be read", kindSecret)
		}
		return secret, nil
	}
	secret, err := a.random(32)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(secret)
	if err != nil {
		return nil, err
	}
	return secret, a.broker.Set(ctx, broker.Setting{Kind: kindSecret, Value: text})
}

func (a *Access) random(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(a.opts.Random, b); err != nil {
		return nil, fault.Wrap(broker.ErrStorage, "kafka.Access", err, "no randomness to draw from")
	}
	return b, nil
}

// nonce is empty if there is no randomness, which ends the exchange: the client's own nonce must not come back alone.
func (a *Access) nonce() string {
	b, err := a.random(24)
	if err != nil {
		return ""
	}
	return base64.RawStdEncoding.EncodeToString(b)
}

// load makes the state anew of the settings. A setting that cannot be read is an error: a rule that denies must not be lost.
func (a *Access) load() error {
	users := make(map[userKey]scram.Credential)
	if err := each(a.broker, kindUser, func(k userKey, c scram.Credential) { users[k] = c }); err != nil {
		return err
	}
	var bindings []acl.Binding
	if err := each(a.broker, kindACL, func(b acl.Binding, _ bool) { bindings = append(bindings, b) }); err != nil {
		return err
	}
	quotas := make(quota.Table)
	if err := each(a.broker, kindQuota, func(e entity, limits map[quota.Kind]float64) { quotas[e.quota()] = limits }); err != nil {
		return err
	}
	a.users.Store(&users)
	a.acls.Store(acl.NewList(slices.Values(bindings)))
	a.quotas.Store(&quotas)
	return nil
}

// each reads the settings of a kind, whose keys are JSON too.
func each[K, V any](b *broker.Broker, kind string, do func(K, V)) error {
	for text, value := range b.Settings(kind) {
		var k K
		var v V
		if err := json.Unmarshal([]byte(text), &k); err != nil {
			return fault.Wrap(broker.ErrStorage, "kafka.OpenAccess", err, "a setting of kind %s has a key that cannot be read", kind)
		}
		if err := json.Unmarshal(value, &v); err != nil {
			return fault.Wrap(broker.ErrStorage, "kafka.OpenAccess", err, "a setting of kind %s has a value that cannot be read", kind)
		}
		do(k, v)
	}
	return nil
}

// setting makes a setting of a key and a value; a nil value removes it.
func setting(kind string, key, value any) (broker.Setting, error) {
	k, err := json.Marshal(key)
	if err != nil {
		return broker.Setting{}, err
	}
	s := broker.Setting{Kind: kind, Key: string(k)}
	if value != nil {
		s.Value, err = json.Marshal(value)
	}
	return s, err
}

// change makes settings durable and puts them in force. The caller holds changes.
func (a *Access) change(ctx context.Context, settings []broker.Setting) error {
	if err := a.broker.Set(ctx, settings...); err != nil {
		return err
	}
	return a.load()
}

// SetPassword gives a user a password for every mechanism, unless it has that one already.
func (a *Access) SetPassword(ctx context.Context, user, password string) error {
	a.changes.Lock()
	defer a.changes.Unlock()
	var settings []broker.Setting
	for _, m := range []scram.Mechanism{scram.SHA256, scram.SHA512} {
		if c, ok := a.credential(user, m); ok && c.Verify(m, password) {
			continue
		}
		salt, err := a.random(24)
		if err != nil {
			return err
		}
		c, err := scram.FromPassword(m, password, salt, 2*scram.MinIterations)
		if err != nil {
			return err
		}
		s, err := setting(kindUser, userKey{user, m}, c)
		if err != nil {
			return err
		}
		settings = append(settings, s)
	}
	return a.change(ctx, settings)
}

func (a *Access) credential(user string, m scram.Mechanism) (scram.Credential, bool) {
	c, ok := (*a.users.Load())[userKey{user, m}]
	return c, ok
}

// begin begins an exchange. It returns nil for a mechanism that there is not.
func (a *Access) begin(mechanism string) exchange {
	if mechanism == oauthBearer {
		return &bearer{tokens: a.opts.Tokens}
	}
	if e := a.sasl.Begin(scram.Mechanism(mechanism)); e != nil {
		return &hashed{e, a.slots}
	}
	return nil
}

// ends returns when a session that begins now must have been renewed; zero is never.
func (a *Access) ends(credentials time.Time) time.Time {
	if a.opts.MaxSession <= 0 {
		return credentials
	}
	if longest := a.opts.Clock().Add(a.opts.MaxSession); credentials.IsZero() || longest.Before(credentials) {
		return longest
	}
	return credentials
}

// mechanisms returns the mechanisms of SASL asked for, strongest first as SASL wants them listed.
func (a *Access) mechanisms() []string { return a.opts.SASL }

// Users returns the names of all users, in order.
func (a *Access) Users() []string {
	names := make(map[string]bool)
	for k := range *a.users.Load() {
		names[k.User] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// The principal of a connection that did not say who it is (Kafka's KafkaPrincipal.ANONYMOUS).
const (
	userType  = "User:"
	anonymous = userType + "ANONYMOUS"
)

// principalOf returns the principal that a client's certificate stands for.
func (a *Access) principalOf(state *tls.ConnectionState) string {
	if a == nil || state == nil || len(state.PeerCertificates) == 0 {
		return anonymous
	}
	if name, ok := a.rules.Name(state.PeerCertificates[0].Subject.String()); ok {
		return userType + name
	}
	return anonymous
}

// ACLs returns how many ACLs there are.
func (a *Access) ACLs() int { return a.acls.Load().Len() }
