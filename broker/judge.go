package broker

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/fault"
)

// judge looks at the records of a batch if the topic's configuration asks for it; else the batch is not unpacked. It runs
// outside all locks. It returns the records that do not pass if the topic does not want their batch refused.
func (p *Partition) judge(ctx context.Context, s *settings, b batch.Batch) ([]Rejection, error) {
	checked := s.compact || s.timestampBefore < maxLong
	if !checked && len(s.demands) == 0 {
		return nil, nil
	}
	free, err := p.broker.slot(ctx, b)
	if err != nil {
		return nil, err
	}
	defer free()
	limit := expanded(s.maxBytes, p.broker.opts.Expansion)
	if checked {
		if err := p.checkRecords(s, b, limit); err != nil {
			return nil, err
		}
	}
	if len(s.demands) == 0 {
		return nil, nil
	}
	return p.validate(ctx, s, b, limit)
}

// slot waits until the batch may be unpacked: each compressed one takes a core and memory.
func (b *Broker) slot(ctx context.Context, records batch.Batch) (free func(), err error) {
	if records.Codec() == batch.None {
		return func() {}, nil
	}
	select {
	case b.slots <- struct{}{}:
		return func() { <-b.slots }, nil
	case <-ctx.Done():
		return nil, fault.Wrap(ErrNotValidated, "broker.Produce", ctx.Err(), "the request ended before its records were looked at")
	}
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

// maxRejections bounds what is told to the producer of one batch.
const maxRejections = 100

// validate asks the Validator. Its rejections are an error, unless the topic wants something else than a refusal.
func (p *Partition) validate(ctx context.Context, s *settings, b batch.Batch, limit int) ([]Rejection, error) {
	const op = "broker.Produce"
	v := p.broker.opts.Validator
	if v == nil {
		return nil, fault.New(ErrNotValidated, op, "topic %s asks for schema validation, but the broker has no schema registry to ask", p.topic.name)
	}
	most := maxRejections
	if s.action != Reject {
		most = p.broker.opts.Tolerated + 1
	}
	bad, err := v.Validate(ctx, p.topic.name, s.demands, most, func(yield func(int, batch.Record) bool) error {
		return b.Records(limit, yield)
	})
	switch {
	case err != nil && fault.KindOf(err) == fault.Invalid:
		return nil, err // the records cannot be read
	case err != nil:
		p.broker.rejects.unjudged(p, err)
		return nil, fault.Wrap(ErrNotValidated, op, err, "the records of topic %s could not be validated now; try again", p.topic.name)
	case len(bad) == 0:
		return nil, nil
	}
	if s.action == Reject || len(bad) > p.broker.opts.Tolerated {
		return nil, p.rejected(bad)
	}
	return bad, nil
}

// rejected is the error that refuses the batch of these records.
func (p *Partition) rejected(bad []Rejection) *Rejected {
	return newRejected(p.topic.name, p.index, bad[:min(len(bad), maxRejections)])
}
