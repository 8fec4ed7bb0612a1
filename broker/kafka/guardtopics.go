package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/internal/acl"
)

// The guards of topics and their records. What may not be described is answered as denied whether it exists or not.

func guardFetch(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.FetchRequest)
	denied := withhold(&req.Topics, func(t *kmsg.FetchRequestTopic) bool {
		return c.mayTopic(acl.Read, c.version >= 13, t.Topic, t.TopicID)
	})
	a := next(c).(*fetchAnswer)
	if a.code != none {
		return a
	}
	for _, t := range denied {
		v := fetchTopic{name: t.Topic, id: t.TopicID}
		for _, p := range t.Partitions {
			v.partitions = append(v.partitions, fetched{index: p.Partition, code: topicAuthorizationFailed, highWatermark: -1, logStart: -1})
		}
		a.topics = append(a.topics, v)
	}
	return a
}

func guardListOffsets(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.ListOffsetsRequest)
	denied := withhold(&req.Topics, func(t *kmsg.ListOffsetsRequestTopic) bool { return c.may(acl.Describe, acl.Topic, t.Topic) })
	r := next(c).(*kmsg.ListOffsetsResponse)
	for _, t := range denied {
		v := kmsg.NewListOffsetsResponseTopic()
		v.Topic = t.Topic
		for _, p := range t.Partitions {
			w := kmsg.NewListOffsetsResponseTopicPartition()
			w.Partition, w.Timestamp, w.Offset, w.LeaderEpoch, w.ErrorCode = p.Partition, -1, -1, -1, topicAuthorizationFailed
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardMetadata(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.MetadataRequest)
	all := req.Topics == nil || (c.version == 0 && len(req.Topics) == 0)
	denied := withhold(&req.Topics, func(t *kmsg.MetadataRequestTopic) bool {
		return c.mayFind(t, c.version < 4 || req.AllowAutoTopicCreation)
	})
	var r *kmsg.MetadataResponse
	if len(req.Topics) == 0 && !all { // in version 0 an empty list would be all
		asked := c.version
		c.version = 1
		r = next(c).(*kmsg.MetadataResponse)
		c.version = asked
	} else {
		r = next(c).(*kmsg.MetadataResponse)
	}
	if all {
		withhold(&r.Topics, func(t *kmsg.MetadataResponseTopic) bool { return c.may(acl.Describe, acl.Topic, str(t.Topic)) })
	}
	for _, t := range denied {
		v := kmsg.NewMetadataResponseTopic()
		v.Topic, v.TopicID, v.ErrorCode = t.Topic, t.TopicID, topicAuthorizationFailed
		if v.Topic == nil && c.version < 12 {
			v.Topic = new(string)
		}
		r.Topics = append(r.Topics, v)
	}
	c.metadataOperations(req, r)
	return r
}

// mayFind reports whether a topic may be described and, if there is none and one would be made, created.
func (c *call) mayFind(t *kmsg.MetadataRequestTopic, mayCreate bool) bool {
	if !c.mayTopic(acl.Describe, t.Topic == nil, str(t.Topic), t.TopicID) {
		return false
	}
	if t.Topic == nil || !mayCreate || !c.server.broker.AutoCreates() {
		return true
	}
	if _, err := c.server.broker.Topic(*t.Topic); err == nil {
		return true
	}
	return c.mayCluster(acl.Create) || c.may(acl.Create, acl.Topic, *t.Topic)
}

func (c *call) metadataOperations(req *kmsg.MetadataRequest, r *kmsg.MetadataResponse) {
	if c.version >= 8 && c.version <= 10 && req.IncludeClusterAuthorizedOperations && c.mayCluster(acl.Describe) {
		r.AuthorizedOperations = c.operations(acl.Cluster, acl.ClusterName)
	}
	if c.version < 8 || !req.IncludeTopicAuthorizedOperations {
		return
	}
	for i := range r.Topics {
		if t := &r.Topics[i]; t.ErrorCode == none {
			t.AuthorizedOperations = c.operations(acl.Topic, str(t.Topic))
		}
	}
}

func guardCreateTopics(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.CreateTopicsRequest)
	var denied []kmsg.CreateTopicsRequestTopic
	if !c.mayCluster(acl.Create) {
		denied = withhold(&req.Topics, func(t *kmsg.CreateTopicsRequestTopic) bool { return c.may(acl.Create, acl.Topic, t.Topic) })
	}
	r := next(c).(*kmsg.CreateTopicsResponse)
	for i := range r.Topics {
		if t := &r.Topics[i]; t.ErrorCode == none && !c.may(acl.DescribeConfigs, acl.Topic, t.Topic) {
			t.NumPartitions, t.ReplicationFactor, t.ConfigErrorCode, t.Configs = -1, -1, topicAuthorizationFailed, nil
		}
	}
	for _, t := range denied {
		v := kmsg.NewCreateTopicsResponseTopic()
		v.Topic, v.ErrorCode, v.ErrorMessage = t.Topic, topicAuthorizationFailed, deniedMessage()
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardDeleteTopics(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.DeleteTopicsRequest)
	denied := withhold(&req.Topics, func(t *kmsg.DeleteTopicsRequestTopic) bool {
		return c.mayTopic(acl.Delete, t.Topic == nil, str(t.Topic), t.TopicID)
	})
	for _, name := range withhold(&req.TopicNames, func(name *string) bool { return c.may(acl.Delete, acl.Topic, *name) }) {
		t := kmsg.NewDeleteTopicsRequestTopic()
		t.Topic = &name
		denied = append(denied, t)
	}
	r := next(c).(*kmsg.DeleteTopicsResponse)
	for _, t := range denied {
		v := kmsg.NewDeleteTopicsResponseTopic()
		v.Topic, v.TopicID, v.ErrorCode, v.ErrorMessage = t.Topic, t.TopicID, topicAuthorizationFailed, deniedMessage()
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardDeleteRecords(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.DeleteRecordsRequest)
	denied := withhold(&req.Topics, func(t *kmsg.DeleteRecordsRequestTopic) bool { return c.may(acl.Delete, acl.Topic, t.Topic) })
	r := next(c).(*kmsg.DeleteRecordsResponse)
	for _, t := range denied {
		v := kmsg.NewDeleteRecordsResponseTopic()
		v.Topic = t.Topic
		for _, p := range t.Partitions {
			w := kmsg.NewDeleteRecordsResponseTopicPartition()
			w.Partition, w.LowWatermark, w.ErrorCode = p.Partition, -1, topicAuthorizationFailed
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardOffsetForLeaderEpoch(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.OffsetForLeaderEpochRequest)
	denied := withhold(&req.Topics, func(t *kmsg.OffsetForLeaderEpochRequestTopic) bool { return c.may(acl.Describe, acl.Topic, t.Topic) })
	r := next(c).(*kmsg.OffsetForLeaderEpochResponse)
	for _, t := range denied {
		v := kmsg.NewOffsetForLeaderEpochResponseTopic()
		v.Topic = t.Topic
		for _, p := range t.Partitions {
			w := kmsg.NewOffsetForLeaderEpochResponseTopicPartition()
			w.Partition, w.LeaderEpoch, w.EndOffset, w.ErrorCode = p.Partition, -1, -1, topicAuthorizationFailed
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardCreatePartitions(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.CreatePartitionsRequest)
	denied := withhold(&req.Topics, func(t *kmsg.CreatePartitionsRequestTopic) bool { return c.may(acl.Alter, acl.Topic, t.Topic) })
	r := next(c).(*kmsg.CreatePartitionsResponse)
	for _, t := range denied {
		v := kmsg.NewCreatePartitionsResponseTopic()
		v.Topic, v.ErrorCode, v.ErrorMessage = t.Topic, topicAuthorizationFailed, deniedMessage()
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardDescribeProducers(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.DescribeProducersRequest)
	denied := withhold(&req.Topics, func(t *kmsg.DescribeProducersRequestTopic) bool { return c.may(acl.Read, acl.Topic, t.Topic) })
	r := next(c).(*kmsg.DescribeProducersResponse)
	for _, t := range denied {
		v := kmsg.NewDescribeProducersResponseTopic()
		v.Topic = t.Topic
		for _, p := range t.Partitions {
			w := kmsg.NewDescribeProducersResponseTopicPartition()
			w.Partition, w.ErrorCode, w.ErrorMessage = p, topicAuthorizationFailed, deniedMessage()
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardDescribeTopicPartitions(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.DescribeTopicPartitionsRequest)
	all := len(req.Topics) == 0
	denied := withhold(&req.Topics, func(t *kmsg.DescribeTopicPartitionsRequestTopic) bool { return c.may(acl.Describe, acl.Topic, t.Topic) })
	r := kmsg.NewPtrDescribeTopicPartitionsResponse()
	if all || len(req.Topics) > 0 {
		r = next(c).(*kmsg.DescribeTopicPartitionsResponse)
	}
	withhold(&r.Topics, func(t *kmsg.DescribeTopicPartitionsResponseTopic) bool {
		if all && !c.may(acl.Describe, acl.Topic, str(t.Topic)) {
			return false
		}
		if t.ErrorCode == none {
			t.AuthorizedOperations = c.operations(acl.Topic, str(t.Topic))
		}
		return true
	})
	for _, t := range denied {
		v := kmsg.NewDescribeTopicPartitionsResponseTopic()
		v.Topic, v.ErrorCode, v.AuthorizedOperations = &t.Topic, topicAuthorizationFailed, noOperations
		r.Topics = append(r.Topics, v)
	}
	return r
}

// authorize reports what is wrong with who produces to a partition, once the topic is known by its name.
func (r *producing) authorize(p *produced) error {
	const op = "kafka.Produce"
	a := r.conn.server.opts.Access
	if a == nil || !a.opts.Authorize {
		return nil
	}
	if r.txn != "" && !r.conn.may(acl.Write, acl.TransactionalID, r.txn) {
		return newDenied(errTxnDenied, op, "transactional id", r.txn)
	}
	name := string(p.topic)
	if r.version >= 13 {
		t, err := r.conn.server.broker.TopicByID(p.id)
		if err != nil {
			return err
		}
		name = t.Name()
	}
	if !r.conn.may(acl.Write, acl.Topic, name) {
		return newDenied(errTopicDenied, op, "topic", name)
	}
	return nil
}
