package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
)

// TxnOffsetCommit, key 28, versions 0 to 5. From version 5 on the client speaks transaction.version 2: the group's offsets are
// taken into the transaction here.

func txnOffsetCommit(c *call) message {
	req := c.request.(*kmsg.TxnOffsetCommitRequest)
	r := kmsg.NewPtrTxnOffsetCommitResponse()
	commit := broker.TransactionalCommit{ID: req.TransactionalID, Producer: req.ProducerID, Epoch: req.ProducerEpoch, Implicit: c.version >= 5,
		Commit: broker.Commit{Group: req.Group, Generation: -1}}
	if c.version >= 3 {
		commit.Member, commit.Instance, commit.Generation = req.MemberID, str(req.InstanceID), req.Generation
	}
	for _, asked := range req.Topics {
		t := kmsg.NewTxnOffsetCommitResponseTopic()
		t.Topic = asked.Topic
		topic, unknown := c.server.broker.Topic(asked.Topic)
		for _, p := range asked.Partitions {
			v := kmsg.NewTxnOffsetCommitResponseTopicPartition()
			v.Partition = p.Partition
			err := unknown
			if err == nil {
				err = c.gatherIn(&commit.Commit, topic, p)
			}
			v.ErrorCode = c.server.numberOf(err)
			t.Partitions = append(t.Partitions, v)
		}
		r.Topics = append(r.Topics, t)
	}
	if number := c.txnNumber(c.server.broker.CommitInTransaction(c.ctx, commit)); number != none {
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				if p := &r.Topics[i].Partitions[j]; p.ErrorCode == none {
					p.ErrorCode = number
				}
			}
		}
	}
	return r
}

// gatherIn is gather for a partition of a TxnOffsetCommit.
func (c *call) gatherIn(commit *broker.Commit, t *broker.Topic, asked kmsg.TxnOffsetCommitRequestTopicPartition) error {
	epoch := asked.LeaderEpoch
	if c.version < 2 {
		epoch = -1
	}
	plain := kmsg.OffsetCommitRequestTopicPartition{Partition: asked.Partition, Offset: asked.Offset, LeaderEpoch: epoch, Metadata: asked.Metadata}
	if err := c.gather(commit, t, plain); err != nil {
		return err
	}
	commit.Offsets[len(commit.Offsets)-1].LeaderEpoch = epoch
	return nil
}
