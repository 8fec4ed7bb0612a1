package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/internal/acl"
)

// The guards of consumer groups, of either protocol.

func guardJoinGroup(c *call, next func(*call) message) message {
	if c.may(acl.Read, acl.Group, c.request.(*kmsg.JoinGroupRequest).Group) {
		return next(c)
	}
	r := kmsg.NewPtrJoinGroupResponse()
	r.ErrorCode, r.Generation = groupAuthorizationFailed, -1
	if c.version < 7 {
		r.Protocol = new(string)
	}
	return r
}

func guardSyncGroup(c *call, next func(*call) message) message {
	if c.may(acl.Read, acl.Group, c.request.(*kmsg.SyncGroupRequest).Group) {
		return next(c)
	}
	r := kmsg.NewPtrSyncGroupResponse()
	r.ErrorCode, r.MemberAssignment = groupAuthorizationFailed, []byte{}
	return r
}

func guardHeartbeat(c *call, next func(*call) message) message {
	if c.may(acl.Read, acl.Group, c.request.(*kmsg.HeartbeatRequest).Group) {
		return next(c)
	}
	r := kmsg.NewPtrHeartbeatResponse()
	r.ErrorCode = groupAuthorizationFailed
	return r
}

func guardLeaveGroup(c *call, next func(*call) message) message {
	if c.may(acl.Read, acl.Group, c.request.(*kmsg.LeaveGroupRequest).Group) {
		return next(c)
	}
	r := kmsg.NewPtrLeaveGroupResponse()
	r.ErrorCode = groupAuthorizationFailed
	return r
}

func guardConsumerGroupHeartbeat(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.ConsumerGroupHeartbeatRequest)
	r := kmsg.NewPtrConsumerGroupHeartbeatResponse()
	if !c.may(acl.Read, acl.Group, req.Group) {
		r.ErrorCode, r.ErrorMessage = groupAuthorizationFailed, deniedMessage()
		return r
	}
	for _, topic := range req.SubscribedTopicNames {
		if !c.may(acl.Describe, acl.Topic, topic) {
			r.ErrorCode, r.ErrorMessage = topicAuthorizationFailed, deniedMessage()
			return r
		}
	}
	return next(c)
}

func guardConsumerGroupDescribe(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.ConsumerGroupDescribeRequest)
	denied := withhold(&req.Groups, func(id *string) bool { return c.may(acl.Describe, acl.Group, *id) })
	r := next(c).(*kmsg.ConsumerGroupDescribeResponse)
	for i := range r.Groups {
		g := &r.Groups[i]
		if g.ErrorCode == none && !c.mayDescribeAssignments(g) {
			v := kmsg.NewConsumerGroupDescribeResponseGroup()
			v.Group, v.ErrorCode, v.ErrorMessage, v.AuthorizedOperations = g.Group, topicAuthorizationFailed, deniedMessage(), noOperations
			*g = v
		}
		if g.ErrorCode == none && req.IncludeAuthorizedOperations {
			g.AuthorizedOperations = c.operations(acl.Group, g.Group)
		}
	}
	for _, id := range denied {
		v := kmsg.NewConsumerGroupDescribeResponseGroup()
		v.Group, v.ErrorCode, v.ErrorMessage, v.AuthorizedOperations = id, groupAuthorizationFailed, deniedMessage(), noOperations
		r.Groups = append(r.Groups, v)
	}
	return r
}

// mayDescribeAssignments reports whether all topics of a group's members may be described: else none of it is told.
func (c *call) mayDescribeAssignments(g *kmsg.ConsumerGroupDescribeResponseGroup) bool {
	for i := range g.Members {
		m := &g.Members[i]
		for _, t := range append(m.Assignment.TopicPartitions, m.TargetAssignment.TopicPartitions...) {
			if !c.may(acl.Describe, acl.Topic, t.Topic) {
				return false
			}
		}
	}
	return true
}

func guardDescribeGroups(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.DescribeGroupsRequest)
	denied := withhold(&req.Groups, func(id *string) bool { return c.may(acl.Describe, acl.Group, *id) })
	r := next(c).(*kmsg.DescribeGroupsResponse)
	for i := range r.Groups {
		if g := &r.Groups[i]; c.version >= 3 && req.IncludeAuthorizedOperations && g.ErrorCode == none {
			g.AuthorizedOperations = c.operations(acl.Group, g.Group)
		}
	}
	for _, id := range denied {
		v := kmsg.NewDescribeGroupsResponseGroup()
		v.Group, v.ErrorCode, v.AuthorizedOperations = id, groupAuthorizationFailed, noOperations
		r.Groups = append(r.Groups, v)
	}
	return r
}

func guardListGroups(c *call, next func(*call) message) message {
	r := next(c).(*kmsg.ListGroupsResponse)
	if !c.mayCluster(acl.Describe) {
		withhold(&r.Groups, func(g *kmsg.ListGroupsResponseGroup) bool { return c.may(acl.Describe, acl.Group, g.Group) })
	}
	return r
}

func guardDeleteGroups(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.DeleteGroupsRequest)
	denied := withhold(&req.Groups, func(id *string) bool { return c.may(acl.Delete, acl.Group, *id) })
	r := next(c).(*kmsg.DeleteGroupsResponse)
	for _, id := range denied {
		v := kmsg.NewDeleteGroupsResponseGroup()
		v.Group, v.ErrorCode = id, groupAuthorizationFailed
		r.Groups = append(r.Groups, v)
	}
	return r
}

func guardOffsetCommit(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.OffsetCommitRequest)
	number, may := int16(topicAuthorizationFailed), func(t *kmsg.OffsetCommitRequestTopic) bool {
		return c.mayTopic(acl.Read, c.version >= 10, t.Topic, t.TopicID)
	}
	r := kmsg.NewPtrOffsetCommitResponse()
	if !c.may(acl.Read, acl.Group, req.Group) {
		number, may = groupAuthorizationFailed, func(*kmsg.OffsetCommitRequestTopic) bool { return false }
	}
	asked := len(req.Topics)
	denied := withhold(&req.Topics, may)
	if number == topicAuthorizationFailed && (len(req.Topics) > 0 || asked == 0) {
		r = next(c).(*kmsg.OffsetCommitResponse)
	}
	for _, t := range denied {
		v := kmsg.NewOffsetCommitResponseTopic()
		v.Topic, v.TopicID = t.Topic, t.TopicID
		for _, p := range t.Partitions {
			w := kmsg.NewOffsetCommitResponseTopicPartition()
			w.Partition, w.ErrorCode = p.Partition, number
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardOffsetFetch(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.OffsetFetchRequest)
	if c.version < 8 {
		return c.guardOldOffsetFetch(req, next)
	}
	denied := withhold(&req.Groups, func(g *kmsg.OffsetFetchRequestGroup) bool { return c.may(acl.Describe, acl.Group, g.Group) })
	hidden := make([][]kmsg.OffsetFetchRequestGroupTopic, len(req.Groups))
	for i := range req.Groups {
		hidden[i] = withhold(&req.Groups[i].Topics, func(t *kmsg.OffsetFetchRequestGroupTopic) bool {
			return c.mayTopic(acl.Describe, c.version >= 10, t.Topic, t.TopicID)
		})
	}
	r := next(c).(*kmsg.OffsetFetchResponse)
	for i := range r.Groups {
		g := &r.Groups[i]
		if req.Groups[i].Topics == nil {
			withhold(&g.Topics, func(t *kmsg.OffsetFetchResponseGroupTopic) bool {
				return c.mayTopic(acl.Describe, c.version >= 10, t.Topic, t.TopicID)
			})
		}
		for _, t := range hidden[i] {
			g.Topics = append(g.Topics, hiddenOffsets(t))
		}
	}
	for _, g := range denied {
		v := kmsg.NewOffsetFetchResponseGroup()
		v.Group, v.ErrorCode = g.Group, groupAuthorizationFailed
		r.Groups = append(r.Groups, v)
	}
	return r
}

func hiddenOffsets(t kmsg.OffsetFetchRequestGroupTopic) kmsg.OffsetFetchResponseGroupTopic {
	v := kmsg.NewOffsetFetchResponseGroupTopic()
	v.Topic, v.TopicID = t.Topic, t.TopicID
	for _, p := range t.Partitions {
		w := kmsg.NewOffsetFetchResponseGroupTopicPartition()
		w.Partition, w.Offset, w.LeaderEpoch, w.Metadata, w.ErrorCode = p, -1, -1, new(string), topicAuthorizationFailed
		v.Partitions = append(v.Partitions, w)
	}
	return v
}

// guardOldOffsetFetch guards the versions for one group. Version 1 has an error for each partition alone.
func (c *call) guardOldOffsetFetch(req *kmsg.OffsetFetchRequest, next func(*call) message) message {
	number, may := int16(topicAuthorizationFailed), func(t *kmsg.OffsetFetchRequestTopic) bool { return c.may(acl.Describe, acl.Topic, t.Topic) }
	r := kmsg.NewPtrOffsetFetchResponse()
	granted := c.may(acl.Describe, acl.Group, req.Group)
	if !granted {
		number, may = groupAuthorizationFailed, func(*kmsg.OffsetFetchRequestTopic) bool { return false }
	}
	all := req.Topics == nil
	denied := withhold(&req.Topics, may)
	if granted {
		r = next(c).(*kmsg.OffsetFetchResponse)
	} else {
		r.ErrorCode = groupAuthorizationFailed
	}
	if all {
		withhold(&r.Topics, func(t *kmsg.OffsetFetchResponseTopic) bool { return c.may(acl.Describe, acl.Topic, t.Topic) })
	}
	for _, t := range denied {
		v := kmsg.NewOffsetFetchResponseTopic()
		v.Topic = t.Topic
		for _, p := range t.Partitions {
			w := kmsg.NewOffsetFetchResponseTopicPartition()
			w.Partition, w.Offset, w.LeaderEpoch, w.Metadata, w.ErrorCode = p, -1, -1, new(string), number
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardOffsetDelete(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.OffsetDeleteRequest)
	if !c.may(acl.Delete, acl.Group, req.Group) {
		r := kmsg.NewPtrOffsetDeleteResponse()
		r.ErrorCode = groupAuthorizationFailed
		return r
	}
	denied := withhold(&req.Topics, func(t *kmsg.OffsetDeleteRequestTopic) bool { return c.may(acl.Read, acl.Topic, t.Topic) })
	r := next(c).(*kmsg.OffsetDeleteResponse)
	for _, t := range denied {
		v := kmsg.NewOffsetDeleteResponseTopic()
		v.Topic = t.Topic
		for _, p := range t.Partitions {
			w := kmsg.NewOffsetDeleteResponseTopicPartition()
			w.Partition, w.ErrorCode = p.Partition, topicAuthorizationFailed
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardFindCoordinator(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.FindCoordinatorRequest)
	may, number := func(key *string) bool { return c.may(acl.Describe, acl.Group, *key) }, int16(groupAuthorizationFailed)
	if req.CoordinatorType == transactionCoordinator {
		may, number = func(key *string) bool { return c.may(acl.Describe, acl.TransactionalID, *key) }, transactionalIDAuthFailed
	}
	if c.version < 4 {
		if may(&req.CoordinatorKey) {
			return next(c)
		}
		r := kmsg.NewPtrFindCoordinatorResponse()
		r.ErrorCode, r.ErrorMessage, r.NodeID, r.Port = number, deniedMessage(), -1, -1
		return r
	}
	denied := withhold(&req.CoordinatorKeys, may)
	r := next(c).(*kmsg.FindCoordinatorResponse)
	for _, key := range denied {
		v := kmsg.NewFindCoordinatorResponseCoordinator()
		v.Key, v.NodeID, v.Port, v.ErrorCode, v.ErrorMessage = key, -1, -1, number, deniedMessage()
		r.Coordinators = append(r.Coordinators, v)
	}
	return r
}
