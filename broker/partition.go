package broker

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// Partition is one log of a topic.
type Partition struct {
	broker *Broker
	topic  *Topic
	index  int32
	log    commitlog.Log // nil: it could not be opened

	mu        sync.Mutex     // the order of appends, and producers
	producers *txn.Producers // nil: not read from the log yet
	noted     atomic.Bool    // the log of producers says that there are transactions

	compaction compaction

	waiting sync.Mutex
	waiters map[*Waiter]struct{}
}

// Topic returns the topic that the partition belongs to.
func (p *Partition) Topic() *Topic { return p.topic }

// Index returns the number of the partition in its topic, from 0.
func (p *Partition) Index() int32 { return p.index }

func logName(topic string, index int32) string { return topic + "-" + strconv.Itoa(int(index)) }

// Bounds returns the marks of the partition's log.
func (p *Partition) Bounds() (commitlog.Bounds, error) {
	if p.log == nil {
		return commitlog.Bounds{}, p.broken("broker.Bounds")
	}
	return p.log.Bounds(), nil
}

// Size returns the bytes that the partition's log takes, or 0 if the log does not know.
func (p *Partition) Size() int64 {
	var n int64
	if s, ok := p.log.(commitlog.Sizer); ok {
		for _, segment := range s.Segments() {
			n += segment.Bytes
		}
	}
	return n
}

// Available reports whether the partition's log is open.
func (p *Partition) Available() bool { return p.log != nil }

func (p *Partition) broken(op string) error {
	return fault.New(ErrStorage, op, "the log of topic %s, partition %d could not be opened: see the broker's log", p.topic.name, p.index)
}

// CheckTerm refuses a request made under another leader epoch than the present one. A negative epoch asks for no check (KIP-320).
func (p *Partition) CheckTerm(epoch int32) error {
	if epoch < 0 || p.log == nil {
		return nil
	}
	switch term := int32(p.log.Bounds().Term); {
	case epoch < term:
		return fault.New(ErrFencedEpoch, "broker.CheckTerm", "the leader epoch is %d, the request has %d", term, epoch)
	case epoch > term:
		return fault.New(ErrUnknownEpoch, "broker.CheckTerm", "the leader epoch is %d, the request has %d", term, epoch)
	}
	return nil
}

// Waiter is told when something new can be read from the partitions it is subscribed to.
type Waiter struct {
	C chan struct{} // receives after an append; one value may stand for many
}

// NewWaiter returns a waiter that is subscribed to nothing.
func NewWaiter() *Waiter { return &Waiter{C: make(chan struct{}, 1)} }

// Subscribe makes w hear of appends from now on.
func (p *Partition) Subscribe(w *Waiter) {
	p.waiting.Lock()
	defer p.waiting.Unlock()
	if p.waiters == nil {
		p.waiters = make(map[*Waiter]struct{})
	}
	p.waiters[w] = struct{}{}
}

// Unsubscribe ends Subscribe.
func (p *Partition) Unsubscribe(w *Waiter) {
	p.waiting.Lock()
	defer p.waiting.Unlock()
	delete(p.waiters, w)
}

// wake tells the waiters that there is something new.
func (p *Partition) wake() {
	p.waiting.Lock()
	defer p.waiting.Unlock()
	for w := range p.waiters {
		select {
		case w.C <- struct{}{}:
		default:
		}
	}
}
