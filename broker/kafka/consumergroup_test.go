package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/group"
)

// brisk makes the members of consumer groups be heard often, and be missed soon.
func brisk() broker.GroupOptions {
	return broker.GroupOptions{Consumers: group.ConsumerOptions{Session: 3 * time.Second, Heartbeat: 50 * time.Millisecond}}
}

func consumer(t *testing.T, addr, id string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	return client(t, addr, append([]kgo.Opt{kgo.ConsumerGroup(id), kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()), kgo.DisableAutoCommit(),
		kgo.FetchMaxWait(50 * time.Millisecond), kgo.MetadataMinAge(50 * time.Millisecond), kgo.MetadataMaxAge(200 * time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}, opts...)...)
}

// send produces n records, evenly over the partitions.
func send(t *testing.T, addr, topic string, partitions int32, n int) {
	t.Helper()
	p := client(t, addr, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for i := range n {
		p.Produce(context.Background(), &kgo.Record{Topic: topic, Partition: int32(i) % partitions, Value: fmt.Append(nil, i)}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := p.Flush(deadline(t)); err != nil {
		t.Fatal(err)
	}
}

// until lets clients poll until a group looks as wanted. What they read is counted.
func until(t *testing.T, b *broker.Broker, id string, read map[string]int, clients []*kgo.Client, done func(group.Portrait) bool) {
	t.Helper()
	ctx := deadline(t)
	for {
		p, err := b.DescribeConsumers(id)
		if err == nil && done(p) {
			return
		}
		for _, c := range clients {
			short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			c.PollFetches(short).EachRecord(func(r *kgo.Record) {
				if read != nil {
					read[fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)]++
				}
			})
			cancel()
		}
		if ctx.Err() != nil {
			t.Fatalf("the group never came to it: %v, %+v", err, p)
		}
	}
}

// shared reports whether the group is stable with n members that have as many partitions each.
func shared(n, partitions int) func(group.Portrait) bool {
	return func(p group.Portrait) bool {
		return p.State == "Stable" && len(p.Members) == n &&
			!slices.ContainsFunc(p.Members, func(m group.Consumer) bool { return len(m.Assignment) != partitions })
	}
}

func TestConsumerGroupMovesPartitionsAsMembersComeGoAndDie(t *testing.T) {
	addr, b := start(t, setup{broker: broker.Options{Group: brisk()}})
	admin := makeTopic(t, addr, "jobs", 6, nil)
	send(t, addr, "jobs", 6, 60)
	read := map[string]int{}
	first := consumer(t, addr, "workers", kgo.ConsumeTopics("jobs"))
	for _, r := range consume(t, first, 60) {
		read[fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)]++
	}
	if err := first.CommitUncommittedOffsets(deadline(t)); err != nil {
		t.Fatal(err)
	}
	alive, kill := context.WithCancel(context.Background())
	defer kill()
	second, third := consumer(t, addr, "workers", kgo.ConsumeTopics("jobs"), kgo.WithContext(alive)), consumer(t, addr, "workers", kgo.ConsumeTopics("jobs"))
	all := []*kgo.Client{first, second, third}
	until(t, b, "workers", read, all, shared(3, 2))

	send(t, addr, "jobs", 6, 60)
	until(t, b, "workers", read, all, func(group.Portrait) bool { return len(read) == 120 })
	for place, n := range read {
		if n != 1 {
			t.Errorf("record %s was read %d times", place, n)
		}
	}
	for _, c := range all {
		if err := c.CommitUncommittedOffsets(deadline(t)); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := admin.FetchOffsets(deadline(t), "workers")
	if err != nil {
		t.Fatal(err)
	}
	for p := range int32(6) {
		if o, ok := committed.Lookup("jobs", p); !ok || o.At != 20 {
			t.Errorf("partition %d is committed at %d", p, o.At)
		}
	}

	third.Close() // leaves
	until(t, b, "workers", read, all[:2], shared(2, 3))
	kill() // the second falls silent without leaving
	until(t, b, "workers", read, all[:1], shared(1, 6))
	send(t, addr, "jobs", 6, 6)
	until(t, b, "workers", read, all[:1], func(group.Portrait) bool { return len(read) == 126 })
}

func TestConsumerGroupFollowsTopics(t *testing.T) {
	addr, b := start(t, setup{broker: broker.Options{Group: brisk()}})
	admin := makeTopic(t, addr, "orders-1", 2, nil)
	c := consumer(t, addr, "workers", kgo.ConsumeRegex(), kgo.ConsumeTopics("^orders-.*"))
	all := []*kgo.Client{c}
	until(t, b, "workers", nil, all, shared(1, 2))
	if _, err := admin.CreatePartitions(deadline(t), 1, "orders-1"); err != nil {
		t.Fatal(err)
	}
	until(t, b, "workers", nil, all, shared(1, 3))
	makeTopic(t, addr, "orders-2", 4, nil)
	makeTopic(t, addr, "others", 4, nil)
	until(t, b, "workers", nil, all, shared(1, 7))
	send(t, addr, "orders-2", 4, 8)
	if got := consume(t, c, 8); got[0].Topic != "orders-2" {
		t.Errorf("read from %s", got[0].Topic)
	}
	if _, err := admin.DeleteTopics(deadline(t), "orders-1"); err != nil {
		t.Fatal(err)
	}
	until(t, b, "workers", nil, all, shared(1, 4))
}

func TestStaticConsumerComesBackToItsPartitions(t *testing.T) {
	addr, b := start(t, setup{broker: broker.Options{Group: broker.GroupOptions{Consumers: group.ConsumerOptions{Heartbeat: 50 * time.Millisecond}}}})
	makeTopic(t, addr, "jobs", 4, nil)
	first := consumer(t, addr, "workers", kgo.ConsumeTopics("jobs"), kgo.InstanceID("i1"))
	second := consumer(t, addr, "workers", kgo.ConsumeTopics("jobs"), kgo.InstanceID("i2"))
	until(t, b, "workers", nil, []*kgo.Client{first, second}, shared(2, 2))
	before, err := b.DescribeConsumers("workers")
	if err != nil {
		t.Fatal(err)
	}
	second.Close()
	again := consumer(t, addr, "workers", kgo.ConsumeTopics("jobs"), kgo.InstanceID("i2"))
	until(t, b, "workers", nil, []*kgo.Client{first, again}, shared(2, 2))
	after, err := b.DescribeConsumers("workers")
	if err != nil {
		t.Fatal(err)
	}
	if after.Epoch != before.Epoch || !slices.Equal(after.Members[1].Assignment, before.Members[1].Assignment) || after.Members[1].Instance != "i2" {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
}

// After a restart the members are forgotten; they come back by themselves and go on where they committed.
func TestConsumersOutliveARestart(t *testing.T) {
	logs := logtest.NewMemory()
	addr, b := start(t, setup{broker: broker.Options{Group: brisk(), Logs: logs}})
	makeTopic(t, addr, "jobs", 2, nil)
	send(t, addr, "jobs", 2, 10)
	alive, kill := context.WithCancel(context.Background())
	defer kill()
	c := consumer(t, addr, "workers", kgo.ConsumeTopics("jobs"), kgo.WithContext(alive))
	consume(t, c, 10)
	if err := c.CommitUncommittedOffsets(deadline(t)); err != nil {
		t.Fatal(err)
	}
	member, epoch := c.GroupMetadata()
	kill()
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	addr, b = start(t, setup{broker: broker.Options{Group: brisk(), Logs: logs}})
	_, err := b.ConsumerHeartbeat("workers", group.Beat{Member: member, Epoch: epoch, Rebalance: -1})
	if code := errorNumber(t, addr, "workers", member, epoch); err == nil || code != kerr.UnknownMemberID.Code {
		t.Errorf("a member from before is answered with %v and %d", err, code)
	}
	send(t, addr, "jobs", 2, 4)
	got := consume(t, consumer(t, addr, "workers", kgo.ConsumeTopics("jobs")), 4)
	if got[0].Offset < 5 {
		t.Errorf("reads again from %d", got[0].Offset)
	}
}

func errorNumber(t *testing.T, addr, id, member string, epoch int32) int16 {
	t.Helper()
	r := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	r.Group, r.MemberID, r.MemberEpoch = id, member, epoch
	r.SetVersion(1)
	return ask(t, addr, r).(*kmsg.ConsumerGroupHeartbeatResponse).ErrorCode
}

func join(id, member string, topics ...string) *kmsg.ConsumerGroupHeartbeatRequest {
	r := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	r.Group, r.MemberID, r.RebalanceTimeoutMillis, r.SubscribedTopicNames = id, member, 1000, topics
	r.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
	r.SetVersion(1)
	return r
}

func TestConsumerGroupHeartbeatErrors(t *testing.T) {
	addr, _ := start(t, setup{broker: broker.Options{Group: broker.GroupOptions{Consumers: group.ConsumerOptions{MaxSize: 2}}}})
	makeTopic(t, addr, "t", 2, nil)
	for _, r := range []*kmsg.ConsumerGroupHeartbeatRequest{join("g", "a", "t"), join("g", "b", "t")} {
		if r.MemberID == "b" {
			r.InstanceID = kmsg.StringPtr("i")
		}
		got := ask(t, addr, r).(*kmsg.ConsumerGroupHeartbeatResponse)
		if got.ErrorCode != 0 || got.Assignment == nil || got.HeartbeatIntervalMillis != 5000 || got.MemberID == nil || *got.MemberID != r.MemberID {
			t.Fatalf("%+v", got)
		}
	}
	tests := []struct {
		name string
		edit func(*kmsg.ConsumerGroupHeartbeatRequest)
		want *kerr.Error
	}{
		{"no group", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.Group = "" }, kerr.InvalidGroupID},
		{"no member", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.MemberID = "" }, kerr.InvalidRequest},
		{"no subscription", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.SubscribedTopicNames = nil }, kerr.InvalidRequest},
		{"an epoch of nobody", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.MemberEpoch = 3 }, kerr.UnknownMemberID},
		{"an epoch to come", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.MemberID, r.MemberEpoch = "a", 99 }, kerr.FencedMemberEpoch},
		{"another assignor", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.ServerAssignor = kmsg.StringPtr("sticky") }, kerr.UnsupportedAssignor},
		{"a bad regex", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.SubscribedTopicRegex = kmsg.StringPtr("(") }, kerr.InvalidRegularExpression},
		{"too many", func(*kmsg.ConsumerGroupHeartbeatRequest) {}, kerr.GroupMaxSizeReached},
		{"an instance in use", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.InstanceID = kmsg.StringPtr("i") }, kerr.UnreleasedInstanceID},
		{"an instance of another", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.InstanceID, r.MemberEpoch = kmsg.StringPtr("i"), 2 }, kerr.FencedInstanceID},
		{"an unknown one leaves", func(r *kmsg.ConsumerGroupHeartbeatRequest) { r.Group, r.MemberEpoch = "nowhere", -1 }, kerr.UnknownMemberID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := join("g", "c", "t")
			tt.edit(r)
			got := ask(t, addr, r).(*kmsg.ConsumerGroupHeartbeatResponse)
			if got.ErrorCode != tt.want.Code || got.ErrorMessage == nil {
				t.Errorf("answered with %v, %v", kerr.ErrorForCode(got.ErrorCode), got.ErrorMessage)
			}
		})
	}
	r := join("v0", "", "t")
	r.SetVersion(0)
	if got := ask(t, addr, r).(*kmsg.ConsumerGroupHeartbeatResponse); got.ErrorCode != 0 || got.MemberID == nil || *got.MemberID == "" {
		t.Errorf("version 0 gives no member id: %+v", got)
	}
}

func TestMemberEpochsGuardOffsets(t *testing.T) {
	addr, _ := start(t, setup{})
	makeTopic(t, addr, "t", 1, nil)
	ask(t, addr, join("g", "m", "t"))
	commit := func(member string, epoch int32) error {
		r := kmsg.NewPtrOffsetCommitRequest()
		r.SetVersion(9)
		r.Group, r.MemberID, r.Generation = "g", member, epoch
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Offset = 7
		r.Topics = []kmsg.OffsetCommitRequestTopic{{Topic: "t", Partitions: []kmsg.OffsetCommitRequestTopicPartition{p}}}
		return kerr.ErrorForCode(ask(t, addr, r).(*kmsg.OffsetCommitResponse).Topics[0].Partitions[0].ErrorCode)
	}
	fetch := func(member *string, epoch int32) error {
		r := kmsg.NewPtrOffsetFetchRequest()
		r.SetVersion(9)
		g := kmsg.NewOffsetFetchRequestGroup()
		g.Group, g.MemberID, g.MemberEpoch = "g", member, epoch
		r.Groups = append(r.Groups, g)
		got := ask(t, addr, r).(*kmsg.OffsetFetchResponse).Groups[0]
		if got.ErrorCode == 0 && (len(got.Topics) != 1 || got.Topics[0].Partitions[0].Offset != 7) {
			t.Errorf("fetched %+v", got)
		}
		return kerr.ErrorForCode(got.ErrorCode)
	}
	tests := []struct {
		name string
		got  error
		want error
	}{
		{"a commit in the epoch", commit("m", 1), nil},
		{"a commit of an epoch to come", commit("m", 2), kerr.StaleMemberEpoch},
		{"a commit of a stranger", commit("x", 1), kerr.UnknownMemberID},
		{"a commit of nobody", commit("", -1), kerr.UnknownMemberID},
		{"a fetch in the epoch", fetch(kmsg.StringPtr("m"), 1), nil},
		{"a fetch of an epoch to come", fetch(kmsg.StringPtr("m"), 2), kerr.StaleMemberEpoch},
		{"a fetch of a stranger", fetch(kmsg.StringPtr("x"), 1), kerr.UnknownMemberID},
		{"a fetch of nobody", fetch(nil, -1), nil},
	}
	for _, tt := range tests {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

func TestGroupTypesAreToldApart(t *testing.T) {
	addr, b := start(t, setup{broker: broker.Options{Group: brisk()}})
	admin := makeTopic(t, addr, "t", 1, nil)
	send(t, addr, "t", 1, 1)
	modern := consumer(t, addr, "modern", kgo.ConsumeTopics("t"))
	old := client(t, addr, kgo.ConsumerGroup("old"), kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	consume(t, modern, 1)
	consume(t, old, 1)
	if err := modern.CommitUncommittedOffsets(deadline(t)); err != nil {
		t.Fatal(err)
	}
	listed, err := admin.ListGroupsByType(deadline(t), []string{"consumer"})
	if err != nil || !slices.Equal(listed.Groups(), []string{"modern"}) {
		t.Errorf("groups of type consumer are %v, %v", listed.Groups(), err)
	}
	described := kmsg.NewPtrConsumerGroupDescribeRequest()
	described.Groups = []string{"modern", "old", "none"}
	described.SetVersion(1)
	r := ask(t, addr, described).(*kmsg.ConsumerGroupDescribeResponse)
	if g := r.Groups[0]; g.ErrorCode != 0 || g.State != "Stable" || g.AssignorName != "uniform" || g.Epoch != 1 || g.AssignmentEpoch != 1 || len(g.Members) != 1 ||
		g.Members[0].Assignment.TopicPartitions[0].Topic != "t" || g.Members[0].MemberType != 1 || !slices.Equal(g.Members[0].SubscribedTopics, []string{"t"}) {
		t.Errorf("described as %+v", g)
	}
	for _, g := range r.Groups[1:] {
		if g.ErrorCode != kerr.GroupIDNotFound.Code {
			t.Errorf("%s is described with %d", g.Group, g.ErrorCode)
		}
	}
	classic := kmsg.NewPtrDescribeGroupsRequest()
	classic.Groups = []string{"modern"}
	classic.SetVersion(6)
	if g := ask(t, addr, classic).(*kmsg.DescribeGroupsResponse).Groups[0]; g.ErrorCode != kerr.GroupIDNotFound.Code || g.State != "Dead" {
		t.Errorf("as a classic group it is %+v", g)
	}

	// With members, a group is of one protocol; without, of either.
	if got := ask(t, addr, join("old", "x", "t")).(*kmsg.ConsumerGroupHeartbeatResponse); got.ErrorCode != kerr.GroupIDNotFound.Code {
		t.Errorf("a classic group answers %d to a consumer's heartbeat", got.ErrorCode)
	}
	if code := classicJoin(t, addr, "modern"); code != kerr.InconsistentGroupProtocol.Code {
		t.Errorf("a consumer group answers %d to JoinGroup", code)
	}
	if errs, err := admin.DeleteGroups(deadline(t), "modern"); err != nil || !errors.Is(errs["modern"].Err, kerr.NonEmptyGroup) {
		t.Errorf("deletion of a group with a member: %v, %v", errs, err)
	}
	if errs, err := admin.DeleteOffsets(deadline(t), "modern", kadm.TopicsSet{"t": {0: {}}}); err != nil || !errors.Is(errs.Error(), kerr.GroupSubscribedToTopic) {
		t.Errorf("deletion of offsets that a member guards: %v, %v", errs, err)
	}
	modern.Close()
	if l, err := b.ListGroup("modern"); err != nil || l.State != "Empty" || l.Type != broker.Consumer {
		t.Errorf("once its member left, it is %+v, %v", l, err)
	}
	if code := classicJoin(t, addr, "modern"); code != kerr.MemberIDRequired.Code {
		t.Errorf("JoinGroup is answered with %d", code)
	}
	if l, err := b.ListGroup("modern"); err != nil || l.Type != broker.Classic {
		t.Errorf("after a classic member came, it is %+v, %v", l, err)
	}
}

func classicJoin(t *testing.T, addr, id string) int16 {
	t.Helper()
	r := kmsg.NewPtrJoinGroupRequest()
	r.SetVersion(9)
	r.Group, r.SessionTimeoutMillis, r.RebalanceTimeoutMillis, r.ProtocolType = id, 10_000, 10_000, "consumer"
	r.Protocols = []kmsg.JoinGroupRequestProtocol{{Name: "range"}}
	return ask(t, addr, r).(*kmsg.JoinGroupResponse).ErrorCode
}

func TestGroupVersionIsFinalized(t *testing.T) {
	addr, _ := start(t, setup{})
	r := kmsg.NewPtrApiVersionsRequest()
	r.SetVersion(4)
	got := ask(t, addr, r).(*kmsg.ApiVersionsResponse)
	if !slices.ContainsFunc(got.FinalizedFeatures, func(f kmsg.ApiVersionsResponseFinalizedFeature) bool {
		return f.Name == "group.version" && f.MaxVersionLevel >= 1
	}) || got.FinalizedFeaturesEpoch < 0 {
		t.Errorf("finalized are %+v, as of %d", got.FinalizedFeatures, got.FinalizedFeaturesEpoch)
	}
}
