package serve_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/serve"
	"github.com/pawl-registry/pawl/serde/frame"
)

func numbers(t *testing.T, s *serve.Server) string {
	t.Helper()
	res, err := http.Get("http://" + s.HTTP + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%v, %v", res, err)
	}
	return string(body)
}

func TestTheNumbersTellWhatHappened(t *testing.T) {
	s := start(t, config(t))
	c, k := connect(t, s)
	on := "true"
	_, err := kadm.NewClient(k).CreateTopic(t.Context(), 3, 1, map[string]*string{"confluent.value.schema.validation": &on}, "notes")
	if err != nil {
		t.Fatal(err)
	}
	id := register(t, c, "secret-subject-value", text)
	register(t, c, "notes-value", text)
	if _, err := c.DeleteSubject(t.Context(), "secret-subject-value", client.Soft); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Latest(t.Context(), "nowhere"); err == nil {
		t.Fatal("found what is not there")
	}
	send(t, k, &kgo.Record{Topic: "notes", Value: append(frame.AppendID(nil, id), 2)}, "")
	before := numbers(t, s)
	send(t, k, &kgo.Record{Topic: "notes", Value: []byte("text")}, "magic byte")
	consumer, err := kgo.NewClient(kgo.SeedBrokers(s.Kafka), kgo.ConsumeTopics("notes"), kgo.ConsumerGroup("readers"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	if f := consumer.PollFetches(t.Context()); f.NumRecords() != 1 {
		t.Fatalf("%d records, %v", f.NumRecords(), f.Errors())
	}
	if err := consumer.CommitUncommittedOffsets(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := numbers(t, s)
	for _, line := range []string{
		"kafka_schema_registry_registered_count 1",
		"kafka_schema_registry_deleted_count 1",
		`kafka_schema_registry_schemas_created{schema_type="avro"} 2`,
		`kafka_schema_registry_schemas_deleted{schema_type="avro"} 1`,
		`kafka_schema_registry_schemas_created{schema_type="protobuf"} 0`,
		"kafka_schema_registry_api_failure_count 1",
		`kafka_schema_registry_request_latency_seconds_count{endpoint="/subjects/{subject}/versions",method="POST",status="200"} 2`,
		`kafka_schema_registry_request_latency_seconds_count{endpoint="/subjects/{subject}/versions/{version}",method="GET",status="404"} 1`,
		"pawl_broker_produced_batches_total 1",
		`pawl_group_lag{group="readers",topic="notes"} 0`,
		fmt.Sprintf("pawl_broker_refused_batches_total{reason=%q,topic=\"notes\"} 2", "records_rejected"),
		`pawl_validation_failed_records_total{action="reject",reason="no_schema_id",subject="notes-value",topic="notes"} 2`,
		"pawl_broker_groups 1",
		`pawl_kafka_requests_total{api="CreateTopics"} 1`,
	} {
		if !strings.Contains(after, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
	for _, name := range []string{"pawl_broker_fetched_bytes_total", "pawl_broker_refused_batches_total"} {
		if value(before, name) != 0 || value(after, name) == 0 {
			t.Errorf("%s: %v before, %v after", name, value(before, name), value(after, name))
		}
	}
	for _, name := range []string{"pawl_broker_produced_bytes_total", "pawl_log_appends_total", "pawl_kafka_connections", "go_goroutines"} {
		if value(after, name) == 0 {
			t.Errorf("%s is not counted", name)
		}
	}
	if strings.Contains(after, "secret-subject") || strings.Contains(after, "kgo") {
		t.Error("the numbers name a subject or a client")
	}
	if t.Failed() {
		t.Log(after)
	}
}

// value returns the sum of a metric's values, 0 if there are none.
func value(text, name string) (sum float64) {
	for line := range strings.Lines(text) {
		var v float64
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == ' ' || rest[0] == '{') {
			if _, err := fmt.Sscan(rest[strings.LastIndexByte(rest, ' '):], &v); err == nil {
				sum += v
			}
		}
	}
	return sum
}
