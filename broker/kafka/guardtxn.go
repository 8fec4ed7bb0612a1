package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/internal/acl"
)

// The guards of producer ids and transactions.

func guardInitProducerID(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.InitProducerIDRequest)
	number := int16(none)
	switch {
	case req.TransactionalID != nil:
		if !c.may(acl.Write, acl.TransactionalID, *req.TransactionalID) {
			number = transactionalIDAuthFailed
		}
	case !c.mayCluster(acl.IdempotentWrite) && !c.mayAny(acl.Write, acl.Topic):
		number = clusterAuthorizationFailed
	}
	if number == none {
		return next(c)
	}
	r := kmsg.NewPtrInitProducerIDResponse()
	r.ErrorCode, r.ProducerID, r.ProducerEpoch = number, -1, -1
	return r
}

// guardAddPartitionsToTxn adds nothing at all if one topic is denied: the others are answered as not attempted. Versions 4 and 5
// are asked by brokers alone, which are not clients of this one.
func guardAddPartitionsToTxn(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.AddPartitionsToTxnRequest)
	r := kmsg.NewPtrAddPartitionsToTxnResponse()
	if c.version >= 4 {
		if c.mayCluster(acl.ClusterAction) {
			return next(c)
		}
		r.ErrorCode = clusterAuthorizationFailed
		return r
	}
	number := int16(operationNotAttempted)
	if !c.may(acl.Write, acl.TransactionalID, req.TransactionalID) {
		number = transactionalIDAuthFailed
	}
	refused := number != operationNotAttempted
	for _, t := range req.Topics {
		of := number
		if number == operationNotAttempted && !c.may(acl.Write, acl.Topic, t.Topic) {
			of, refused = topicAuthorizationFailed, true
		}
		v := kmsg.NewAddPartitionsToTxnResponseTopic()
		v.Topic = t.Topic
		for _, p := range t.Partitions {
			w := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
			w.Partition, w.ErrorCode = p, of
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	if refused {
		return r
	}
	return next(c)
}

func guardAddOffsetsToTxn(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.AddOffsetsToTxnRequest)
	r := kmsg.NewPtrAddOffsetsToTxnResponse()
	switch {
	case !c.may(acl.Write, acl.TransactionalID, req.TransactionalID):
		r.ErrorCode = transactionalIDAuthFailed
	case !c.may(acl.Read, acl.Group, req.Group):
		r.ErrorCode = groupAuthorizationFailed
	default:
		return next(c)
	}
	return r
}

func guardEndTxn(c *call, next func(*call) message) message {
	if c.may(acl.Write, acl.TransactionalID, c.request.(*kmsg.EndTxnRequest).TransactionalID) {
		return next(c)
	}
	r := kmsg.NewPtrEndTxnResponse()
	r.ErrorCode, r.ProducerID, r.ProducerEpoch = transactionalIDAuthFailed, -1, -1
	return r
}

func guardTxnOffsetCommit(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.TxnOffsetCommitRequest)
	number := int16(none)
	switch {
	case !c.may(acl.Write, acl.TransactionalID, req.TransactionalID):
		number = transactionalIDAuthFailed
	case !c.may(acl.Read, acl.Group, req.Group):
		number = groupAuthorizationFailed
	}
	denied := withhold(&req.Topics, func(t *kmsg.TxnOffsetCommitRequestTopic) bool {
		return number == none && c.may(acl.Read, acl.Topic, t.Topic)
	})
	r := kmsg.NewPtrTxnOffsetCommitResponse()
	if len(req.Topics) > 0 {
		r = next(c).(*kmsg.TxnOffsetCommitResponse)
	}
	if number == none {
		number = topicAuthorizationFailed
	}
	for _, t := range denied {
		v := kmsg.NewTxnOffsetCommitResponseTopic()
		v.Topic = t.Topic
		for _, p := range t.Partitions {
			w := kmsg.NewTxnOffsetCommitResponseTopicPartition()
			w.Partition, w.ErrorCode = p.Partition, number
			v.Partitions = append(v.Partitions, w)
		}
		r.Topics = append(r.Topics, v)
	}
	return r
}

func guardDescribeTransactions(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.DescribeTransactionsRequest)
	denied := withhold(&req.TransactionalIDs, func(id *string) bool { return c.may(acl.Describe, acl.TransactionalID, *id) })
	r := next(c).(*kmsg.DescribeTransactionsResponse)
	for i := range r.TransactionStates {
		withhold(&r.TransactionStates[i].Topics, func(t *kmsg.DescribeTransactionsResponseTransactionStateTopic) bool {
			return c.may(acl.Describe, acl.Topic, t.Topic)
		})
	}
	for _, id := range denied {
		v := kmsg.NewDescribeTransactionsResponseTransactionState()
		v.TransactionalID, v.ErrorCode = id, transactionalIDAuthFailed
		r.TransactionStates = append(r.TransactionStates, v)
	}
	return r
}

func guardListTransactions(c *call, next func(*call) message) message {
	r := next(c).(*kmsg.ListTransactionsResponse)
	withhold(&r.TransactionStates, func(s *kmsg.ListTransactionsResponseTransactionState) bool {
		return c.may(acl.Describe, acl.TransactionalID, s.TransactionalID)
	})
	return r
}
