package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
)

// CreatePartitions, key 37, versions 0 to 3.

func createPartitions(c *call) message {
	req := c.request.(*kmsg.CreatePartitionsRequest)
	r := kmsg.NewPtrCreatePartitionsResponse()
	for _, asked := range req.Topics {
		v := kmsg.NewCreatePartitionsResponseTopic()
		v.Topic = asked.Topic
		t, err := c.server.broker.Topic(asked.Topic)
		if err == nil {
			var assignments [][]int32
			for _, a := range asked.Assignment {
				assignments = append(assignments, a.Replicas)
			}
			err = c.server.broker.CreatePartitions(c.ctx, t, asked.Count, assignments, broker.Mode(req.ValidateOnly))
		}
		v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		r.Topics = append(r.Topics, v)
	}
	return r
}
