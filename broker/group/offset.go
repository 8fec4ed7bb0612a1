package group

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/fault"
)

// Offset is what a group committed for a partition.
type Offset struct {
	Offset      batch.Offset
	LeaderEpoch int32 // -1: not said
	Metadata    string
	CommittedAt int64        // milliseconds since the Unix epoch
	Position    batch.Offset // where the commit stands in the log of offsets: the later one wins
}

// MayCommit says whether a member may commit now. generation -1 and no member is a simple commit, which any group without
// members takes, also one that has just been made for it.
func (g *Group) MayCommit(id, instance string, generation int32) ([]Effect, error) {
	const op = "group.Commit"
	switch {
	case g.state == Dead:
		return nil, fault.New(ErrDead, op, "the group was deleted")
	case generation < 0 && g.state == Empty:
		return nil, nil
	case g.state == Empty && len(g.offsets) == 0 && len(g.pending) == 0:
		return nil, fault.New(ErrIllegalGeneration, op, "the group has no generation %d", generation)
	}
	m, err := g.present(op, id, instance, generation)
	if err != nil {
		return nil, err
	}
	if g.state == Completing {
		return nil, fault.New(ErrRebalancing, op, "the group rebalances: commit after the assignment")
	}
	g.arm(Session, m.id, m.session)
	return g.take(), nil
}

// Commit notes an offset that is durable.
func (g *Group) Commit(topic string, partition int32, o Offset) {
	partitions := g.offsets[topic]
	if partitions == nil {
		partitions = make(map[int32]Offset)
		g.offsets[topic] = partitions
	}
	if old, ok := partitions[partition]; !ok || o.Position >= old.Position {
		partitions[partition] = o
	}
}

// Forget drops the offset of a partition.
func (g *Group) Forget(topic string, partition int32) {
	delete(g.offsets[topic], partition)
	if len(g.offsets[topic]) == 0 {
		delete(g.offsets, topic)
	}
}

// Committed returns the offset committed for a partition.
func (g *Group) Committed(topic string, partition int32) (Offset, bool) {
	o, ok := g.offsets[topic][partition]
	return o, ok
}

// Topics lists the topics with offsets, in alphabetical order.
func (g *Group) Topics() []string { return slices.Sorted(maps.Keys(g.offsets)) }

// Partitions lists the partitions of a topic that have offsets, in order.
func (g *Group) Partitions(topic string) []int32 { return slices.Sorted(maps.Keys(g.offsets[topic])) }

// MayForget says whether the offsets of a topic may be dropped: a group with members guards those of the topics that it
// reads (OffsetDelete).
func (g *Group) MayForget(topic string) error {
	const op = "group.MayForget"
	if len(g.members) == 0 {
		return nil
	}
	if g.protocolType != "consumer" {
		return fault.New(ErrNotEmpty, op, "the group has members: stop them first")
	}
	for _, m := range g.members {
		if subscribes(m.metadata(g.protocol), topic) {
			return fault.New(ErrSubscribed, op, "a member of the group reads topic %q", topic)
		}
	}
	return nil
}

// subscribes reports whether a consumer's metadata (version int16, then an array of topic names) names topic. What cannot be
// read counts as a subscription: better a refusal than a lost offset.
func subscribes(metadata []byte, topic string) bool {
	if len(metadata) < 6 {
		return true
	}
	n, b := int32(binary.BigEndian.Uint32(metadata[2:])), metadata[6:]
	for ; n > 0; n-- {
		if len(b) < 2 {
			return true
		}
		size := int(binary.BigEndian.Uint16(b))
		if len(b) < 2+size {
			return true
		}
		if string(b[2:2+size]) == topic {
			return true
		}
		b = b[2+size:]
	}
	return false
}
