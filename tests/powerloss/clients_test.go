package powerloss_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/tests/history"
)

// serial makes values that no other record has.
var serial atomic.Int64

// sent is a batch on its way.
type sent struct {
	partition int32
	bytes     batch.Batch
	sends     []*history.Send
	pending   broker.Pending
}

func (s *sent) acknowledged(base batch.Offset) {
	for i, one := range s.sends {
		one.OK(int64(base) + int64(i))
	}
}

// make builds a batch of new records and tells the history of them.
func (w *world) make(client, topic string, partition int32, values []history.Source, p batch.Producer, in *history.Transaction) *sent {
	s := &sent{partition: partition}
	var all []batch.Record
	for _, from := range values {
		n := serial.Add(1)
		r := history.Record{Partition: place(topic, partition), Key: fmt.Sprint("key ", n%7), Value: fmt.Sprintf("%s#%d", client, n), Source: from}
		s.sends = append(s.sends, w.h.Send(client, r, in))
		all = append(all, batch.Record{Timestamp: time.Now().UnixMilli(), Key: []byte(r.Key), Value: []byte(r.Value)})
	}
	built, err := batch.Build(nil, batch.Spec{Producer: &p, Transactional: in != nil}, all)
	if err != nil {
		w.fatal("cannot build a batch: %v", err)
	}
	s.bytes = built
	return s
}

// producer is idempotent and outlives losses of power: what was not answered, it sends again, under its old sequence.
type producer struct {
	*world
	name     string
	id       int64 // -1: none yet
	epoch    int16
	sequence [partitions]int32
	unheard  []*sent // in order
	flying   int     // how many of them were sent since the broker started
}

func (p *producer) step(random *rand.Rand) bool {
	if p.id < 0 {
		id, epoch, err := p.b.InitProducer(p.t.Context(), -1, -1)
		if p.stopped("InitProducer", err) {
			return false
		}
		p.id, p.epoch = id, epoch
	}
	if p.flying == len(p.unheard) {
		i := int32(random.IntN(partitions))
		s := p.make(p.name, records, i, make([]history.Source, 1+random.IntN(3)), batch.Producer{ID: p.id, Epoch: p.epoch, BaseSequence: p.sequence[i]}, nil)
		p.sequence[i] += int32(len(s.sends))
		p.unheard = append(p.unheard, s)
	}
	if !p.send(p.unheard[p.flying]) {
		p.flying = 0
		return false
	}
	p.flying++
	for p.flying > 0 && (p.flying >= 4 || random.IntN(3) == 0) {
		if !p.hear() {
			p.flying = 0
			return false
		}
	}
	return true
}

func (p *producer) send(s *sent) bool {
	var err error
	s.pending, err = p.partition(records, s.partition).Produce(p.t.Context(), broker.Sender{}, slices.Clone(s.bytes))
	return !p.stopped("Produce", err)
}

// hear waits for the answer to the first batch.
func (p *producer) hear() bool {
	s := p.unheard[0]
	if p.stopped("Wait", s.pending.Wait(p.t.Context())) {
		return false
	}
	s.acknowledged(s.pending.Base)
	p.unheard, p.flying = p.unheard[1:], p.flying-1
	return true
}

// again sends all that was not answered, on a disk that works.
func (p *producer) again() {
	for _, s := range p.unheard {
		if !p.send(s) {
			return
		}
	}
	for p.flying = len(p.unheard); p.flying > 0 && p.hear(); {
	}
	p.flying = 0
}

// writer runs transactions under one transactional id.
type writer struct {
	*world
	name     string
	number   int
	id       int64
	epoch    int16
	sequence map[string]int32
	doubt    *history.Transaction // asked to be committed, and not answered
}

// begin takes the id over. Before that, it may ask again for a commit that was not answered.
func (w *writer) begin(random *rand.Rand) {
	if w.doubt != nil && random.IntN(2) == 0 {
		if _, _, err := w.b.EndTransaction(w.t.Context(), w.name, txn.End{Producer: w.id, Epoch: w.epoch, Commit: true, Bump: true}); err == nil {
			w.doubt.Committed()
		}
	}
	w.doubt = nil
	var err error
	if w.id, w.epoch, err = w.b.InitTransactional(w.t.Context(), w.name, time.Minute, -1, -1); w.stopped("InitTransactional", err) {
		return
	}
	w.h.Gone(w.name)
	w.sequence = map[string]int32{}
}

// write appends a batch of the transaction and waits for it.
func (w *writer) write(t *history.Transaction, topic string, partition int32, values []history.Source) bool {
	at := place(topic, partition)
	s := w.make(w.name, topic, partition, values, batch.Producer{ID: w.id, Epoch: w.epoch, BaseSequence: w.sequence[at]}, t)
	pending, err := w.partition(topic, partition).ProduceIn(w.t.Context(), broker.Sender{}, w.name, s.bytes)
	if err == nil {
		err = pending.Wait(w.t.Context())
	}
	if w.stopped("ProduceIn", err) {
		return false
	}
	w.sequence[at] += int32(len(s.sends))
	s.acknowledged(pending.Base)
	return true
}

// end commits the transaction or aborts it.
func (w *writer) end(t *history.Transaction, commit bool) bool {
	if commit {
		t.Commit()
		w.doubt = t
	}
	id, epoch, err := w.b.EndTransaction(w.t.Context(), w.name, txn.End{Producer: w.id, Epoch: w.epoch, Commit: commit, Bump: true})
	if w.stopped("EndTransaction", err) {
		return false
	}
	w.doubt = nil
	if commit {
		t.Committed()
	} else {
		t.Aborted()
	}
	w.id, w.epoch = id, epoch
	clear(w.sequence)
	return true
}

func (w *writer) next() *history.Transaction {
	w.number++
	return w.h.Begin(w.name, fmt.Sprintf("%s/%d", w.name, w.number))
}

func (w *writer) step(random *rand.Rand) bool {
	t := w.next()
	for range 1 + random.IntN(3) {
		if !w.write(t, records, int32(random.IntN(partitions)), make([]history.Source, 1+random.IntN(3))) {
			return false
		}
	}
	return w.end(t, random.IntN(3) > 0)
}

// copier makes a record of each committed one, and commits in the same transaction how far it is.
type copier struct {
	writer
	at [partitions]int64
}

// ask hears where its group is.
func (c *copier) ask() {
	for p := range int32(partitions) {
		c.at[p] = max(c.fetch(c.name, p), 0)
	}
}

func (c *copier) step(random *rand.Rand) bool {
	i := int32(random.IntN(partitions))
	found, next, err := c.read(records, i, batch.Offset(c.at[i]), history.Committed)
	if c.stopped("Read", err) {
		return false
	}
	if len(found) == 0 {
		return !c.failed.Load()
	}
	t := c.next()
	var from []history.Source
	for _, r := range found {
		from = append(from, history.Source{Partition: place(records, i), Offset: r.Offset})
	}
	if !c.write(t, copies, i, from) {
		return false
	}
	commit := c.h.CommitOffset(c.name, c.name, place(records, i), int64(next), t)
	err = c.b.CommitInTransaction(c.t.Context(), broker.TransactionalCommit{ID: c.name, Producer: c.id, Epoch: c.epoch, Implicit: true,
		Commit: broker.Commit{Group: c.name, Generation: -1, Offsets: []broker.Committed{{Topic: records, Partition: i, Offset: group.Offset{Offset: next}}}}})
	if c.stopped("CommitInTransaction", err) {
		return false
	}
	commit.OK()
	keep := random.IntN(4) > 0
	if !c.end(t, keep) {
		return false
	}
	if keep {
		c.at[i] = int64(next)
	}
	return true
}

// committer commits offsets of a group without members.
type committer struct {
	*world
	name string
	last int64
}

// some bounds what takes turns from the others: it is how often it is done in a generation, about.
const some = 25

func (c *committer) step(random *rand.Rand) bool {
	i := int32(random.IntN(partitions))
	c.last++
	commit := c.h.CommitOffset(c.name, c.name, place(records, i), c.last, nil)
	err := c.b.CommitOffsets(c.t.Context(), broker.Commit{Group: c.name, Generation: -1, Offsets: []broker.Committed{
		{Topic: records, Partition: i, Offset: group.Offset{Offset: batch.Offset(c.last)}},
	}})
	if c.stopped("CommitOffsets", err) {
		return false
	}
	commit.OK()
	return random.IntN(some) > 0
}

func (c *committer) ask() {
	for p := range int32(partitions) {
		c.fetch(c.name, p)
	}
}

// fetch asks for the offset of a group.
func (w *world) fetch(name string, partition int32) int64 {
	f := w.h.FetchOffset(name, place(records, partition))
	o, ok, err := w.b.Offset(name, records, partition)
	if w.stopped("Offset", err) {
		return history.None
	}
	if !ok {
		o.Offset = history.None
	}
	f.OK(int64(o.Offset))
	return int64(o.Offset)
}

// housekeeper does what the broker does by itself from time to time.
type housekeeper struct {
	*world
	turns int
}

func (h *housekeeper) step(random *rand.Rand) bool {
	if h.turns++; h.turns > 4*some {
		return false
	}
	switch random.IntN(3) {
	case 0:
		h.b.Retain(h.t.Context())
	case 1:
		h.b.Compact(h.t.Context())
	default:
		h.b.SweepTransactions(h.t.Context())
	}
	return !h.failed.Load()
}
