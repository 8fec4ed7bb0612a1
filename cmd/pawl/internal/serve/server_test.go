package serve_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/formats"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/refusal"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/serve"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde"
	"github.com/pawl-registry/pawl/serde/frame"
)

func config(t *testing.T) serve.Config {
	return serve.Config{
		HTTP: "127.0.0.1:0", Kafka: "127.0.0.1:0", Data: t.TempDir(), Store: "embedded", Flush: "os", Level: "BACKWARD", ValidateNewSchemas: true, Partitions: 1, Version: "test",
	}
}

func start(t *testing.T, cfg serve.Config) *serve.Server {
	t.Helper()
	s, err := serve.Start(t.Context(), cfg, formats.All(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *serve.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

func connect(t *testing.T, s *serve.Server) (*client.Client, *kgo.Client) {
	t.Helper()
	c, err := client.New(client.Options{URLs: []string{"http://" + s.HTTP}})
	if err != nil {
		t.Fatal(err)
	}
	k, err := kgo.NewClient(kgo.SeedBrokers(s.Kafka))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return c, k
}

func register(t *testing.T, c *client.Client, subject, text string) schema.ID {
	t.Helper()
	res, err := c.RegisterSchema(t.Context(), subject, openapi.SchemaRequest{Schema: text}, client.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return schema.ID(res.ID)
}

const text = `{"type":"record","name":"com.Note","fields":[{"name":"a","type":"int"}]}`

func TestTheBrokerJudgesByTheRegistryBesideIt(t *testing.T) {
	s := start(t, config(t))
	c, k := connect(t, s)
	on := "true"
	byRecord := "io.confluent.kafka.serializers.subject.RecordNameStrategy"
	_, err := kadm.NewClient(k).CreateTopic(t.Context(), 1, 1, map[string]*string{
		"confluent.value.schema.validation": &on, "confluent.key.schema.validation": &on, "confluent.key.subject.name.strategy": &byRecord,
	}, "notes")
	if err != nil {
		t.Fatal(err)
	}
	value := register(t, c, "notes-value", text)
	payload := func(id schema.ID) []byte { return append(frame.AppendID(nil, id), 2) }

	// The same ID is refused until it is registered under the record's name, and taken from that moment on.
	key := payload(value)
	send(t, k, &kgo.Record{Topic: "notes", Key: key, Value: payload(value)}, `key: schema 1 is not registered under subject "com.Note"`)
	register(t, c, "com.Note", text)
	send(t, k, &kgo.Record{Topic: "notes", Key: key, Value: payload(value)}, "")

	send(t, k, &kgo.Record{Topic: "notes"}, "")
	send(t, k, &kgo.Record{Topic: "notes", Value: []byte{}}, "value: 0 bytes")
	send(t, k, &kgo.Record{Topic: "notes", Value: []byte("text")}, "magic byte")
	send(t, k, &kgo.Record{Topic: "notes", Value: payload(77)}, `value: schema 77 is not registered under subject "notes-value"`)
	send(t, k, &kgo.Record{Topic: "notes", Key: payload(77), Value: payload(value)}, "key: schema 77 is not in the registry")

	headed(t, c, k, value)

	if _, err := c.DeleteSubject(t.Context(), "notes-value", client.Soft); err != nil {
		t.Fatal(err)
	}
	send(t, k, &kgo.Record{Topic: "notes", Value: payload(value)}, "")
	if _, err := c.DeleteSubject(t.Context(), "notes-value", client.Permanent); err != nil {
		t.Fatal(err)
	}
	send(t, k, &kgo.Record{Topic: "notes", Value: payload(value)}, "not registered")
}

// headed sends a record whose schema stands in a header, by GUID.
func headed(t *testing.T, c *client.Client, k *kgo.Client, id schema.ID) {
	t.Helper()
	e, err := serde.NewEncoder(serde.NewResolver(c, formats.All(), serde.Options{}), serde.EncoderOptions{Mode: serde.UseID, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	data, header, err := e.EncodeHeader(t.Context(), nil, "notes", map[string]any{"a": 1})
	if err != nil {
		t.Fatal(err)
	}
	r := &kgo.Record{Topic: "notes", Value: data, Headers: []kgo.RecordHeader{{Key: frame.ValueHeader, Value: header}}}
	send(t, k, r, "")
	unknown := frame.Append(nil, frame.Ref{ByGUID: true, GUID: schema.GUID{1}})
	r = &kgo.Record{Topic: "notes", Value: data, Headers: []kgo.RecordHeader{{Key: frame.ValueHeader, Value: header}, {Key: frame.ValueHeader, Value: unknown}}}
	send(t, k, r, "value: schema 01000000-0000-0000-0000-000000000000 is not in the registry")
}

func TestPayloadsAreJudgedIfTheServerIsTold(t *testing.T) {
	for validation, want := range map[string]string{"id": "", "payload": "value: the payload is no valid com.Note of schema 1"} {
		cfg := config(t)
		cfg.Validation = validation
		c, k := connect(t, start(t, cfg))
		on := "true"
		if _, err := kadm.NewClient(k).CreateTopic(t.Context(), 1, 1, map[string]*string{"confluent.value.schema.validation": &on}, "notes"); err != nil {
			t.Fatal(err)
		}
		id := register(t, c, "notes-value", text)
		send(t, k, &kgo.Record{Topic: "notes", Value: append(frame.AppendID(nil, id), 2)}, "")
		send(t, k, &kgo.Record{Topic: "notes", Value: append(frame.AppendID(nil, id), 2, 2)}, want)
	}
}

// send produces one record, which must be refused for a reason that holds want, or be taken if want is empty.
func send(t *testing.T, k *kgo.Client, r *kgo.Record, want string) {
	t.Helper()
	err := k.ProduceSync(t.Context(), r).FirstErr()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if !errors.Is(err, kerr.InvalidRecord) {
		t.Errorf("error %v, want a refusal: %s", err, want)
		return
	}
	if why, err := refusal.Ask(t.Context(), k, r); err != nil || !strings.Contains(why, want) {
		t.Errorf("reason %q, %v; want %q", why, err, want)
	}
}

func TestACleanStopLeavesNothingBehindAndTheDataFree(t *testing.T) {
	before := goleak.IgnoreCurrent()
	cfg := config(t)
	for round := range 2 {
		s, err := serve.Start(t.Context(), cfg, formats.All(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		res, err := http.Get("http://" + s.HTTP + "/subjects")
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("round %d: %v, %v", round, res, err)
		}
		res.Body.Close()
		stop(t, s)
	}
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

func TestAStartThatFailsClosesWhatItOpened(t *testing.T) {
	first := start(t, config(t))
	cfg := config(t)
	cfg.Kafka = first.Kafka
	_, err := serve.Start(t.Context(), cfg, formats.All(), slog.New(slog.DiscardHandler))
	if cli.Status(err) != cli.Unavailable || !strings.Contains(cli.Message(err), first.Kafka) || !strings.Contains(cli.Message(err), "--kafka") {
		t.Fatalf("error %v", err)
	}
	cfg.Kafka = "127.0.0.1:0"
	start(t, cfg) // the folder and the other port are free again
	_, err = serve.Start(t.Context(), cfg, formats.All(), slog.New(slog.DiscardHandler))
	if cli.Status(err) != cli.Unavailable || !strings.Contains(cli.Message(err), fmt.Sprint(cfg.Data)) {
		t.Fatalf("a second server over one folder: %v", err)
	}
}
