// Package refusal learns why a broker refused a record. The Kafka client that pawl uses hands on the error number of a batch,
// but not the reasons that brokers give for single records since version 8 of Produce.
package refusal

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/batch"
)

// Ask sends a refused record once more, alone, and returns the broker's reason. The reason is empty if the broker took the
// record this time, or gives none. It does not retry.
func Ask(ctx context.Context, c *kgo.Client, r *kgo.Record) (string, error) {
	found, err := kadm.NewClient(c).ListTopics(ctx, r.Topic)
	if err != nil {
		return "", err
	}
	p, ok := found[r.Topic].Partitions[max(r.Partition, 0)]
	if !ok {
		return "", kerr.UnknownTopicOrPartition
	}
	req, err := request(found[r.Topic], p.Partition, r)
	if err != nil {
		return "", err
	}
	res, err := c.Broker(int(p.Leader)).Request(ctx, req)
	if err != nil {
		return "", err
	}
	return reason(res.(*kmsg.ProduceResponse)), nil
}

func request(t kadm.TopicDetail, partition int32, r *kgo.Record) (*kmsg.ProduceRequest, error) {
	rec := batch.Record{Timestamp: r.Timestamp.UnixMilli(), Key: r.Key, Value: r.Value}
	if r.Timestamp.IsZero() {
		rec.Timestamp = time.Now().UnixMilli()
	}
	for _, h := range r.Headers {
		rec.Headers = append(rec.Headers, batch.Header{Key: h.Key, Value: h.Value})
	}
	alone, err := batch.Build(nil, batch.Spec{}, []batch.Record{rec})
	if err != nil {
		return nil, err
	}
	rp := kmsg.NewProduceRequestTopicPartition()
	rp.Partition, rp.Records = partition, alone
	rt := kmsg.NewProduceRequestTopic()
	rt.Topic, rt.TopicID, rt.Partitions = t.Topic, t.ID, []kmsg.ProduceRequestTopicPartition{rp}
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis, req.Topics = -1, 10_000, []kmsg.ProduceRequestTopic{rt}
	return req, nil
}

func reason(res *kmsg.ProduceResponse) string {
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			for _, e := range p.ErrorRecords {
				if e.ErrorMessage != nil {
					return *e.ErrorMessage
				}
			}
			if p.ErrorMessage != nil {
				return *p.ErrorMessage
			}
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Sprint(err)
			}
		}
	}
	return ""
}
