package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/group"
)

// ConsumerGroupDescribe, key 69, versions 0 and 1 (KIP-848). Groups that are not of that protocol are told as not found, so that
// tools ask for them with DescribeGroups. Left out: authorized operations.

// consumerMember is the type of a member that speaks the protocol of KIP-848 (version 1).
const consumerMember = 1

func consumerGroupDescribe(c *call) message {
	req := c.request.(*kmsg.ConsumerGroupDescribeRequest)
	r := kmsg.NewPtrConsumerGroupDescribeResponse()
	for _, id := range req.Groups {
		r.Groups = append(r.Groups, c.describeConsumers(id))
	}
	return r
}

func (c *call) describeConsumers(id string) kmsg.ConsumerGroupDescribeResponseGroup {
	v := kmsg.NewConsumerGroupDescribeResponseGroup()
	v.Group, v.AuthorizedOperations = id, noOperations
	p, err := c.server.broker.DescribeConsumers(id)
	if err != nil {
		v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		return v
	}
	v.State, v.Epoch, v.AssignmentEpoch, v.AssignorName = p.State, p.Epoch, p.TargetEpoch, p.Assignor
	for _, m := range p.Members {
		w := kmsg.NewConsumerGroupDescribeResponseGroupMember()
		w.MemberID, w.InstanceID, w.RackID, w.MemberEpoch = m.ID, ptr(m.Instance), ptr(m.Rack), m.Epoch
		w.ClientID, w.ClientHost, w.SubscribedTopics, w.SubscribedTopicRegex = m.Client, m.Host, m.Names, ptr(m.Regex)
		w.Assignment.TopicPartitions, w.TargetAssignment.TopicPartitions = c.placesByName(m.Assignment), c.placesByName(m.Target)
		w.MemberType = consumerMember
		v.Members = append(v.Members, w)
	}
	return v
}

// placesByName writes partitions ordered by topic. Topics that were deleted are left out: they have no name any more.
func (c *call) placesByName(all []group.Place) (topics []kmsg.AssignmentTopicPartition) {
	for _, p := range all {
		if n := len(topics); n == 0 || topics[n-1].TopicID != p.Topic {
			topic, err := c.server.broker.TopicByID(broker.ID(p.Topic))
			if err != nil {
				continue
			}
			t := kmsg.NewAssignmentTopicPartition()
			t.TopicID, t.Topic = p.Topic, topic.Name()
			topics = append(topics, t)
		}
		t := &topics[len(topics)-1]
		t.Partitions = append(t.Partitions, p.Partition)
	}
	return topics
}
