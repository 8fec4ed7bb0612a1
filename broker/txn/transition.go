package txn

import (
	"slices"

	"github.com/pawl-registry/pawl/fault"
)

// Init is a producer that takes up a transactional id (InitProducerId).
type Init struct {
	Now      int64 // milliseconds since the Unix epoch
	Timeout  int32 // of its transactions, milliseconds
	Producer int64 // that it had until now, or -1 (KIP-360)
	Epoch    int16 // goes with Producer
	Fresh    int64 // a producer id that nobody has, if NeedsProducer
}

// MayInit says whether a producer that names its id and epoch may take the transactional id up. One that names none may.
func (s State) MayInit(i Init) error {
	const op = "txn.Init"
	switch {
	case s.Status.Decided():
		return fault.New(ErrConcurrent, op, "the transaction before is being ended")
	case i.Producer < 0, s.Epoch == noEpoch, i.Producer == s.Previous && i.Epoch >= lastEpoch && s.Epoch == 0:
		return nil
	case i.Producer != s.Producer, i.Epoch != s.Epoch && i.Epoch != s.last:
		return fault.New(ErrSuperseded, op, "producer %d of epoch %d was replaced by producer %d of epoch %d", i.Producer, i.Epoch, s.Producer, s.Epoch)
	}
	return nil
}

// Init gives the producer an epoch of its own, which fences those before it. An open transaction has to be ended first: see
// Fence.
func (s State) Init(i Init) (State, error) {
	if err := s.MayInit(i); err != nil {
		return s, err
	}
	if s.Status == Ongoing {
		return s, fault.New(ErrConcurrent, "txn.Init", "a transaction is open")
	}
	next := s.bare(i.Now)
	next.Timeout = i.Timeout
	switch again := i.Producer == s.Producer && i.Epoch != s.Epoch && s.Epoch != noEpoch; {
	case i.Producer == s.Previous && i.Producer >= 0, again:
		return next, nil // it asks again, because it did not hear the answer
	case s.NeedsProducer():
		next.Previous, next.Producer, next.Epoch, next.last = s.Producer, i.Fresh, 0, noEpoch
	default:
		next.Epoch, next.last = s.Epoch+1, noEpoch
		if i.Producer >= 0 {
			next.last = s.Epoch
		}
	}
	return next, nil
}

// bare returns the state without a transaction.
func (s State) bare(now int64) State {
	s.Status, s.Places, s.Started, s.Updated, s.Next = Empty, nil, -1, now, -1
	return s
}

// check says whether a request may speak for the producer.
func (s State) check(op string, producer int64, epoch int16) error {
	switch {
	case producer != s.Producer:
		return fault.New(ErrMapping, op, "producer id %d does not belong to the transactional id; %d does", producer, s.Producer)
	case epoch != s.Epoch:
		return fault.New(ErrSuperseded, op, "epoch %d of producer %d was replaced by %d", epoch, producer, s.Epoch)
	}
	return nil
}

// Add is a producer that takes partitions into its transaction, and begins one if none is open.
type Add struct {
	Now      int64 // milliseconds since the Unix epoch
	Producer int64
	Epoch    int16
	Places   []Place
	Version  int16 // 2: without having asked for it (KIP-890)
}

// Add returns the state with the partitions, and whether that differs from s.
func (s State) Add(a Add) (next State, changed bool, err error) {
	const op = "txn.Add"
	if err := s.check(op, a.Producer, a.Epoch); err != nil {
		return s, false, err
	}
	switch {
	case s.Status.Decided():
		return s, false, fault.New(ErrConcurrent, op, "the transaction before is being ended")
	case s.Status == Ongoing && !slices.ContainsFunc(a.Places, func(p Place) bool { return !s.Has(p) }):
		return s, false, nil
	}
	next = s
	if s.Status != Ongoing {
		next = s.bare(a.Now)
		next.Status, next.Started = Ongoing, a.Now
	}
	next.Places, next.Updated, next.Version = next.with(a.Places), a.Now, a.Version
	return next, true, nil
}

// End is a producer that ends its transaction (EndTxn).
type End struct {
	Now      int64 // milliseconds since the Unix epoch
	Producer int64
	Epoch    int16
	Commit   bool
	Bump     bool  // the client speaks transaction.version 2: each transaction has an epoch of its own
	Fresh    int64 // a producer id that nobody has, if NeedsProducer
}

// End returns the state with the decision, and whether that differs from s. A request that is sent again, because its answer
// was lost, changes nothing: the answer is in s.
func (s State) End(e End) (next State, changed bool, err error) {
	const op = "txn.End"
	if e.Bump && s.endedBy(e) {
		return s, false, s.again(e)
	}
	if err := s.check(op, e.Producer, e.Epoch); err != nil {
		return s, false, err
	}
	switch {
	case s.Status.Decided():
		return s, false, fault.New(ErrConcurrent, op, "the transaction is being ended")
	case s.Status == Ongoing:
	case e.Bump && !e.Commit: // what the client sent may never have come here: nothing to abort is no error
	case !e.Bump && (s.Status == CompleteCommit && e.Commit || s.Status == CompleteAbort && !e.Commit):
		return s, false, nil
	default:
		return s, false, fault.New(ErrState, op, "the state is %s: there is no transaction to end", s.Status)
	}
	next = s
	next.Status, next.Updated = PrepareAbort, e.Now
	if e.Commit {
		next.Status = PrepareCommit
	}
	if e.Bump {
		next.Version, next.last = 2, s.Epoch
		if s.NeedsProducer() {
			next.Next = e.Fresh
		}
		next.Epoch++
	}
	return next, true, nil
}

// endedBy reports whether the request is one that made the state what it is.
func (s State) endedBy(e End) bool {
	rotated := e.Producer == s.Previous && e.Producer >= 0 && e.Epoch >= lastEpoch && s.Epoch == 0
	return rotated || (e.Producer == s.Producer && e.Epoch >= 0 && e.Epoch+1 == s.Epoch)
}

// again answers a request that was answered before.
func (s State) again(e End) error {
	switch {
	case s.Status.Decided():
		return fault.New(ErrConcurrent, "txn.End", "the transaction is being ended")
	case s.Status == CompleteCommit && e.Commit, s.Status == CompleteAbort && !e.Commit:
		return nil
	}
	return fault.New(ErrSuperseded, "txn.End", "epoch %d of producer %d was replaced; the state is %s", e.Epoch, e.Producer, s.Status)
}

// Fence decides to abort an open transaction on behalf of nobody: it took too long, or another producer comes. Its producer is
// shut out by a higher epoch.
func (s State) Fence(now int64) State {
	s.Status, s.Updated, s.last = PrepareAbort, now, noEpoch
	s.Epoch++
	return s
}

// Overdue reports whether an open transaction has taken longer than it may.
func (s State) Overdue(now int64) bool {
	return s.Status == Ongoing && now-s.Started > int64(s.Timeout)
}

// Complete returns the state once every partition has its marker.
func (s State) Complete(now int64) State {
	if s.Status == PrepareCommit {
		s.Status = CompleteCommit
	} else {
		s.Status = CompleteAbort
	}
	s.Places, s.Updated = nil, now
	if s.Next >= 0 {
		s.Previous, s.Producer, s.Epoch, s.Next = s.Producer, s.Next, 0, -1
	}
	return s
}
