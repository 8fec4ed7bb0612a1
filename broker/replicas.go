package broker

import "github.com/pawl-registry/pawl/fault"

// ElectLeader asks for an election in a partition. Its one replica leads already, so the answer is ErrElectionNotNeeded unless
// the partition cannot serve.
func (b *Broker) ElectLeader(topic string, partition int32) error {
	const op = "broker.ElectLeader"
	p, err := b.partition(topic, partition)
	if err != nil {
		return err
	}
	if p.log == nil {
		return p.broken(op)
	}
	return fault.New(ErrElectionNotNeeded, op, "broker %d leads partition %d of %s and is its only replica", b.opts.NodeID, partition, topic)
}

// Reassign moves a partition to other brokers. There is one: a partition can be moved to where it is, and nowhere else.
func (b *Broker) Reassign(topic string, partition int32, replicas []int32) error {
	const op = "broker.Reassign"
	if _, err := b.partition(topic, partition); err != nil {
		return err
	}
	if len(replicas) != 1 || replicas[0] != b.opts.NodeID {
		return fault.New(ErrInvalidAssignment, op, "replicas %v of partition %d of %s: the cluster has broker %d alone", replicas, partition, topic, b.opts.NodeID)
	}
	return nil
}

// CancelReassign stops a move under way; there never is one.
func (b *Broker) CancelReassign(topic string, partition int32) error {
	if _, err := b.partition(topic, partition); err != nil {
		return err
	}
	return fault.New(ErrNoReassignment, "broker.CancelReassign", "partition %d of %s is not being moved", partition, topic)
}

func (b *Broker) partition(topic string, index int32) (*Partition, error) {
	t, err := b.Topic(topic)
	if err != nil {
		return nil, err
	}
	return t.Partition(index)
}
