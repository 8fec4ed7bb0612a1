package serve_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/serde/frame"
)

// language is a format with a schema that refers to another, and payloads written by hand: an order o1 over 5 cents.
type language struct {
	name            string
	part, whole     string // the schema that is referred to, by the name, and the one that does
	reference       string
	prefix          string // of the order's message, hexadecimal
	payload, broken string
}

var languages = []language{
	{name: "AVRO", reference: "com.Money", payload: "\x04o1\x0a", broken: "\x04o",
		part:  `{"type":"record","name":"Money","namespace":"com","fields":[{"name":"cents","type":"long"}]}`,
		whole: `{"type":"record","name":"Order","namespace":"com","fields":[{"name":"id","type":"string"},{"name":"total","type":"com.Money"}]}`},
	{name: "PROTOBUF", reference: "money.proto", prefix: "0202", payload: "\x0a\x02o1\x12\x02\x08\x05", broken: "\x0a\x05o",
		part:  "syntax = \"proto3\";\npackage com;\nmessage Money { int64 cents = 1; }\n",
		whole: "syntax = \"proto3\";\npackage com;\nimport \"money.proto\";\nmessage Note { string text = 1; }\nmessage Order { string id = 1; Money total = 2; }\n"},
	{name: "JSON", reference: "money.json", payload: `{"id":"o1","total":{"cents":5}}`, broken: `{"id":"o1","total":{"cents":"5"}}`,
		part:  `{"type":"object","properties":{"cents":{"type":"integer"}},"required":["cents"]}`,
		whole: `{"type":"object","properties":{"id":{"type":"string"},"total":{"$ref":"money.json"}},"required":["id","total"]}`},
}

// register registers the schemas of a language in a context, the whole one under each of the subjects.
func (l language) register(t *testing.T, c *client.Client, scope string, subjects ...string) frame.Ref {
	t.Helper()
	part := scope + strings.ToLower(l.name) + "-money"
	if _, err := c.RegisterSchema(t.Context(), part, openapi.SchemaRequest{Schema: l.part, SchemaType: l.name}, client.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	var ref frame.Ref
	for _, subject := range subjects {
		res, err := c.RegisterSchema(t.Context(), scope+subject, openapi.SchemaRequest{
			Schema: l.whole, SchemaType: l.name, References: []openapi.Reference{{Name: l.reference, Subject: part, Version: 1}},
		}, client.WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		known, err := c.ByID(t.Context(), scope, schema.ID(res.ID))
		if err != nil {
			t.Fatal(err)
		}
		guid, err := hex.DecodeString(strings.ReplaceAll(known.GUID, "-", ""))
		if err != nil || len(guid) != 16 {
			t.Fatalf("GUID %q, %v", known.GUID, err)
		}
		ref = frame.Ref{ID: schema.ID(res.ID), GUID: schema.GUID(guid)}
	}
	return ref
}

// form is a way to tell the schema of a record.
type form struct {
	name           string
	byGUID, headed bool
}

var forms = []form{{name: "id"}, {"guid", true, false}, {"id in a header", false, true}, {"guid in a header", true, true}}

// record makes a record whose value is of the schema of ref.
func (l language) record(f form, ref frame.Ref, payload string) batch.Record {
	prefix, _ := hex.DecodeString(l.prefix)
	ref.ByGUID = f.byGUID
	framed := append(frame.Append(nil, ref), prefix...)
	r := batch.Record{Timestamp: 1, Key: []byte("k"), Value: append(framed, payload...)}
	if f.headed {
		r.Value = []byte(payload)
		r.Headers = []batch.Header{{Key: frame.ValueHeader, Value: []byte("an earlier one does not count")}, {Key: frame.ValueHeader, Value: framed}}
	}
	return r
}

// bad is a record that a topic does not take.
type bad struct {
	name   string
	record batch.Record
	reason string // part of it
	deep   bool   // found by its payload alone
}

func (l language) bad(f form, own, foreign frame.Ref) []bad {
	unknown := frame.Ref{ID: 9999, GUID: schema.GUID{9}}
	bare, reason := batch.Record{Timestamp: 1, Value: []byte("no frame")}, "not a magic byte"
	if f.headed {
		reason = "0 bytes"
		bare.Headers = []batch.Header{{Key: frame.ValueHeader, Value: []byte{}}}
	}
	return []bad{
		{"foreign", l.record(f, foreign, l.payload), "is not registered under subject", false},
		{"unknown", l.record(f, unknown, l.payload), "schema", false},
		{"bare", bare, reason, false},
		{"broken", l.record(f, own, l.broken), "the payload is no valid", true},
	}
}

// writer sends batches to partition 0 of a topic as an idempotent producer.
type writer struct {
	client   *kgo.Client
	topic    string
	id       kadm.TopicID
	producer batch.Producer
	next     int64 // offset
}

func newWriter(t *testing.T, k *kgo.Client, topic string, configs map[string]string) *writer {
	t.Helper()
	set := map[string]*string{}
	for name, value := range configs {
		set[name] = &value
	}
	made, err := kadm.NewClient(k).CreateTopic(t.Context(), 1, 1, set, topic)
	if err != nil {
		t.Fatal(err, made.ErrMessage)
	}
	req := kmsg.NewPtrInitProducerIDRequest()
	req.ProducerID, req.ProducerEpoch = -1, -1
	res, err := req.RequestWith(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return &writer{client: k, topic: topic, id: made.ID, producer: batch.Producer{ID: res.ProducerID, Epoch: res.ProducerEpoch}}
}

func (w *writer) send(t *testing.T, codec batch.Codec, records ...batch.Record) kmsg.ProduceResponseTopicPartition {
	t.Helper()
	b, err := batch.Build(nil, batch.Spec{Codec: codec, Producer: &w.producer}, records)
	if err != nil {
		t.Fatal(err)
	}
	rp := kmsg.NewProduceRequestTopicPartition()
	rp.Records = b
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic, rt.TopicID, rt.Partitions = w.topic, w.id, []kmsg.ProduceRequestTopicPartition{rp}
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis, req.Topics = -1, 10_000, []kmsg.ProduceRequestTopic{rt}
	res, err := w.client.Broker(1).Request(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res.(*kmsg.ProduceResponse).Topics[0].Partitions[0]
}

// taken sends records that the broker must append at the next offset, by the next sequence.
func (w *writer) taken(t *testing.T, codec batch.Codec, records ...batch.Record) {
	t.Helper()
	res := w.send(t, codec, records...)
	if err := kerr.ErrorForCode(res.ErrorCode); err != nil || res.BaseOffset != w.next {
		t.Fatalf("offset %d, %v, %s; want %d", res.BaseOffset, err, told(res), w.next)
	}
	w.next += int64(len(records))
	w.producer.BaseSequence += int32(len(records))
}

// refused sends records that the broker must refuse for one of them.
func (w *writer) refused(t *testing.T, codec batch.Codec, index int, reason string, records ...batch.Record) {
	t.Helper()
	res := w.send(t, codec, records...)
	if !errorsAre(res.ErrorCode, kerr.InvalidRecord) || res.BaseOffset != -1 || len(res.ErrorRecords) != 1 {
		t.Fatalf("error %d at offset %d, %s; want record %d refused", res.ErrorCode, res.BaseOffset, told(res), index)
	}
	if e := res.ErrorRecords[0]; e.RelativeOffset != int32(index) || !strings.Contains(*e.ErrorMessage, reason) || !strings.Contains(*res.ErrorMessage, reason) {
		t.Fatalf("refused are %s; want record %d: %s", told(res), index, reason)
	}
}

func errorsAre(code int16, want *kerr.Error) bool { return code == want.Code }

func told(res kmsg.ProduceResponseTopicPartition) string {
	var all strings.Builder
	for _, e := range res.ErrorRecords {
		fmt.Fprintf(&all, "record %d: %s; ", e.RelativeOffset, *e.ErrorMessage)
	}
	return all.String()
}

// kept is a record that a consumer reads.
type kept struct {
	Offset int64
	Value  string
}

// read returns all records of partition 0 of a topic.
func read(t *testing.T, s interface{ brokers() string }, topic string, end int64) []*kgo.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c, err := kgo.NewClient(kgo.SeedBrokers(s.brokers()), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all []*kgo.Record
	for len(all) == 0 || all[len(all)-1].Offset < end-1 {
		f := c.PollFetches(ctx)
		if err := f.Err(); err != nil {
			t.Fatalf("after %d records: %v", len(all), err)
		}
		all = append(all, f.Records()...)
	}
	return all
}

type brokersAt string

func (b brokersAt) brokers() string { return string(b) }

var codecs = []batch.Codec{batch.None, batch.Gzip, batch.Snappy, batch.LZ4, batch.Zstd}

// place puts a record at one of three positions among good ones.
func place(position int, good, odd batch.Record) []batch.Record {
	return slices.Insert([]batch.Record{good, good}, position, odd)
}

// TestEveryBadRecordIsFoundWhereverItStands is the whole table: format, wire form, codec, mode, fault, position.
func TestEveryBadRecordIsFoundWhereverItStands(t *testing.T) {
	s := start(t, config(t))
	c, k := connect(t, s)
	for _, l := range languages {
		for _, mode := range []string{"off", "id", "payload"} {
			t.Run(l.name+" "+mode, func(t *testing.T) {
				topic := strings.ToLower(l.name) + "-" + mode
				own := l.register(t, c, "", topic+"-value")
				foreign := frame.Ref{ID: register(t, c, "foreign-value", text)}
				known, err := c.ByID(t.Context(), "", foreign.ID)
				if err != nil {
					t.Fatal(err)
				}
				raw, _ := hex.DecodeString(strings.ReplaceAll(known.GUID, "-", ""))
				foreign.GUID = schema.GUID(raw)
				w := newWriter(t, k, topic, map[string]string{"pawl.value.schema.validation.mode": mode})
				var want []kept
				took := func(codec batch.Codec, records ...batch.Record) {
					t.Helper()
					for i, r := range records {
						want = append(want, kept{w.next + int64(i), string(r.Value)})
					}
					w.taken(t, codec, records...)
				}
				for _, f := range forms {
					good := l.record(f, own, l.payload)
					for _, codec := range codecs {
						for _, b := range l.bad(f, own, foreign) {
							for position := range 3 {
								sent := place(position, good, b.record)
								if mode == "off" || mode == "id" && b.deep {
									took(codec, sent...)
									continue
								}
								w.refused(t, codec, position, b.reason, sent...)
							}
						}
						took(codec, good, batch.Record{Timestamp: 1, Key: []byte("null")}, good)
					}
				}
				var got []kept
				for _, r := range read(t, brokersAt(s.Kafka), topic, w.next) {
					got = append(got, kept{r.Offset, string(r.Value)})
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the topic holds (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestBadRecordsAreSetAsideOrLetThroughWhereverTheyStand is the table of the two gentler actions.
func TestBadRecordsAreSetAsideOrLetThroughWhereverTheyStand(t *testing.T) {
	s := start(t, config(t))
	c, k := connect(t, s)
	for _, l := range languages {
		for _, action := range []string{"report", "dlq"} {
			t.Run(l.name+" "+action, func(t *testing.T) {
				topic := strings.ToLower(l.name) + "-" + action
				own := l.register(t, c, "", topic+"-value")
				w := newWriter(t, k, topic, map[string]string{"pawl.value.schema.validation.mode": "payload", "pawl.schema.validation.action": action})
				var want []kept
				var aside []string // value, place and cause
				for _, f := range forms {
					good, broken := l.record(f, own, l.payload), l.record(f, own, l.broken)
					for _, codec := range codecs {
						for position := range 3 {
							sent := place(position, good, broken)
							for i, r := range sent {
								if i != position || action == "report" {
									want = append(want, kept{w.next + int64(i), string(r.Value)})
									continue
								}
								aside = append(aside, fmt.Sprintf("%q %d invalid_payload %s-value User:ANONYMOUS", r.Value, i, topic))
							}
							w.taken(t, codec, sent...)
						}
					}
				}
				w.taken(t, batch.None, batch.Record{Timestamp: 1})
				want = append(want, kept{w.next - 1, ""})
				var got []kept
				for _, r := range read(t, brokersAt(s.Kafka), topic, w.next) {
					got = append(got, kept{r.Offset, string(r.Value)})
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the topic holds (-want +got):\n%s", diff)
				}
				if action == "report" {
					return
				}
				var found []string
				for _, r := range read(t, brokersAt(s.Kafka), topic+".dlq", int64(len(aside))) {
					h := map[string]string{}
					for _, one := range r.Headers {
						h[strings.TrimPrefix(one.Key, "__pawl.errors.")] = string(one.Value)
					}
					if !strings.Contains(h["reason"], "the payload is no valid") || h["topic"] != topic || h["partition"] != "0" || h["client.address"] != "127.0.0.1" || h["client.id"] != "kgo" {
						t.Fatalf("a dead letter has the headers %q", h)
					}
					found = append(found, fmt.Sprintf("%q %s %s %s %s", r.Value, h["record"], h["cause"], h["subject"], h["principal"]))
				}
				if diff := cmp.Diff(aside, found); diff != "" {
					t.Errorf("the dead letters are (-want +got):\n%s", diff)
				}
			})
		}
	}
	after := numbers(t, s)
	for _, line := range []string{
		`pawl_validation_failed_records_total{action="dlq",reason="invalid_payload",subject="avro-dlq-value",topic="avro-dlq"} 60`,
		`pawl_validation_failed_records_total{action="report",reason="invalid_payload",subject="json-report-value",topic="json-report"} 60`,
	} {
		if !strings.Contains(after, "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

// TestATransactionalProducerRecoversFromARefusal aborts what was refused and goes on, under every action: transactions leave no
// dead letters.
func TestATransactionalProducerRecoversFromARefusal(t *testing.T) {
	s := start(t, config(t))
	c, k := connect(t, s)
	for _, l := range languages {
		for _, action := range []string{"reject", "dlq"} {
			t.Run(l.name+" "+action, func(t *testing.T) {
				topic := strings.ToLower(l.name) + "-txn-" + action
				own := l.register(t, c, "", topic+"-value")
				newWriter(t, k, topic, map[string]string{"pawl.value.schema.validation.mode": "payload", "pawl.schema.validation.action": action})
				p, err := kgo.NewClient(kgo.SeedBrokers(s.Kafka), kgo.TransactionalID(topic), kgo.DefaultProduceTopic(topic))
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				good := l.record(forms[0], own, l.payload).Value
				broken := l.record(forms[0], own, l.broken).Value
				for round, end := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort, kgo.TryCommit, kgo.TryAbort, kgo.TryCommit} {
					if err := p.BeginTransaction(); err != nil {
						t.Fatal(err)
					}
					if err := p.ProduceSync(t.Context(), &kgo.Record{Value: good, Key: fmt.Append(nil, round)}).FirstErr(); err != nil {
						t.Fatalf("round %d: %v", round, err)
					}
					if end == kgo.TryAbort {
						err := p.ProduceSync(t.Context(), &kgo.Record{Value: broken}).FirstErr()
						if err == nil {
							t.Fatal("a broken record was taken")
						}
					}
					if err := p.EndTransaction(t.Context(), end); err != nil {
						t.Fatalf("round %d: %v", round, err)
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				r, err := kgo.NewClient(kgo.SeedBrokers(s.Kafka), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				var keys []string
				for len(keys) < 3 {
					f := r.PollFetches(ctx)
					if err := f.Err(); err != nil {
						t.Fatal(err)
					}
					for _, one := range f.Records() {
						keys = append(keys, string(one.Key))
					}
				}
				if diff := cmp.Diff([]string{"0", "2", "4"}, keys); diff != "" {
					t.Errorf("committed are (-want +got):\n%s", diff)
				}
				if found, err := kadm.NewClient(k).ListTopics(t.Context()); err != nil || found.Has(topic+".dlq") {
					t.Errorf("a transaction left dead letters, or %v", err)
				}
			})
		}
	}
}

// TestATopicLooksItsSchemasUpInItsContext registers one content in two contexts: its ID means something else in each.
func TestATopicLooksItsSchemasUpInItsContext(t *testing.T) {
	s := start(t, config(t))
	c, k := connect(t, s)
	for i, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			scope, topic := fmt.Sprintf(":.prod%d:", i), strings.ToLower(l.name)+"-contexts"
			inProd := l.register(t, c, scope, topic+"-value")
			register(t, c, fmt.Sprintf("pad-%d-value", i), text)
			mode := map[string]string{"pawl.value.schema.validation.mode": "payload"}
			plain := newWriter(t, k, topic+"-elsewhere", mode)
			mode["pawl.schema.validation.context"] = fmt.Sprintf(".prod%d", i)
			w := newWriter(t, k, topic, mode)
			for _, f := range forms {
				good := l.record(f, inProd, l.payload)
				w.taken(t, batch.None, good)
				w.refused(t, batch.Zstd, 1, "the payload is no valid", good, l.record(f, inProd, l.broken))
			}
			// The default context has the GUID nowhere, and the ID, if at all, for another schema.
			for _, f := range forms {
				plain.refused(t, batch.None, 0, "not", l.record(f, inProd, l.payload))
			}
			inDefault := l.register(t, c, "", topic+"-elsewhere-value")
			for _, f := range forms {
				plain.taken(t, batch.None, l.record(f, inDefault, l.payload))
			}
		})
	}
}

func TestEachSideOfATopicHasItsOwnMode(t *testing.T) {
	s := start(t, config(t))
	c, k := connect(t, s)
	l := languages[0]
	own := l.register(t, c, "", "sides-value", "sides-key")
	w := newWriter(t, k, "sides", map[string]string{"pawl.key.schema.validation.mode": "id", "pawl.value.schema.validation.mode": "payload"})
	good, broken := l.record(forms[0], own, l.payload).Value, l.record(forms[0], own, l.broken).Value
	w.taken(t, batch.None, batch.Record{Key: broken, Value: good}, batch.Record{Value: good}, batch.Record{Key: good})
	w.refused(t, batch.None, 0, "value: the payload", batch.Record{Key: good, Value: broken})
	w.refused(t, batch.None, 0, "key: the first byte", batch.Record{Key: []byte("k"), Value: good})
	w.refused(t, batch.None, 0, "key: 0 bytes", batch.Record{Key: []byte{}, Value: good})
}

func TestWhatABatchUnpacksToIsBounded(t *testing.T) {
	s := start(t, config(t))
	_, k := connect(t, s)
	w := newWriter(t, k, "bomb", map[string]string{"pawl.value.schema.validation.mode": "id", "max.message.bytes": "20000"})
	for _, codec := range []batch.Codec{batch.Gzip, batch.Zstd, batch.LZ4} {
		res := w.send(t, codec, batch.Record{Value: make([]byte, 4<<20)})
		if !errorsAre(res.ErrorCode, kerr.MessageTooLarge) {
			t.Errorf("%s: error %d", codec, res.ErrorCode)
		}
	}
}
