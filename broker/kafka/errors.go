package kafka

import (
	"context"
	"errors"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/acl"
	"github.com/pawl-registry/pawl/internal/scram"
)

// Kafka's error numbers, from its protocol guide. They reach the wire: frozen.
const (
	unknownServerError       = -1
	none                     = 0
	offsetOutOfRange         = 1
	corruptMessage           = 2
	unknownTopicOrPartition  = 3
	requestTimedOut          = 7
	messageTooLarge          = 10
	offsetMetadataTooLarge   = 12
	coordinatorUnavailable   = 15
	notCoordinator           = 16
	invalidTopic             = 17
	notEnoughReplicas        = 19
	invalidRequiredAcks      = 21
	illegalGeneration        = 22
	inconsistentProtocol     = 23
	invalidGroupID           = 24
	unknownMemberID          = 25
	invalidSessionTimeout    = 26
	rebalanceInProgress      = 27
	invalidTimestamp         = 32
	unsupportedVersion       = 35
	topicAlreadyExists       = 36
	invalidPartitions        = 37
	invalidReplication       = 38
	invalidAssignment        = 39
	invalidConfig            = 40
	invalidRequest           = 42
	outOfOrderSequence       = 45
	invalidProducerEpoch     = 47
	invalidTxnState          = 48
	invalidProducerIDMapping = 49
	invalidTxnTimeout        = 50
	concurrentTransactions   = 51
	kafkaStorageError        = 56
	nonEmptyGroup            = 68
	groupIDNotFound          = 69
	fetchSessionNotFound     = 70
	invalidFetchSessionEpoch = 71
	fencedLeaderEpoch        = 74
	unknownLeaderEpoch       = 75
	unsupportedCompression   = 76
	memberIDRequired         = 79
	groupMaxSizeReached      = 81
	fencedInstanceID         = 82
	groupSubscribed          = 86
	invalidRecord            = 87
	unstableOffsetCommit     = 88
	electionNotNeeded        = 84
	noReassignment           = 85
	producerFenced           = 90
	invalidUpdateVersion     = 95
	transactionalIDNotFound  = 105
	fetchSessionTopicID      = 106
	invalidRegularExpression = 128
	unknownTopicID           = 100
	fencedMemberEpoch        = 110
	unreleasedInstanceID     = 111
	unsupportedAssignor      = 112
	staleMemberEpoch         = 113
	invalidRegex             = 128
)

// numbers says which error of Kafka's a failure is.
var numbers = map[*fault.Code]int16{
	broker.ErrUnknownTopic:       unknownTopicOrPartition,
	broker.ErrUnknownTopicID:     unknownTopicID,
	broker.ErrTopicExists:        topicAlreadyExists,
	broker.ErrInvalidTopic:       invalidTopic,
	broker.ErrInvalidPartitions:  invalidPartitions,
	broker.ErrInvalidReplicas:    invalidReplication,
	broker.ErrInvalidAssignment:  invalidAssignment,
	broker.ErrInvalidConfig:      invalidConfig,
	broker.ErrInvalidRequest:     invalidRequest,
	broker.ErrInvalidRecord:      invalidRecord,
	broker.ErrTooLarge:           messageTooLarge,
	broker.ErrTimestamp:          invalidTimestamp,
	broker.ErrNotValidated:       notEnoughReplicas, // retriable, and says that nothing was appended
	broker.ErrTransactionTimeout: invalidTxnTimeout,
	broker.ErrUnknownTransaction: transactionalIDNotFound,
	broker.ErrFencedEpoch:        fencedLeaderEpoch,
	broker.ErrUnknownEpoch:       unknownLeaderEpoch,
	broker.ErrStorage:            kafkaStorageError,
	broker.ErrClosed:             coordinatorUnavailable,
	broker.ErrElectionNotNeeded:  electionNotNeeded,
	broker.ErrNoReassignment:     noReassignment,
	broker.ErrUnknownGroup:       groupIDNotFound,
	broker.ErrOtherProtocol:      groupIDNotFound,
	broker.ErrInvalidGroup:       invalidGroupID,
	broker.ErrOffsetMetadata:     offsetMetadataTooLarge,

	batch.ErrShort:       corruptMessage,
	batch.ErrLength:      corruptMessage,
	batch.ErrMagic:       invalidRecord,
	batch.ErrChecksum:    corruptMessage,
	batch.ErrHeader:      invalidRecord,
	batch.ErrCodec:       unsupportedCompression,
	batch.ErrCompression: corruptMessage,
	batch.ErrTooLarge:    messageTooLarge,
	batch.ErrRecord:      invalidRecord,

	commitlog.ErrOutOfRange: offsetOutOfRange,
	commitlog.ErrClosed:     kafkaStorageError,
	commitlog.ErrFailed:     kafkaStorageError,
	commitlog.ErrCorrupt:    kafkaStorageError,
	commitlog.ErrNotLeader:  6, // NOT_LEADER_OR_FOLLOWER
	commitlog.ErrBadName:    invalidTopic,

	group.ErrUnknownMember:     unknownMemberID,
	group.ErrIllegalGeneration: illegalGeneration,
	group.ErrRebalancing:       rebalanceInProgress,
	group.ErrFencedInstance:    fencedInstanceID,
	group.ErrMemberIDRequired:  memberIDRequired,
	group.ErrProtocol:          inconsistentProtocol,
	group.ErrSessionTimeout:    invalidSessionTimeout,
	group.ErrFull:              groupMaxSizeReached,
	group.ErrNotEmpty:          nonEmptyGroup,
	group.ErrSubscribed:        groupSubscribed,
	group.ErrDead:              coordinatorUnavailable,

	group.ErrFencedEpoch:        fencedMemberEpoch,
	group.ErrStaleEpoch:         staleMemberEpoch,
	group.ErrUnreleasedInstance: unreleasedInstanceID,
	group.ErrAssignor:           unsupportedAssignor,
	group.ErrRegex:              invalidRegex,
	group.ErrBeat:               invalidRequest,

	errProduceVersion: unsupportedVersion,
	errAcks:           invalidRequiredAcks,
	errPosition:       unsupportedVersion,
	errFeature:        invalidUpdateVersion,
	errResource:       invalidRequest,
	errNotAttempted:   operationNotAttempted,
	errPattern:        invalidRegularExpression,
	errTopicDenied:    topicAuthorizationFailed,
	errTxnDenied:      transactionalIDAuthFailed,
	errAccess:         invalidRequest,

	errUnknownMechanism: unsupportedSASLMechanism,
	errNoCredential:     resourceNotFound,
	errTwice:            duplicateResource,
	errQuota:            invalidRequest,
	acl.ErrInvalid:      invalidRequest,
	acl.ErrRules:        invalidRequest,
	scram.ErrCredential: unacceptableCredential,
	scram.ErrDenied:     saslAuthenticationFailed,

	txn.ErrFenced:     invalidProducerEpoch,
	txn.ErrOutOfOrder: outOfOrderSequence,
	txn.ErrInvalid:    invalidRecord,
	txn.ErrSuperseded: producerFenced,
	txn.ErrMapping:    invalidProducerIDMapping,
	txn.ErrState:      invalidTxnState,
	txn.ErrConcurrent: concurrentTransactions,
	txn.ErrRecord:     kafkaStorageError,
	txn.ErrSnapshot:   kafkaStorageError,
}

// kinds answers for codes without an entry of their own.
var kinds = map[fault.Kind]int16{
	fault.Internal:    unknownServerError,
	fault.Invalid:     invalidRequest,
	fault.NotFound:    unknownTopicOrPartition,
	fault.Conflict:    invalidRequest,
	fault.Forbidden:   invalidRequest,
	fault.Unavailable: kafkaStorageError,
}

// numberOf returns the number of an error. Those that nobody foresaw are logged here, because the client will not be told.
func (s *Server) numberOf(err error) int16 {
	if err == nil {
		return none
	}
	if n, ok := numbers[fault.CodeOf(err)]; ok {
		if n == kafkaStorageError {
			s.logger.Error("request failed", "error", err)
		}
		return n
	}
	if fault.CodeOf(err) == nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return requestTimedOut // the client left, or its time ran out: nothing to look into
	}
	n := kinds[fault.KindOf(err)]
	if n == unknownServerError {
		s.logger.Error("request failed", "error", err)
	}
	return n
}

// textOf returns the text of an error for the client, or nil.
func textOf(err error) *string {
	if err == nil {
		return nil
	}
	if d := fault.DetailOf(err); d != "" {
		return &d
	}
	if c := fault.CodeOf(err); c != nil {
		name := c.Name()
		return &name
	}
	return nil
}
