package broker

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// TransactionsTopic is the topic that the states of transactional ids are records of, as in Kafka.
const TransactionsTopic = "__transaction_state"

// prepare makes the topic if this is the first transactional id.
func (c *transactionCoordinator) prepare(ctx context.Context) error {
	if _, err := c.broker.Topic(TransactionsTopic); err == nil {
		return nil
	}
	_, err := c.broker.CreateTopic(ctx, NewTopic{Name: TransactionsTopic, Partitions: c.opts.Partitions, Replicas: -1, internal: true,
		Configs: map[string]string{cleanupPolicy: "compact"}}, Apply)
	if fault.CodeOf(err) == ErrTopicExists {
		return nil
	}
	return err
}

// partition returns where the states of an id are, by the hash that Kafka uses.
func (c *transactionCoordinator) partition(id string) (*Partition, error) {
	t, err := c.broker.Topic(TransactionsTopic)
	if err != nil {
		return nil, err
	}
	all := t.Partitions()
	p := all[int(javaHash(id)&0x7fffffff)%len(all)]
	if p.log == nil {
		return nil, p.broken("broker.transaction")
	}
	return p, nil
}

// write appends the state of an id, or that it is forgotten.
func (c *transactionCoordinator) write(ctx context.Context, id string, s *txn.State) (Pending, error) {
	p, err := c.partition(id)
	if err != nil {
		return Pending{}, err
	}
	r := batch.Record{Timestamp: c.broker.Now(), Key: txn.AppendKey(nil, id)}
	if s != nil {
		r.Value = s.AppendValue(nil)
	}
	b, err := batch.Build(nil, batch.Spec{}, []batch.Record{r})
	if err != nil {
		return Pending{}, fault.Wrap(ErrStorage, "broker.transaction", err, "cannot build the state of a transaction")
	}
	pending, err := p.append(ctx, b)
	pending.partition = p
	return pending, err
}

// open replays the states, and ends what was decided before the broker stopped. Transactions that are open stay so until their
// producers end them or their time is up.
func (c *transactionCoordinator) open(ctx context.Context) error {
	if err := c.replay(ctx); err != nil {
		return err
	}
	for _, t := range c.all() {
		t.mu.Lock()
		err := c.finish(ctx, t)
		t.mu.Unlock()
		if err != nil {
			c.broker.logger.Error("cannot end a transaction yet", "transactional_id", t.id, "error", err)
		}
	}
	return c.broker.groups.clearPending(ctx)
}

func (c *transactionCoordinator) replay(ctx context.Context) error {
	topic, err := c.broker.Topic(TransactionsTopic)
	if err != nil {
		return nil // nobody has used transactions yet
	}
	for _, p := range topic.Partitions() {
		if p.log == nil {
			c.incomplete = true
			continue
		}
		if err := replay(ctx, p.log, c.replayState); err != nil {
			return fault.Wrap(ErrStorage, "broker.Open", err, "cannot read partition %d of %s", p.index, TransactionsTopic)
		}
	}
	return nil
}

func (c *transactionCoordinator) replayState(r batch.Record) error {
	id, ok, err := txn.ParseKey(r.Key)
	if err != nil || !ok {
		return err
	}
	if t := c.byID[id]; t != nil {
		c.byProducer.Delete(t.state.Load().Producer)
		delete(c.byID, id)
	}
	if r.Value == nil {
		return nil
	}
	s, err := txn.ParseValue(r.Value)
	if err == nil {
		c.make(id, s)
	}
	return err
}

// SweepTransactions aborts the transactions that have taken longer than they may, ends those whose markers could not be written
// before, and forgets the transactional ids that have long been idle. The broker calls it by itself every
// TransactionOptions.SweepEvery.
func (b *Broker) SweepTransactions(ctx context.Context) {
	c := b.transactions
	for _, t := range c.all() {
		if ctx.Err() != nil {
			return
		}
		if s := t.state.Load(); !s.Overdue(b.Now()) && !s.Status.Decided() && !c.expired(s) {
			continue
		}
		if err := c.sweep(ctx, t); err != nil && ctx.Err() == nil {
			b.logger.Error("cannot end a transaction yet", "transactional_id", t.id, "error", err)
		}
	}
}

func (c *transactionCoordinator) expired(s *txn.State) bool {
	idle := s.Status != txn.Ongoing && !s.Status.Decided()
	return idle && c.broker.Now()-s.Updated > c.opts.IDExpiry.Milliseconds() && s.Updated > 0
}

func (c *transactionCoordinator) sweep(ctx context.Context, t *transaction) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.state.Load()
	switch {
	case t.gone:
		return nil
	case s.Overdue(c.broker.Now()):
		c.broker.logger.Warn("a transaction took too long and is aborted", "transactional_id", t.id, "producer_id", s.Producer, "epoch", s.Epoch)
		return c.abort(ctx, t)
	case c.expired(s):
		return c.forget(ctx, t)
	}
	return c.finish(ctx, t)
}

// forget drops a transactional id. The caller holds t.mu.
func (c *transactionCoordinator) forget(ctx context.Context, t *transaction) error {
	if _, err := c.write(ctx, t.id, nil); err != nil {
		return err
	}
	t.gone = true
	c.byProducer.Delete(t.state.Load().Producer)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byID, t.id)
	return nil
}

// compact writes the states in force again, in the partitions of the log where most records are stale, and trims what came
// before them. A crash on the way leaves records that say the same twice.
func (c *transactionCoordinator) compact(ctx context.Context) error {
	topic, err := c.broker.Topic(TransactionsTopic)
	if err != nil {
		return nil // nobody has used transactions yet
	}
	live := make(map[*Partition][]*transaction)
	for _, t := range c.all() {
		if p, err := c.partition(t.id); err == nil {
			live[p] = append(live[p], t)
		}
	}
	for _, p := range topic.Partitions() {
		if p.log == nil {
			continue
		}
		bounds := p.log.Bounds()
		if n := int64(bounds.End - bounds.Start); n < compactBeyond || n < compactRatio*int64(len(live[p])) {
			continue
		}
		// An id that comes later is written after bounds.End; each of these is now.
		if err := c.rewrite(ctx, live[p]); err != nil {
			return err
		}
		if err := p.log.TrimBefore(ctx, bounds.End); err != nil {
			return err
		}
	}
	return nil
}

func (c *transactionCoordinator) rewrite(ctx context.Context, live []*transaction) error {
	for i, t := range live {
		t.mu.Lock()
		var err error
		if !t.gone && t.state.Load().Updated > 0 {
			var pending Pending
			if pending, err = c.write(ctx, t.id, t.state.Load()); err == nil && i == len(live)-1 {
				err = pending.Wait(ctx)
			}
		}
		t.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}
