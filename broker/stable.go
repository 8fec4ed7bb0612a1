package broker

import (
	"context"
	"encoding/binary"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// LastStable returns the marks of the partition's log, and the offset from which on transactions may be undecided: those who
// read what is committed see nothing at or beyond it.
func (p *Partition) LastStable(ctx context.Context) (stable batch.Offset, bounds commitlog.Bounds, err error) {
	if p.log == nil {
		return 0, bounds, p.broken("broker.LastStable")
	}
	p.mu.Lock() // between an append and its note in the state of the producers, the answer would be wrong
	defer p.mu.Unlock()
	if err := p.loadProducers(ctx); err != nil {
		return 0, bounds, err
	}
	bounds = p.log.Bounds()
	stable = bounds.HighWatermark
	if first := p.producers.FirstOpen(); first >= 0 {
		stable = max(min(first, stable), bounds.Start)
	}
	return stable, bounds, nil
}

// Aborted lists the transactions that ended in vain and have records from offset from to before offset to.
func (p *Partition) Aborted(ctx context.Context, from, to batch.Offset) ([]txn.Aborted, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.loadProducers(ctx); err != nil {
		return nil, err
	}
	return p.producers.Aborted(from, to), nil
}

// mark appends a marker.
func (p *Partition) mark(ctx context.Context, m batch.Marker) (Pending, error) {
	if p.log == nil {
		return Pending{}, p.broken("broker.mark")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.loadProducers(ctx); err != nil {
		return Pending{}, err
	}
	return p.markLocked(ctx, m)
}

func (p *Partition) markLocked(ctx context.Context, m batch.Marker) (Pending, error) {
	pending, err := p.start(ctx, batch.BuildMarker(m))
	pending.partition = p
	if err == nil {
		p.producers.Mark(m, pending.Base, p.broker.Now())
	}
	return pending, err
}

// mayWrite refuses a transactional batch of a producer that has no transaction open with the partition in it. It is asked under
// the lock of the partition, as markers are written under it: a batch that comes late is refused, rather than left behind the
// marker for ever.
func (p *Partition) mayWrite(producer int64, epoch int16) error {
	const op = "broker.Produce"
	found, ok := p.broker.transactions.byProducer.Load(producer)
	if !ok {
		return fault.New(txn.ErrMapping, op, "producer id %d belongs to no transactional id", producer)
	}
	s := found.(*transaction).state.Load()
	switch {
	case epoch != s.Epoch:
		return fault.New(txn.ErrFenced, op, "producer %d has epoch %d, the batch has %d", producer, s.Epoch, epoch)
	case s.Status != txn.Ongoing || !s.Has(p.place()):
		return fault.New(txn.ErrState, op, "topic %s, partition %d is in no open transaction of producer %d", p.topic.name, p.index, producer)
	}
	return nil
}

func (p *Partition) place() txn.Place { return txn.Place{Topic: p.topic.name, Partition: p.index} }

// appendUnsequenced appends a transactional batch of the broker's own on behalf of a producer: committed offsets.
func (p *Partition) appendUnsequenced(ctx context.Context, b batch.Batch) (Pending, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.loadProducers(ctx); err != nil {
		return Pending{}, err
	}
	producer := b.Producer()
	if err := p.mayWrite(producer.ID, producer.Epoch); err != nil {
		return Pending{}, err
	}
	pending, err := p.start(ctx, b)
	pending.partition = p
	if err == nil {
		p.producers.Begin(producer.ID, pending.Base)
	}
	return pending, err
}

// observe notes a batch of the log in the state of producers.
func observe(producers *txn.Producers, b batch.Batch) error {
	producer := b.Producer()
	switch {
	case producer.ID < 0:
		return nil
	case b.Control():
		return observeMarker(producers, b)
	case producer.BaseSequence >= 0:
		producers.Record(txn.Batch{Producer: producer.ID, Epoch: producer.Epoch, First: producer.BaseSequence, Count: b.LastOffsetDelta() + 1},
			b.BaseOffset(), b.MaxTimestamp())
	}
	if b.Transactional() {
		producers.Begin(producer.ID, b.BaseOffset())
	}
	return nil
}

func observeMarker(producers *txn.Producers, b batch.Batch) error {
	m, ok, err := markerOf(b)
	if err == nil && ok {
		producers.Mark(m, b.BaseOffset(), b.MaxTimestamp())
	}
	return err
}

// markerOf reads a control batch. ok is false if it is no end of a transaction, or was emptied by compaction.
func markerOf(b batch.Batch) (m batch.Marker, ok bool, err error) {
	m = batch.Marker{ProducerID: b.Producer().ID, ProducerEpoch: b.Producer().Epoch}
	var failed error
	err = b.Records(batch.MaxSize, func(_ int, r batch.Record) bool {
		m.Type, failed = r.ControlType()
		ok = failed == nil && (m.Type == batch.Abort || m.Type == batch.Commit)
		if ok && len(r.Value) >= 6 {
			m.CoordinatorEpoch = int32(binary.BigEndian.Uint32(r.Value[2:]))
		}
		return false
	})
	if failed != nil {
		err = failed
	}
	return m, ok, err
}

// abortHanging ends the transactions of the partition that no coordinator will: none is left after a crash, but logs outlive
// programs. The caller holds p.mu and has loaded the producers.
func (p *Partition) abortHanging(ctx context.Context) error {
	if p.broker.transactions.incomplete {
		return nil
	}
	for _, producer := range p.producers.Open() {
		if found, ok := p.broker.transactions.byProducer.Load(producer); ok {
			if s := found.(*transaction).state.Load(); s.Has(p.place()) {
				continue
			}
		}
		p.broker.logger.Warn("aborting a transaction that nobody will end", "topic", p.topic.name, "partition", p.index, "producer_id", producer)
		m := batch.Marker{Type: batch.Abort, ProducerID: producer, ProducerEpoch: p.producers.Epoch(producer), Timestamp: p.broker.Now()}
		if _, err := p.markLocked(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// noteTransactions writes down that the partition has transactions from here on, if it has no saved state: without one, only
// the tail of its log is read for its producers, and a transaction before that would be overlooked.
func (b *Broker) noteTransactions(ctx context.Context, p *Partition) error {
	if p.log == nil {
		return p.broken("broker.transaction")
	}
	if p.noted.Load() {
		return nil
	}
	b.saving.Lock()
	defer b.saving.Unlock()
	k := snapshotKey{topic: p.topic.id, partition: p.index}
	if _, ok := b.snapshots[k]; !ok {
		s := snapshot{upTo: p.log.Bounds().HighWatermark}
		encoded, err := batch.Build(nil, batch.Spec{}, []batch.Record{s.record(k, b.Now())})
		if err == nil {
			_, err = b.producers.Append(ctx, encoded, b.opts.Durability)
		}
		if err != nil {
			return fault.Wrap(ErrStorage, "broker.transaction", err, "cannot write the log %s", producerLog)
		}
		b.snapshotting.Lock()
		b.snapshots[k] = s
		b.snapshotting.Unlock()
	}
	p.noted.Store(true)
	return nil
}

// join takes the partition into the transaction of a producer, unless it is there already.
func (p *Partition) join(ctx context.Context, id string, producer batch.Producer) error {
	if found, ok := p.broker.transactions.byProducer.Load(producer.ID); ok {
		t := found.(*transaction)
		if s := t.state.Load(); t.id == id && s.Epoch == producer.Epoch && s.Status == txn.Ongoing && s.Has(p.place()) {
			return nil
		}
	}
	return p.broker.AddToTransaction(ctx, id, producer.ID, producer.Epoch, []txn.Place{p.place()}, 2)
}
