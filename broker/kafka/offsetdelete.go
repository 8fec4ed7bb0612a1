package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// OffsetDelete, key 47, version 0.

func offsetDelete(c *call) message {
	req := c.request.(*kmsg.OffsetDeleteRequest)
	r := kmsg.NewPtrOffsetDeleteResponse()
	if _, err := c.server.broker.ListGroup(req.Group); err != nil {
		r.ErrorCode = c.server.numberOf(err)
		return r
	}
	for _, asked := range req.Topics {
		t := kmsg.NewOffsetDeleteResponseTopic()
		t.Topic = asked.Topic
		for _, p := range asked.Partitions {
			v := kmsg.NewOffsetDeleteResponseTopicPartition()
			v.Partition = p.Partition
			v.ErrorCode = c.server.numberOf(c.server.broker.ForgetOffset(c.ctx, req.Group, asked.Topic, p.Partition))
			t.Partitions = append(t.Partitions, v)
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}
