package groups

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
)

// lookConsumers describes a group under the protocol of KIP-848, of which DescribeGroups knows nothing.
func lookConsumers(ctx context.Context, adm *kadm.Client, group string) (description, error) {
	d := description{Group: group, Members: []member{}, Offsets: []committed{}}
	all, err := adm.DescribeConsumerGroups(ctx, group)
	g := all[group]
	if err == nil {
		err = g.Err
	}
	if errors.Is(err, kerr.GroupIDNotFound) {
		return d, unknown(group)
	}
	if err != nil {
		return d, cli.Refused(err, "describe group %q", group)
	}
	d.State, d.Coordinator = g.State, g.Coordinator.NodeID
	readers := make(map[string]map[int32]string)
	for _, m := range g.Members {
		d.Members = append(d.Members, member{m.MemberID, m.ClientID, m.ClientHost})
		m.Assignment.Each(func(topic string, partition int32) {
			if readers[topic] == nil {
				readers[topic] = make(map[int32]string)
			}
			readers[topic][partition] = m.MemberID
		})
	}
	d.Offsets, err = offsetsOf(ctx, adm, group, readers)
	if err != nil {
		return d, cli.Refused(err, "describe group %q", group)
	}
	return d, nil
}

// offsetsOf lists the partitions that a group committed or reads, by topic and partition.
func offsetsOf(ctx context.Context, adm *kadm.Client, group string, readers map[string]map[int32]string) ([]committed, error) {
	offsets, err := adm.FetchOffsets(ctx, group)
	if err != nil {
		return nil, err
	}
	places := make(kadm.TopicsSet)
	offsets.Each(func(o kadm.OffsetResponse) { places.Add(o.Topic, o.Partition) })
	for topic, partitions := range readers {
		for p := range partitions {
			places.Add(topic, p)
		}
	}
	all := []committed{}
	if len(places) == 0 {
		return all, nil
	}
	ends, err := adm.ListEndOffsets(ctx, places.Topics()...)
	if err != nil {
		return nil, err
	}
	for _, t := range places.Sorted() {
		for _, p := range t.Partitions {
			c := committed{Topic: t.Topic, Partition: p, Offset: -1, Member: readers[t.Topic][p]}
			if o, ok := offsets.Lookup(t.Topic, p); ok {
				c.Offset = o.At
			}
			if end, ok := ends.Lookup(t.Topic, p); ok {
				c.End = end.Offset
			}
			c.Lag = max(0, c.End-max(c.Offset, 0))
			all = append(all, c)
		}
	}
	return all, nil
}
