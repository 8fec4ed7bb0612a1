package broker

import (
	"context"
	"errors"
	"sync"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// pendingOffsets are those committed within transactions that are open. They are in the log of offsets as records of the
// transaction, and become offsets of their groups when its marker says so.
type pendingOffsets struct {
	mu      sync.Mutex
	all     map[pendingKey]map[groupPlace]group.Offset
	byGroup map[string]map[txn.Place]int // how many transactions hold an offset of the partition
}

// pendingKey is a transaction in one partition of the log of offsets.
type pendingKey struct {
	producer  int64
	partition int32
}

type groupPlace struct {
	group string
	place txn.Place
}

func (ps *pendingOffsets) add(k pendingKey, id string, c Committed) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.all == nil {
		ps.all, ps.byGroup = make(map[pendingKey]map[groupPlace]group.Offset), make(map[string]map[txn.Place]int)
	}
	if ps.all[k] == nil {
		ps.all[k] = make(map[groupPlace]group.Offset)
	}
	at := groupPlace{id, txn.Place{Topic: c.Topic, Partition: c.Partition}}
	if _, again := ps.all[k][at]; !again {
		if ps.byGroup[id] == nil {
			ps.byGroup[id] = make(map[txn.Place]int)
		}
		ps.byGroup[id][at.place]++
	}
	ps.all[k][at] = c.Offset
}

// get returns the offsets of a transaction; nothing else changes the map that is returned.
func (ps *pendingOffsets) get(k pendingKey) map[groupPlace]group.Offset {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.all[k]
}

func (ps *pendingOffsets) drop(k pendingKey) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for at := range ps.all[k] {
		places := ps.byGroup[at.group]
		if places[at.place]--; places[at.place] == 0 {
			delete(places, at.place)
		}
		if len(places) == 0 {
			delete(ps.byGroup, at.group)
		}
	}
	delete(ps.all, k)
}

func (ps *pendingOffsets) keys() []pendingKey {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	all := make([]pendingKey, 0, len(ps.all))
	for k := range ps.all {
		all = append(all, k)
	}
	return all
}

// Unstable reports whether a transaction is open that commits an offset of the group for the partition (KIP-447).
func (b *Broker) Unstable(id, topic string, partition int32) bool {
	ps := &b.groups.pending
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.byGroup[id][txn.Place{Topic: topic, Partition: partition}] > 0
}

// resolve ends a transaction in a partition of the log of offsets: its offsets are those of their groups now, or are dropped.
func (c *coordinator) resolve(partition int32, m batch.Marker) error {
	k := pendingKey{m.ProducerID, partition}
	if m.Type == batch.Commit {
		for where, o := range c.pending.get(k) {
			err := c.with(where.group, mayBegin, func(g *coordinated) ([]group.Effect, error) {
				g.machine.Commit(where.place.Topic, where.place.Partition, o)
				return nil, nil
			})
			if err != nil {
				return err
			}
		}
	}
	c.pending.drop(k)
	return nil
}

// clearPending drops the offsets of transactions that nobody will end. It comes after all states of transactions are known.
func (c *coordinator) clearPending(ctx context.Context) error {
	for _, k := range c.pending.keys() {
		p, err := c.broker.partitionAt(txn.Place{Topic: OffsetsTopic, Partition: k.partition})
		if err != nil {
			return err
		}
		p.mu.Lock()
		err = p.loadProducers(ctx)
		open := err == nil && p.producers.IsOpen(k.producer)
		p.mu.Unlock()
		if err != nil {
			return err
		}
		if !open {
			c.pending.drop(k)
		}
	}
	return nil
}

// replayBatch tells the coordinator what a batch of the log of offsets says.
func (c *coordinator) replayBatch(partition int32, b batch.Batch) error {
	if b.Control() {
		m, ok, err := markerOf(b)
		if err != nil || !ok {
			return err
		}
		return c.resolve(partition, m)
	}
	each := c.replayOffset
	if b.Transactional() {
		k := pendingKey{b.Producer().ID, partition}
		each = func(r batch.Record) error { return c.replayPending(k, r) }
	}
	var failed error
	err := b.Records(batch.MaxSize, func(_ int, r batch.Record) bool {
		failed = each(r)
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	return err
}

func (c *coordinator) replayPending(k pendingKey, r batch.Record) error {
	id, topic, partition, err := parseOffsetKey(r.Key)
	if errors.Is(err, errOtherKey) || (err == nil && r.Value == nil) {
		return nil
	}
	if err != nil {
		return err
	}
	o, err := parseOffsetValue(r.Value)
	if o.Position = r.Offset; err == nil {
		c.pending.add(k, id, Committed{Topic: topic, Partition: partition, Offset: o})
	}
	return err
}

// TransactionalCommit is a wish to store offsets when a transaction commits.
type TransactionalCommit struct {
	ID       string // transactional
	Producer int64
	Epoch    int16
	Implicit bool // the group's offsets need not have been taken into the transaction before (KIP-890)
	Commit
}

// AddOffsetsToTransaction takes the offsets of a group into the transaction of a producer.
func (b *Broker) AddOffsetsToTransaction(ctx context.Context, id string, producer int64, epoch int16, of string) error {
	p, err := b.offsetsOf(ctx, of)
	if err != nil {
		return err
	}
	return b.AddToTransaction(ctx, id, producer, epoch, []txn.Place{p.place()}, 0)
}

// offsetsOf returns where the offsets of a group are, made if need be.
func (b *Broker) offsetsOf(ctx context.Context, id string) (*Partition, error) {
	if id == "" || len(id) > maxGroupID {
		return nil, fault.New(ErrInvalidGroup, "broker.group", "a group needs an id of at most %d bytes, not of %d", maxGroupID, len(id))
	}
	if err := b.groups.offsets.prepare(ctx); err != nil {
		return nil, err
	}
	return b.groups.offsets.partition(id)
}

// CommitInTransaction stores offsets that count once the transaction commits. It returns when they are durable.
func (b *Broker) CommitInTransaction(ctx context.Context, tc TransactionalCommit) error {
	ctx = context.WithoutCancel(ctx)
	p, err := b.offsetsOf(ctx, tc.Group)
	if err != nil {
		return err
	}
	t, err := b.transactions.lock(tc.ID)
	if err != nil {
		return err
	}
	defer t.mu.Unlock() // until the offsets are known: the marker must find them
	if s := t.state.Load(); s.Producer != tc.Producer {
		return fault.New(txn.ErrMapping, "broker.CommitInTransaction", "producer id %d does not belong to transactional id %q", tc.Producer, tc.ID)
	}
	if tc.Implicit {
		a := txn.Add{Producer: tc.Producer, Epoch: tc.Epoch, Places: []txn.Place{p.place()}, Version: 2}
		if err := b.transactions.add(ctx, t, a); err != nil {
			return err
		}
	}
	var pending Pending
	err = b.groups.with(tc.Group, presence(tc.alone()), func(g *coordinated) ([]group.Effect, error) {
		effects, err := g.mayCommitInTransaction(tc.Commit)
		if err == nil && len(tc.Offsets) > 0 {
			pending, err = b.storePending(ctx, p, tc)
		}
		return effects, err
	})
	switch {
	case fault.CodeOf(err) == ErrUnknownGroup:
		return fault.Wrap(group.ErrIllegalGeneration, "broker.CommitInTransaction", err, "the group has no generation %d", tc.Generation)
	case err != nil || len(tc.Offsets) == 0:
		return err
	}
	return pending.Wait(ctx)
}

// alone reports whether the commit speaks for no member.
func (c Commit) alone() bool { return c.Generation < 0 && c.Member == "" && c.Instance == "" }

// mayCommitInTransaction asks the machine in charge. Other than a plain commit, one in a transaction may come while the group waits
// for its leader's assignment, and for no member whatever the group's state; its request has no word for a stale epoch (Kafka's
// rules).
func (g *coordinated) mayCommitInTransaction(c Commit) ([]group.Effect, error) {
	if c.alone() {
		return nil, nil
	}
	effects, err := g.mayCommit(c)
	switch fault.CodeOf(err) {
	case group.ErrRebalancing:
		return effects, nil
	case group.ErrStaleEpoch:
		err = fault.Wrap(group.ErrIllegalGeneration, "broker.CommitInTransaction", err, "the member's epoch is another")
	}
	return effects, err
}

// storePending appends offsets as records of a transaction. The caller holds the lock of their group, so that no offset of the
// group is written again in between.
func (b *Broker) storePending(ctx context.Context, p *Partition, tc TransactionalCommit) (Pending, error) {
	records := make([]batch.Record, len(tc.Offsets))
	for i, o := range tc.Offsets {
		records[i] = batch.Record{Timestamp: b.Now(), Key: appendOffsetKey(nil, tc.Group, o.Topic, o.Partition), Value: appendOffsetValue(nil, o.Offset)}
	}
	built, err := batch.Build(nil, batch.Spec{Transactional: true, Producer: &batch.Producer{ID: tc.Producer, Epoch: tc.Epoch, BaseSequence: -1}}, records)
	if err != nil {
		return Pending{}, fault.Wrap(ErrStorage, "broker.offsets", err, "cannot build a batch of offsets")
	}
	pending, err := p.appendUnsequenced(ctx, built)
	if err != nil {
		return Pending{}, err
	}
	for i, o := range tc.Offsets {
		o.Position = pending.Base + batch.Offset(i)
		b.groups.pending.add(pendingKey{tc.Producer, p.index}, tc.Group, o)
	}
	return pending, nil
}
