package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// Metadata, key 3, versions 0 to 13. Left out: authorized operations (there is no access control to report on) and racks.

// noOperations is what Kafka sends for authorized operations that were not asked for.
const noOperations = -1 << 31

func metadata(c *call) message {
	req := c.request.(*kmsg.MetadataRequest)
	r := kmsg.NewPtrMetadataResponse()
	b := kmsg.NewMetadataResponseBroker()
	b.NodeID = c.server.broker.NodeID()
	b.Host, b.Port = c.server.address()
	r.Brokers = append(r.Brokers, b)
	cluster := c.server.broker.ClusterID()
	r.ClusterID, r.ControllerID = &cluster, b.NodeID
	if req.Topics == nil || (c.version == 0 && len(req.Topics) == 0) {
		for _, t := range c.server.broker.Topics() {
			r.Topics = append(r.Topics, c.server.describe(t))
		}
		return r
	}
	for _, t := range req.Topics {
		r.Topics = append(r.Topics, c.metadataOf(t, c.version < 4 || req.AllowAutoTopicCreation))
	}
	return r
}

// metadataOf answers for one topic, asked for by name or, without one, by id. It may be made.
func (c *call) metadataOf(asked kmsg.MetadataRequestTopic, mayCreate bool) kmsg.MetadataResponseTopic {
	t, err := c.find(asked, mayCreate)
	if err != nil {
		v := kmsg.NewMetadataResponseTopic()
		v.Topic, v.TopicID, v.ErrorCode = asked.Topic, asked.TopicID, c.server.numberOf(err)
		if v.Topic == nil && c.version < 12 {
			v.Topic = new(string)
		}
		return v
	}
	return c.server.describe(t)
}

func (c *call) find(asked kmsg.MetadataRequestTopic, mayCreate bool) (*broker.Topic, error) {
	b := c.server.broker
	if asked.Topic == nil {
		return b.TopicByID(asked.TopicID)
	}
	t, err := b.Topic(*asked.Topic)
	if err == nil {
		return t, nil
	}
	if !mayCreate || !b.AutoCreates() {
		if bad := broker.CheckTopicName(*asked.Topic); bad != nil {
			return nil, bad
		}
		return nil, err
	}
	t, err = b.CreateTopic(c.ctx, broker.NewTopic{Name: *asked.Topic, Partitions: -1, Replicas: -1}, broker.Apply)
	if fault.CodeOf(err) == broker.ErrTopicExists { // another client was faster
		return b.Topic(*asked.Topic)
	}
	return t, err
}

func (s *Server) describe(t *broker.Topic) kmsg.MetadataResponseTopic {
	v := kmsg.NewMetadataResponseTopic()
	name := t.Name()
	v.Topic, v.TopicID, v.IsInternal = &name, t.ID(), t.Internal()
	v.AuthorizedOperations = noOperations
	all := t.Partitions()
	v.Partitions = make([]kmsg.MetadataResponseTopicPartition, len(all))
	replicas := []int32{s.broker.NodeID()}
	for i, p := range all {
		d := &v.Partitions[i]
		d.Partition, d.Leader, d.Replicas, d.ISR = p.Index(), replicas[0], replicas, replicas
		if bounds, err := p.Bounds(); err == nil {
			d.LeaderEpoch = int32(bounds.Term)
		} else {
			d.ErrorCode, d.OfflineReplicas = s.numberOf(err), replicas
		}
	}
	return v
}
