package interop

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/confluentinc/confluent-kafka-go/v2/schemaregistry"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/pawl-registry/pawl/client"
)

// A place is a started pawl and how one client comes in, as clients are told of it.
type place struct {
	Registry string `json:"registry"` // base URL
	Brokers  string `json:"brokers"`  // host:port

	// CA is a file with the authority behind both certificates; if it is empty, nothing is protected and everybody may come in.
	CA        string `json:"ca,omitempty"`
	Mechanism string `json:"mechanism,omitempty"` // of SASL
	User      string `json:"user,omitempty"`
	Password  string `json:"password,omitempty"`

	trust *tls.Config
	token string // for the registry, instead of user and password
}

func (p *place) admin() string {
	if p.CA == "" {
		return ""
	}
	return p.User + ":" + p.Password
}

func (p *place) http() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: p.trust.Clone()}}
}

// kgo returns a client of franz-go that ends with the test.
func (p *place) kgo(t *testing.T, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	opts = append(opts, kgo.SeedBrokers(p.Brokers))
	if p.CA != "" {
		mechanisms := map[string]sasl.Mechanism{
			"PLAIN":         plain.Auth{User: p.User, Pass: p.Password}.AsMechanism(),
			"SCRAM-SHA-256": scram.Auth{User: p.User, Pass: p.Password}.AsSha256Mechanism(),
			"SCRAM-SHA-512": scram.Auth{User: p.User, Pass: p.Password}.AsSha512Mechanism(),
		}
		opts = append(opts, kgo.DialTLSConfig(p.trust.Clone()), kgo.SASL(mechanisms[p.Mechanism]))
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// librdkafka adds to the settings of a client where the brokers are and how to come in.
func (p *place) librdkafka(own kafka.ConfigMap) *kafka.ConfigMap {
	own["bootstrap.servers"] = p.Brokers
	if p.CA != "" {
		own["security.protocol"], own["ssl.ca.location"] = "SASL_SSL", p.CA
		own["sasl.mechanism"], own["sasl.username"], own["sasl.password"] = p.Mechanism, p.User, p.Password
	}
	return &own
}

func (p *place) confluent() *schemaregistry.Config {
	c := schemaregistry.NewConfig(p.Registry)
	switch {
	case p.token != "":
		c = schemaregistry.NewConfigWithBearerAuthentication(p.Registry, p.token, "lsrc-1", "pool-1")
	case p.User != "":
		c = schemaregistry.NewConfigWithBasicAuthentication(p.Registry, p.User, p.Password)
	}
	c.SslCaLocation = p.CA
	return c
}

func (p *place) sr() []sr.ClientOpt {
	opts := []sr.ClientOpt{sr.URLs(p.Registry)}
	switch {
	case p.token != "":
		opts = append(opts, sr.BearerToken(p.token))
	case p.User != "":
		opts = append(opts, sr.BasicAuth(p.User, p.Password))
	}
	if p.trust != nil {
		opts = append(opts, sr.DialTLSConfig(p.trust.Clone()))
	}
	return opts
}

func (p *place) client() client.Options {
	o := client.Options{URLs: []string{p.Registry}, HTTPClient: p.http(), Token: p.token}
	if p.token == "" {
		o.Username, o.Password = p.User, p.Password
	}
	return o
}

// topic makes a topic of its own for a test.
func (p *place) topic(t *testing.T, partitions int32, configs map[string]string) string {
	t.Helper()
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, t.Name())
	set := map[string]*string{}
	for k, v := range configs {
		set[k] = &v
	}
	res, err := kadm.NewClient(p.kgo(t)).CreateTopic(testContext(t), partitions, 1, set, name)
	if err != nil {
		t.Fatalf("create topic %s: %v: %s", name, err, res.ErrMessage)
	}
	return name
}

func topic(t *testing.T, partitions int32, configs map[string]string) string {
	t.Helper()
	return server.topic(t, partitions, configs)
}
