package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/fault"
)

// Client returns a client of the registry. Credentials come from the environment alone, where they do not show in a process
// list: PAWL_REGISTRY_USER and PAWL_REGISTRY_PASSWORD, or PAWL_REGISTRY_TOKEN.
func (a *App) Client() (*client.Client, error) {
	return a.ClientOf(Peer{URLs: a.Registry, Name: "REGISTRY", TLS: a.RegistryTLS})
}

// Peer is a registry to talk to.
type Peer struct {
	URLs []string
	Name string // between PAWL_ and _USER, _PASSWORD, _TOKEN in the names of the variables that hold credentials
	TLS  TLSFiles
}

// TLSFiles are files in PEM form for HTTPS. Empty names are the system's authorities, and no certificate.
type TLSFiles struct{ CA, Cert, Key string }

// ClientOf returns a client of any registry. Its calls may be made from many goroutines at once.
func (a *App) ClientOf(p Peer) (*client.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	var err error
	if transport.TLSClientConfig, err = p.TLS.config(); err != nil {
		return nil, err
	}
	return client.New(client.Options{
		URLs:       p.URLs,
		Username:   a.env(Prefix + p.Name + "_USER"),
		Password:   a.env(Prefix + p.Name + "_PASSWORD"),
		Token:      a.env(Prefix + p.Name + "_TOKEN"),
		HTTPClient: &http.Client{Timeout: a.Timeout, Transport: transport},
		Header:     http.Header{"User-Agent": {"pawl/" + a.Version}},
		Retries:    1,
	})
}

func (f TLSFiles) config() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		text, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, File(err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(text) {
			return nil, Usagef("%s holds no certificate", f.CA)
		}
	}
	if f.Cert == "" && f.Key == "" {
		return cfg, nil
	}
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, Usagef("the client certificate %q and its key %q: %v", f.Cert, f.Key, err)
	}
	cfg.Certificates = []tls.Certificate{pair}
	return cfg, nil
}

// Kafka returns a Kafka client after it has reached a broker. Credentials come from the environment alone: PAWL_KAFKA_USER and
// PAWL_KAFKA_PASSWORD, or PAWL_KAFKA_TOKEN. Passwords are proved by SCRAM, or sent as they are where the broker knows nothing
// better.
func (a *App) Kafka(ctx context.Context, opts ...kgo.Opt) (*kgo.Client, error) {
	opts = append([]kgo.Opt{
		kgo.SeedBrokers(a.Brokers...),
		kgo.ClientID("pawl"),
		kgo.DialTimeout(a.Timeout),
		kgo.RetryTimeout(a.Timeout),
	}, opts...)
	if a.TLS {
		opts = append(opts, kgo.DialTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12}))
	}
	if token := a.env(Prefix + "KAFKA_TOKEN"); token != "" {
		opts = append(opts, kgo.SASL(oauth.Auth{Token: token}.AsMechanism()))
	} else if user := a.env(Prefix + "KAFKA_USER"); user != "" {
		opts = append(opts, kgo.SASL(mechanisms(user, a.env(Prefix+"KAFKA_PASSWORD"))...))
	}
	if err := a.knock(ctx); err != nil {
		return nil, err
	}
	c, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, Usagef("%v", err)
	}
	return c, nil
}

func mechanisms(user, password string) []sasl.Mechanism {
	s := scram.Auth{User: user, Pass: password}
	return []sasl.Mechanism{s.AsSha512Mechanism(), s.AsSha256Mechanism(), plain.Auth{User: user, Pass: password}.AsMechanism()}
}

// knock dials the brokers once: a client of the protocol would retry in silence for as long as its time limit allows.
func (a *App) knock(ctx context.Context) error {
	d := net.Dialer{Timeout: a.Timeout}
	var failed []string
	for _, addr := range a.Brokers {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		failed = append(failed, fmt.Sprintf("%s: %s", addr, cause(err)))
	}
	return fault.New(ErrBroker, "pawl", "no broker answers (%s); is one running? start one with `pawl serve`, or name another with --brokers or PAWL_BROKERS",
		strings.Join(failed, "; "))
}

// cause returns the innermost text of a network error.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return strings.TrimPrefix(op.Err.Error(), "connect: ")
	}
	return err.Error()
}

// Topic fails unless the broker has the topic, so that a slip of the pen does not wait for one to appear.
func Topic(ctx context.Context, c *kgo.Client, topic string) error {
	found, err := kadm.NewClient(c).ListTopicsWithInternal(ctx, topic)
	if err == nil {
		err = found[topic].Err
	}
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fault.Wrap(ErrBroker, "pawl", err, "there is no topic %q; create it with `pawl topic create %s`", topic, topic)
	}
	if err != nil {
		return Refused(err, "topic %q", topic)
	}
	return nil
}

// Refused gives an error of the Kafka client the code ErrBroker, with Kafka's own explanation.
func Refused(err error, format string, args ...any) error {
	var ke *kerr.Error
	what := fmt.Sprintf(format, args...)
	if errors.As(err, &ke) {
		return fault.Wrap(ErrBroker, "pawl", err, "%s: %s: %s", what, ke.Message, ke.Description)
	}
	return fault.Wrap(ErrBroker, "pawl", err, "%s: %v", what, err)
}
