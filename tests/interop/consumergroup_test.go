package interop

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// librdkafka with group.protocol=consumer: two consumers share a topic, one of them finds it by a regular expression; when one
// leaves, the other reads on from its commits. Nothing is read twice.
func TestLibrdkafkaInAGroupOfKIP848(t *testing.T) {
	ctx, name, group := testContext(t), topic(t, 4, nil), "group-of-"+t.Name()
	adm := admin(t)
	first, second := subscribe(t, group, name), subscribe(t, group, "^"+name+".*")
	seen := map[string]int{}
	awaitMembers(ctx, t, adm, group, 2, func() { poll(t, seen, first, second) })
	fill(ctx, t, name, 40)
	for len(seen) < 40 && ctx.Err() == nil {
		poll(t, seen, first, second)
	}
	commitAll(t, first, second)
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	awaitMembers(ctx, t, adm, group, 1, func() { poll(t, seen, first) })
	fill(ctx, t, name, 40)
	for len(seen) < 80 && ctx.Err() == nil {
		poll(t, seen, first)
	}
	if len(seen) != 80 {
		t.Fatalf("%d of 80 records were read", len(seen))
	}
	for place, n := range seen {
		if n != 1 {
			t.Errorf("%s was read %d times", place, n)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
}

func admin(t *testing.T) *kadm.Client {
	t.Helper()
	return kadm.NewClient(server.kgo(t))
}

func subscribe(t *testing.T, group, topic string) *kafka.Consumer {
	t.Helper()
	c, err := kafka.NewConsumer(server.librdkafka(kafka.ConfigMap{"group.id": group, "group.protocol": "consumer",
		"auto.offset.reset": "earliest", "enable.auto.commit": false}))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Subscribe(topic, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// fill produces n records, evenly over the partitions.
func fill(ctx context.Context, t *testing.T, topic string, n int) {
	t.Helper()
	cl := server.kgo(t, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for i := range n {
		if err := cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Partition: int32(i % 4), Value: fmt.Append(nil, i)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func poll(t *testing.T, seen map[string]int, all ...*kafka.Consumer) {
	t.Helper()
	for _, c := range all {
		switch e := c.Poll(20).(type) {
		case *kafka.Message:
			seen[fmt.Sprintf("%d/%d", e.TopicPartition.Partition, e.TopicPartition.Offset)]++
		case kafka.Error:
			if e.IsFatal() {
				t.Fatalf("consumer: %v", e)
			}
		}
	}
}

func commitAll(t *testing.T, all ...*kafka.Consumer) {
	t.Helper()
	for _, c := range all {
		if _, err := c.Commit(); err != nil {
			t.Fatalf("commit: %v", err)
		}
	}
}

// awaitMembers polls until the group is stable with n members, all of which have partitions.
func awaitMembers(ctx context.Context, t *testing.T, adm *kadm.Client, group string, n int, poll func()) {
	t.Helper()
	for ctx.Err() == nil {
		described, err := adm.DescribeConsumerGroups(ctx, group)
		if err != nil {
			t.Fatal(err)
		}
		g := described[group]
		busy := 0
		for _, m := range g.Members {
			if len(m.Assignment) > 0 {
				busy++
			}
		}
		if g.State == "Stable" && busy == n && len(g.Members) == n {
			return
		}
		for range 5 {
			poll()
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the group never had %d members", n)
}
