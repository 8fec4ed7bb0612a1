package broker

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// ErrUnknownTransaction: nobody has used the transactional id, or it was forgotten.
var ErrUnknownTransaction = fault.NewCode(fault.NotFound, "unknown_transactional_id")

// TransactionOptions bound transactions.
type TransactionOptions struct {
	MaxTimeout time.Duration // the longest that a producer may ask for (transaction.max.timeout.ms); 0: 15 minutes
	SweepEvery time.Duration // how often overdue transactions are looked for; 0: one second, negative: never
	IDExpiry   time.Duration // an idle transactional id is forgotten after it (transactional.id.expiration.ms); 0: seven days
	Partitions int32         // of __transaction_state when it is made; 0: 4
}

func (o TransactionOptions) withDefaults() TransactionOptions {
	setDefault(&o.MaxTimeout, 15*time.Minute)
	setDefault(&o.SweepEvery, time.Second)
	setDefault(&o.IDExpiry, 7*24*time.Hour)
	setDefault(&o.Partitions, 4)
	return o
}

// transactionCoordinator drives the states of transactional ids: it serialises the changes of each, makes them durable, and
// writes the markers that a decided transaction asks for.
type transactionCoordinator struct {
	broker     *Broker
	opts       TransactionOptions
	byProducer sync.Map // int64 -> *transaction
	incomplete bool     // a part of the log could not be read: a transaction that is not known may be open all the same

	mu   sync.Mutex
	byID map[string]*transaction
}

// transaction is one transactional id.
type transaction struct {
	id    string
	mu    sync.Mutex // a change, until it is durable and its markers are
	gone  bool       // no longer in the coordinator's map
	state atomic.Pointer[txn.State]
}

func newTransactionCoordinator(b *Broker) *transactionCoordinator {
	return &transactionCoordinator{broker: b, opts: b.opts.Transactions, byID: make(map[string]*transaction)}
}

// maxTransactionalID is the longest transactional id in bytes: it is kept with a 16-bit length.
const maxTransactionalID = 1<<15 - 1

// lock returns the transaction of an id with its lock held.
func (c *transactionCoordinator) lock(id string) (*transaction, error) {
	for {
		c.mu.Lock()
		t := c.byID[id]
		c.mu.Unlock()
		if t == nil {
			return nil, fault.New(txn.ErrMapping, "broker.transaction", "transactional id %q has no producer id", id)
		}
		t.mu.Lock()
		if !t.gone {
			return t, nil
		}
		t.mu.Unlock()
	}
}

// lockOrMake is lock for an id that may be new.
func (c *transactionCoordinator) lockOrMake(ctx context.Context, id string) (*transaction, error) {
	const op = "broker.transaction"
	if id == "" || len(id) > maxTransactionalID {
		return nil, fault.New(ErrInvalidRequest, op, "a transactional id has from 1 to %d bytes, not %d", maxTransactionalID, len(id))
	}
	if t, err := c.lock(id); err == nil {
		return t, nil
	}
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	producer, _, err := c.broker.InitProducer(ctx, -1, -1)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if c.byID[id] == nil {
		c.make(id, txn.NewState(producer))
	}
	c.mu.Unlock()
	return c.lock(id)
}

// make puts an id into the maps. The caller holds c.mu, or is alone.
func (c *transactionCoordinator) make(id string, s txn.State) {
	t := &transaction{id: id}
	t.state.Store(&s)
	c.byID[id] = t
	c.byProducer.Store(s.Producer, t)
}

// install takes up a state that is durable.
func (c *transactionCoordinator) install(t *transaction, next txn.State) {
	if old := t.state.Load().Producer; old != next.Producer {
		c.byProducer.Store(next.Producer, t)
		c.byProducer.Delete(old)
	}
	t.state.Store(&next)
}

// change makes a state durable and takes it up. The caller holds t.mu.
func (c *transactionCoordinator) change(ctx context.Context, t *transaction, next txn.State) error {
	pending, err := c.write(ctx, t.id, &next)
	if err == nil {
		err = pending.Wait(ctx)
	}
	if err != nil {
		return err
	}
	c.install(t, next)
	return nil
}

// fresh draws a producer id if the state needs one.
func (c *transactionCoordinator) fresh(ctx context.Context, s *txn.State) (int64, error) {
	if !s.NeedsProducer() {
		return -1, nil
	}
	id, _, err := c.broker.InitProducer(ctx, -1, -1)
	return id, err
}

// finish writes the markers of a decided transaction, and notes that they are written. It is done again after a failure, or a
// crash: a marker that finds no transaction open ends none. The caller holds t.mu.
func (c *transactionCoordinator) finish(ctx context.Context, t *transaction) error {
	s := *t.state.Load()
	if !s.Status.Decided() {
		return nil
	}
	m := batch.Marker{Type: batch.Abort, ProducerID: s.Producer, ProducerEpoch: s.Epoch, Timestamp: c.broker.Now()}
	if s.Status == txn.PrepareCommit {
		m.Type = batch.Commit
	}
	var written []Pending
	for _, place := range s.Places {
		p, err := c.broker.partitionAt(place)
		if err != nil {
			continue // the topic was deleted, and what the transaction wrote to it
		}
		pending, err := p.mark(ctx, m)
		if err != nil {
			return err
		}
		written = append(written, pending)
	}
	for _, pending := range written {
		if err := pending.Wait(ctx); err != nil {
			return err
		}
	}
	for _, pending := range written {
		if p := pending.partition; p.topic.name == OffsetsTopic {
			if err := c.broker.groups.resolve(p.index, m); err != nil {
				return err
			}
		}
	}
	next := s.Complete(c.broker.Now())
	if _, err := c.write(ctx, t.id, &next); err != nil { // if it is lost in a crash, the markers are written again
		return err
	}
	c.install(t, next)
	return nil
}

func (b *Broker) partitionAt(place txn.Place) (*Partition, error) {
	t, err := b.Topic(place.Topic)
	if err != nil {
		return nil, err
	}
	return t.Partition(place.Partition)
}

// InitTransactional gives the producer of a transactional id an epoch of its own: those before it are fenced, and their open
// transaction is aborted. producer and epoch are those it had until now, or -1.
func (b *Broker) InitTransactional(ctx context.Context, id string, timeout time.Duration, producer int64, epoch int16) (int64, int16, error) {
	const op = "broker.InitTransactional"
	c, ctx := b.transactions, context.WithoutCancel(ctx)
	if timeout < time.Millisecond || timeout > c.opts.MaxTimeout {
		return 0, 0, fault.New(ErrTransactionTimeout, op, "a transaction may take from 1 ms to %s, not %s", c.opts.MaxTimeout, timeout)
	}
	if (producer < 0) != (epoch < 0) {
		return 0, 0, fault.New(ErrInvalidRequest, op, "a producer id and its epoch go together: %d, %d", producer, epoch)
	}
	t, err := c.lockOrMake(ctx, id)
	if err != nil {
		return 0, 0, err
	}
	defer t.mu.Unlock()
	i := txn.Init{Now: b.Now(), Timeout: int32(timeout.Milliseconds()), Producer: producer, Epoch: epoch}
	if i, err = c.settle(ctx, t, i); err != nil {
		return 0, 0, err
	}
	s := t.state.Load()
	if i.Fresh, err = c.fresh(ctx, s); err != nil {
		return 0, 0, err
	}
	next, err := s.Init(i)
	if err != nil {
		return 0, 0, err
	}
	return next.Producer, next.Epoch, c.change(ctx, t, next)
}

// settle ends what stands in the way of a new epoch.
func (c *transactionCoordinator) settle(ctx context.Context, t *transaction, i txn.Init) (txn.Init, error) {
	if err := c.finish(ctx, t); err != nil {
		return i, concurrent(err)
	}
	s := t.state.Load()
	if err := s.MayInit(i); err != nil || s.Status != txn.Ongoing {
		return i, err
	}
	i.Producer, i.Epoch = -1, -1 // it has proved who it is; fencing takes an epoch that nobody is told of
	return i, c.abort(ctx, t)
}

// abort ends an open transaction on behalf of nobody. The caller holds t.mu.
func (c *transactionCoordinator) abort(ctx context.Context, t *transaction) error {
	if err := c.change(ctx, t, t.state.Load().Fence(c.broker.Now())); err != nil {
		return err
	}
	if err := c.finish(ctx, t); err != nil {
		return concurrent(err)
	}
	return nil
}

// concurrent is what a client hears while markers cannot be written: it asks again.
func concurrent(err error) error {
	return fault.Wrap(txn.ErrConcurrent, "broker.transaction", err, "the end of the transaction cannot be written yet")
}

// AddToTransaction takes partitions into the transaction of a producer, and begins one if none is open. version is that of the
// protocol: 2 if the client did not ask for it (KIP-890).
func (b *Broker) AddToTransaction(ctx context.Context, id string, producer int64, epoch int16, places []txn.Place, version int16) error {
	t, err := b.transactions.lock(id)
	if err != nil {
		return err
	}
	defer t.mu.Unlock()
	return b.transactions.add(context.WithoutCancel(ctx), t, txn.Add{Producer: producer, Epoch: epoch, Places: places, Version: version})
}

// add is AddToTransaction with t.mu held.
func (c *transactionCoordinator) add(ctx context.Context, t *transaction, a txn.Add) error {
	a.Now = c.broker.Now()
	next, changed, err := t.state.Load().Add(a)
	if err != nil || !changed {
		return err
	}
	for _, place := range a.Places {
		p, err := c.broker.partitionAt(place)
		if err != nil {
			return err
		}
		if err := c.broker.noteTransactions(ctx, p); err != nil {
			return err
		}
	}
	return c.change(ctx, t, next)
}

// EndTransaction commits or aborts the transaction of a producer, and returns when all its markers are durable. bump is for
// clients of transaction.version 2, whose next transaction has the epoch that is returned, and perhaps another producer id.
func (b *Broker) EndTransaction(ctx context.Context, id string, e txn.End) (int64, int16, error) {
	c, ctx := b.transactions, context.WithoutCancel(ctx)
	t, err := c.lock(id)
	if err != nil {
		return 0, 0, err
	}
	defer t.mu.Unlock()
	s := t.state.Load()
	if e.Fresh, err = c.fresh(ctx, s); err != nil {
		return 0, 0, err
	}
	e.Now = b.Now()
	next, changed, err := s.End(e)
	if err != nil {
		return 0, 0, err
	}
	if changed {
		if err := c.change(ctx, t, next); err != nil {
			return 0, 0, err
		}
		if err := c.finish(ctx, t); err != nil {
			return 0, 0, concurrent(err)
		}
	}
	s = t.state.Load()
	return s.Producer, s.Epoch, nil
}

// DescribedTransaction is a transactional id and its state.
type DescribedTransaction struct {
	ID string
	txn.State
}

// Transaction describes a transactional id.
func (b *Broker) Transaction(id string) (DescribedTransaction, error) {
	b.transactions.mu.Lock()
	defer b.transactions.mu.Unlock()
	if t := b.transactions.byID[id]; t != nil {
		return DescribedTransaction{ID: id, State: *t.state.Load()}, nil
	}
	return DescribedTransaction{}, fault.New(ErrUnknownTransaction, "broker.Transaction", "nobody uses transactional id %q", id)
}

// Transactions describes all transactional ids, in alphabetical order.
func (b *Broker) Transactions() []DescribedTransaction {
	var all []DescribedTransaction
	for _, t := range b.transactions.all() {
		all = append(all, DescribedTransaction{ID: t.id, State: *t.state.Load()})
	}
	slices.SortFunc(all, func(a, b DescribedTransaction) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func (c *transactionCoordinator) all() []*transaction {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*transaction, 0, len(c.byID))
	for _, t := range c.byID {
		all = append(all, t)
	}
	return all
}
