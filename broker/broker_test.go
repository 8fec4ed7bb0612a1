package broker_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, opts broker.Options) *broker.Broker {
	t.Helper()
	if opts.Logs == nil {
		opts.Logs = logtest.NewMemory()
	}
	if opts.Clock == nil {
		opts.Clock = func() time.Time { return noon }
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	opts.RetentionEvery = -1
	b, err := broker.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func create(t *testing.T, b *broker.Broker, name string, partitions int32, configs map[string]string) *broker.Topic {
	t.Helper()
	topic, err := b.CreateTopic(t.Context(), broker.NewTopic{Name: name, Partitions: partitions, Replicas: -1, Configs: configs}, broker.Apply)
	if err != nil {
		t.Fatal(err)
	}
	return topic
}

func partition(t *testing.T, topic *broker.Topic, index int32) *broker.Partition {
	t.Helper()
	p, err := topic.Partition(index)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// records builds a batch of values with the key "k".
func records(t *testing.T, s batch.Spec, values ...string) batch.Batch {
	t.Helper()
	var all []batch.Record
	for _, v := range values {
		all = append(all, batch.Record{Timestamp: noon.UnixMilli(), Key: []byte("k"), Value: []byte(v)})
	}
	b, err := batch.Build(nil, s, all)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func produce(t *testing.T, p *broker.Partition, b batch.Batch) (broker.Pending, error) {
	t.Helper()
	pending, err := p.Produce(t.Context(), broker.Sender{Client: "client", Principal: "User:ann", Address: "10.0.0.7"}, slices.Clone(b))
	if err == nil {
		err = pending.Wait(t.Context())
	}
	return pending, err
}

func wantCode(t *testing.T, err error, want *fault.Code) {
	t.Helper()
	if want == nil && err != nil {
		t.Errorf("got %v, want no error", err)
	} else if want != nil && !errors.Is(err, want) {
		t.Errorf("got %v, want %s", err, want.Name())
	}
}

func end(t *testing.T, p *broker.Partition) batch.Offset {
	t.Helper()
	bounds, err := p.Bounds()
	if err != nil {
		t.Fatal(err)
	}
	return bounds.End
}

func TestTopicsSurviveARestart(t *testing.T) {
	logs := logtest.NewMemory()
	b := open(t, broker.Options{Logs: logs})
	orders := create(t, b, "orders", 2, map[string]string{"retention.ms": "1000"})
	gone := create(t, b, "gone", 1, nil)
	if _, err := produce(t, partition(t, orders, 1), records(t, batch.Spec{}, "a", "b")); err != nil {
		t.Fatal(err)
	}
	if err := b.CreatePartitions(t.Context(), orders, 3, nil, broker.Apply); err != nil {
		t.Fatal(err)
	}
	if err := b.AlterConfigs(t.Context(), orders, []broker.Alteration{{Name: "cleanup.policy", Op: broker.Append, Value: "compact"}}, broker.Apply); err != nil {
		t.Fatal(err)
	}
	if err := b.DeleteTopic(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	id, cluster := orders.ID(), b.ClusterID()

	logs = logs.Reopen()
	b = open(t, broker.Options{Logs: logs})
	if len(b.Topics()) != 1 || b.ClusterID() != cluster {
		t.Fatalf("%d topics in cluster %q, want 1 in %q", len(b.Topics()), b.ClusterID(), cluster)
	}
	orders, err := b.TopicByID(id)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(orders.Partitions()); n != 3 {
		t.Errorf("%d partitions, want 3", n)
	}
	if n := end(t, partition(t, orders, 1)); n != 2 {
		t.Errorf("partition 1 ends at %d, want 2", n)
	}
	for name, want := range map[string]string{"retention.ms": "1000", "cleanup.policy": "delete,compact"} {
		if got := config(t, orders, name); got.Value != want || got.Source != broker.FromTopic {
			t.Errorf("%s is %+v, want %s set on the topic", name, got, want)
		}
	}
	names, err := logs.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"__pawl_metadata-0", "__pawl_producers-0", "orders-0", "orders-1", "orders-2"}; !slices.Equal(names, want) {
		t.Errorf("logs are %v, want %v", names, want)
	}
}

func config(t *testing.T, topic *broker.Topic, name string) broker.Config {
	t.Helper()
	for _, c := range topic.Configs() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no configuration %s", name)
	return broker.Config{}
}

func TestDeletionCutShortLeavesNothingBehind(t *testing.T) {
	logs := logtest.NewMemory()
	stray, err := logs.Open(t.Context(), "ghost-0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stray.Append(t.Context(), records(t, batch.Spec{}, "old"), commitlog.Fsync); err != nil {
		t.Fatal(err)
	}
	b := open(t, broker.Options{Logs: logs.Reopen()})
	if n := end(t, partition(t, create(t, b, "ghost", 1, nil), 0)); n != 0 {
		t.Errorf("the new topic ends at %d: records of a deleted one came back", n)
	}
}

func TestMetadataLogIsBegunAnewWhenMostOfItIsStale(t *testing.T) {
	logs := logtest.NewMemory()
	b := open(t, broker.Options{Logs: logs})
	topic := create(t, b, "t", 1, nil)
	for range 1100 {
		if err := b.ReplaceConfigs(t.Context(), topic, map[string]string{"retention.ms": "5"}, broker.Apply); err != nil {
			t.Fatal(err)
		}
	}
	logs = logs.Reopen()
	open(t, broker.Options{Logs: logs})
	log, err := logs.Open(t.Context(), "__pawl_metadata-0")
	if err != nil {
		t.Fatal(err)
	}
	if bounds := log.Bounds(); bounds.End-bounds.Start > 10 {
		t.Errorf("the log still has %d records", bounds.End-bounds.Start)
	}
	b = open(t, broker.Options{Logs: logs.Reopen()})
	if got, err := b.Topic("t"); err != nil || config(t, got, "retention.ms").Value != "5" || got.ID() != topic.ID() {
		t.Errorf("the topic was lost: %v", err)
	}
}

func TestTopicNames(t *testing.T) {
	b := open(t, broker.Options{})
	create(t, b, "a.b", 1, nil)
	tests := []struct {
		name string
		want *fault.Code
	}{
		{"Orders-2.v_1", nil},
		{strings.Repeat("x", 249), nil},
		{strings.Repeat("x", 250), broker.ErrInvalidTopic},
		{"", broker.ErrInvalidTopic},
		{".", broker.ErrInvalidTopic},
		{"..", broker.ErrInvalidTopic},
		{"a/b", broker.ErrInvalidTopic},
		{"käse", broker.ErrInvalidTopic},
		{"a b", broker.ErrInvalidTopic},
		{"a_b", broker.ErrInvalidTopic},
		{"a.b", broker.ErrTopicExists},
		{"__pawl_metadata", broker.ErrInvalidTopic},
		{"__consumer_offsets", broker.ErrInvalidTopic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := b.CreateTopic(t.Context(), broker.NewTopic{Name: tt.name, Partitions: 1, Replicas: 1}, broker.CheckOnly)
			wantCode(t, err, tt.want)
		})
	}
}

func TestLayoutsOfNewTopics(t *testing.T) {
	b := open(t, broker.Options{NodeID: 7, DefaultPartitions: 3})
	tests := []struct {
		name string
		new  broker.NewTopic
		want *fault.Code
		n    int
	}{
		{"defaults", broker.NewTopic{Partitions: -1, Replicas: -1}, nil, 3},
		{"explicit", broker.NewTopic{Partitions: 5, Replicas: 1}, nil, 5},
		{"no partitions", broker.NewTopic{Partitions: 0, Replicas: 1}, broker.ErrInvalidPartitions, 0},
		{"too many", broker.NewTopic{Partitions: broker.MaxPartitions + 1, Replicas: 1}, broker.ErrInvalidPartitions, 0},
		{"two replicas", broker.NewTopic{Partitions: 1, Replicas: 2}, broker.ErrInvalidReplicas, 0},
		{"assigned", broker.NewTopic{Partitions: -1, Replicas: -1, Assignments: map[int32][]int32{0: {7}, 1: {7}}}, nil, 2},
		{"assigned elsewhere", broker.NewTopic{Partitions: -1, Replicas: -1, Assignments: map[int32][]int32{0: {8}}}, broker.ErrInvalidAssignment, 0},
		{"assigned with a gap", broker.NewTopic{Partitions: -1, Replicas: -1, Assignments: map[int32][]int32{0: {7}, 2: {7}}}, broker.ErrInvalidAssignment, 0},
		{"assigned and counted", broker.NewTopic{Partitions: 1, Replicas: -1, Assignments: map[int32][]int32{0: {7}}}, broker.ErrInvalidRequest, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.new.Name = "t"
			topic, err := b.CreateTopic(t.Context(), tt.new, broker.CheckOnly)
			wantCode(t, err, tt.want)
			if err == nil && len(topic.Partitions()) != tt.n {
				t.Errorf("%d partitions, want %d", len(topic.Partitions()), tt.n)
			}
		})
	}
	if len(b.Topics()) != 0 {
		t.Error("a check made a topic")
	}
}

func TestConfigurationsAreChecked(t *testing.T) {
	b := open(t, broker.Options{})
	topic := create(t, b, "t", 1, nil)
	tests := []struct {
		name, value string
		ok          bool
	}{
		{"retention.ms", "-1", true},
		{"retention.ms", "-2", false},
		{"retention.ms", "soon", false},
		{"max.message.bytes", "2147483647", true},
		{"max.message.bytes", "2147483648", false},
		{"cleanup.policy", "compact,delete", true},
		{"cleanup.policy", "shred", false},
		{"min.cleanable.dirty.ratio", "0.25", true},
		{"min.cleanable.dirty.ratio", "1.5", false},
		{"min.cleanable.dirty.ratio", "NaN", false},
		{"message.timestamp.type", "LogAppendTime", true},
		{"message.timestamp.type", "logappendtime", false},
		{"confluent.value.schema.validation", "TRUE", true},
		{"confluent.value.schema.validation", "yes", false},
		{"confluent.value.subject.name.strategy", "io.confluent.kafka.serializers.subject.RecordNameStrategy", true},
		{"confluent.value.subject.name.strategy", "MyStrategy", false},
		{"redpanda.value.subject.name.strategy", "TopicRecordNameStrategy", true},
		{"flush.messages", "9223372036854775807", true},
		{"no.such.thing", "1", false},
	}
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			err := b.ReplaceConfigs(t.Context(), topic, map[string]string{tt.name: tt.value}, broker.CheckOnly)
			if tt.ok {
				wantCode(t, err, nil)
			} else {
				wantCode(t, err, broker.ErrInvalidConfig)
			}
		})
	}
}

func TestAlterations(t *testing.T) {
	b := open(t, broker.Options{TopicDefaults: map[string]string{"retention.ms": "42"}})
	topic := create(t, b, "t", 1, map[string]string{"segment.bytes": "1000"})
	alter := func(a ...broker.Alteration) error { return b.AlterConfigs(t.Context(), topic, a, broker.Apply) }
	if got := config(t, topic, "retention.ms"); got.Value != "42" || got.Source != broker.FromStatic {
		t.Errorf("the broker's default is %+v", got)
	}
	wantCode(t, alter(broker.Alteration{Name: "retention.ms", Value: "7"}, broker.Alteration{Name: "segment.bytes", Op: broker.Unset}), nil)
	if got := config(t, topic, "retention.ms"); got.Value != "7" || got.Source != broker.FromTopic {
		t.Errorf("what was set is %+v", got)
	}
	if got := config(t, topic, "segment.bytes"); got.Value != "1073741824" || got.Source != broker.FromDefault {
		t.Errorf("what was unset is %+v", got)
	}
	wantCode(t, alter(broker.Alteration{Name: "cleanup.policy", Op: broker.Append, Value: "compact"}), nil)
	wantCode(t, alter(broker.Alteration{Name: "cleanup.policy", Op: broker.Subtract, Value: "delete"}), nil)
	if got := config(t, topic, "cleanup.policy"); got.Value != "compact" {
		t.Errorf("the list is %q", got.Value)
	}
	wantCode(t, alter(broker.Alteration{Name: "retention.ms", Op: broker.Append, Value: "1"}), broker.ErrInvalidConfig)
	wantCode(t, alter(broker.Alteration{Name: "retention.ms", Value: "1"}, broker.Alteration{Name: "retention.ms", Value: "2"}), broker.ErrInvalidRequest)
	wantCode(t, alter(broker.Alteration{Name: "nothing", Op: broker.Unset}), broker.ErrInvalidConfig)
	if got := config(t, topic, "retention.ms"); got.Value != "7" {
		t.Errorf("a refused alteration changed the value to %s", got.Value)
	}
}

func TestBatchesAreRefusedBeforeTheyTakeAnOffset(t *testing.T) {
	good := func(t *testing.T) batch.Batch { return records(t, batch.Spec{}, "a", "b") }
	tests := []struct {
		name    string
		configs map[string]string
		bytes   func(t *testing.T) []byte
		want    *fault.Code
	}{
		{"larger than allowed", map[string]string{"max.message.bytes": "70"}, func(t *testing.T) []byte { return good(t) }, broker.ErrTooLarge},
		{"nothing", nil, func(*testing.T) []byte { return nil }, batch.ErrShort},
		{"cut short", nil, func(t *testing.T) []byte { return good(t)[:70] }, batch.ErrShort},
		{"two at once", nil, func(t *testing.T) []byte { return append(good(t), good(t)...) }, broker.ErrInvalidRecord},
		{"a flipped bit", nil, func(t *testing.T) []byte { b := good(t); b[len(b)-1] ^= 1; return b }, batch.ErrChecksum},
		{"an old format", nil, func(t *testing.T) []byte { b := good(t); b[16] = 1; return b }, batch.ErrMagic},
		{"no records", nil, func(t *testing.T) []byte { return records(t, batch.Spec{}) }, batch.ErrHeader},
		{"a control batch", nil, func(t *testing.T) []byte {
			return records(t, batch.Spec{Control: true, Producer: &batch.Producer{ID: 1, Epoch: 0, BaseSequence: 0}}, "x")
		}, broker.ErrInvalidRecord},
		{"a transactional batch", nil, func(t *testing.T) []byte {
			return records(t, batch.Spec{Transactional: true, Producer: &batch.Producer{ID: 1, Epoch: 0, BaseSequence: 0}}, "x")
		}, txn.ErrMapping},
		{"a broker's timestamp", nil, func(t *testing.T) []byte {
			return records(t, batch.Spec{TimestampType: batch.LogAppendTime, AppendTime: 1}, "x")
		}, broker.ErrTimestamp},
		{"a timestamp too far ahead", map[string]string{"message.timestamp.after.max.ms": "10"}, func(t *testing.T) []byte { return stamped(t, noon.UnixMilli()+11) }, broker.ErrTimestamp},
		{"a timestamp just ahead", map[string]string{"message.timestamp.after.max.ms": "10"}, func(t *testing.T) []byte { return stamped(t, noon.UnixMilli()+10) }, nil},
		{"a timestamp too far back", map[string]string{"message.timestamp.before.max.ms": "10"}, func(t *testing.T) []byte { return stamped(t, noon.UnixMilli()-11) }, broker.ErrTimestamp},
		{"a timestamp just back", map[string]string{"message.timestamp.before.max.ms": "10"}, func(t *testing.T) []byte { return stamped(t, noon.UnixMilli()-10) }, nil},
		{"no key on a compacted topic", map[string]string{"cleanup.policy": "compact"}, keyless, broker.ErrInvalidRecord},
		{"keys on a compacted topic", map[string]string{"cleanup.policy": "compact"}, func(t *testing.T) []byte { return good(t) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := partition(t, create(t, open(t, broker.Options{}), "t", 1, tt.configs), 0)
			_, err := produce(t, p, tt.bytes(t))
			wantCode(t, err, tt.want)
			if err != nil && end(t, p) != 0 {
				t.Errorf("the partition ends at %d", end(t, p))
			}
		})
	}
}

func stamped(t *testing.T, at int64) []byte {
	b, err := batch.Build(nil, batch.Spec{}, []batch.Record{{Timestamp: at, Value: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func keyless(t *testing.T) []byte {
	b, err := batch.Build(nil, batch.Spec{Codec: batch.Zstd}, []batch.Record{{Timestamp: noon.UnixMilli(), Key: []byte("k")}, {Timestamp: noon.UnixMilli()}, {Timestamp: noon.UnixMilli()}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKeylessRecordsAreNamedOneByOne(t *testing.T) {
	p := partition(t, create(t, open(t, broker.Options{}), "t", 1, map[string]string{"cleanup.policy": "compact"}), 0)
	_, err := produce(t, p, keyless(t))
	var rejected *broker.Rejected
	if !errors.As(err, &rejected) {
		t.Fatalf("got %v", err)
	}
	var indexes []int
	for _, r := range rejected.Rejections {
		indexes = append(indexes, r.Index)
	}
	if !slices.Equal(indexes, []int{1, 2}) {
		t.Errorf("records %v are named, want 1 and 2", indexes)
	}
}

func TestLogAppendTimeIsTheBrokers(t *testing.T) {
	p := partition(t, create(t, open(t, broker.Options{}), "t", 1, map[string]string{"message.timestamp.type": "LogAppendTime"}), 0)
	pending, err := produce(t, p, stamped(t, 5))
	if err != nil || pending.AppendTime != noon.UnixMilli() {
		t.Fatalf("append time %d, %v", pending.AppendTime, err)
	}
	found, ok, err := p.FindTime(t.Context(), noon)
	if err != nil || !ok || found.Timestamp != noon.UnixMilli() {
		t.Errorf("found %+v, %v, %v", found, ok, err)
	}
}

// asked is a validator that remembers what it was asked and refuses values that begin with "bad".
type asked struct {
	demands []broker.Demand
	limit   int
	calls   int
	err     error
}

func (a *asked) Validate(_ context.Context, _ string, demands []broker.Demand, limit int, each func(func(int, batch.Record) bool) error) ([]broker.Rejection, error) {
	a.demands, a.limit = demands, limit
	a.calls++
	if a.err != nil {
		return nil, a.err
	}
	var bad []broker.Rejection
	err := each(func(i int, r batch.Record) bool {
		if bytes.HasPrefix(r.Value, []byte("bad")) {
			bad = append(bad, broker.Rejection{Index: i, Reason: "it is bad", Cause: "bad_word", Subject: "t-value"})
		}
		return len(bad) < limit
	})
	return bad, err
}

func TestValidationIsAskedForByEitherName(t *testing.T) {
	const class = "io.confluent.kafka.serializers.subject."
	tests := []struct {
		name    string
		configs map[string]string
		want    []broker.Demand
	}{
		{"off", nil, nil},
		{"values, Confluent", map[string]string{"confluent.value.schema.validation": "true"}, []broker.Demand{{Field: broker.Value, Strategy: broker.TopicName}}},
		{"both, with strategies", map[string]string{"confluent.key.schema.validation": "true", "confluent.value.schema.validation": "true",
			"confluent.key.subject.name.strategy": class + "RecordNameStrategy", "confluent.value.subject.name.strategy": class + "TopicRecordNameStrategy"},
			[]broker.Demand{{Field: broker.Key, Strategy: broker.RecordName}, {Field: broker.Value, Strategy: broker.TopicRecordName}}},
		{"values, Redpanda, short name", map[string]string{"redpanda.value.schema.id.validation": "true", "redpanda.value.subject.name.strategy": "RecordNameStrategy"},
			[]broker.Demand{{Field: broker.Value, Strategy: broker.RecordName}}},
		{"Redpanda's name wins", map[string]string{"redpanda.value.schema.id.validation": "false", "confluent.value.schema.validation": "true"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := &asked{}
			p := partition(t, create(t, open(t, broker.Options{Validator: v}), "t", 1, tt.configs), 0)
			if _, err := produce(t, p, records(t, batch.Spec{}, "good")); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, v.demands); diff != "" {
				t.Errorf("demands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestConfigurationIsInForceAtOnce(t *testing.T) {
	v := &asked{}
	b := open(t, broker.Options{Validator: v})
	topic := create(t, b, "t", 1, nil)
	p := partition(t, topic, 0)
	_, err := produce(t, p, records(t, batch.Spec{}, "bad"))
	wantCode(t, err, nil)
	wantCode(t, b.AlterConfigs(t.Context(), topic, []broker.Alteration{{Name: "confluent.value.schema.validation", Value: "true"}}, broker.Apply), nil)
	_, err = produce(t, p, records(t, batch.Spec{}, "bad"))
	wantCode(t, err, broker.ErrInvalidRecord)
}

func TestRejectedBatchTakesNeitherOffsetNorSequence(t *testing.T) {
	var log bytes.Buffer
	b := open(t, broker.Options{Validator: &asked{}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	p := partition(t, create(t, b, "t", 1, map[string]string{"confluent.value.schema.validation": "true"}), 0)
	sequence := func(base int32, values ...string) batch.Batch {
		return records(t, batch.Spec{Codec: batch.Gzip, Producer: &batch.Producer{ID: 9, Epoch: 0, BaseSequence: base}}, values...)
	}
	if _, err := produce(t, p, sequence(0, "good", "good")); err != nil {
		t.Fatal(err)
	}
	_, err := produce(t, p, sequence(2, "good", "bad", "good"))
	var rejected *broker.Rejected
	if !errors.As(err, &rejected) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]broker.Rejection{{Index: 1, Reason: "it is bad", Cause: "bad_word", Subject: "t-value"}}, rejected.Rejections); diff != "" {
		t.Errorf("rejections (-want +got):\n%s", diff)
	}
	pending, err := produce(t, p, sequence(2, "good"))
	if err != nil || pending.Base != 2 {
		t.Errorf("the next good batch is at %d, %v; want 2", pending.Base, err)
	}
	for _, want := range []string{"topic=t", "partition=0", "record=1", "client=client", "principal=User:ann", "address=10.0.0.7", "cause=bad_word", "subject=t-value", `reason="it is bad"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s: %s", want, log.String())
		}
	}
}

func TestRejectionLogIsBounded(t *testing.T) {
	var log bytes.Buffer
	now := noon
	b := open(t, broker.Options{Validator: &asked{}, Logger: slog.New(slog.NewTextHandler(&log, nil)), RejectionsPerSec: 3, Clock: func() time.Time { return now }})
	p := partition(t, create(t, b, "t", 1, map[string]string{"confluent.value.schema.validation": "true"}), 0)
	refuse := func() {
		_, err := produce(t, p, records(t, batch.Spec{}, "bad"))
		wantCode(t, err, broker.ErrInvalidRecord)
	}
	for range 10 {
		refuse()
	}
	if n := strings.Count(log.String(), "batch rejected"); n != 3 {
		t.Errorf("%d lines in one second, want 3", n)
	}
	now = now.Add(time.Second)
	refuse()
	if !strings.Contains(log.String(), "lines_suppressed=7") {
		t.Errorf("the next line does not tell of those suppressed: %s", log.String())
	}
}

func TestBatchThatCannotBeJudgedMayBeTriedAgain(t *testing.T) {
	configs := map[string]string{"confluent.value.schema.validation": "true"}
	v := &asked{err: errors.New("no answer")}
	p := partition(t, create(t, open(t, broker.Options{Validator: v}), "t", 1, configs), 0)
	_, err := produce(t, p, records(t, batch.Spec{}, "good"))
	wantCode(t, err, broker.ErrNotValidated)
	v.err = nil
	_, err = produce(t, p, records(t, batch.Spec{}, "good"))
	wantCode(t, err, nil)

	p = partition(t, create(t, open(t, broker.Options{}), "t", 1, configs), 0)
	_, err = produce(t, p, records(t, batch.Spec{}, "good"))
	wantCode(t, err, broker.ErrNotValidated)
}

func TestDecompressionIsBounded(t *testing.T) {
	b := open(t, broker.Options{Validator: &asked{}, Expansion: 2})
	p := partition(t, create(t, b, "t", 1, map[string]string{"confluent.value.schema.validation": "true"}), 0)
	_, err := produce(t, p, records(t, batch.Spec{Codec: batch.Zstd}, strings.Repeat("x", 3<<20)))
	wantCode(t, err, batch.ErrTooLarge)
}

func TestSequencesOutliveARestart(t *testing.T) {
	logs := logtest.NewMemory()
	b := open(t, broker.Options{Logs: logs})
	p := partition(t, create(t, b, "t", 1, nil), 0)
	sequence := func(epoch int16, base int32) batch.Batch {
		return records(t, batch.Spec{Producer: &batch.Producer{ID: 3, Epoch: epoch, BaseSequence: base}}, "a", "b")
	}
	for _, base := range []int32{0, 2} {
		if _, err := produce(t, p, sequence(1, base)); err != nil {
			t.Fatal(err)
		}
	}
	for _, restarted := range []bool{false, true} {
		if restarted {
			topic, err := open(t, broker.Options{Logs: logs.Reopen()}).Topic("t")
			if err != nil {
				t.Fatal(err)
			}
			p = partition(t, topic, 0)
		}
		pending, err := produce(t, p, sequence(1, 2))
		if err != nil || pending.Base != 2 || end(t, p) != 4 {
			t.Errorf("restarted %v: a duplicate is at %d, %v, and the end at %d", restarted, pending.Base, err, end(t, p))
		}
		_, err = produce(t, p, sequence(1, 5))
		wantCode(t, err, txn.ErrOutOfOrder)
		_, err = produce(t, p, sequence(0, 4))
		wantCode(t, err, txn.ErrFenced)
	}
	active, err := p.Producers(t.Context())
	if err != nil || len(active) != 1 || active[0].Producer != 3 || active[0].Last != 3 {
		t.Errorf("producers are %+v, %v", active, err)
	}
}

func TestProducerIDsAreNeverGivenTwice(t *testing.T) {
	logs := logtest.NewMemory()
	seen := make(map[int64]bool)
	for range 3 {
		b := open(t, broker.Options{Logs: logs})
		for range 3 {
			id, epoch, err := b.InitProducer(t.Context(), -1, -1)
			if err != nil || epoch != 0 || seen[id] {
				t.Fatalf("id %d, epoch %d, %v; seen %v", id, epoch, err, seen)
			}
			seen[id] = true
		}
		if again, epoch, err := b.InitProducer(t.Context(), 0, 3); err != nil || seen[again] || epoch != 0 {
			t.Errorf("a producer that asks again gets %d/%d, %v", again, epoch, err)
		} else {
			seen[again] = true
		}
		_, _, err := b.InitProducer(t.Context(), 1, -1)
		wantCode(t, err, broker.ErrInvalidRequest)
		logs = logs.Reopen()
	}
}

func TestReadAndTrim(t *testing.T) {
	b := open(t, broker.Options{})
	p := partition(t, create(t, b, "t", 1, nil), 0)
	for range 3 {
		if _, err := produce(t, p, records(t, batch.Spec{}, "a", "b")); err != nil {
			t.Fatal(err)
		}
	}
	read := func(from batch.Offset, limit int) (batch.Offset, error) {
		data, _, err := p.Read(t.Context(), nil, from, limit)
		if err != nil || len(data) == 0 {
			return -1, err
		}
		first, _, err := batch.Open(data)
		return first.BaseOffset(), err
	}
	for from, want := range map[batch.Offset]batch.Offset{0: 0, 1: 0, 3: 2, 5: 4, 6: -1} {
		if got, err := read(from, 1); err != nil || got != want {
			t.Errorf("reading from %d begins with the batch at %d, %v; want %d", from, got, err, want)
		}
	}
	_, err := read(7, 1)
	wantCode(t, err, commitlog.ErrOutOfRange)
	if start, err := p.DeleteBefore(t.Context(), 4); err != nil || start != 4 {
		t.Errorf("the start is %d, %v; want 4", start, err)
	}
	_, err = read(3, 1)
	wantCode(t, err, commitlog.ErrOutOfRange)
	_, err = p.DeleteBefore(t.Context(), 7)
	wantCode(t, err, commitlog.ErrOutOfRange)
	if start, err := p.DeleteBefore(t.Context(), -1); err != nil || start != 6 {
		t.Errorf("the start is %d, %v; want 6", start, err)
	}
}

func TestLeaderEpochsAreChecked(t *testing.T) {
	p := partition(t, create(t, open(t, broker.Options{}), "t", 1, nil), 0)
	bounds, err := p.Bounds()
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, p.CheckTerm(-1), nil)
	wantCode(t, p.CheckTerm(int32(bounds.Term)), nil)
	wantCode(t, p.CheckTerm(int32(bounds.Term)+1), broker.ErrUnknownEpoch)
}

func TestCommittedOffsetsSurviveARestart(t *testing.T) {
	logs := logtest.NewMemory()
	b := open(t, broker.Options{Logs: logs})
	create(t, b, "t", 2, nil)
	gone := create(t, b, "gone", 1, nil)
	commit := func(id, topic string, p int32, o batch.Offset) {
		err := b.CommitOffsets(t.Context(), broker.Commit{Group: id, Generation: -1, Offsets: []broker.Committed{
			{Topic: topic, Partition: p, Offset: group.Offset{Offset: o, LeaderEpoch: 4, Metadata: "note", CommittedAt: 99}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	commit("g", "t", 0, 1)
	commit("g", "t", 0, 5)
	commit("g", "t", 1, 6)
	commit("g", "gone", 0, 7)
	commit("deleted", "t", 0, 8)
	commit("emptied", "gone", 0, 9)
	wantCode(t, b.ForgetOffset(t.Context(), "g", "t", 1), nil)
	wantCode(t, b.DeleteGroup(t.Context(), "deleted"), nil)
	wantCode(t, b.DeleteTopic(t.Context(), gone), nil)
	wantCode(t, b.DeleteGroup(t.Context(), "nobody"), broker.ErrUnknownGroup)
	for _, restarted := range []bool{false, true} {
		if restarted {
			b = open(t, broker.Options{Logs: logs.Reopen()})
		}
		if got := b.Groups(); !slices.Equal(got, []string{"g"}) {
			t.Errorf("restarted %v: groups are %v", restarted, got)
		}
		all, err := b.Offsets("g")
		if err != nil || len(all) != 1 || all[0].Topic != "t" || all[0].Partition != 0 || all[0].Offset.Offset != 5 || all[0].LeaderEpoch != 4 || all[0].Metadata != "note" || all[0].CommittedAt != 99 {
			t.Errorf("restarted %v: offsets are %+v, %v", restarted, all, err)
		}
	}
}

func TestGroupsOfMembersAlone(t *testing.T) {
	b := open(t, broker.Options{})
	wantCode(t, b.Heartbeat("g", "m", "", 1), group.ErrUnknownMember)
	wantCode(t, b.LeaveGroup("g", "m", ""), group.ErrUnknownMember)
	_, err := b.SyncGroup(t.Context(), "g", group.Sync{Member: "m"})
	wantCode(t, err, group.ErrUnknownMember)
	_, err = b.JoinGroup(t.Context(), "g", group.Join{Member: "m"})
	wantCode(t, err, group.ErrUnknownMember)
	wantCode(t, b.CommitOffsets(t.Context(), broker.Commit{Group: "g", Member: "m", Generation: 3}), group.ErrIllegalGeneration)
	wantCode(t, b.CommitOffsets(t.Context(), broker.Commit{Generation: -1}), broker.ErrInvalidGroup)
	wantCode(t, b.CommitOffsets(t.Context(), broker.Commit{Group: strings.Repeat("g", 1<<15), Generation: -1}), broker.ErrInvalidGroup)
	if got := b.Groups(); len(got) != 0 {
		t.Errorf("refused requests left groups %v", got)
	}
}

func TestReplacedOffsetsAreLetGo(t *testing.T) {
	logs := logtest.NewMemory()
	b := open(t, broker.Options{Logs: logs, Group: broker.GroupOptions{OffsetPartitions: 1}})
	create(t, b, "t", 1, nil)
	for i := range 6000 {
		for _, id := range []string{"a", "b"} {
			err := b.CommitOffsets(t.Context(), broker.Commit{Group: id, Generation: -1, Offsets: []broker.Committed{{Topic: "t", Offset: group.Offset{Offset: batch.Offset(i)}}}})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	b.Retain(t.Context())
	topic, err := b.Topic(broker.OffsetsTopic)
	if err != nil {
		t.Fatal(err)
	}
	if bounds, err := topic.Partitions()[0].Bounds(); err != nil || bounds.Start != 12000 || bounds.End != 12002 {
		t.Errorf("the log is %+v, %v", bounds, err)
	}
	b = open(t, broker.Options{Logs: logs.Reopen()})
	for _, id := range []string{"a", "b"} {
		if o, ok, err := b.Offset(id, "t", 0); !ok || err != nil || o.Offset != 5999 {
			t.Errorf("group %s is at %d, %v, %v", id, o.Offset, ok, err)
		}
	}
}

func TestReadingADeletedTopic(t *testing.T) {
	b := open(t, broker.Options{})
	topic := create(t, b, "t", 1, nil)
	p := partition(t, topic, 0)
	if _, err := produce(t, p, records(t, batch.Spec{}, "a")); err != nil {
		t.Fatal(err)
	}
	wantCode(t, b.DeleteTopic(t.Context(), topic), nil)
	_, _, err := p.Read(t.Context(), nil, 0, 1)
	wantCode(t, err, broker.ErrUnknownTopicID)
}

func TestStatesOfProducersOutliveTheirRecords(t *testing.T) {
	logs := logtest.NewMemory()
	sequence := func(base int32) batch.Batch {
		return records(t, batch.Spec{Producer: &batch.Producer{ID: 3, Epoch: 1, BaseSequence: base}}, "a", "b")
	}
	// begin starts the broker again; an orderly end saves what is known of producers.
	var b *broker.Broker
	begin := func() *broker.Partition {
		if b != nil {
			if err := b.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			logs = logs.Reopen()
		}
		b = open(t, broker.Options{Logs: logs})
		topic, err := b.Topic("t")
		if err != nil {
			topic = create(t, b, "t", 1, nil)
		}
		return partition(t, topic, 0)
	}
	p := begin()
	if _, err := produce(t, p, sequence(0)); err != nil {
		t.Fatal(err)
	}
	p = begin()
	if _, err := p.DeleteBefore(t.Context(), -1); err != nil {
		t.Fatal(err)
	}
	p = begin() // nobody asked for the state in the life before
	_, err := produce(t, p, sequence(7))
	wantCode(t, err, txn.ErrOutOfOrder)
	if pending, err := produce(t, p, sequence(2)); err != nil || pending.Base != 2 {
		t.Errorf("the next batch is at %d, %v", pending.Base, err)
	}
	b.Retain(t.Context())
	if pending, err := produce(t, p, sequence(4)); err != nil || pending.Base != 4 {
		t.Errorf("the one after the save is at %d, %v", pending.Base, err)
	}
	logs = logs.Reopen() // killed: the log goes on where the state ends
	b = nil
	p = begin()
	if pending, err := produce(t, p, sequence(4)); err != nil || pending.Base != 4 {
		t.Errorf("a duplicate after a kill is at %d, %v", pending.Base, err)
	}
	begin()
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	logs, b = logs.Reopen(), nil
	if err := logs.Remove(t.Context(), "t-0"); err != nil { // as if the disk had lost it
		t.Fatal(err)
	}
	p = begin()
	if pending, err := produce(t, p, sequence(4)); err != nil || pending.Base != 0 || pending.AppendTime != -1 || end(t, p) != 2 {
		t.Errorf("what the log lost and the producer sends again is at %d, %v", pending.Base, err)
	}
}
