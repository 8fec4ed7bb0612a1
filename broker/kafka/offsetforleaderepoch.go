package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
)

// OffsetForLeaderEpoch, key 23, versions 2 to 4. A log of one term answers for that term alone: an epoch before it, or beyond
// it, has no end that is known (-1), as in Kafka.

func offsetForLeaderEpoch(c *call) message {
	req := c.request.(*kmsg.OffsetForLeaderEpochRequest)
	r := kmsg.NewPtrOffsetForLeaderEpochResponse()
	for _, asked := range req.Topics {
		t := kmsg.NewOffsetForLeaderEpochResponseTopic()
		t.Topic = asked.Topic
		topic, err := c.server.broker.Topic(asked.Topic)
		for _, p := range asked.Partitions {
			t.Partitions = append(t.Partitions, c.endOfEpoch(topic, err, p))
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}

func (c *call) endOfEpoch(t *broker.Topic, err error, asked kmsg.OffsetForLeaderEpochRequestTopicPartition) kmsg.OffsetForLeaderEpochResponseTopicPartition {
	v := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
	v.Partition, v.LeaderEpoch, v.EndOffset = asked.Partition, -1, -1
	var p *broker.Partition
	if err == nil {
		p, err = t.Partition(asked.Partition)
	}
	if err == nil {
		err = p.CheckTerm(asked.CurrentLeaderEpoch)
	}
	if err == nil {
		var bounds, failed = p.Bounds()
		if err = failed; err == nil && asked.LeaderEpoch == int32(bounds.Term) {
			v.LeaderEpoch, v.EndOffset = asked.LeaderEpoch, int64(bounds.HighWatermark)
		}
	}
	v.ErrorCode = c.server.numberOf(err)
	return v
}
