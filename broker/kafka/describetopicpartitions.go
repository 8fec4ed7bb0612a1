package kafka

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
)

// DescribeTopicPartitions, key 75, version 0 (KIP-966). Topics come in alphabetical order, at most ResponsePartitionLimit
// partitions in all, and a cursor says where to go on. Left out: authorized operations. There are no eligible leaders besides
// the replicas in sync: their lists are empty and not null, which the Java client does not survive.

// maxPartitionsDescribed is Kafka's max.request.partition.size.limit.
const maxPartitionsDescribed = 2000

func describeTopicPartitions(c *call) message {
	req := c.request.(*kmsg.DescribeTopicPartitionsRequest)
	r := kmsg.NewPtrDescribeTopicPartitionsResponse()
	limit := maxPartitionsDescribed
	if n := int(req.ResponsePartitionLimit); n > 0 {
		limit = min(limit, n)
	}
	for _, name := range c.describedTopics(req) {
		first := int32(0)
		if req.Cursor != nil {
			if name < req.Cursor.Topic {
				continue
			}
			if name == req.Cursor.Topic {
				first = max(req.Cursor.Partition, 0)
			}
		}
		if limit <= 0 {
			r.NextCursor = cursorAt(name, first)
			return r
		}
		v, next := c.describeTopic(name, first, limit)
		r.Topics = append(r.Topics, v)
		limit -= len(v.Partitions)
		if next >= 0 {
			r.NextCursor = cursorAt(name, next)
			return r
		}
	}
	return r
}

// describedTopics returns the names asked for in order, or those of all topics if none is.
func (c *call) describedTopics(req *kmsg.DescribeTopicPartitionsRequest) []string {
	var names []string
	for _, t := range req.Topics {
		names = append(names, t.Topic)
	}
	if len(names) == 0 {
		for _, t := range c.server.broker.Topics() {
			names = append(names, t.Name())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func cursorAt(topic string, partition int32) *kmsg.DescribeTopicPartitionsResponseNextCursor {
	v := kmsg.NewDescribeTopicPartitionsResponseNextCursor()
	v.Topic, v.Partition = topic, partition
	return &v
}

// describeTopic describes at most limit partitions from first on; next is the first one left out, or -1.
func (c *call) describeTopic(name string, first int32, limit int) (v kmsg.DescribeTopicPartitionsResponseTopic, next int32) {
	v = kmsg.NewDescribeTopicPartitionsResponseTopic()
	v.Topic, v.AuthorizedOperations = &name, noOperations
	t, err := c.server.broker.Topic(name)
	if err != nil {
		if bad := broker.CheckTopicName(name); bad != nil {
			err = bad
		}
		v.ErrorCode = c.server.numberOf(err)
		return v, -1
	}
	whole := c.server.describe(t)
	v.TopicID, v.IsInternal = whole.TopicID, whole.IsInternal
	for _, p := range whole.Partitions[min(int(first), len(whole.Partitions)):] {
		if len(v.Partitions) == limit {
			return v, p.Partition
		}
		w := kmsg.NewDescribeTopicPartitionsResponseTopicPartition()
		w.ErrorCode, w.Partition, w.LeaderID, w.LeaderEpoch = p.ErrorCode, p.Partition, p.Leader, p.LeaderEpoch
		w.Replicas, w.ISR, w.OfflineReplicas = p.Replicas, p.ISR, p.OfflineReplicas
		w.EligibleLeaderReplicas, w.LastKnownELR = []int32{}, []int32{}
		v.Partitions = append(v.Partitions, w)
	}
	return v, -1
}
