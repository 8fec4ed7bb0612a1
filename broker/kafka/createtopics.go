package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// CreateTopics, key 19, versions 2 to 7. A topic named twice in one request is refused, as Kafka does. The time-out is not
// needed: the answer comes when the topic is there.

func createTopics(c *call) message {
	req := c.request.(*kmsg.CreateTopicsRequest)
	r := kmsg.NewPtrCreateTopicsResponse()
	named := make(map[string]int)
	for _, t := range req.Topics {
		named[t.Topic]++
	}
	for _, asked := range req.Topics {
		if named[asked.Topic] == 0 {
			continue // answered at its first mention
		}
		var t *broker.Topic
		var err error
		if named[asked.Topic] > 1 {
			named[asked.Topic] = 0
			err = fault.New(broker.ErrInvalidRequest, "kafka.CreateTopics", "topic %q is named twice in the request", asked.Topic)
		} else {
			t, err = c.createTopic(asked, broker.Mode(req.ValidateOnly))
		}
		r.Topics = append(r.Topics, c.created(asked.Topic, t, err))
	}
	return r
}

func (c *call) createTopic(asked kmsg.CreateTopicsRequestTopic, mode broker.Mode) (*broker.Topic, error) {
	n := broker.NewTopic{Name: asked.Topic, Partitions: asked.NumPartitions, Replicas: asked.ReplicationFactor}
	for _, a := range asked.ReplicaAssignment {
		if n.Assignments == nil {
			n.Assignments = make(map[int32][]int32)
		}
		n.Assignments[a.Partition] = a.Replicas
	}
	for _, v := range asked.Configs {
		if n.Configs == nil {
			n.Configs = make(map[string]string)
		}
		if v.Value == nil {
			return nil, fault.New(broker.ErrInvalidConfig, "kafka.CreateTopics", "configuration %s has no value", v.Name)
		}
		n.Configs[v.Name] = *v.Value
	}
	return c.server.broker.CreateTopic(c.ctx, n, mode)
}

func (c *call) created(name string, t *broker.Topic, err error) kmsg.CreateTopicsResponseTopic {
	v := kmsg.NewCreateTopicsResponseTopic()
	v.Topic, v.ErrorCode, v.ErrorMessage = name, c.server.numberOf(err), textOf(err)
	if err != nil {
		return v
	}
	v.TopicID, v.NumPartitions, v.ReplicationFactor = t.ID(), int32(len(t.Partitions())), 1
	for _, one := range t.Configs() {
		w := kmsg.NewCreateTopicsResponseTopicConfig()
		w.Name, w.Value, w.Source = one.Name, &one.Value, int8(configSources[one.Source])
		v.Configs = append(v.Configs, w)
	}
	return v
}
