package kafka_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/kafka"
)

// safeLog collects what is logged.
type safeLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// guarded is a server with access options; root has the password "root-secret" and is a super user.
type guarded struct {
	addr   string
	access *kafka.Access
	log    *safeLog
	broker *broker.Broker
}

var everyMechanism = []string{"SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"}

func guard(t *testing.T, opts kafka.AccessOptions, wrap func(net.Listener) net.Listener, server kafka.Options) guarded {
	t.Helper()
	g := guarded{log: &safeLog{}}
	logger := slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	g.broker, err = broker.Open(context.Background(), broker.Options{Logs: logtest.NewMemory(), Logger: logger, AutoCreate: true, RetentionEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	opts.Logger, opts.SuperUsers = logger, append(opts.SuperUsers, "User:root")
	opts.FailureDelay = time.Millisecond
	if g.access, err = kafka.OpenAccess(t.Context(), g.broker, opts); err != nil {
		t.Fatal(err)
	}
	if err := g.access.SetPassword(t.Context(), "root", "root-secret"); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.addr = ln.Addr().String()
	if wrap != nil {
		ln = wrap(ln)
	}
	server.Logger, server.Access = logger, g.access
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- kafka.NewServer(g.broker, server).Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := g.broker.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
		for _, secret := range []string{"root-secret", "alice-secret", "wrong-secret"} {
			if strings.Contains(g.log.String(), secret) {
				t.Errorf("the log holds the password %s", secret)
			}
		}
	})
	return g
}

func as(user, password, mechanism string) kgo.Opt {
	var m sasl.Mechanism
	s := scram.Auth{User: user, Pass: password}
	switch mechanism {
	case "PLAIN":
		m = plain.Auth{User: user, Pass: password}.AsMechanism()
	case "SCRAM-SHA-256":
		m = s.AsSha256Mechanism()
	default:
		m = s.AsSha512Mechanism()
	}
	return kgo.SASL(m)
}

func (g guarded) root(t *testing.T) *kadm.Client {
	return kadm.NewClient(client(t, g.addr, as("root", "root-secret", "")))
}

// addUser makes a user through Kafka's API.
func (g guarded) addUser(t *testing.T, user string) {
	t.Helper()
	r, err := g.root(t).AlterUserSCRAMs(deadline(t), nil, []kadm.UpsertSCRAM{
		{User: user, Mechanism: kadm.ScramSha256, Iterations: 4096, Password: user + "-secret"},
		{User: user, Mechanism: kadm.ScramSha512, Iterations: 4096, Password: user + "-secret"},
	})
	if err == nil {
		err = r.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestMechanisms(t *testing.T) {
	g := guard(t, kafka.AccessOptions{SASL: everyMechanism}, nil, kafka.Options{})
	g.addUser(t, "alice")
	for _, m := range everyMechanism {
		for _, user := range []string{"root", "alice"} {
			if _, err := kadm.NewClient(client(t, g.addr, as(user, user+"-secret", m))).ListTopics(deadline(t)); err != nil {
				t.Errorf("%s by %s: %v", user, m, err)
			}
			for _, who := range []string{user, "nobody"} {
				c := client(t, g.addr, as(who, "wrong-secret", m))
				if _, err := c.Request(deadline(t), kmsg.NewPtrMetadataRequest()); !errors.Is(err, kerr.SaslAuthenticationFailed) {
					t.Errorf("%s with a wrong password by %s: %v", who, m, err)
				}
			}
		}
	}
}

func TestMechanismsThatAreNotOfferedAreRefused(t *testing.T) {
	g := guard(t, kafka.AccessOptions{SASL: []string{"SCRAM-SHA-256"}}, nil, kafka.Options{})
	r := ask(t, g.addr, &kmsg.SASLHandshakeRequest{Version: 1, Mechanism: "PLAIN"}).(*kmsg.SASLHandshakeResponse)
	if r.ErrorCode != 33 || len(r.SupportedMechanisms) != 1 || r.SupportedMechanisms[0] != "SCRAM-SHA-256" {
		t.Errorf("got error %d, mechanisms %v", r.ErrorCode, r.SupportedMechanisms)
	}
	if r := ask(t, g.addr, &kmsg.SASLAuthenticateRequest{Version: 2, SASLAuthBytes: []byte("x")}).(*kmsg.SASLAuthenticateResponse); r.ErrorCode != 34 {
		t.Errorf("a token without a handshake is answered with %d, want 34", r.ErrorCode)
	}
}

func TestNothingIsServedBeforeAuthentication(t *testing.T) {
	g := guard(t, kafka.AccessOptions{SASL: everyMechanism}, nil, kafka.Options{})
	if r := ask(t, g.addr, kmsg.NewPtrApiVersionsRequest()).(*kmsg.ApiVersionsResponse); r.ErrorCode != 0 {
		t.Errorf("ApiVersions is answered with %d", r.ErrorCode)
	}
	var f kmsg.RequestFormatter
	for _, r := range []kmsg.Request{kmsg.NewPtrMetadataRequest(), kmsg.NewPtrCreateTopicsRequest(), kmsg.NewPtrProduceRequest()} {
		r.SetVersion(7)
		c, err := net.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(f.AppendRequest(nil, r, 1)); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, c); n > 0 {
			t.Errorf("key %d is answered with %d bytes, %v", r.Key(), n, err)
		}
		c.Close()
	}
}

// In version 0 of the handshake the client sends its messages bare.
func TestBareMessages(t *testing.T) {
	g := guard(t, kafka.AccessOptions{SASL: everyMechanism}, nil, kafka.Options{})
	for password, want := range map[string]bool{"root-secret": true, "wrong-secret": false} {
		c, err := net.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var f kmsg.RequestFormatter
		frame := f.AppendRequest(nil, &kmsg.SASLHandshakeRequest{Version: 0, Mechanism: "PLAIN"}, 1)
		token := "\x00root\x00" + password
		frame = append(binary.BigEndian.AppendUint32(frame, uint32(len(token))), token...)
		frame = append(frame, f.AppendRequest(nil, &kmsg.MetadataRequest{Version: 1}, 2)...)
		if _, err := c.Write(frame); err != nil {
			t.Fatal(err)
		}
		var answers []uint32
		for {
			var size [4]byte
			if _, err := io.ReadFull(c, size[:]); err != nil {
				break
			}
			n := binary.BigEndian.Uint32(size[:])
			if _, err := io.CopyN(io.Discard, c, int64(n)); err != nil {
				t.Fatal(err)
			}
			if answers = append(answers, n); len(answers) == 3 {
				break
			}
		}
		if want && (len(answers) != 3 || answers[1] != 0) {
			t.Errorf("right password: answers of sizes %v", answers)
		}
		if !want && len(answers) != 1 {
			t.Errorf("wrong password: answers of sizes %v", answers)
		}
	}
}

func TestUsersAreManagedThroughKafkasAPI(t *testing.T) {
	g := guard(t, kafka.AccessOptions{SASL: everyMechanism}, nil, kafka.Options{})
	g.addUser(t, "alice")
	admin := g.root(t)
	all, err := admin.DescribeUserSCRAMs(deadline(t))
	if err != nil || len(all) != 2 || len(all["alice"].CredInfos) != 2 || all["alice"].CredInfos[0].Iterations != 4096 {
		t.Fatalf("users are %v, %v", all, err)
	}
	some, err := admin.DescribeUserSCRAMs(deadline(t), "alice", "nobody")
	if err != nil || some["alice"].Err != nil || !errors.Is(some["nobody"].Err, kerr.ResourceNotFound) {
		t.Errorf("users are %v, %v", some, err)
	}
	for _, tt := range []struct { // in this order: the last one takes alice away
		name string
		del  []kadm.DeleteSCRAM
		up   []kadm.UpsertSCRAM
		want error
	}{
		{name: "unknown", del: []kadm.DeleteSCRAM{{User: "bob", Mechanism: kadm.ScramSha256}}, want: kerr.ResourceNotFound},
		{name: "twice", del: []kadm.DeleteSCRAM{{User: "alice", Mechanism: kadm.ScramSha256}},
			up: []kadm.UpsertSCRAM{{User: "alice", Mechanism: kadm.ScramSha256, Iterations: 4096, Password: "x"}}, want: kerr.DuplicateResource},
		{name: "right", del: []kadm.DeleteSCRAM{{User: "alice", Mechanism: kadm.ScramSha256}, {User: "alice", Mechanism: kadm.ScramSha512}}},
	} {
		r, err := admin.AlterUserSCRAMs(deadline(t), tt.del, tt.up)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Error(); !errors.Is(got, tt.want) || (tt.want == nil && got != nil) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	odd := &kmsg.AlterUserSCRAMCredentialsRequest{Deletions: []kmsg.AlterUserSCRAMCredentialsRequestDeletion{{Name: "alice", Mechanism: 7}}}
	if r, err := odd.RequestWith(deadline(t), client(t, g.addr, as("root", "root-secret", ""))); err != nil || r.Results[0].ErrorCode != 33 {
		t.Errorf("an unknown mechanism: %v, %v", r, err)
	}
	for _, iterations := range []int32{100, 4095, 16385, 1 << 30} { // which kadm would refuse by itself
		up := kmsg.AlterUserSCRAMCredentialsRequestUpsertion{Name: "bob", Mechanism: 1, Iterations: iterations, Salt: make([]byte, 16), SaltedPassword: make([]byte, 32)}
		r, err := (&kmsg.AlterUserSCRAMCredentialsRequest{Upsertions: []kmsg.AlterUserSCRAMCredentialsRequestUpsertion{up}}).RequestWith(deadline(t), client(t, g.addr, as("root", "root-secret", "")))
		if err != nil || r.Results[0].ErrorCode != 93 {
			t.Errorf("%d iterations: %v, %v", iterations, r, err)
		}
	}
	if _, err := client(t, g.addr, as("alice", "alice-secret", "")).Request(deadline(t), kmsg.NewPtrMetadataRequest()); !errors.Is(err, kerr.SaslAuthenticationFailed) {
		t.Errorf("a user that was removed is let in: %v", err)
	}
	again, err := kafka.OpenAccess(t.Context(), g.broker, kafka.AccessOptions{})
	if err != nil || len(again.Users()) != 1 {
		t.Errorf("after another start there are the users %v, %v", again.Users(), err)
	}
}

// allow makes ACLs, each "TYPE name operation", for alice.
func (g guarded) allow(t *testing.T, b *kadm.ACLBuilder) {
	t.Helper()
	r, err := g.root(t).CreateACLs(deadline(t), b)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range r {
		if one.Err != nil {
			t.Fatal(one.Err)
		}
	}
}

func TestTopicsAreHiddenAndDenied(t *testing.T) {
	g := guard(t, kafka.AccessOptions{SASL: everyMechanism, Authorize: true}, nil, kafka.Options{})
	g.addUser(t, "alice")
	if _, err := g.root(t).CreateTopics(deadline(t), 1, 1, nil, "team-a", "team-b", "other"); err != nil {
		t.Fatal(err)
	}
	alice := func(opts ...kgo.Opt) *kgo.Client {
		return client(t, g.addr, append([]kgo.Opt{as("alice", "alice-secret", "SCRAM-SHA-256"), kgo.DisableIdempotentWrite()}, opts...)...)
	}
	names := func() string {
		t.Helper()
		all, err := kadm.NewClient(alice()).ListTopics(deadline(t))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(all.Names(), " ")
	}
	if got := names(); got != "" {
		t.Errorf("without rules alice sees %s", got)
	}
	g.allow(t, kadm.NewACLs().Topics("team-").ResourcePatternType(kadm.ACLPatternPrefixed).Allow("User:alice").AllowHosts().Operations(kadm.OpRead))
	g.allow(t, kadm.NewACLs().Topics("team-b").Allow("User:alice").AllowHosts("127.0.0.1").Operations(kadm.OpWrite))
	if got := names(); got != "team-a team-b" {
		t.Errorf("alice sees %q", got)
	}
	for topic, want := range map[string]error{"team-a": kerr.TopicAuthorizationFailed, "team-b": nil, "other": kerr.TopicAuthorizationFailed, "new": kerr.TopicAuthorizationFailed} {
		if err := alice().ProduceSync(deadline(t), &kgo.Record{Topic: topic, Value: []byte("v")}).FirstErr(); !errors.Is(err, want) || (want == nil && err != nil) {
			t.Errorf("producing to %s: %v, want %v", topic, err, want)
		}
	}
	if _, err := g.broker.Topic("new"); err == nil {
		t.Error("a topic was made by one who may not")
	}
	if got := consume(t, alice(kgo.ConsumeTopics("team-b"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())), 1); string(got[0].Value) != "v" {
		t.Errorf("read %s", got[0].Value)
	}
	g.allow(t, kadm.NewACLs().Topics("team-b").Deny("User:*").DenyHosts().Operations(kadm.OpAll))
	if got := names(); got != "team-a" {
		t.Errorf("after the denial alice sees %q", got)
	}
	r, err := kadm.NewClient(alice()).DeleteTopics(deadline(t), "team-a")
	if err != nil || !errors.Is(r["team-a"].Err, kerr.TopicAuthorizationFailed) {
		t.Errorf("deletion: %v, %v", r, err)
	}
}

func TestClusterAndGroupsAreDenied(t *testing.T) {
	g := guard(t, kafka.AccessOptions{SASL: everyMechanism, Authorize: true}, nil, kafka.Options{})
	g.addUser(t, "alice")
	alice := kadm.NewClient(client(t, g.addr, as("alice", "alice-secret", "")))
	if _, err := alice.DescribeACLs(deadline(t), kadm.NewACLs().AnyResource().Allow().Deny().AllowHosts().DenyHosts().Operations()); err == nil {
		if r, _ := alice.DescribeACLs(deadline(t), kadm.NewACLs().AnyResource().Allow().AllowHosts().Operations()); len(r) == 0 || !errors.Is(r[0].Err, kerr.ClusterAuthorizationFailed) {
			t.Errorf("ACLs are told: %v", r)
		}
	}
	if _, err := alice.DescribeUserSCRAMs(deadline(t)); !errors.Is(err, kerr.ClusterAuthorizationFailed) {
		t.Errorf("users are told: %v", err)
	}
	r, err := alice.AlterUserSCRAMs(deadline(t), nil, []kadm.UpsertSCRAM{{User: "root", Mechanism: kadm.ScramSha256, Iterations: 4096, Password: "mine"}})
	if err == nil {
		err = r.Error()
	}
	if !errors.Is(err, kerr.ClusterAuthorizationFailed) {
		t.Errorf("alice changes root's password: %v", err)
	}
	if _, err := alice.FetchOffsets(deadline(t), "g"); !errors.Is(err, kerr.GroupAuthorizationFailed) {
		t.Errorf("offsets are told: %v", err)
	}
	g.allow(t, kadm.NewACLs().Groups("g").Allow("User:alice").AllowHosts().Operations(kadm.OpRead))
	if _, err := alice.FetchOffsets(deadline(t), "g"); err != nil {
		t.Errorf("who may read a group may ask for its offsets: %v", err)
	}
	if r, err := alice.DeleteGroups(deadline(t), "g"); err == nil && !errors.Is(r["g"].Err, kerr.GroupAuthorizationFailed) {
		t.Errorf("deletion of the group: %v", r)
	}
	if _, err := alice.CreateTopic(deadline(t), 1, 1, nil, "t"); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("creation of a topic: %v", err)
	}
}

func TestACLsAreManagedThroughKafkasAPI(t *testing.T) {
	g := guard(t, kafka.AccessOptions{SASL: everyMechanism, Authorize: true}, nil, kafka.Options{})
	admin := g.root(t)
	g.allow(t, kadm.NewACLs().Topics("a", "b").Allow("User:x", "User:y").AllowHosts().Operations(kadm.OpRead, kadm.OpWrite))
	all := func() int {
		r, err := admin.DescribeACLs(deadline(t), kadm.NewACLs().Topics().ResourcePatternType(kadm.ACLPatternAny).Allow().AllowHosts().Operations())
		if err != nil || len(r) != 1 || r[0].Err != nil {
			t.Fatalf("%v, %v", r, err)
		}
		return len(r[0].Described)
	}
	if got := all(); got != 8 {
		t.Errorf("%d ACLs were made, want 8", got)
	}
	g.allow(t, kadm.NewACLs().Topics("a").Allow("User:x").AllowHosts().Operations(kadm.OpRead))
	if got := all(); got != 8 {
		t.Errorf("after making one again there are %d", got)
	}
	r, err := admin.DeleteACLs(deadline(t), kadm.NewACLs().Topics("a").ResourcePatternType(kadm.ACLPatternLiteral).Allow().AllowHosts().Operations(kadm.OpRead))
	if err != nil || len(r) != 1 || len(r[0].Deleted) != 2 {
		t.Errorf("deletion: %v, %v", r, err)
	}
	if got := all(); got != 6 {
		t.Errorf("after the deletion there are %d", got)
	}
	again, err := kafka.OpenAccess(t.Context(), g.broker, kafka.AccessOptions{Authorize: true})
	if err != nil || again.ACLs() != 6 {
		t.Errorf("after another start there are %d, %v", again.ACLs(), err)
	}
}

func TestWithoutAuthorizationACLsAreDisabled(t *testing.T) {
	g := guard(t, kafka.AccessOptions{}, nil, kafka.Options{})
	r := ask(t, g.addr, &kmsg.DescribeACLsRequest{Version: 3, ResourceType: 1, ResourcePatternType: 1, Operation: 1, PermissionType: 1}).(*kmsg.DescribeACLsResponse)
	if r.ErrorCode != 54 {
		t.Errorf("got error %d, want 54", r.ErrorCode)
	}
	if r := ask(t, g.addr, &kmsg.SASLHandshakeRequest{Version: 1, Mechanism: "PLAIN"}).(*kmsg.SASLHandshakeResponse); r.ErrorCode != 34 {
		t.Errorf("a handshake where none is asked for is answered with %d, want 34", r.ErrorCode)
	}
}

func TestQuotas(t *testing.T) {
	g := guard(t, kafka.AccessOptions{SASL: everyMechanism}, nil, kafka.Options{})
	g.addUser(t, "alice")
	admin := g.root(t)
	user, cid := "alice", "app"
	set := func(e kadm.ClientQuotaEntity, key string, value float64, remove bool) error {
		r, err := admin.AlterClientQuotas(deadline(t), []kadm.AlterClientQuotaEntry{{Entity: e, Ops: []kadm.AlterClientQuotaOp{{Key: key, Value: value, Remove: remove}}}})
		if err != nil {
			return err
		}
		return r[0].Err
	}
	alice := kadm.ClientQuotaEntity{{Type: "user", Name: &user}}
	if err := set(alice, "producer_byte_rate", 1000, false); err != nil {
		t.Fatal(err)
	}
	if err := set(kadm.ClientQuotaEntity{{Type: "user"}, {Type: "client-id", Name: &cid}}, "consumer_byte_rate", 5000, false); err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]float64{"request_percentage": 5, "producer_byte_rate": -1} {
		if err := set(alice, key, value, false); !errors.Is(err, kerr.InvalidRequest) {
			t.Errorf("%s of %v: %v", key, value, err)
		}
	}
	got, err := admin.DescribeClientQuotas(deadline(t), false, []kadm.DescribeClientQuotaComponent{{Type: "user", MatchType: kmsg.QuotasMatchTypeAny}})
	if err != nil || len(got) != 2 {
		t.Errorf("quotas are %v, %v", got, err)
	}
	if got, err := admin.DescribeClientQuotas(deadline(t), true, []kadm.DescribeClientQuotaComponent{{Type: "user", MatchType: kmsg.QuotasMatchTypeAny}}); err != nil || len(got) != 1 {
		t.Errorf("strictly, quotas are %v, %v", got, err)
	}
	if _, err := admin.CreateTopic(deadline(t), 1, 1, nil, "t"); err != nil {
		t.Fatal(err)
	}
	throttles := make(chan time.Duration, 100)
	c := client(t, g.addr, as("alice", "alice-secret", ""), kgo.DisableIdempotentWrite(), kgo.DefaultProduceTopic("t"), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.WithHooks(throttleHook(throttles)))
	if err := c.ProduceSync(deadline(t), &kgo.Record{Value: make([]byte, 1200)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	select {
	case wait := <-throttles:
		if wait < 100*time.Millisecond || wait > time.Second {
			t.Errorf("told to wait %v", wait)
		}
	case <-deadline(t).Done():
		t.Error("never told to wait")
	}
	if err := set(alice, "producer_byte_rate", 0, true); err != nil {
		t.Error(err)
	}
	if got, err := admin.DescribeClientQuotas(deadline(t), false, nil); err != nil || len(got) != 1 {
		t.Errorf("after the removal quotas are %v, %v", got, err)
	}
}

type throttleHook chan time.Duration

func (h throttleHook) OnBrokerThrottle(_ kgo.BrokerMetadata, wait time.Duration, _ bool) {
	select {
	case h <- wait:
	default:
	}
}

func TestFetchIsThrottled(t *testing.T) {
	g := guard(t, kafka.AccessOptions{}, nil, kafka.Options{})
	admin := kadm.NewClient(client(t, g.addr))
	if _, err := admin.AlterClientQuotas(deadline(t), []kadm.AlterClientQuotaEntry{{Entity: kadm.ClientQuotaEntity{{Type: "client-id"}},
		Ops: []kadm.AlterClientQuotaOp{{Key: "consumer_byte_rate", Value: 2000}}}}); err != nil {
		t.Fatal(err)
	}
	c := client(t, g.addr, kgo.DefaultProduceTopic("t"), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.AllowAutoTopicCreation())
	if err := c.ProduceSync(deadline(t), &kgo.Record{Value: make([]byte, 2500)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	throttles := make(chan time.Duration, 100)
	consumer := client(t, g.addr, kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.WithHooks(throttleHook(throttles)))
	consume(t, consumer, 1)
	select {
	case <-throttles:
	case <-deadline(t).Done():
		t.Error("never told to wait")
	}
}

func TestConnectionsOfOneHostAreBounded(t *testing.T) {
	g := guard(t, kafka.AccessOptions{}, nil, kafka.Options{MaxPerHost: 2})
	var all []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all = append(all, c)
	}
	if _, err := all[2].Read(make([]byte, 1)); err == nil {
		t.Error("the third connection is served")
	}
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key}
}

func (a authority) issue(t *testing.T, name pkix.Name) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: name, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, form, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestCertificatesSayWhoIsWho(t *testing.T) {
	ca := newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	server := &tls.Config{Certificates: []tls.Certificate{ca.issue(t, pkix.Name{CommonName: "server"})}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
	g := guard(t, kafka.AccessOptions{Authorize: true, SuperUsers: []string{"User:ops"}, PrincipalRules: "RULE:^CN=([^,]*),.*$/$1/L, DEFAULT"},
		func(l net.Listener) net.Listener { return tls.NewListener(l, server) }, kafka.Options{})
	dial := func(certs ...tls.Certificate) *kadm.Client {
		return kadm.NewClient(client(t, g.addr, kgo.DialTLSConfig(&tls.Config{RootCAs: pool, Certificates: certs, MinVersion: tls.VersionTLS12}), kgo.RetryTimeout(time.Second)))
	}
	if _, err := dial(ca.issue(t, pkix.Name{CommonName: "OPS", Organization: []string{"pawl"}})).CreateTopic(deadline(t), 1, 1, nil, "t"); err != nil {
		t.Errorf("a super user by certificate: %v", err)
	}
	if _, err := dial(ca.issue(t, pkix.Name{CommonName: "dev", Organization: []string{"pawl"}})).CreateTopic(deadline(t), 1, 1, nil, "u"); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("another user by certificate: %v", err)
	}
	if _, err := dial().ListTopics(deadline(t)); err == nil {
		t.Error("a client without a certificate is let in")
	}
	if _, err := dial(newAuthority(t).issue(t, pkix.Name{CommonName: "OPS", Organization: []string{"pawl"}})).ListTopics(deadline(t)); err == nil {
		t.Error("a certificate of another authority is let in")
	}
}

func TestOptionsOfAccessAreChecked(t *testing.T) {
	b, err := broker.Open(t.Context(), broker.Options{Logs: logtest.NewMemory(), RetentionEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []kafka.AccessOptions{{SASL: []string{"GSSAPI"}}, {PrincipalRules: "nonsense"}} {
		if _, err := kafka.OpenAccess(t.Context(), b, bad); err == nil {
			t.Errorf("%v passes", bad)
		}
	}
}
