package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/batch"
)

// DeleteRecords, key 21, versions 0 to 2. Offset -1 is the high watermark.

func deleteRecords(c *call) message {
	req := c.request.(*kmsg.DeleteRecordsRequest)
	r := kmsg.NewPtrDeleteRecordsResponse()
	for _, asked := range req.Topics {
		t := kmsg.NewDeleteRecordsResponseTopic()
		t.Topic = asked.Topic
		for _, p := range asked.Partitions {
			v := kmsg.NewDeleteRecordsResponseTopicPartition()
			v.Partition, v.LowWatermark = p.Partition, -1
			low, err := c.deleteBefore(asked.Topic, p.Partition, batch.Offset(p.Offset))
			if v.ErrorCode = c.server.numberOf(err); err == nil {
				v.LowWatermark = int64(low)
			}
			t.Partitions = append(t.Partitions, v)
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}

func (c *call) deleteBefore(topic string, partition int32, offset batch.Offset) (batch.Offset, error) {
	t, err := c.server.broker.Topic(topic)
	if err != nil {
		return 0, err
	}
	p, err := t.Partition(partition)
	if err != nil {
		return 0, err
	}
	return p.DeleteBefore(c.ctx, offset)
}
