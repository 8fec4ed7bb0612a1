package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

// ListOffsets, key 2, versions 1 to 11. There is no tiered storage: the earliest local offset is the earliest, and the latest
// tiered and the earliest that waits for upload are unknown (-1), as with a Kafka that has it switched off.

// The timestamps that stand for positions.
const (
	latest         = -1
	earliest       = -2
	newest         = -3 // the record with the greatest timestamp (KIP-734), from version 7
	earliestLocal  = -4 // from version 8
	latestTiered   = -5 // from version 9
	earliestUpload = -6 // from version 11
)

// sinceVersion says from which version a position may be asked for.
var sinceVersion = map[int64]int16{latest: 0, earliest: 0, newest: 7, earliestLocal: 8, latestTiered: 9, earliestUpload: 11}

var errPosition = fault.NewCode(fault.Invalid, "unknown_list_offsets_position")

func listOffsets(c *call) message {
	req := c.request.(*kmsg.ListOffsetsRequest)
	r := kmsg.NewPtrListOffsetsResponse()
	for _, asked := range req.Topics {
		t := kmsg.NewListOffsetsResponseTopic()
		t.Topic = asked.Topic
		topic, err := c.server.broker.Topic(asked.Topic)
		for _, p := range asked.Partitions {
			t.Partitions = append(t.Partitions, c.listOffset(topic, err, req.IsolationLevel == 1, p))
		}
		r.Topics = append(r.Topics, t)
	}
	return r
}

func (c *call) listOffset(t *broker.Topic, err error, committed bool, asked kmsg.ListOffsetsRequestTopicPartition) kmsg.ListOffsetsResponseTopicPartition {
	v := kmsg.NewListOffsetsResponseTopicPartition()
	v.Partition, v.Timestamp, v.Offset, v.LeaderEpoch = asked.Partition, -1, -1, -1
	var p *broker.Partition
	if err == nil {
		p, err = t.Partition(asked.Partition)
	}
	if err == nil {
		err = p.CheckTerm(asked.CurrentLeaderEpoch)
	}
	if err == nil {
		err = c.locate(p, asked.Timestamp, committed, &v)
	}
	v.ErrorCode = c.server.numberOf(err)
	return v
}

// locate answers for a position or a time. For those who read what is committed, the partition ends at its last stable offset.
func (c *call) locate(p *broker.Partition, timestamp int64, committed bool, v *kmsg.ListOffsetsResponseTopicPartition) error {
	bounds, err := p.Bounds()
	end := bounds.HighWatermark
	if err == nil && committed {
		end, bounds, err = p.LastStable(c.ctx)
	}
	if err != nil {
		return err
	}
	if since, ok := sinceVersion[timestamp]; timestamp < 0 && (!ok || c.version < since) {
		return fault.New(errPosition, "kafka.ListOffsets", "position %d cannot be asked for in version %d", timestamp, c.version)
	}
	switch timestamp {
	case latest:
		v.Offset, v.LeaderEpoch = int64(end), int32(bounds.Term)
		return nil
	case earliest, earliestLocal:
		v.Offset, v.LeaderEpoch = int64(bounds.Start), int32(bounds.Term)
		return nil
	case latestTiered, earliestUpload:
		return nil
	}
	find := func() (f commitlog.Found, ok bool, err error) { return p.FindTime(c.ctx, time.UnixMilli(timestamp)) }
	if timestamp == newest {
		find = func() (f commitlog.Found, ok bool, err error) { return p.FindNewest(c.ctx) }
	}
	f, ok, err := find()
	if err != nil || !ok || f.Offset >= end && committed {
		return err
	}
	v.Offset, v.Timestamp, v.LeaderEpoch = int64(f.Offset), f.Timestamp, int32(f.Term)
	return nil
}
