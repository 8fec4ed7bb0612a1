package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/group"
)

// OffsetFetch, key 9, versions 1 to 10; from version 8 for several groups at once. A group that does not exist has no offsets,
// which is no error. A member under the protocol of KIP-848 is asked for its epoch (version 9).

func offsetFetch(c *call) message {
	req := c.request.(*kmsg.OffsetFetchRequest)
	r := kmsg.NewPtrOffsetFetchResponse()
	if c.version >= 8 {
		for _, g := range req.Groups {
			r.Groups = append(r.Groups, c.offsetsOf(g))
		}
		return r
	}
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = req.Group
	if req.Topics != nil {
		g.Topics = make([]kmsg.OffsetFetchRequestGroupTopic, 0, len(req.Topics))
	}
	for _, t := range req.Topics {
		v := kmsg.NewOffsetFetchRequestGroupTopic()
		v.Topic, v.Partitions = t.Topic, t.Partitions
		g.Topics = append(g.Topics, v)
	}
	found := c.offsetsOf(g)
	r.ErrorCode = found.ErrorCode
	for _, t := range found.Topics {
		v := kmsg.NewOffsetFetchResponseTopic()
		v.Topic = t.Topic
		for _, p := range t.Partitions {
			w := kmsg.NewOffsetFetchResponseTopicPartition()
			w.Partition, w.Offset, w.LeaderEpoch, w.Metadata, w.ErrorCode = p.Partition, p.Offset, p.LeaderEpoch, p.Metadata, p.ErrorCode
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

// offsetsOf answers for one group: for the partitions asked for, or, if topics is null, for all that it committed.
func (c *call) offsetsOf(asked kmsg.OffsetFetchRequestGroup) kmsg.OffsetFetchResponseGroup {
	v := kmsg.NewOffsetFetchResponseGroup()
	v.Group = asked.Group
	all, err := c.offsetsFor(asked)
	if err != nil {
		v.ErrorCode = c.server.numberOf(err)
		return v
	}
	if asked.Topics == nil {
		v.Topics = c.everyOffset(asked.Group, all)
		return v
	}
	committed := make(map[place]group.Offset, len(all))
	for _, o := range all {
		committed[place{o.Topic, o.Partition}] = o.Offset
	}
	for _, t := range asked.Topics {
		v.Topics = append(v.Topics, c.offsetsIn(asked.Group, t, committed))
	}
	return v
}

// offsetsFor returns all that a group committed, to a member that is in the epoch that it believes to be in, or to whoever asks
// as none.
func (c *call) offsetsFor(asked kmsg.OffsetFetchRequestGroup) ([]broker.Committed, error) {
	if member := str(asked.MemberID); member != "" || asked.MemberEpoch >= 0 {
		if err := c.server.broker.CheckFetch(asked.Group, member, asked.MemberEpoch); err != nil {
			return nil, err
		}
	}
	return c.server.broker.Offsets(asked.Group)
}

// place is a partition by name.
type place struct {
	topic     string
	partition int32
}

// offsetsIn answers for one topic.
func (c *call) offsetsIn(id string, asked kmsg.OffsetFetchRequestGroupTopic, committed map[place]group.Offset) kmsg.OffsetFetchResponseGroupTopic {
	v := kmsg.NewOffsetFetchResponseGroupTopic()
	v.Topic, v.TopicID = asked.Topic, asked.TopicID
	name, number := asked.Topic, int16(none)
	if c.version >= 10 {
		topic, err := c.server.broker.TopicByID(asked.TopicID)
		if number = c.server.numberOf(err); err == nil {
			name = topic.Name()
		}
	}
	for _, p := range asked.Partitions {
		o, ok := committed[place{name, p}]
		w := committedPartition(p, o, ok)
		w.ErrorCode = number
		c.requireStable(id, name, &w)
		v.Partitions = append(v.Partitions, w)
	}
	return v
}

func (c *call) everyOffset(id string, all []broker.Committed) []kmsg.OffsetFetchResponseGroupTopic {
	var topics []kmsg.OffsetFetchResponseGroupTopic
	for _, o := range all {
		if n := len(topics); n == 0 || topics[n-1].Topic != o.Topic {
			t := kmsg.NewOffsetFetchResponseGroupTopic()
			t.Topic = o.Topic
			if topic, err := c.server.broker.Topic(o.Topic); err == nil {
				t.TopicID = topic.ID()
			}
			topics = append(topics, t)
		}
		t := &topics[len(topics)-1]
		w := committedPartition(o.Partition, o.Offset, true)
		c.requireStable(id, o.Topic, &w)
		t.Partitions = append(t.Partitions, w)
	}
	return topics
}

// requireStable withholds an offset that an open transaction may change, from those who ask for that (KIP-447).
func (c *call) requireStable(id, topic string, v *kmsg.OffsetFetchResponseGroupTopicPartition) {
	if c.request.(*kmsg.OffsetFetchRequest).RequireStable && v.ErrorCode == none && c.server.broker.Unstable(id, topic, v.Partition) {
		v.Offset, v.LeaderEpoch, v.Metadata, v.ErrorCode = -1, -1, nil, unstableOffsetCommit
	}
}

func committedPartition(partition int32, o group.Offset, ok bool) kmsg.OffsetFetchResponseGroupTopicPartition {
	v := kmsg.NewOffsetFetchResponseGroupTopicPartition()
	v.Partition, v.Offset, v.LeaderEpoch, v.Metadata = partition, -1, -1, &o.Metadata
	if ok {
		v.Offset, v.LeaderEpoch = int64(o.Offset), o.LeaderEpoch
	}
	return v
}
