package records

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/cmd/pawl/internal/cli"
	"github.com/pawl-registry/pawl/fault"
)

// quiet is how long nothing comes before --to-end looks whether there is anything left to come: the last offsets of a partition
// may have no records, because they were compacted, set aside, or belong to the end of a transaction.
const quiet = 300 * time.Millisecond

// skip takes the partitions off the list of those to be read whose remaining offsets have no records.
func (k *consumer) skip(ctx context.Context) error {
	found, err := kadm.NewClient(k.client).ListTopics(ctx, k.topic)
	if err != nil {
		return cli.Refused(err, "consume topic %q", k.topic)
	}
	t := found[k.topic]
	for partition, end := range k.ends {
		empty, err := k.emptyFrom(ctx, t, partition, end)
		if err != nil {
			return err
		}
		if empty {
			delete(k.ends, partition)
		}
	}
	return nil
}

// emptyFrom reports whether the partition holds no records from where it was read to up to end.
func (k *consumer) emptyFrom(ctx context.Context, t kadm.TopicDetail, partition int32, end int64) (bool, error) {
	for at := k.next[partition]; at < end; {
		stored, err := k.fetch(ctx, t, partition, at)
		if err != nil {
			return false, err
		}
		before := at
		for len(stored) > 0 {
			b, rest, err := batch.Cut(stored)
			if fault.CodeOf(err) == batch.ErrShort {
				break // the last one of an answer may be cut
			}
			if err != nil {
				return false, err
			}
			if b.Count() > 0 && !b.Control() && int64(b.LastOffset()) >= at {
				return false, nil // it is on its way
			}
			at, stored = int64(b.NextOffset()), rest
		}
		if at == before {
			return false, nil
		}
	}
	return true, nil
}

// fetch reads batches as they are stored.
func (k *consumer) fetch(ctx context.Context, t kadm.TopicDetail, partition int32, from int64) ([]byte, error) {
	p := kmsg.NewFetchRequestTopicPartition()
	p.Partition, p.FetchOffset, p.PartitionMaxBytes = partition, from, 1<<20
	ft := kmsg.NewFetchRequestTopic()
	ft.Topic, ft.TopicID, ft.Partitions = t.Topic, t.ID, []kmsg.FetchRequestTopicPartition{p}
	req := kmsg.NewPtrFetchRequest()
	req.ReplicaID, req.MinBytes, req.MaxBytes, req.SessionEpoch, req.Topics = -1, 0, 1<<20, -1, []kmsg.FetchRequestTopic{ft}
	res, err := k.client.Broker(int(t.Partitions[partition].Leader)).Request(ctx, req)
	if err != nil {
		return nil, cli.Refused(err, "consume topic %q", k.topic)
	}
	answered := res.(*kmsg.FetchResponse)
	if len(answered.Topics) != 1 || len(answered.Topics[0].Partitions) != 1 {
		return nil, fault.New(cli.ErrBroker, "pawl consume", "the broker left partition %d of topic %q out of its answer", partition, k.topic)
	}
	fp := answered.Topics[0].Partitions[0]
	if err := kerr.ErrorForCode(fp.ErrorCode); err != nil {
		return nil, cli.Refused(err, "consume partition %d of topic %q", partition, k.topic)
	}
	return fp.RecordBatches, nil
}
