package broker_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/txn"
)

func judged(action string, more map[string]string) map[string]string {
	configs := map[string]string{"pawl.value.schema.validation.mode": "id", "pawl.schema.validation.action": action}
	maps.Copy(configs, more)
	return configs
}

// held is a record of a log.
type held struct {
	Offset batch.Offset
	Value  string
}

func contents(t *testing.T, p *broker.Partition) []held {
	t.Helper()
	var all []held
	each(t, p, func(r batch.Record) { all = append(all, held{r.Offset, string(r.Value)}) })
	return all
}

func each(t *testing.T, p *broker.Partition, do func(batch.Record)) {
	t.Helper()
	for at := batch.Offset(0); at < end(t, p); {
		stored, _, err := p.Read(t.Context(), nil, at, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		for len(stored) > 0 {
			b, rest, err := batch.Open(stored)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Records(64<<20, func(_ int, r batch.Record) bool { do(r); return true }); err != nil {
				t.Fatal(err)
			}
			at, stored = b.NextOffset(), rest
		}
	}
}

func deadLettersOf(t *testing.T, b *broker.Broker, topic string, index int32) *broker.Partition {
	t.Helper()
	found, err := b.Topic(topic)
	if err != nil {
		t.Fatal(err)
	}
	return partition(t, found, index)
}

func TestBadRecordsAreSetAsideAndTheOthersKeepTheirOffsets(t *testing.T) {
	for _, codec := range []batch.Codec{batch.None, batch.Gzip, batch.Snappy, batch.LZ4, batch.Zstd} {
		t.Run(codec.String(), func(t *testing.T) {
			logs := logtest.NewMemory()
			opts := broker.Options{Logs: logs, Validator: &asked{}}
			b := open(t, opts)
			p := partition(t, create(t, b, "t", 3, judged("dlq", nil)), 1)
			sequence := func(first int32, values ...string) batch.Batch {
				return records(t, batch.Spec{Codec: codec, Producer: &batch.Producer{ID: 9, BaseSequence: first}}, values...)
			}
			wantBase := func(want batch.Offset, sent batch.Batch) {
				t.Helper()
				pending, err := produce(t, p, sent)
				if err != nil || pending.Base != want {
					t.Fatalf("base offset %d, %v; want %d", pending.Base, err, want)
				}
			}
			wantBase(0, sequence(0, "bad1", "a", "bad2", "b", "bad3"))
			wantBase(5, sequence(5, "bad4", "bad5"))
			wantBase(0, sequence(0, "bad1", "a", "bad2", "b", "bad3")) // sent again: its answer was lost
			wantBase(7, sequence(7, "c"))
			_, err := produce(t, p, sequence(9, "bad6", "d"))
			wantCode(t, err, txn.ErrOutOfOrder)

			opts.Logs = logs.Reopen()
			b = open(t, opts)
			p = deadLettersOf(t, b, "t", 1)
			wantBase(5, sequence(5, "bad4", "bad5"))
			wantBase(8, sequence(8, "d", "bad6"))
			if diff := cmp.Diff([]held{{1, "a"}, {3, "b"}, {7, "c"}, {8, "d"}}, contents(t, p)); diff != "" {
				t.Errorf("the topic holds (-want +got):\n%s", diff)
			}
			if end(t, p) != 10 {
				t.Errorf("the log ends at %d, want 10", end(t, p))
			}
			want := []held{{0, "bad1"}, {1, "bad2"}, {2, "bad3"}, {3, "bad4"}, {4, "bad5"}, {5, "bad6"}}
			if diff := cmp.Diff(want, contents(t, deadLettersOf(t, b, "t.dlq", 1))); diff != "" {
				t.Errorf("the dead letters are (-want +got):\n%s", diff)
			}
		})
	}
}

func TestADeadLetterTellsWhyWhereAndWho(t *testing.T) {
	var log bytes.Buffer
	b := open(t, broker.Options{Validator: &asked{}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	create(t, b, "set.aside", 2, nil)
	p := partition(t, create(t, b, "t", 4, judged("dlq", map[string]string{"pawl.schema.validation.dlq.topic": "set.aside"})), 3)
	sent, err := batch.Build(nil, batch.Spec{}, []batch.Record{
		{Timestamp: 5, Value: []byte("good")},
		{Timestamp: 7, Key: []byte{}, Value: []byte("bad"), Headers: []batch.Header{{Key: "own", Value: []byte("x")}, {Key: "null"}}},
		{Timestamp: 9, Value: []byte("bad too")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := produce(t, p, sent); err != nil {
		t.Fatal(err)
	}
	var got []batch.Record
	each(t, deadLettersOf(t, b, "set.aside", 1), func(r batch.Record) {
		r.Headers = append([]batch.Header(nil), r.Headers...)
		got = append(got, r)
	})
	why := func(record string) []batch.Header {
		h := []batch.Header{}
		for _, kv := range [][2]string{{"topic", "t"}, {"partition", "3"}, {"record", record}, {"reason", "it is bad"}, {"cause", "bad_word"}, {"subject", "t-value"},
			{"principal", "User:ann"}, {"client.id", "client"}, {"client.address", "10.0.0.7"}, {"timestamp", fmt.Sprint(noon.UnixMilli())}} {
			h = append(h, batch.Header{Key: "__pawl.errors." + kv[0], Value: []byte(kv[1])})
		}
		return h
	}
	want := []batch.Record{
		{Offset: 0, Timestamp: 7, Key: []byte{}, Value: []byte("bad"), Headers: append([]batch.Header{{Key: "own", Value: []byte("x")}, {Key: "null"}}, why("1")...)},
		{Offset: 1, Timestamp: 9, Value: []byte("bad too"), Headers: why("2")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	if got := log.String(); !strings.Contains(got, `msg="bad records set aside"`) || !strings.Contains(got, "principal=User:ann") || !strings.Contains(got, "records=2") {
		t.Errorf("the log says %s", got)
	}
	if n := b.Counts().Failed[broker.Failure{Topic: "t", Subject: "t-value", Cause: "bad_word", Action: broker.DeadLetter}]; n != 2 {
		t.Errorf("%d dead letters are counted, want 2", n)
	}
}

func TestBadRecordsAreLetThroughIfTheyAreOnlyReported(t *testing.T) {
	var log bytes.Buffer
	b := open(t, broker.Options{Validator: &asked{}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	p := partition(t, create(t, b, "t", 1, judged("report", nil)), 0)
	sent := records(t, batch.Spec{Codec: batch.Zstd}, "good", "bad1", "bad2")
	if _, err := produce(t, p, sent); err != nil {
		t.Fatal(err)
	}
	stored, _, err := p.Read(t.Context(), nil, 0, 1<<20)
	if err != nil || !bytes.Equal(stored[16:], sent[16:]) { // all but offset and leader epoch
		t.Errorf("the batch was changed, or %v", err)
	}
	if !strings.Contains(log.String(), `msg="bad records let through"`) || !strings.Contains(log.String(), "record=1 records=2") {
		t.Errorf("the log says %s", log.String())
	}
	if n := b.Counts().Failed[broker.Failure{Topic: "t", Subject: "t-value", Cause: "bad_word", Action: broker.Report}]; n != 2 {
		t.Errorf("%d records are counted, want 2", n)
	}
}

func TestATransactionLeavesNoDeadLetters(t *testing.T) {
	b := open(t, broker.Options{Validator: &asked{}})
	p := partition(t, create(t, b, "t", 1, judged("dlq", nil)), 0)
	id, epoch := begun(t, b, "x")
	wantCode(t, produceIn(t, p, "x", written(t, id, epoch, 0, "good", "bad")), broker.ErrInvalidRecord)
	wantCode(t, produceIn(t, p, "x", written(t, id, epoch, 0, "good")), nil)
	if _, err := b.Topic("t.dlq"); err == nil {
		t.Error("there are dead letters")
	}
}

func TestABatchIsRefusedIfItsDeadLettersHaveNoPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		topic  string
		before func(b *broker.Broker)
	}{
		"its own topic":        {topic: "t"},
		"the broker's topic":   {topic: broker.OffsetsTopic},
		"a compacted topic":    {topic: "c", before: func(b *broker.Broker) { create(t, b, "c", 1, map[string]string{"cleanup.policy": "compact"}) }},
		"names that are alike": {topic: "a_b", before: func(b *broker.Broker) { create(t, b, "a.b", 1, nil) }},
		"a topic that is there": {topic: "d", before: func(b *broker.Broker) {
			create(t, b, "d", 1, judged("dlq", map[string]string{"pawl.schema.validation.dlq.topic": "t"}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			b := open(t, broker.Options{Validator: &asked{}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if tt.before != nil {
				tt.before(b)
			}
			p := partition(t, create(t, b, "t", 1, judged("dlq", map[string]string{"pawl.schema.validation.dlq.topic": tt.topic})), 0)
			_, err := produce(t, p, records(t, batch.Spec{}, "good", "bad"))
			if tt.topic == "d" { // two topics that take each other's dead letters do not judge them again
				wantCode(t, err, nil)
				return
			}
			wantCode(t, err, broker.ErrInvalidRecord)
			if end(t, p) != 0 || !strings.Contains(log.String(), "dead letters cannot be written") {
				t.Errorf("%d records, and the log says %s", end(t, p), log.String())
			}
		})
	}
}

func TestMoreBadRecordsThanAreToleratedAreRefused(t *testing.T) {
	for _, action := range []string{"report", "dlq"} {
		v := &asked{}
		b := open(t, broker.Options{Validator: v, Tolerated: 2000})
		p := partition(t, create(t, b, "t", 1, judged(action, nil)), 0)
		values := strings.Split(strings.Repeat("bad,", 2000)+"bad", ",")
		_, err := produce(t, p, records(t, batch.Spec{Codec: batch.Gzip}, values...))
		wantCode(t, err, broker.ErrInvalidRecord)
		if _, err := produce(t, p, records(t, batch.Spec{Codec: batch.Gzip}, append(values[:2000], "good")...)); err != nil {
			t.Error(err)
		}
		if n := len(contents(t, p)); v.limit != 2001 || action == "dlq" && n != 1 {
			t.Errorf("%s: limit %d, %d records", action, v.limit, n)
		}
		if action == "dlq" {
			if n := len(contents(t, deadLettersOf(t, b, "t.dlq", 0))); n != 2000 {
				t.Errorf("%d dead letters", n)
			}
		}
	}
}

func TestTheModeOfATopicWinsOverTheNamesOfOthers(t *testing.T) {
	tests := []struct {
		name    string
		level   broker.Level
		configs map[string]string
		want    []broker.Demand
	}{
		{"payload", 0, map[string]string{"pawl.value.schema.validation.mode": "payload"}, []broker.Demand{{Field: broker.Value, Level: broker.CheckPayload}}},
		{"id, where the default is deeper", broker.CheckPayload, map[string]string{"pawl.key.schema.validation.mode": "id"}, []broker.Demand{{Field: broker.Key}}},
		{"inherited", broker.CheckPayload, map[string]string{"pawl.value.schema.validation.mode": "inherit", "confluent.value.schema.validation": "true"},
			[]broker.Demand{{Field: broker.Value, Level: broker.CheckPayload}}},
		{"inherited, nothing asked", broker.CheckPayload, map[string]string{"pawl.value.schema.validation.mode": "inherit"}, nil},
		{"off", 0, map[string]string{"pawl.value.schema.validation.mode": "off", "confluent.value.schema.validation": "true", "redpanda.value.schema.id.validation": "true"}, nil},
		{"each side its own, in a context", 0, map[string]string{"pawl.key.schema.validation.mode": "id", "pawl.value.schema.validation.mode": "payload",
			"pawl.schema.validation.context": ".prod", "confluent.value.subject.name.strategy": "RecordNameStrategy"},
			[]broker.Demand{{Field: broker.Key, Context: ".prod"}, {Field: broker.Value, Level: broker.CheckPayload, Context: ".prod", Strategy: broker.RecordName}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := &asked{}
			p := partition(t, create(t, open(t, broker.Options{Validator: v, Validation: tt.level}), "t", 1, tt.configs), 0)
			if _, err := produce(t, p, records(t, batch.Spec{}, "good")); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, v.demands); diff != "" {
				t.Errorf("demands (-want +got):\n%s", diff)
			}
		})
	}
	b := open(t, broker.Options{})
	for name, value := range map[string]string{"pawl.value.schema.validation.mode": "deep", "pawl.schema.validation.action": "drop",
		"pawl.schema.validation.context": "prod", "pawl.schema.validation.dlq.topic": "a/b"} {
		_, err := b.CreateTopic(t.Context(), broker.NewTopic{Name: "t", Partitions: 1, Replicas: -1, Configs: map[string]string{name: value}}, broker.CheckOnly)
		wantCode(t, err, broker.ErrInvalidConfig)
	}
}

func TestCountsOfFailuresAreBounded(t *testing.T) {
	v := &anySubject{}
	b := open(t, broker.Options{Validator: v})
	p := partition(t, create(t, b, "t", 1, judged("report", nil)), 0)
	for i := range 1010 {
		v.subject = fmt.Sprint("s", i)
		if _, err := produce(t, p, records(t, batch.Spec{}, "bad")); err != nil {
			t.Fatal(err)
		}
	}
	failed := b.Counts().Failed
	if n := failed[broker.Failure{Topic: broker.OtherTopics, Cause: "bad_word", Action: broker.Report}]; n != 10 || len(failed) != 1001 {
		t.Errorf("%d kinds of failures, %d beyond; want 1001 and 10", len(failed), n)
	}
}

// anySubject is asked with a subject that changes.
type anySubject struct {
	asked
	subject string
}

func (a *anySubject) Validate(ctx context.Context, topic string, demands []broker.Demand, limit int, each func(func(int, batch.Record) bool) error) ([]broker.Rejection, error) {
	bad, err := a.asked.Validate(ctx, topic, demands, limit, each)
	for i := range bad {
		bad[i].Subject = a.subject
	}
	return bad, err
}
