package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
)

// protocols are the clients to try everything with: one that speaks transaction.version 2, and one that does not know it.
var protocols = map[string][]kgo.Opt{
	"v2": nil,
	"v1": {kgo.MaxVersions(kversion.V3_0_0())},
}

func eachProtocol(t *testing.T, f func(t *testing.T, opts []kgo.Opt)) {
	for name, opts := range protocols {
		t.Run(name, func(t *testing.T) { f(t, opts) })
	}
}

func transactional(t *testing.T, addr, id string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	return client(t, addr, append([]kgo.Opt{kgo.TransactionalID(id), kgo.TransactionTimeout(time.Minute), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
}

func begin(t *testing.T, c *kgo.Client) {
	t.Helper()
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
}

func sendIn(t *testing.T, c *kgo.Client, topic string, values ...string) {
	t.Helper()
	var records []*kgo.Record
	for i, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(i % 2), Value: []byte(v)})
	}
	if err := c.ProduceSync(deadline(t), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func end(t *testing.T, c *kgo.Client, try kgo.TransactionEndTry) {
	t.Helper()
	if err := c.EndTransaction(deadline(t), try); err != nil {
		t.Fatal(err)
	}
}

// readTo reads both partitions of a topic up to what ListOffsets says is their end, and returns the values in order.
func readTo(t *testing.T, addr, topic string, level kgo.IsolationLevel) []string {
	t.Helper()
	c := client(t, addr)
	ends, err := kadm.NewClient(c).ListEndOffsets(deadline(t), topic)
	if level == kgo.ReadCommitted() {
		ends, err = kadm.NewClient(c).ListCommittedOffsets(deadline(t), topic)
	}
	if err != nil || ends.Error() != nil {
		t.Fatal(err, ends.Error())
	}
	values := []string{}
	for p := range int32(2) {
		e, _ := ends.Lookup(topic, p)
		values = append(values, fetchValues(t, addr, topic, p, e.Offset, level)...)
	}
	slices.Sort(values)
	return values
}

// fetchValues fetches by hand up to an offset and drops what the aborted transactions say, as a client does.
func fetchValues(t *testing.T, addr, topic string, partition int32, to int64, level kgo.IsolationLevel) (values []string) {
	t.Helper()
	for from := int64(0); from < to; {
		r := kmsg.NewPtrFetchRequest()
		r.SetVersion(11)
		r.MaxWaitMillis, r.MinBytes, r.MaxBytes = 10, 1, 1<<20
		if level == kgo.ReadCommitted() {
			r.IsolationLevel = 1
		}
		ft, fp := kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
		ft.Topic, fp.Partition, fp.FetchOffset, fp.PartitionMaxBytes = topic, partition, from, 1<<20
		ft.Partitions = append(ft.Partitions, fp)
		r.Topics = append(r.Topics, ft)
		p := ask(t, addr, r).(*kmsg.FetchResponse).Topics[0].Partitions[0]
		if p.ErrorCode != 0 || len(p.RecordBatches) == 0 {
			t.Fatalf("fetch at %d of %d: error %d, %d bytes", from, to, p.ErrorCode, len(p.RecordBatches))
		}
		got, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Topic: topic, Partition: partition, Offset: from, IsolationLevel: level}, &p, kgo.DefaultDecompressor(), nil)
		for _, one := range got.Records {
			values = append(values, string(one.Value))
		}
		if next <= from {
			t.Fatalf("fetch stands still at %d of %d", from, to)
		}
		from = next
	}
	return values
}

func wantRead(t *testing.T, addr, topic string, level kgo.IsolationLevel, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), readTo(t, addr, topic, level)); diff != "" {
		t.Errorf("what is read differs (-want +got):\n%s", diff)
	}
}

func TestTransactionsAreSeenWhenTheyCommit(t *testing.T) {
	eachProtocol(t, func(t *testing.T, opts []kgo.Opt) {
		addr, _ := start(t, setup{})
		makeTopic(t, addr, "t", 2, nil)
		c := transactional(t, addr, "x", opts...)
		begin(t, c)
		sendIn(t, c, "t", "a0", "a1")
		wantRead(t, addr, "t", kgo.ReadUncommitted(), "a0", "a1")
		wantRead(t, addr, "t", kgo.ReadCommitted())
		end(t, c, kgo.TryCommit)
		wantRead(t, addr, "t", kgo.ReadCommitted(), "a0", "a1")
		begin(t, c)
		sendIn(t, c, "t", "b0", "b1", "b2")
		end(t, c, kgo.TryAbort)
		begin(t, c)
		sendIn(t, c, "t", "c0")
		end(t, c, kgo.TryCommit)
		wantRead(t, addr, "t", kgo.ReadCommitted(), "a0", "a1", "c0")
		wantRead(t, addr, "t", kgo.ReadUncommitted(), "a0", "a1", "b0", "b1", "b2", "c0")
	})
}

func TestAnOpenTransactionHoldsBackWhatFollowsIt(t *testing.T) {
	addr, _ := start(t, setup{})
	makeTopic(t, addr, "t", 2, nil)
	a, b := transactional(t, addr, "a"), transactional(t, addr, "b")
	begin(t, a)
	sendIn(t, a, "t", "a")
	begin(t, b)
	sendIn(t, b, "t", "b")
	end(t, b, kgo.TryCommit)
	wantRead(t, addr, "t", kgo.ReadCommitted())
	end(t, a, kgo.TryAbort)
	wantRead(t, addr, "t", kgo.ReadCommitted(), "b")
}

func TestASecondProducerFencesTheFirst(t *testing.T) {
	eachProtocol(t, func(t *testing.T, opts []kgo.Opt) {
		addr, _ := start(t, setup{})
		makeTopic(t, addr, "t", 2, nil)
		first, second := transactional(t, addr, "x", opts...), transactional(t, addr, "x", opts...)
		begin(t, first)
		sendIn(t, first, "t", "first")
		begin(t, second)
		sendIn(t, second, "t", "second")
		err := first.ProduceSync(deadline(t), &kgo.Record{Topic: "t", Value: []byte("late")}).FirstErr()
		if !errors.Is(err, kerr.InvalidProducerEpoch) && !errors.Is(err, kerr.ProducerFenced) {
			t.Errorf("the first producer is answered with %v", err)
		}
		end(t, second, kgo.TryCommit)
		wantRead(t, addr, "t", kgo.ReadCommitted(), "second")
	})
}

func TestAnOverdueTransactionIsAborted(t *testing.T) {
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	addr, b := start(t, setup{broker: broker.Options{Clock: clock, Transactions: broker.TransactionOptions{SweepEvery: -1}}})
	makeTopic(t, addr, "t", 2, nil)
	c := transactional(t, addr, "x")
	begin(t, c)
	sendIn(t, c, "t", "late")
	b.SweepTransactions(deadline(t))
	if d, err := b.Transaction("x"); err != nil || d.Status.String() != "Ongoing" {
		t.Fatalf("before its time the transaction is %s, %v", d.Status, err)
	}
	ahead.Store(int64(2 * time.Minute))
	b.SweepTransactions(deadline(t))
	if err := c.EndTransaction(deadline(t), kgo.TryCommit); err == nil {
		t.Error("an aborted transaction could be committed")
	}
	wantRead(t, addr, "t", kgo.ReadCommitted())
	other := transactional(t, addr, "y")
	begin(t, other)
	sendIn(t, other, "t", "on time")
	end(t, other, kgo.TryCommit)
	wantRead(t, addr, "t", kgo.ReadCommitted(), "on time")
}

func TestConsumeTransformProduce(t *testing.T) {
	eachProtocol(t, func(t *testing.T, opts []kgo.Opt) {
		logs := logtest.NewMemory()
		addr, b := start(t, setup{broker: broker.Options{Logs: logs}})
		makeTopic(t, addr, "in", 2, nil)
		makeTopic(t, addr, "out", 2, nil)
		source := client(t, addr, kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
		var want []string
		for i := range 60 {
			v := fmt.Sprintf("%02d", i)
			want = append(want, strings.ToUpper("v"+v))
			if err := source.ProduceSync(deadline(t), &kgo.Record{Topic: "in", Value: []byte("v" + v)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
		s, err := kgo.NewGroupTransactSession(append([]kgo.Opt{kgo.SeedBrokers(addr), kgo.TransactionalID("etl"), kgo.ConsumerGroup("g"), kgo.ConsumeTopics("in"),
			kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}, opts...)...)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for done, round := 0, 0; done < 60; round++ {
			done += transform(t, s, round%2 == 1)
		}
		wantRead(t, addr, "out", kgo.ReadCommitted(), want...)
		var total int64
		for p := range int32(2) {
			o, _, err := b.Offset("g", "in", p)
			if err != nil {
				t.Fatal(err)
			}
			total += int64(o.Offset)
		}
		if total != 60 {
			t.Errorf("offsets of %d records are committed, want 60", total)
		}
	})
}

// transform is one round: a few records, in one transaction, which is aborted or not. It returns how many were committed.
func transform(t *testing.T, s *kgo.GroupTransactSession, abort bool) int {
	t.Helper()
	ctx := deadline(t)
	fetches := s.PollRecords(ctx, 7)
	if err := fetches.Err0(); err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(); err != nil {
		t.Fatal(err)
	}
	failed := kgo.AbortingFirstErrPromise(s.Client())
	fetches.EachRecord(func(r *kgo.Record) {
		s.Produce(ctx, &kgo.Record{Topic: "out", Value: []byte(strings.ToUpper(string(r.Value)))}, failed.Promise())
	})
	committed, err := s.End(ctx, kgo.TransactionEndTry(failed.Err() == nil && !abort))
	if err != nil {
		t.Fatal(err)
	}
	if !committed {
		return 0
	}
	return fetches.NumRecords()
}

func TestOffsetsOfTransactions(t *testing.T) {
	for _, try := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit} {
		t.Run(fmt.Sprintf("commit %v", try), func(t *testing.T) {
			logs := logtest.NewMemory()
			addr, b := start(t, setup{broker: broker.Options{Logs: logs}})
			makeTopic(t, addr, "t", 2, nil)
			init := kmsg.NewPtrInitProducerIDRequest()
			id := "x"
			init.TransactionalID, init.TransactionTimeoutMillis = &id, 60_000
			producer := ask(t, addr, withVersion(init, 4)).(*kmsg.InitProducerIDResponse)

			commit := kmsg.NewPtrTxnOffsetCommitRequest()
			commit.TransactionalID, commit.Group, commit.ProducerID, commit.ProducerEpoch = "x", "g", producer.ProducerID, producer.ProducerEpoch
			ct, cp := kmsg.NewTxnOffsetCommitRequestTopic(), kmsg.NewTxnOffsetCommitRequestTopicPartition()
			ct.Topic, cp.Offset = "t", 42
			ct.Partitions = append(ct.Partitions, cp)
			commit.Topics = append(commit.Topics, ct)
			if got := ask(t, addr, withVersion(commit, 5)).(*kmsg.TxnOffsetCommitResponse).Topics[0].Partitions[0].ErrorCode; got != 0 {
				t.Fatalf("TxnOffsetCommit is answered with %d", got)
			}
			if got := stableOffset(t, addr, "g"); got.ErrorCode != 88 {
				t.Errorf("in the transaction, the stable offset is %d with error %d", got.Offset, got.ErrorCode)
			}
			// The transaction goes on after a restart.
			if err := b.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			addr, _ = start(t, setup{broker: broker.Options{Logs: logs.Reopen()}})
			if got := stableOffset(t, addr, "g"); got.ErrorCode != 88 {
				t.Errorf("after the restart, the stable offset is %d with error %d", got.Offset, got.ErrorCode)
			}
			done := kmsg.NewPtrEndTxnRequest()
			done.TransactionalID, done.ProducerID, done.ProducerEpoch, done.Commit = "x", producer.ProducerID, producer.ProducerEpoch, bool(try)
			ended := ask(t, addr, withVersion(done, 5)).(*kmsg.EndTxnResponse)
			if ended.ErrorCode != 0 || ended.ProducerEpoch != producer.ProducerEpoch+1 {
				t.Fatalf("EndTxn is answered with error %d, epoch %d", ended.ErrorCode, ended.ProducerEpoch)
			}
			want := int64(-1)
			if try == kgo.TryCommit {
				want = 42
			}
			if got := stableOffset(t, addr, "g"); got.ErrorCode != 0 || got.Offset != want {
				t.Errorf("afterwards the offset is %d with error %d, want %d", got.Offset, got.ErrorCode, want)
			}
		})
	}
}

func withVersion(r kmsg.Request, version int16) kmsg.Request {
	r.SetVersion(version)
	return r
}

func stableOffset(t *testing.T, addr, group string) kmsg.OffsetFetchResponseTopicPartition {
	t.Helper()
	r := kmsg.NewPtrOffsetFetchRequest()
	r.SetVersion(7)
	r.Group, r.RequireStable = group, true
	rt := kmsg.NewOffsetFetchRequestTopic()
	rt.Topic, rt.Partitions = "t", []int32{0}
	r.Topics = append(r.Topics, rt)
	return ask(t, addr, r).(*kmsg.OffsetFetchResponse).Topics[0].Partitions[0]
}

func TestTransactionsAreListedAndDescribed(t *testing.T) {
	addr, _ := start(t, setup{})
	admin := makeTopic(t, addr, "t", 2, nil)
	c := transactional(t, addr, "my-app")
	begin(t, c)
	sendIn(t, c, "t", "a", "b")
	d, err := admin.DescribeTransactions(deadline(t), "my-app")
	if err != nil {
		t.Fatal(err)
	}
	if got := d["my-app"]; got.State != "Ongoing" || got.TimeoutMillis != 60_000 || !got.Topics.Lookup("t", 1) {
		t.Errorf("described as %+v", got)
	}
	l, err := admin.ListTransactions(deadline(t), nil, []string{"Ongoing"})
	if err != nil || len(l) != 1 {
		t.Errorf("%d transactions are listed, %v", len(l), err)
	}
	end(t, c, kgo.TryCommit)
	if l, err = admin.ListTransactions(deadline(t), nil, []string{"Ongoing"}); err != nil || len(l) != 0 {
		t.Errorf("%d transactions are listed, %v", len(l), err)
	}
}
