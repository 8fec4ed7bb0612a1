package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/txn"
)

// DescribeProducers, key 61, version 0.

func describeProducers(c *call) message {
	req := c.request.(*kmsg.DescribeProducersRequest)
	r := kmsg.NewPtrDescribeProducersResponse()
	for _, asked := range req.Topics {
		t := kmsg.NewDescribeProducersResponseTopic()
		t.Topic = asked.Topic
		for _, p := range asked.Partitions {
			v := kmsg.NewDescribeProducersResponseTopicPartition()
			v.Partition = p
			active, err := c.producers(asked.Topic, p)
			v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
			for _, a := range active {
				w := kmsg.NewDescribeProducersResponseTopicPartitionActiveProducer()
				w.ProducerID, w.ProducerEpoch, w.LastSequence, w.LastTimestamp = a.Producer, int32(a.Epoch), a.Last, a.At
				w.CoordinatorEpoch, w.CurrentTxnStartOffset = a.Marked, int64(a.Open)
				v.ActiveProducers = append(v.ActiveProducers, w)
			}
			t.Partitions = append(t.Partitions, v)
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}

func (c *call) producers(topic string, partition int32) ([]txn.Active, error) {
	t, err := c.server.broker.Topic(topic)
	if err != nil {
		return nil, err
	}
	p, err := t.Partition(partition)
	if err != nil {
		return nil, err
	}
	return p.Producers(c.ctx)
}
