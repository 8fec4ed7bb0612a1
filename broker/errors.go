package broker

import "github.com/pawl-registry/pawl/fault"

// The refusals of the broker.
var (
	ErrUnknownTopic      = fault.NewCode(fault.NotFound, "unknown_topic_or_partition")
	ErrUnknownTopicID    = fault.NewCode(fault.NotFound, "unknown_topic_id")
	ErrTopicExists       = fault.NewCode(fault.Conflict, "topic_exists")
	ErrInvalidTopic      = fault.NewCode(fault.Invalid, "invalid_topic")
	ErrInvalidPartitions = fault.NewCode(fault.Invalid, "invalid_partitions")
	ErrInvalidReplicas   = fault.NewCode(fault.Invalid, "invalid_replication_factor")
	ErrInvalidAssignment = fault.NewCode(fault.Invalid, "invalid_replica_assignment")
	ErrInvalidConfig     = fault.NewCode(fault.Invalid, "invalid_config")
	ErrInvalidRequest    = fault.NewCode(fault.Invalid, "invalid_request")
	// ErrInvalidRecord: records of the batch are refused; see Rejected.
	ErrInvalidRecord = fault.NewCode(fault.Invalid, "invalid_record")
	ErrTooLarge      = fault.NewCode(fault.Invalid, "message_too_large")
	ErrTimestamp     = fault.NewCode(fault.Invalid, "invalid_timestamp")
	// ErrNotValidated: the validator could not judge; the same batch may pass later.
	ErrNotValidated = fault.NewCode(fault.Unavailable, "records_not_validated")
	// ErrTransactionTimeout: a producer asks for more time, or less, than a transaction may have.
	ErrTransactionTimeout = fault.NewCode(fault.Invalid, "invalid_transaction_timeout")
	ErrFencedEpoch        = fault.NewCode(fault.Conflict, "fenced_leader_epoch")
	ErrUnknownEpoch       = fault.NewCode(fault.Unavailable, "unknown_leader_epoch")
	ErrElectionNotNeeded  = fault.NewCode(fault.Conflict, "election_not_needed")
	ErrNoReassignment     = fault.NewCode(fault.Conflict, "no_reassignment_in_progress")
	// ErrStorage: the partition's log cannot be used: it is corrupt, or its disk failed.
	ErrStorage = fault.NewCode(fault.Unavailable, "storage_error")
	ErrClosed  = fault.NewCode(fault.Unavailable, "broker_closed")

	ErrUnknownGroup = fault.NewCode(fault.NotFound, "unknown_group")
	// ErrOtherProtocol: the group exists, with members under another protocol than that of the request.
	ErrOtherProtocol  = fault.NewCode(fault.NotFound, "group_of_other_protocol")
	ErrInvalidGroup   = fault.NewCode(fault.Invalid, "invalid_group_id")
	ErrOffsetMetadata = fault.NewCode(fault.Invalid, "offset_metadata_too_large")
)

// Rejected is the error of a batch refused for some of its records. Its code is ErrInvalidRecord.
type Rejected struct {
	Rejections []Rejection // at least one, in order of Index

	err           *fault.Error
	undeliverable error // why the records were not set aside, as their topic wants
}

// Error describes the first rejection.
func (r *Rejected) Error() string { return r.err.Error() }

// Unwrap gives the error its code.
func (r *Rejected) Unwrap() error { return r.err }

func newRejected(topic string, partition int32, rejections []Rejection) *Rejected {
	first := rejections[0]
	return &Rejected{Rejections: rejections, err: fault.New(ErrInvalidRecord, "broker.Produce",
		"topic %s, partition %d, record %d: %s", topic, partition, first.Index, first.Reason)}
}
