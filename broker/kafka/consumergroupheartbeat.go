package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/group"
)

// ConsumerGroupHeartbeat, key 68, versions 0 and 1 (KIP-848). In version 0 a member that joins may be given its id; from version 1
// it may subscribe with a regular expression. The rack is shown to administrators and does not count in assignments, as the one
// broker is near to all.

func consumerGroupHeartbeat(c *call) message {
	req := c.request.(*kmsg.ConsumerGroupHeartbeatRequest)
	r := kmsg.NewPtrConsumerGroupHeartbeatResponse()
	b := group.Beat{
		Member: req.MemberID, Epoch: req.MemberEpoch, Instance: str(req.InstanceID), Rack: str(req.RackID), Client: c.client, Host: c.conn.host,
		Rebalance: time.Duration(req.RebalanceTimeoutMillis) * time.Millisecond, Names: req.SubscribedTopicNames,
		Regex: req.SubscribedTopicRegex, Assignor: str(req.ServerAssignor), Owned: ownedPlaces(req.Topics),
	}
	if c.version >= 1 && b.Member == "" {
		r.ErrorCode, r.ErrorMessage = invalidRequest, ptr("the member id is missing: a member draws its own")
		return r
	}
	s, err := c.server.broker.ConsumerHeartbeat(req.Group, b)
	if err != nil {
		r.ErrorCode, r.ErrorMessage = c.server.numberOf(err), textOf(err)
		return r
	}
	r.MemberID, r.MemberEpoch, r.HeartbeatIntervalMillis = &s.Member, s.Epoch, int32(s.Heartbeat.Milliseconds())
	if s.Told {
		a := kmsg.NewConsumerGroupHeartbeatResponseAssignment()
		a.Topics = assignedTopics(s.Assignment)
		r.Assignment = &a
	}
	return r
}

// ownedPlaces reads what a member owns: null is nil, which says that nothing changed.
func ownedPlaces(topics []kmsg.ConsumerGroupHeartbeatRequestTopic) []group.Place {
	if topics == nil {
		return nil
	}
	all := []group.Place{}
	for _, t := range topics {
		for _, p := range t.Partitions {
			all = append(all, group.Place{Topic: t.TopicID, Partition: p})
		}
	}
	return all
}

// assignedTopics writes an assignment, which is ordered by topic.
func assignedTopics(all []group.Place) (topics []kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic) {
	for _, p := range all {
		if n := len(topics); n == 0 || topics[n-1].TopicID != p.Topic {
			t := kmsg.NewConsumerGroupHeartbeatResponseAssignmentTopic()
			t.TopicID = p.Topic
			topics = append(topics, t)
		}
		t := &topics[len(topics)-1]
		t.Partitions = append(t.Partitions, p.Partition)
	}
	return topics
}
