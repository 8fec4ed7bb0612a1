package history

import (
	"slices"
	"sync"
)

// moment is a place in the order of what was recorded; 0 is never.
type moment int

// outcome is what is known of how an operation ended.
type outcome uint8

const (
	unknown   outcome = iota // no answer, or none that tells
	succeeded                // acknowledged; of a transaction: committed
	refused                  // without effect for certain; of a transaction: aborted
)

// History is what clients did. Make one with New; it is safe for concurrent use.
type History struct {
	mu           sync.Mutex
	now          moment
	sends        []*Send
	pending      []*Send // of them, those that were not ended when last looked at
	byValue      map[string]*Send
	transactions []*Transaction
	readers      []*Reader
	registers    map[place]*register
	compacted    map[string]bool
	trimmed      map[string]int64 // the start of a partition may be there
}

// place is a partition as a group sees it.
type place struct{ group, partition string }

// New returns an empty history.
func New() *History {
	return &History{byValue: make(map[string]*Send), registers: make(map[place]*register), compacted: make(map[string]bool), trimmed: make(map[string]int64)}
}

// tick is the next moment. The caller holds h.mu.
func (h *History) tick() moment {
	h.now++
	return h.now
}

// Record is what a client sends.
type Record struct {
	Partition string // and topic: any text that names the log
	Value     string // that no other record of the history has
	Key       string // matters in a compacted partition only
	Tombstone bool   // the record's own value is null, and Value stands for it
	Source    Source // what it was made from, if it was
}

// Source is a record that was read, and made another from.
type Source struct {
	Partition string // empty: none
	Offset    int64
}

// Send is a record on its way.
type Send struct {
	h *History
	Record
	client         string
	transaction    *Transaction // nil: none
	invoked, ended moment
	outcome        outcome
	offset         int64
	known          bool      // offset is: by the acknowledgement, or by a reader
	seen           [2]moment // when a reader of each isolation read it first
	others         []int64   // where readers found it besides
}

// Send begins to send a record, in a transaction unless that is nil.
func (h *History) Send(client string, r Record, in *Transaction) *Send {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &Send{h: h, Record: r, client: client, transaction: in, invoked: h.tick()}
	if in != nil {
		in.sends = append(in.sends, s)
	}
	h.sends, h.pending = append(h.sends, s), append(h.pending, s)
	h.byValue[r.Value] = s
	return s
}

// OK ends a send: the record is at offset.
func (s *Send) OK(offset int64) {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.outcome, s.ended = succeeded, s.h.tick()
	s.found(offset)
}

// found notes where the record is.
func (s *Send) found(offset int64) {
	switch {
	case !s.known:
		s.offset, s.known = offset, true
	case s.offset != offset && !slices.Contains(s.others, offset):
		s.others = append(s.others, offset)
	}
}

// Refused ends a send that has had no effect and never will.
func (s *Send) Refused() {
	s.h.mu.Lock()
	defer s.h.mu.Unlock()
	s.outcome, s.ended = refused, s.h.tick()
}

// Transaction is one of a producer's.
type Transaction struct {
	h      *History
	name   string
	client string
	// begun is when it was; asked is when somebody asked to commit it, or never; ended is when its outcome was told.
	begun, asked, ended moment
	outcome             outcome
	sends               []*Send
	commits             []*Commit
}

// Begin begins a transaction. It is open until Commit is asked for; Aborted and Committed tell how it ended.
func (h *History) Begin(client, name string) *Transaction {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := &Transaction{h: h, name: name, client: client, begun: h.tick()}
	h.transactions = append(h.transactions, t)
	return t
}

// Commit asks for the transaction to be committed: from now on it may be.
func (t *Transaction) Commit() {
	t.h.mu.Lock()
	defer t.h.mu.Unlock()
	t.asked = t.h.tick()
}

// Committed tells that the commit is acknowledged.
func (t *Transaction) Committed() { t.end(succeeded) }

// Aborted tells that the transaction has no effect and never will.
func (t *Transaction) Aborted() { t.end(refused) }

func (t *Transaction) end(o outcome) {
	t.h.mu.Lock()
	defer t.h.mu.Unlock()
	t.outcome, t.ended = o, t.h.tick()
}

// Compacts tells that of the records of one key in a partition only the last must stay, and no tombstone.
func (h *History) Compacts(partition string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.compacted[partition] = true
}

// Trim tells that the records of a partition before an offset may go.
func (h *History) Trim(partition string, before int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trimmed[partition] = max(h.trimmed[partition], before)
}

// Gone tells that nothing which a client has under way will take effect any more, unless it has by now: the client ended, and
// so did whoever served it.
func (h *History) Gone(client string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.tick()
	h.pending = slices.DeleteFunc(h.pending, func(s *Send) bool {
		if s.client == client && s.ended == 0 {
			s.ended = now
		}
		return s.ended != 0
	})
	for _, t := range h.transactions {
		if t.client == client && t.ended == 0 {
			t.ended = now
		}
	}
	for _, r := range h.registers {
		for _, c := range r.commits {
			if c.client == client && c.ended == 0 {
				c.ended = now
			}
		}
	}
}

// Counts are the sizes of a history.
type Counts struct {
	Sent, Acknowledged, Refused, Unknown int // records
	Committed, Aborted, Undecided        int // transactions
	Offsets                              int // commits of groups that were acknowledged
}

// Counts counts what was recorded.
func (h *History) Counts() Counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := Counts{Sent: len(h.sends)}
	for _, s := range h.sends {
		*[...]*int{unknown: &c.Unknown, succeeded: &c.Acknowledged, refused: &c.Refused}[s.outcome]++
	}
	for _, t := range h.transactions {
		*[...]*int{unknown: &c.Undecided, succeeded: &c.Committed, refused: &c.Aborted}[t.outcome]++
	}
	for _, r := range h.registers {
		for _, commit := range r.commits {
			if commit.acknowledged() {
				c.Offsets++
			}
		}
	}
	return c
}
