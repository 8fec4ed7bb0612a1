package serve

import (
	"context"
	"strings"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/serde"
)

// validator joins the broker's question about a batch to serde's judgement of one field.
type validator struct{ judge *serde.Validator }

// maxReason bounds what is told of one record, in bytes: validators of payloads may have much to say.
const maxReason = 512

// Validate judges every record of a batch by every demand. One reason is told for each bad record.
func (v validator) Validate(ctx context.Context, topic string, demands []broker.Demand, limit int, records func(func(int, batch.Record) bool) error) ([]broker.Rejection, error) {
	round := v.judge.Batch()
	rules := make([]serde.Rule, len(demands))
	for i, d := range demands {
		rules[i] = rule(topic, d)
	}
	var bad []broker.Rejection
	var failed error
	err := records(func(i int, r batch.Record) bool {
		refusal, err := judge(ctx, round, rules, &r)
		if !refusal.Passes() {
			bad = append(bad, rejection(i, refusal, bad))
		}
		failed = err
		return err == nil && len(bad) < limit
	})
	if failed != nil {
		return nil, failed
	}
	return bad, err
}

func rule(topic string, d broker.Demand) serde.Rule {
	r := serde.Rule{Topic: topic, Strategy: strategies[d.Strategy], Context: d.Context}
	if d.Field == broker.Key {
		r.Field = serde.Key
	}
	if d.Level == broker.CheckPayload {
		r.Rigor = serde.CheckPayload
	}
	return r
}

// rejection bounds the reason, and shares its text with that of the record before if they are alike.
func rejection(i int, r serde.Refusal, before []broker.Rejection) broker.Rejection {
	if len(r.Reason) > maxReason {
		r.Reason = strings.ToValidUTF8(r.Reason[:maxReason], "") + "..."
	}
	out := broker.Rejection{Index: i, Reason: r.Reason, Cause: string(r.Cause), Subject: r.Subject}
	if n := len(before); n > 0 && before[n-1].Reason == out.Reason {
		out.Reason, out.Subject = before[n-1].Reason, before[n-1].Subject
	}
	return out
}

func judge(ctx context.Context, round *serde.Batch, rules []serde.Rule, r *batch.Record) (serde.Refusal, error) {
	for i := range rules {
		rule, data := &rules[i], r.Value
		if rule.Field == serde.Key {
			data = r.Key
		}
		refusal, err := round.Judge(ctx, *rule, header(r.Headers, rule.Field), data)
		if err != nil || !refusal.Passes() {
			return refusal, err
		}
	}
	return serde.Refusal{}, nil
}

var strategies = map[broker.Strategy]serde.Strategy{
	broker.TopicName:       serde.TopicName,
	broker.RecordName:      serde.RecordName,
	broker.TopicRecordName: serde.TopicRecordName,
}

// header returns the value of the last header that names the schema of a field, or nil if there is none. A header that is null is
// there, and empty: no deserializer can read its record.
func header(headers []batch.Header, f serde.Field) []byte {
	for i := len(headers) - 1; i >= 0; i-- {
		if h := headers[i]; h.Key == f.Header() {
			if h.Value == nil {
				return []byte{}
			}
			return h.Value
		}
	}
	return nil
}
