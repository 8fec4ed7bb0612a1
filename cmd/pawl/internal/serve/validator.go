package serve

import (
	"context"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/serde"
)

// validator joins the broker's question about a batch to serde's judgement of one field.
type validator struct{ judge *serde.Validator }

// maxRejections bounds the reasons told of one batch; a producer with more bad records knows enough.
const maxRejections = 100

// Validate judges every record of a batch by every demand. One reason is told for each bad record.
func (v validator) Validate(ctx context.Context, topic string, demands []broker.Demand, records func(func(int, batch.Record) bool) error) ([]broker.Rejection, error) {
	round := v.judge.Batch()
	var bad []broker.Rejection
	var failed error
	err := records(func(i int, r batch.Record) bool {
		reason, err := judge(ctx, round, topic, demands, r)
		if reason != "" {
			bad = append(bad, broker.Rejection{Index: i, Reason: reason})
		}
		failed = err
		return err == nil && len(bad) < maxRejections
	})
	if failed != nil {
		return nil, failed
	}
	return bad, err
}

func judge(ctx context.Context, round *serde.Batch, topic string, demands []broker.Demand, r batch.Record) (string, error) {
	for _, d := range demands {
		field, data := serde.Value, r.Value
		if d.Field == broker.Key {
			field, data = serde.Key, r.Key
		}
		reason, err := round.Judge(ctx, topic, field, strategies[d.Strategy], header(r, field.Header()), data)
		if reason != "" || err != nil {
			return reason, err
		}
	}
	return "", nil
}

var strategies = map[broker.Strategy]serde.Strategy{
	broker.TopicName:       serde.TopicName,
	broker.RecordName:      serde.RecordName,
	broker.TopicRecordName: serde.TopicRecordName,
}

// header returns the value of the last header of a name, or nil.
func header(r batch.Record, name string) []byte {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if r.Headers[i].Key == name {
			return r.Headers[i].Value
		}
	}
	return nil
}
