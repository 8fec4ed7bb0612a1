package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/internal/acl"
)

// AlterPartitionReassignments, key 45, versions 0 and 1, and ListPartitionReassignments, key 46, version 0 (KIP-455). Nothing is
// ever under way: a partition is where it can be.

func alterReassignments(c *call) message {
	req := c.request.(*kmsg.AlterPartitionAssignmentsRequest)
	r := kmsg.NewPtrAlterPartitionAssignmentsResponse()
	r.AllowReplicationFactorChange = req.AllowReplicationFactorChange
	for _, asked := range req.Topics {
		v := kmsg.NewAlterPartitionAssignmentsResponseTopic()
		v.Topic = asked.Topic
		for _, p := range asked.Partitions {
			w := kmsg.NewAlterPartitionAssignmentsResponseTopicPartition()
			w.Partition = p.Partition
			err := c.reassign(asked.Topic, p)
			w.ErrorCode, w.ErrorMessage = c.server.numberOf(err), textOf(err)
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func (c *call) reassign(topic string, p kmsg.AlterPartitionAssignmentsRequestTopicPartition) error {
	if p.Replicas == nil {
		return c.server.broker.CancelReassign(topic, p.Partition)
	}
	return c.server.broker.Reassign(topic, p.Partition, p.Replicas)
}

func listReassignments(*call) message { return kmsg.NewPtrListPartitionReassignmentsResponse() }

func (c *call) mayAlterCluster() bool { return c.mayCluster(acl.Alter) }

func guardAlterReassignments(c *call, next func(*call) message) message {
	if c.mayAlterCluster() {
		return next(c)
	}
	r := kmsg.NewPtrAlterPartitionAssignmentsResponse()
	r.ErrorCode, r.ErrorMessage = clusterAuthorizationFailed, deniedMessage()
	return r
}

func guardListReassignments(c *call, next func(*call) message) message {
	if c.mayCluster(acl.Describe) {
		return next(c)
	}
	r := kmsg.NewPtrListPartitionReassignmentsResponse()
	r.ErrorCode, r.ErrorMessage = clusterAuthorizationFailed, deniedMessage()
	return r
}
