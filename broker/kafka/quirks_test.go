package kafka_test

import (
	"context"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
)

// librdkafka asks for all topics with a count of four zeros where one zero means null: what follows the first is read as the
// other fields, and three bytes are left over. Kafka passes over them, and so must the answer hold all topics.
func TestLibrdkafkaIsToldOfAllTopics(t *testing.T) {
	addr, b := start(t, setup{})
	if _, err := b.CreateTopic(context.Background(), broker.NewTopic{Name: "a", Partitions: 1, Replicas: 1}, broker.Apply); err != nil {
		t.Fatal(err)
	}
	nc := dial(t, addr)
	header := []byte{0, 3, 0, 13, 0, 0, 0, 3, 0, 7, 'r', 'd', 'k', 'a', 'f', 'k', 'a', 0}
	body := []byte{0, 0, 0, 0, 1, 0, 0}
	if _, err := nc.Write(append([]byte{0, 0, 0, byte(len(header) + len(body))}, append(header, body...)...)); err != nil {
		t.Fatal(err)
	}
	correlation, answer := receive(t, nc)
	res := kmsg.NewPtrMetadataResponse()
	res.SetVersion(13)
	if err := res.ReadFrom(answer[1:]); err != nil || correlation != 3 {
		t.Fatalf("answer to %d: %v", correlation, err)
	}
	if len(res.Topics) != 1 || *res.Topics[0].Topic != "a" {
		t.Errorf("topics %+v, want a", res.Topics)
	}
}

// The Java client reads the eligible leaders of a partition without a look whether they are null.
func TestEligibleLeadersAreNoneAndNotNull(t *testing.T) {
	addr, b := start(t, setup{})
	if _, err := b.CreateTopic(context.Background(), broker.NewTopic{Name: "a", Partitions: 2, Replicas: 1}, broker.Apply); err != nil {
		t.Fatal(err)
	}
	res := ask(t, addr, kmsg.NewPtrDescribeTopicPartitionsRequest()).(*kmsg.DescribeTopicPartitionsResponse)
	if len(res.Topics) != 1 || len(res.Topics[0].Partitions) != 2 {
		t.Fatalf("topics %+v", res.Topics)
	}
	for _, p := range res.Topics[0].Partitions {
		if p.EligibleLeaderReplicas == nil || p.LastKnownELR == nil || len(p.EligibleLeaderReplicas)+len(p.LastKnownELR) > 0 {
			t.Errorf("partition %d: %v and %v, want two empty lists", p.Partition, p.EligibleLeaderReplicas, p.LastKnownELR)
		}
	}
}
