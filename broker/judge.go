package broker

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/fault"
)

// judge looks at the records of a batch if the topic's configuration asks for it; else the batch is not unpacked. It runs
// outside all locks.
func (p *Partition) judge(ctx context.Context, s *settings, b batch.Batch) error {
	checked := s.compact || s.timestampBefore < maxLong
	if !checked && len(s.demands) == 0 {
		return nil
	}
	if b.Codec() != batch.None {
		select {
		case p.broker.slots <- struct{}{}:
			defer func() { <-p.broker.slots }()
		case <-ctx.Done():
			return fault.Wrap(ErrNotValidated, "broker.Produce", ctx.Err(), "the request ended before its records were looked at")
		}
	}
	limit := expanded(s.maxBytes, p.broker.opts.Expansion)
	if checked {
		if err := p.checkRecords(s, b, limit); err != nil {
			return err
		}
	}
	if len(s.demands) == 0 {
		return nil
	}
	return p.validate(ctx, s.demands, b, limit)
}

// expanded is how many bytes a batch of at most maxBytes may unpack to.
func expanded(maxBytes, ratio int) int {
	const floor = 1 << 20
	return min(max(maxBytes, floor/ratio)*ratio, batch.MaxSize)
}

// checkRecords wants a key on every record of a compacted topic, and no timestamp older than allowed.
func (p *Partition) checkRecords(s *settings, b batch.Batch, limit int) error {
	var bad []Rejection
	oldest := int64(-maxLong)
	if s.timestampBefore < maxLong && !s.appendTime {
		oldest = p.broker.Now() - s.timestampBefore
	}
	var late bool
	err := b.Records(limit, func(i int, r batch.Record) bool {
		if s.compact && r.Key == nil {
			bad = append(bad, Rejection{Index: i, Reason: "a compacted topic takes no records without a key"})
		} else if r.Timestamp < oldest {
			late = true
			bad = append(bad, Rejection{Index: i, Reason: "the timestamp lies too far back (" + timestampBefore + ")"})
		}
		return len(bad) < maxRejections
	})
	switch {
	case len(bad) > 0 && late && !s.compact:
		return fault.New(ErrTimestamp, "broker.Produce", "record %d: %s", bad[0].Index, bad[0].Reason)
	case len(bad) > 0:
		return newRejected(p.topic.name, p.index, bad)
	}
	return err
}

// maxRejections bounds the rejections of one batch that are told to its producer.
const maxRejections = 100

func (p *Partition) validate(ctx context.Context, demands []Demand, b batch.Batch, limit int) error {
	const op = "broker.Produce"
	v := p.broker.opts.Validator
	if v == nil {
		return fault.New(ErrNotValidated, op, "topic %s asks for schema validation, but the broker has no schema registry to ask", p.topic.name)
	}
	rejections, err := v.Validate(ctx, p.topic.name, demands, func(yield func(int, batch.Record) bool) error {
		return b.Records(limit, yield)
	})
	switch {
	case err != nil && fault.KindOf(err) == fault.Invalid:
		return err // the records cannot be read
	case err != nil:
		p.broker.logger.Error("records could not be validated", "topic", p.topic.name, "partition", p.index, "error", err)
		return fault.Wrap(ErrNotValidated, op, err, "the records of topic %s could not be validated now; try again", p.topic.name)
	case len(rejections) > 0:
		return newRejected(p.topic.name, p.index, rejections[:min(len(rejections), maxRejections)])
	}
	return nil
}
