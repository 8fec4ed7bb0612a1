package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// ElectLeaders, key 43, versions 0 to 2. Without topics all partitions are meant, and those that need no election are left out
// of the answer, which is then all of them.

func electLeaders(c *call) message {
	req := c.request.(*kmsg.ElectLeadersRequest)
	r := kmsg.NewPtrElectLeadersResponse()
	for _, asked := range req.Topics {
		v := kmsg.NewElectLeadersResponseTopic()
		v.Topic = asked.Topic
		for _, index := range asked.Partitions {
			w := kmsg.NewElectLeadersResponseTopicPartition()
			w.Partition = index
			err := c.server.broker.ElectLeader(asked.Topic, index)
			w.ErrorCode, w.ErrorMessage = c.server.numberOf(err), textOf(err)
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardElectLeaders(c *call, next func(*call) message) message {
	if c.mayAlterCluster() {
		return next(c)
	}
	r := kmsg.NewPtrElectLeadersResponse()
	r.ErrorCode = clusterAuthorizationFailed
	return r
}
