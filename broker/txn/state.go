package txn

import (
	"cmp"
	"math"
	"slices"

	"github.com/pawl-registry/pawl/fault"
)

var (
	// ErrSuperseded: another producer has taken the transactional id over, or the broker has given the transaction up.
	ErrSuperseded = fault.NewCode(fault.Conflict, "producer_superseded")
	// ErrMapping: the producer id is not the one that belongs to the transactional id.
	ErrMapping = fault.NewCode(fault.Conflict, "producer_id_mapping")
	// ErrState: the transaction is not in a state in which this can be done.
	ErrState = fault.NewCode(fault.Conflict, "invalid_transaction_state")
	// ErrConcurrent: the transaction before is still being ended; the same request may pass later.
	ErrConcurrent = fault.NewCode(fault.Conflict, "concurrent_transactions")
)

// Status is where the transactions of an id are. The numbers reach disks, as Kafka's TransactionState: frozen.
type Status int8

// The states of a transactional id.
const (
	Empty          Status = iota // no transaction yet
	Ongoing                      // partitions are in it
	PrepareCommit                // decided: the markers are being written
	PrepareAbort                 // decided: the markers are being written
	CompleteCommit               // every partition has its marker
	CompleteAbort                // every partition has its marker
)

// String returns Kafka's name of the state.
func (s Status) String() string {
	names := [...]string{"Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"}
	if int(s) < len(names) && s >= 0 {
		return names[s]
	}
	return "Unknown"
}

// Decided reports whether the transaction has an end that was not yet told to all of its partitions.
func (s Status) Decided() bool { return s == PrepareCommit || s == PrepareAbort }

// Place names a partition.
type Place struct {
	Topic     string
	Partition int32
}

func (p Place) compare(o Place) int {
	return cmp.Or(cmp.Compare(p.Topic, o.Topic), cmp.Compare(p.Partition, o.Partition))
}

// noEpoch stands for an epoch that is not known.
const noEpoch = -1

// lastEpoch is the last epoch that a producer is given: one more is kept to fence it with (KIP-360).
const lastEpoch = math.MaxInt16 - 1

// State is all that is known of a transactional id. It is a value: its methods return the state that follows, which its owner
// makes durable before anything is done about it, and takes up only then. That is the whole protocol of effects: a state that
// is Decided asks for markers in all of its Places, made with Producer and Epoch, and then for Complete.
type State struct {
	Producer int64
	Epoch    int16
	Timeout  int32 // of a transaction, milliseconds
	Status   Status
	Places   []Place // of the transaction, in order; never changed in place
	Started  int64   // milliseconds since the Unix epoch; -1: no transaction
	Updated  int64   // milliseconds since the Unix epoch

	Previous int64 // the producer id before Producer ran out of epochs, or -1
	Next     int64 // the producer id that Complete changes to, or -1
	Version  int16 // of the protocol that the client speaks: 0 or 2 (transaction.version)
	last     int16 // the epoch before Epoch, if its owner may still come with it, or -1; not stored
}

// NewState returns the state of an id that nobody has used before, for a producer id that was drawn for it.
func NewState(producer int64) State {
	return State{Producer: producer, Epoch: noEpoch, Started: -1, Previous: -1, Next: -1, last: noEpoch}
}

// Has reports whether a partition is in the transaction.
func (s State) Has(p Place) bool {
	_, ok := slices.BinarySearchFunc(s.Places, p, Place.compare)
	return ok
}

// NeedsProducer reports whether the next change of the epoch needs a new producer id, because the epochs of this one are used up.
func (s State) NeedsProducer() bool { return s.Epoch >= lastEpoch }

// with returns the places with more of them.
func (s State) with(more []Place) []Place {
	all := append(slices.Clone(s.Places), more...)
	slices.SortFunc(all, Place.compare)
	return slices.Compact(all)
}
