package txn

import (
	"container/list"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/fault"
)

var (
	// ErrFenced: the producer's epoch is older than the one that wrote last.
	ErrFenced = fault.NewCode(fault.Conflict, "producer_fenced")
	// ErrOutOfOrder: the batch is neither the producer's next one nor one of its last five.
	ErrOutOfOrder = fault.NewCode(fault.Conflict, "out_of_order_sequence")
	// ErrInvalid: the producer fields of the batch contradict each other.
	ErrInvalid = fault.NewCode(fault.Invalid, "invalid_producer_fields")
)

const (
	// NoProducer is the producer id of a batch that wants no idempotence.
	NoProducer = -1
	// window is how many batches of a producer are remembered: the most that a client has in flight (KIP-98).
	window = 5
)

// Batch is what the machine needs to know of a record batch.
type Batch struct {
	Producer int64
	Epoch    int16
	First    int32 // sequence of the first record
	Count    int32 // records in the batch, at least 1
}

func (b Batch) last() int32 { return next(b.First, b.Count-1) }

// next is the sequence n records after s. Sequences are 31 bits wide and start again at 0.
func next(s, n int32) int32 { return int32((int64(s) + int64(n)) & 0x7fffffff) }

// Verdict is the answer to a batch that was not refused.
type Verdict struct {
	Duplicate bool
	Base      batch.Offset // of the batch that is already there, if Duplicate
}

type appended struct {
	first, last int32
	base        batch.Offset
}

type producer struct {
	id     int64
	epoch  int16
	recent []appended // oldest first, at most window
	at     int64      // time of the last batch, milliseconds since the Unix epoch
	fresh  bool       // the epoch began with a marker: its first batch has sequence 0
	marked int32      // coordinator epoch of its last marker, or -1
}

func (p *producer) find(b Batch) (appended, bool) {
	for _, a := range p.recent {
		if a.first == b.First && a.last == b.last() {
			return a, true
		}
	}
	return appended{}, false
}

// Producers is the state of the producers of one partition. The zero value is not ready: use NewProducers.
type Producers struct {
	byID  map[int64]*list.Element // of *producer
	order *list.List              // by last append, oldest first
	limit int

	transactions
}

// NewProducers returns the state of a partition nobody has written to. At most limit producers are remembered; beyond it the
// one that has been silent longest is forgotten, so that invented producer ids cannot fill the memory.
func NewProducers(limit int) *Producers {
	return &Producers{byID: make(map[int64]*list.Element), order: list.New(), limit: limit, transactions: newTransactions()}
}

// Len returns the number of producers remembered.
func (ps *Producers) Len() int { return len(ps.byID) }

// Judge says whether b may be appended now. It changes nothing.
func (ps *Producers) Judge(b Batch) (Verdict, error) {
	const op = "txn.Judge"
	if b.Producer < 0 || b.Epoch < 0 || b.First < 0 || b.Count < 1 {
		return Verdict{}, fault.New(ErrInvalid, op, "producer %d, epoch %d, sequence %d and %d records do not go together",
			b.Producer, b.Epoch, b.First, b.Count)
	}
	e := ps.byID[b.Producer]
	if e == nil {
		return Verdict{}, nil
	}
	p := e.Value.(*producer)
	if b.Epoch < p.epoch {
		return Verdict{}, fenced(p, b.Epoch)
	}
	if b.Epoch > p.epoch {
		if b.First != 0 {
			return Verdict{}, fault.New(ErrOutOfOrder, op, "producer %d begins epoch %d with sequence %d instead of 0", b.Producer, b.Epoch, b.First)
		}
		return Verdict{}, nil
	}
	if a, ok := p.find(b); ok {
		return Verdict{Duplicate: true, Base: a.base}, nil
	}
	if len(p.recent) == 0 {
		if p.fresh && b.First != 0 {
			return Verdict{}, fault.New(ErrOutOfOrder, op, "producer %d begins epoch %d with sequence %d instead of 0", b.Producer, b.Epoch, b.First)
		}
		return Verdict{}, nil
	}
	if want := next(p.recent[len(p.recent)-1].last, 1); b.First != want {
		return Verdict{}, fault.New(ErrOutOfOrder, op, "producer %d sends sequence %d, %d is next", b.Producer, b.First, want)
	}
	return Verdict{}, nil
}

func fenced(p *producer, epoch int16) error {
	return fault.New(ErrFenced, "txn.Judge", "producer %d has epoch %d, the batch has %d", p.id, p.epoch, epoch)
}

// Record notes that b was appended at base. at is the time of the append in milliseconds since the Unix epoch.
func (ps *Producers) Record(b Batch, base batch.Offset, at int64) {
	p := ps.touch(b.Producer)
	if p.epoch != b.Epoch {
		p.epoch, p.recent = b.Epoch, p.recent[:0]
	}
	p.at, p.fresh = at, false
	if len(p.recent) == window {
		p.recent = append(p.recent[:0], p.recent[1:]...)
	}
	p.recent = append(p.recent, appended{first: b.First, last: b.last(), base: base})
}

// touch returns the producer of id, made if need be, as the one heard of last.
func (ps *Producers) touch(id int64) *producer {
	if e := ps.byID[id]; e != nil {
		ps.order.MoveToBack(e)
		return e.Value.(*producer)
	}
	if ps.limit > 0 && len(ps.byID) >= ps.limit {
		ps.forget(ps.order.Front())
	}
	p := &producer{id: id, marked: -1, recent: make([]appended, 0, window)}
	ps.byID[id] = ps.order.PushBack(p)
	return p
}

func (ps *Producers) forget(e *list.Element) {
	delete(ps.byID, e.Value.(*producer).id)
	ps.order.Remove(e)
}

// Expire forgets the producers whose last append is before t, in milliseconds since the Unix epoch (producer.id.expiration.ms).
func (ps *Producers) Expire(t int64) {
	for e := ps.order.Front(); e != nil && e.Value.(*producer).at < t; e = ps.order.Front() {
		ps.forget(e)
	}
}

// Active describes one producer (DescribeProducers).
type Active struct {
	Producer int64
	Epoch    int16
	Last     int32        // last sequence
	At       int64        // time of the last append, milliseconds since the Unix epoch
	Marked   int32        // coordinator epoch of the last marker; -1: none is known
	Open     batch.Offset // where its open transaction begins; -1: there is none
}

// Active lists the producers remembered, the longest silent first.
func (ps *Producers) Active() []Active {
	all := make([]Active, 0, len(ps.byID))
	for e := ps.order.Front(); e != nil; e = e.Next() {
		p := e.Value.(*producer)
		a := Active{Producer: p.id, Epoch: p.epoch, Last: -1, At: p.at, Marked: p.marked, Open: -1}
		if n := len(p.recent); n > 0 {
			a.Last = p.recent[n-1].last
		}
		if first, ok := ps.open[p.id]; ok {
			a.Open = first
		}
		all = append(all, a)
	}
	return all
}
