package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/group"
)

// OffsetCommit, key 8, versions 2 to 10. Left out: the retention time of versions 2 to 4, which Kafka ignores too since 2.1. The
// generation of a member under the protocol of KIP-848 is its epoch. A commit with generation -1 and no member makes the group if there is none.

func offsetCommit(c *call) message {
	req := c.request.(*kmsg.OffsetCommitRequest)
	r := kmsg.NewPtrOffsetCommitResponse()
	commit := broker.Commit{Group: req.Group, Member: req.MemberID, Instance: str(req.InstanceID), Generation: req.Generation}
	for _, asked := range req.Topics {
		t := kmsg.NewOffsetCommitResponseTopic()
		t.Topic, t.TopicID = asked.Topic, asked.TopicID
		topic, unknown := c.server.topic(c.version >= 10, asked.Topic, asked.TopicID)
		for _, p := range asked.Partitions {
			v := kmsg.NewOffsetCommitResponseTopicPartition()
			v.Partition = p.Partition
			err := unknown
			if err == nil {
				err = c.gather(&commit, topic, p)
			}
			v.ErrorCode = c.server.numberOf(err)
			t.Partitions = append(t.Partitions, v)
		}
		r.Topics = append(r.Topics, t)
	}
	if err := c.server.broker.CommitOffsets(c.ctx, commit); err != nil {
		failAll(r, c.server.numberOf(err))
	}
	return r
}

// gather adds a partition to the commit, unless something is wrong with it.
func (c *call) gather(commit *broker.Commit, t *broker.Topic, asked kmsg.OffsetCommitRequestTopicPartition) error {
	if _, err := t.Partition(asked.Partition); err != nil {
		return err
	}
	metadata := str(asked.Metadata)
	if err := c.server.broker.CheckOffsetMetadata(metadata); err != nil {
		return err
	}
	epoch := asked.LeaderEpoch
	if c.version < 6 {
		epoch = -1
	}
	commit.Offsets = append(commit.Offsets, broker.Committed{Topic: t.Name(), Partition: asked.Partition, Offset: group.Offset{
		Offset: batch.Offset(asked.Offset), LeaderEpoch: epoch, Metadata: metadata, CommittedAt: c.server.broker.Now()}})
	return nil
}

// failAll gives an error to every partition that has none of its own.
func failAll(r *kmsg.OffsetCommitResponse, number int16) {
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			if p := &r.Topics[i].Partitions[j]; p.ErrorCode == none {
				p.ErrorCode = number
			}
		}
	}
}
