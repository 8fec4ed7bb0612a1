package broker

import (
	"context"
	"runtime"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// Pending is a batch that has its offsets and its place in the log, but perhaps not its durability.
type Pending struct {
	Base       batch.Offset // of the first record
	AppendTime int64        // milliseconds since the Unix epoch; -1 if the producer's timestamps stand
	LogStart   batch.Offset // where the partition's log begins

	partition *Partition
	wait      func(context.Context) error // nil: it is durable
}

// Wait returns nil once the batch has the durability that the broker promises.
func (a Pending) Wait(ctx context.Context) error {
	if a.wait == nil {
		return nil
	}
	if err := a.wait(ctx); err != nil {
		return fault.Wrap(ErrStorage, "broker.Produce", err, "topic %s, partition %d: the batch may not be durable", a.partition.topic.name, a.partition.index)
	}
	a.partition.wake()
	return nil
}

// Produce puts the one batch in records into the partition's log. The order of calls by one producer is the order of its
// batches; the caller then waits with Pending.Wait, for several batches at once if it likes. records is changed in place and
// is not kept after the call. The order of checks is the rule: whatever refuses a batch before its sequence is judged leaves
// the producer's sequence, and the offsets, as they were.
func (p *Partition) Produce(ctx context.Context, from Sender, records []byte) (Pending, error) {
	return p.ProduceIn(ctx, from, "", records)
}

// ProduceIn is Produce for clients of transaction.version 2: a transactional batch takes the partition into the transaction of
// the transactional id by itself (KIP-890). Without an id, the partition must be in the transaction already.
func (p *Partition) ProduceIn(ctx context.Context, from Sender, transactional string, records []byte) (Pending, error) {
	pending, err := p.produce(ctx, from, transactional, records)
	if err != nil {
		p.broker.counts.refuse(p.topic.name, err)
		return pending, err
	}
	p.broker.counts.producedBatches.Add(1)
	p.broker.counts.producedBytes.Add(uint64(len(records)))
	return pending, nil
}

func (p *Partition) produce(ctx context.Context, from Sender, transactional string, records []byte) (Pending, error) {
	if p.log == nil {
		return Pending{}, p.broken("broker.Produce")
	}
	s := p.topic.settings.Load()
	b, err := p.open(s, records)
	if err != nil {
		return Pending{}, err
	}
	bad, err := p.judge(ctx, s, b)
	if err == nil && len(bad) > 0 {
		var there *Pending
		if b, there, err = p.tolerate(ctx, s, from, b, bad); there != nil {
			there.AppendTime, there.LogStart, there.partition = -1, p.log.Bounds().Start, p
			return *there, nil
		}
	}
	if err != nil {
		p.broker.rejects.refused(p, from, err)
		return Pending{}, err
	}
	appendTime := int64(-1)
	if s.appendTime {
		appendTime = p.broker.Now()
		b.SetLogAppendTime(appendTime)
	}
	if b.Transactional() && transactional != "" {
		if err := p.join(ctx, transactional, b.Producer()); err != nil {
			return Pending{}, err
		}
	}
	pending, err := p.append(ctx, b)
	pending.AppendTime, pending.LogStart, pending.partition = appendTime, p.log.Bounds().Start, p
	return pending, err
}

// open checks size, checksum and header.
func (p *Partition) open(s *settings, records []byte) (batch.Batch, error) {
	const op = "broker.Produce"
	if len(records) > s.maxBytes {
		return nil, fault.New(ErrTooLarge, op, "a batch of %d bytes; topic %s takes %d (%s)", len(records), p.topic.name, s.maxBytes, maxMessageBytes)
	}
	b, rest, err := batch.Open(records)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fault.New(ErrInvalidRecord, op, "%d bytes after the batch: a partition of a request holds exactly one", len(rest))
	}
	if err := b.CheckProduced(); err != nil {
		return nil, err
	}
	switch {
	case b.Control():
		return nil, fault.New(ErrInvalidRecord, op, "clients may not write control records")
	case b.Transactional() && b.Producer().ID < 0:
		return nil, fault.New(ErrInvalidRecord, op, "a transactional batch without a producer id")
	case b.TimestampType() == batch.LogAppendTime:
		return nil, fault.New(ErrTimestamp, op, "a producer may not set the timestamp type to LogAppendTime")
	case !s.appendTime && b.MaxTimestamp() > p.broker.Now()+s.timestampAfter && s.timestampAfter < maxLong-p.broker.Now():
		return nil, fault.New(ErrTimestamp, op, "timestamp %d is more than %d ms ahead of the broker's clock (%s)", b.MaxTimestamp(), s.timestampAfter, timestampAfter)
	}
	return b, nil
}

// append judges the sequence and appends, both under the lock that makes the order.
func (p *Partition) append(ctx context.Context, b batch.Batch) (Pending, error) {
	producer := b.Producer()
	if producer.ID < 0 {
		if _, ok := p.log.(commitlog.Starter); !ok {
			return p.start(ctx, b) // the log orders concurrent appends itself
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if producer.ID < 0 {
		return p.start(ctx, b)
	}
	t, there, err := p.admit(ctx, b)
	if err != nil {
		return Pending{}, err
	}
	if there != nil {
		return *there, nil
	}
	pending, err := p.start(ctx, b)
	if err == nil {
		p.producers.Record(t, pending.Base, p.broker.Now())
		if b.Transactional() {
			p.producers.Begin(producer.ID, pending.Base)
		}
	}
	return pending, err
}

// admit judges a batch that has a producer: whether it may follow what the producer wrote before. If it is in the log already,
// there is what to answer. The caller holds p.mu.
func (p *Partition) admit(ctx context.Context, b batch.Batch) (t txn.Batch, there *Pending, err error) {
	producer := b.Producer()
	if err := p.loadProducers(ctx); err != nil {
		return t, nil, err
	}
	if b.Transactional() {
		if err := p.mayWrite(producer.ID, producer.Epoch); err != nil {
			return t, nil, err
		}
	} else if p.producers.IsOpen(producer.ID) {
		return t, nil, fault.New(txn.ErrState, "broker.Produce", "producer %d has a transaction open, and the batch does not belong to it", producer.ID)
	}
	// Offsets, not records, count: from a batch that was rewritten for its bad records some are missing.
	t = txn.Batch{Producer: producer.ID, Epoch: producer.Epoch, First: producer.BaseSequence, Count: b.LastOffsetDelta() + 1}
	verdict, err := p.producers.Judge(t)
	if err != nil || !verdict.Duplicate {
		return t, nil, err
	}
	last := verdict.Base + batch.Offset(b.LastOffsetDelta())
	return t, &Pending{Base: verdict.Base, wait: func(ctx context.Context) error { return p.log.Wait(ctx, last) }}, nil
}

// start hands the batch to the log.
func (p *Partition) start(ctx context.Context, b batch.Batch) (Pending, error) {
	const op = "broker.Produce"
	if s, ok := p.log.(commitlog.Starter); ok {
		base, wait, err := s.Start(b, p.broker.opts.Durability)
		if err != nil {
			return Pending{}, fault.Wrap(ErrStorage, op, err, "cannot append to topic %s, partition %d", p.topic.name, p.index)
		}
		return Pending{Base: base, wait: wait}, nil
	}
	base, err := p.log.Append(ctx, b, p.broker.opts.Durability)
	if err != nil {
		return Pending{}, fault.Wrap(ErrStorage, op, err, "cannot append to topic %s, partition %d", p.topic.name, p.index)
	}
	p.wake()
	return Pending{Base: base}, nil
}

// validations is how many compressed batches may be unpacked at once: each takes a core and memory.
func validations() int { return runtime.GOMAXPROCS(0) }
