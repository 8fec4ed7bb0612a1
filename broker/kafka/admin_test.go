package kafka_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/kafka"
)

func TestTopicsOverTheWire(t *testing.T) {
	addr, b := start(t, setup{})
	ctx := deadline(t)
	retention, bad := "1000", "soon"
	admin := makeTopic(t, addr, "a", 2, map[string]*string{"retention.ms": &retention})
	for name, want := range map[string]error{"a": kerr.TopicAlreadyExists, "b/c": kerr.InvalidTopicException} {
		if _, err := admin.CreateTopic(ctx, 1, 1, nil, name); !errors.Is(err, want) {
			t.Errorf("creating %q: %v, want %v", name, err, want)
		}
	}
	if _, err := admin.CreateTopic(ctx, 0, 1, nil, "c"); !errors.Is(err, kerr.InvalidPartitions) {
		t.Errorf("no partitions: %v", err)
	}
	if _, err := admin.CreateTopic(ctx, 1, 3, nil, "c"); !errors.Is(err, kerr.InvalidReplicationFactor) {
		t.Errorf("three replicas: %v", err)
	}
	if _, err := admin.CreateTopic(ctx, 1, 1, map[string]*string{"retention.ms": &bad}, "c"); !errors.Is(err, kerr.InvalidConfig) {
		t.Errorf("a bad configuration: %v", err)
	}
	if r, err := admin.ValidateCreateTopics(ctx, 1, 1, nil, "c"); err != nil || r["c"].Err != nil {
		t.Errorf("checking a good topic: %v, %v", err, r["c"].Err)
	}
	grown, err := admin.UpdatePartitions(ctx, 5, "a", "nowhere")
	if err != nil {
		t.Fatal(err)
	}
	if grown["a"].Err != nil || !errors.Is(grown["nowhere"].Err, kerr.UnknownTopicOrPartition) {
		t.Errorf("growing: %v and %v", grown["a"].Err, grown["nowhere"].Err)
	}
	if fewer, err := admin.UpdatePartitions(ctx, 3, "a"); err != nil || !errors.Is(fewer["a"].Err, kerr.InvalidPartitions) {
		t.Errorf("shrinking: %v, %v", err, fewer["a"].Err)
	}
	topics, err := admin.ListTopics(ctx)
	if err != nil || !cmp.Equal(topics.Names(), []string{"a"}) || len(topics["a"].Partitions) != 5 {
		t.Errorf("topics are %v, %v", topics.Names(), err)
	}
	deleted, err := admin.DeleteTopics(ctx, "a", "nowhere")
	if err != nil || deleted["a"].Err != nil || !errors.Is(deleted["nowhere"].Err, kerr.UnknownTopicOrPartition) {
		t.Errorf("deleting: %v", deleted)
	}
	if topics := b.Topics(); len(topics) != 0 {
		t.Errorf("%d topics are left", len(topics))
	}
}

func TestTopicCanBeDeletedByItsID(t *testing.T) {
	addr, b := start(t, setup{})
	makeTopic(t, addr, "a", 1, nil)
	topic, err := b.Topic("a")
	if err != nil {
		t.Fatal(err)
	}
	r := kmsg.NewPtrDeleteTopicsRequest()
	r.SetVersion(6)
	for _, id := range []broker.ID{topic.ID(), {1}} {
		one := kmsg.NewDeleteTopicsRequestTopic()
		one.TopicID = id
		r.Topics = append(r.Topics, one)
	}
	got := ask(t, addr, r).(*kmsg.DeleteTopicsResponse).Topics
	if got[0].ErrorCode != 0 || *got[0].Topic != "a" || got[1].ErrorCode != 100 {
		t.Errorf("answers are %+v", got)
	}
}

func TestConfigsOverTheWire(t *testing.T) {
	addr, _ := start(t, setup{})
	ctx := deadline(t)
	admin := makeTopic(t, addr, "a", 1, nil)
	value := func(name string) (string, kmsg.ConfigSource) {
		t.Helper()
		all, err := admin.DescribeTopicConfigs(ctx, "a")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all[0].Configs {
			if c.Key == name {
				return c.MaybeValue(), c.Source
			}
		}
		t.Fatalf("no configuration %s", name)
		return "", 0
	}
	if v, source := value("retention.ms"); v != "604800000" || source != kmsg.ConfigSourceDefaultConfig {
		t.Errorf("at first %s from %s", v, source)
	}
	week := "1"
	if r, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "retention.ms", Value: &week}, {Op: kadm.AppendConfig, Name: "cleanup.policy", Value: kadm.StringPtr("compact")}}, "a"); err != nil || r[0].Err != nil {
		t.Fatal(err, r[0].Err)
	}
	if v, source := value("retention.ms"); v != "1" || source != kmsg.ConfigSourceDynamicTopicConfig {
		t.Errorf("altered it is %s from %s", v, source)
	}
	if v, _ := value("cleanup.policy"); v != "delete,compact" {
		t.Errorf("the list is %s", v)
	}
	if r, err := admin.AlterTopicConfigsState(ctx, []kadm.AlterConfig{{Name: "retention.bytes", Value: &week}}, "a"); err != nil || r[0].Err != nil {
		t.Fatal(err, r[0].Err)
	}
	if v, source := value("retention.ms"); v != "604800000" || source != kmsg.ConfigSourceDefaultConfig {
		t.Errorf("replaced by another it is %s from %s", v, source)
	}
	if r, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Name: "nonsense", Value: &week}}, "a"); err != nil || !errors.Is(r[0].Err, kerr.InvalidConfig) {
		t.Errorf("nonsense: %v, %v", err, r[0].Err)
	}
	if r, err := admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Name: "num.partitions", Value: &week}}, 0); err != nil || !errors.Is(r[0].Err, kerr.InvalidRequest) {
		t.Errorf("of a broker: %v, %v", err, r)
	}
	brokers, err := admin.DescribeBrokerConfigs(ctx, 0)
	if err != nil || brokers[0].Err != nil || len(brokers[0].Configs) == 0 {
		t.Errorf("the broker's: %v, %v", brokers, err)
	}
}

func TestGroupsOverTheWire(t *testing.T) {
	addr, _ := start(t, setup{})
	ctx := deadline(t)
	admin := makeTopic(t, addr, "a", 1, nil)
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: "a", At: 1})
	if err := admin.CommitAllOffsets(ctx, "simple", offsets); err != nil {
		t.Fatal(err)
	}
	producer := client(t, addr, kgo.DefaultProduceTopic("a"))
	if err := producer.ProduceSync(ctx, kgo.StringRecord("x")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	member := client(t, addr, kgo.ConsumerGroup("busy"), kgo.ConsumeTopics("a"), kgo.InstanceID("i1"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	consume(t, member, 1)
	if err := member.CommitUncommittedOffsets(ctx); err != nil {
		t.Fatal(err)
	}
	listed, err := admin.ListGroups(ctx)
	if err != nil || !slices.Equal(listed.Groups(), []string{"busy", "simple"}) {
		t.Errorf("groups are %v, %v", listed.Groups(), err)
	}
	if stable, err := admin.ListGroups(ctx, "Stable"); err != nil || !slices.Equal(stable.Groups(), []string{"busy"}) {
		t.Errorf("stable groups are %v, %v", stable.Groups(), err)
	}
	described, err := admin.DescribeGroups(ctx, "busy", "simple", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	busy := described["busy"]
	if busy.State != "Stable" || len(busy.Members) != 1 || *busy.Members[0].InstanceID != "i1" || busy.Members[0].ClientHost != "/127.0.0.1" || !busy.AssignedPartitions().Lookup("a", 0) {
		t.Errorf("the busy group is %+v", busy)
	}
	if described["simple"].State != "Empty" || !errors.Is(described["nobody"].Err, kerr.GroupIDNotFound) {
		t.Errorf("the others are %+v and %+v", described["simple"], described["nobody"])
	}
	var a kadm.TopicsSet
	a.Add("a", 0)
	if r, err := admin.DeleteOffsets(ctx, "busy", a); err != nil || !errors.Is(r["a"][0], kerr.GroupSubscribedToTopic) {
		t.Errorf("offsets of a reader: %v, %v", r, err)
	}
	if r, err := admin.DeleteOffsets(ctx, "simple", a); err != nil || r["a"][0] != nil {
		t.Errorf("offsets of nobody: %v, %v", r, err)
	}
	deleted, err := admin.DeleteGroups(ctx, "busy", "nobody")
	if err != nil || !errors.Is(deleted["busy"].Err, kerr.NonEmptyGroup) || !errors.Is(deleted["nobody"].Err, kerr.GroupIDNotFound) {
		t.Errorf("deleting: %v, %v", deleted, err)
	}
	left, err := admin.LeaveGroup(ctx, kadm.LeaveGroup("busy").InstanceIDs("i1"))
	if err != nil || left["i1"].Err != nil {
		t.Errorf("removing a static member: %v, %v", left, err)
	}
	member.Close()
	if deleted, err := admin.DeleteGroups(ctx, "busy"); err != nil || deleted["busy"].Err != nil {
		t.Errorf("deleting an empty group: %v, %v", deleted, err)
	}
}

func TestRecordsCanBeDeletedAndCounted(t *testing.T) {
	addr, _ := start(t, setup{})
	ctx := deadline(t)
	admin := makeTopic(t, addr, "a", 1, nil)
	for range 3 {
		produceByHand(t, addr, 9, "a", plainBatch(t, "x"))
	}
	dirs, err := admin.DescribeAllLogDirs(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if dirs[0]["data"].Size() <= 0 {
		t.Error("no sizes")
	}
	var to kadm.Offsets
	to.AddOffset("a", 0, 2, -1)
	deleted, err := admin.DeleteRecords(ctx, to)
	if err != nil || deleted["a"][0].LowWatermark != 2 {
		t.Errorf("deleted %+v, %v", deleted, err)
	}
	to = nil
	to.AddOffset("a", 0, 9, -1)
	if deleted, err := admin.DeleteRecords(ctx, to); err != nil || !errors.Is(deleted["a"][0].Err, kerr.OffsetOutOfRange) {
		t.Errorf("beyond the end: %+v, %v", deleted, err)
	}
	starts, err := admin.ListStartOffsets(ctx, "a")
	if o, _ := starts.Lookup("a", 0); err != nil || o.Offset != 2 {
		t.Errorf("the start is %d, %v", o.Offset, err)
	}
	ends, err := admin.OffsetForLeaderEpoch(ctx, func() (r kadm.OffsetForLeaderEpochRequest) { r.Add("a", 0, 0); return r }())
	if err != nil || ends["a"][0].EndOffset != 3 {
		t.Errorf("the epoch ends at %+v, %v", ends, err)
	}
	cluster, err := admin.BrokerMetadata(ctx)
	if err != nil || cluster.Cluster == "" || len(cluster.Brokers) != 1 {
		t.Errorf("the cluster is %+v, %v", cluster, err)
	}
}

func TestTopicPartitionsComeInPages(t *testing.T) {
	addr, _ := start(t, setup{})
	admin := makeTopic(t, addr, "b", 3, nil)
	if _, err := admin.CreateTopic(deadline(t), 2, 1, nil, "a"); err != nil {
		t.Fatal(err)
	}
	var pages []string
	var cursor *kmsg.DescribeTopicPartitionsRequestCursor
	for {
		r := kmsg.NewPtrDescribeTopicPartitionsRequest()
		r.ResponsePartitionLimit, r.Cursor = 2, cursor
		got := ask(t, addr, r).(*kmsg.DescribeTopicPartitionsResponse)
		page := ""
		for _, topic := range got.Topics {
			page += *topic.Topic
			for _, p := range topic.Partitions {
				page += fmt.Sprint(p.Partition)
			}
		}
		pages = append(pages, page)
		if got.NextCursor == nil {
			break
		}
		cursor = &kmsg.DescribeTopicPartitionsRequestCursor{Topic: got.NextCursor.Topic, Partition: got.NextCursor.Partition}
	}
	if want := []string{"a01", "b01", "b2"}; !slices.Equal(pages, want) {
		t.Errorf("pages are %v, want %v", pages, want)
	}
}

func TestPartitionsStayWhereTheyAre(t *testing.T) {
	addr, _ := start(t, setup{broker: broker.Options{NodeID: 7}})
	makeTopic(t, addr, "t", 1, nil)
	elect := kmsg.NewPtrElectLeadersRequest()
	elect.SetVersion(2)
	elect.Topics = []kmsg.ElectLeadersRequestTopic{{Topic: "t", Partitions: []int32{0, 9}}, {Topic: "u", Partitions: []int32{0}}}
	var codes []int16
	for _, v := range ask(t, addr, elect).(*kmsg.ElectLeadersResponse).Topics {
		for _, p := range v.Partitions {
			codes = append(codes, p.ErrorCode)
		}
	}
	if want := []int16{84, 3, 3}; !slices.Equal(codes, want) {
		t.Errorf("elections are answered with %v, want %v", codes, want)
	}
	elect.Topics = nil
	if r := ask(t, addr, elect).(*kmsg.ElectLeadersResponse); r.ErrorCode != 0 || len(r.Topics) != 0 {
		t.Errorf("elections of all: %+v", r)
	}

	move := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	move.SetVersion(1)
	for _, replicas := range [][]int32{{7}, {8}, {7, 8}, {}, nil} {
		move.Topics = append(move.Topics, kmsg.AlterPartitionAssignmentsRequestTopic{Topic: "t",
			Partitions: []kmsg.AlterPartitionAssignmentsRequestTopicPartition{{Partition: 0, Replicas: replicas}}})
	}
	codes = nil
	for _, v := range ask(t, addr, move).(*kmsg.AlterPartitionAssignmentsResponse).Topics {
		codes = append(codes, v.Partitions[0].ErrorCode)
	}
	if want := []int16{0, 39, 39, 39, 85}; !slices.Equal(codes, want) {
		t.Errorf("moves are answered with %v, want %v", codes, want)
	}
	if r := ask(t, addr, kmsg.NewPtrListPartitionReassignmentsRequest()).(*kmsg.ListPartitionReassignmentsResponse); r.ErrorCode != 0 || len(r.Topics) != 0 {
		t.Errorf("moves under way: %+v", r)
	}
}

func TestFeaturesKeepTheirLevels(t *testing.T) {
	addr, _ := start(t, setup{})
	for version, updates := range [][]kmsg.UpdateFeaturesRequestFeatureUpdate{
		{{Feature: "group.version", MaxVersionLevel: 1}, {Feature: "transaction.version", MaxVersionLevel: 1}, {Feature: "kraft.version", MaxVersionLevel: 1}},
		{{Feature: "transaction.version", MaxVersionLevel: 2, UpgradeType: 1}},
		{{Feature: "group.version", MaxVersionLevel: 0, UpgradeType: 3}},
	} {
		req := kmsg.NewPtrUpdateFeaturesRequest()
		req.SetVersion(int16(version))
		req.FeatureUpdates = updates
		r := ask(t, addr, req).(*kmsg.UpdateFeaturesResponse)
		got := []int16{r.ErrorCode}
		for _, v := range r.Results {
			got = append(got, v.ErrorCode)
		}
		if want := [][]int16{{0, 0, 95, 95}, {0, 0}, {95}}[version]; !slices.Equal(got, want) {
			t.Errorf("version %d is answered with %v, want %v", version, got, want)
		}
	}
}

func TestConfigurationsOfBrokersOverTheWire(t *testing.T) {
	addr, b := start(t, setup{server: kafka.Options{MaxFetchBytes: 1 << 20}})
	ctx := deadline(t)
	admin := makeTopic(t, addr, "t", 1, nil)
	value := "1234"
	altered, err := admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "log.retention.ms", Value: &value}})
	if err != nil || altered[0].Err != nil {
		t.Fatal(err, altered)
	}
	if topic, err := b.Topic("t"); err != nil || topic.Configs()[slices.IndexFunc(topic.Configs(), func(c broker.Config) bool { return c.Name == "retention.ms" })].Value != value {
		t.Errorf("the topic does not follow: %v", err)
	}
	refused, err := admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "fetch.max.bytes", Value: &value}}, 0)
	if err != nil || !errors.Is(refused[0].Err, kerr.InvalidConfig) {
		t.Errorf("a configuration of the listener: %v, %v", err, refused)
	}
	other, err := admin.AlterBrokerConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "log.retention.ms", Value: &value}}, 9)
	if err == nil && other[0].Err == nil {
		t.Error("another broker's configurations are altered")
	}
	described, err := admin.DescribeBrokerConfigs(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]kmsg.ConfigSource{"log.retention.ms": kmsg.ConfigSourceDynamicDefaultBrokerConfig, "fetch.max.bytes": kmsg.ConfigSourceStaticBrokerConfig,
		"max.connections": kmsg.ConfigSourceDefaultConfig, "log.retention.bytes": kmsg.ConfigSourceDefaultConfig}
	for _, c := range described[0].Configs {
		if source, ok := want[c.Key]; ok && c.Source != source {
			t.Errorf("%s comes from %v, want %v", c.Key, c.Source, source)
		}
		delete(want, c.Key)
	}
	if len(want) > 0 {
		t.Errorf("not described: %v", want)
	}
}

func TestOptionsByKafkasNames(t *testing.T) {
	var o kafka.Options
	rest, err := o.Configure(map[string]string{"fetch.max.bytes": "4096", "max.incremental.fetch.session.cache.slots": "0", "log.retention.ms": "1"})
	if err != nil || o.MaxFetchBytes != 4096 || o.MaxSessions >= 0 || len(rest) != 1 || rest["log.retention.ms"] != "1" {
		t.Errorf("%+v, %v, %v", o, rest, err)
	}
	if _, err := o.Configure(map[string]string{"fetch.max.bytes": "much"}); !errors.Is(err, broker.ErrInvalidConfig) {
		t.Errorf("%v", err)
	}
}
