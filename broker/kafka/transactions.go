package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// The requests of transactional producers. A request that meets one under way for the same transactional id waits for it, where
// Kafka answers CONCURRENT_TRANSACTIONS; and EndTxn is answered when the markers are written, so that what was committed is there
// to read.

// fencedSince says from which version of a request a producer that was replaced hears PRODUCER_FENCED; before, and always in
// Produce, it is INVALID_PRODUCER_EPOCH (KIP-588).
var fencedSince = map[int16]int16{22: 4, 24: 2, 25: 2, 26: 2, 28: 3}

// txnNumber is numberOf for a request of a transactional producer.
func (c *call) txnNumber(err error) int16 {
	n := c.server.numberOf(err)
	if since, ok := fencedSince[c.request.Key()]; n == producerFenced && (!ok || c.version < since) {
		return invalidProducerEpoch
	}
	return n
}

// newTransactional is InitProducerId with a transactional id.
func (c *call) newTransactional(req *kmsg.InitProducerIDRequest) (int64, int16, error) {
	id, epoch := int64(-1), int16(-1)
	if c.version >= 3 {
		id, epoch = req.ProducerID, req.ProducerEpoch
	}
	timeout := time.Duration(req.TransactionTimeoutMillis) * time.Millisecond
	return c.server.broker.InitTransactional(c.ctx, *req.TransactionalID, timeout, id, epoch)
}

// EndTxn, key 26, versions 0 to 5. From version 5 on the client speaks transaction.version 2: the answer has the epoch of its
// next transaction.

func endTxn(c *call) message {
	req := c.request.(*kmsg.EndTxnRequest)
	r := kmsg.NewPtrEndTxnResponse()
	id, epoch, err := c.server.broker.EndTransaction(c.ctx, req.TransactionalID, txn.End{
		Producer: req.ProducerID, Epoch: req.ProducerEpoch, Commit: req.Commit, Bump: c.version >= 5})
	if r.ErrorCode = c.txnNumber(err); err != nil {
		id, epoch = -1, -1
	}
	r.ProducerID, r.ProducerEpoch = id, epoch
	return r
}

// AddOffsetsToTxn, key 25, versions 0 to 4.

func addOffsetsToTxn(c *call) message {
	req := c.request.(*kmsg.AddOffsetsToTxnRequest)
	r := kmsg.NewPtrAddOffsetsToTxnResponse()
	r.ErrorCode = c.txnNumber(c.server.broker.AddOffsetsToTransaction(c.ctx, req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group))
	return r
}

// errNotAttempted is what the good partitions of a request hear when others are bad.
var errNotAttempted = fault.NewCode(fault.Conflict, "operation_not_attempted")

// AddPartitionsToTxn, key 24, versions 0 to 5; from version 4 on for several transactions at once, of which some may only be
// asked about. All partitions of a transaction are added, or none.

func addPartitionsToTxn(c *call) message {
	req := c.request.(*kmsg.AddPartitionsToTxnRequest)
	r := kmsg.NewPtrAddPartitionsToTxnResponse()
	if c.version < 4 {
		one := kmsg.NewAddPartitionsToTxnRequestTransaction()
		one.TransactionalID, one.ProducerID, one.ProducerEpoch = req.TransactionalID, req.ProducerID, req.ProducerEpoch
		for _, t := range req.Topics {
			one.Topics = append(one.Topics, kmsg.AddPartitionsToTxnRequestTransactionTopic{Topic: t.Topic, Partitions: t.Partitions})
		}
		for _, t := range c.addPartitions(&one).Topics {
			v := kmsg.NewAddPartitionsToTxnResponseTopic()
			v.Topic = t.Topic
			for _, p := range t.Partitions {
				w := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
				w.Partition, w.ErrorCode = p.Partition, p.ErrorCode
				v.Partitions = append(v.Partitions, w)
			}
			r.Topics = append(r.Topics, v)
		}
		return r
	}
	for i := range req.Transactions {
		r.Transactions = append(r.Transactions, c.addPartitions(&req.Transactions[i]))
	}
	return r
}

// addPartitions answers for one transaction.
func (c *call) addPartitions(req *kmsg.AddPartitionsToTxnRequestTransaction) kmsg.AddPartitionsToTxnResponseTransaction {
	v := kmsg.NewAddPartitionsToTxnResponseTransaction()
	v.TransactionalID = req.TransactionalID
	var places []txn.Place
	bad := make(map[txn.Place]error)
	for _, t := range req.Topics {
		for _, p := range t.Partitions {
			place := txn.Place{Topic: t.Topic, Partition: p}
			places = append(places, place)
			if err := c.writable(place); err != nil {
				bad[place] = err
			}
		}
	}
	err := error(fault.New(errNotAttempted, "kafka.AddPartitionsToTxn", "other partitions of the request are refused"))
	switch {
	case len(bad) > 0:
	case req.VerifyOnly:
		err = c.verify(req, places)
	default:
		err = c.server.broker.AddToTransaction(c.ctx, req.TransactionalID, req.ProducerID, req.ProducerEpoch, places, 0)
	}
	for _, t := range req.Topics {
		w := kmsg.NewAddPartitionsToTxnResponseTransactionTopic()
		w.Topic = t.Topic
		for _, p := range t.Partitions {
			x := kmsg.NewAddPartitionsToTxnResponseTransactionTopicPartition()
			x.Partition, x.ErrorCode = p, c.txnNumber(err)
			if own := bad[txn.Place{Topic: t.Topic, Partition: p}]; own != nil {
				x.ErrorCode = c.server.numberOf(own)
			}
			w.Partitions = append(w.Partitions, x)
		}
		v.Topics = append(v.Topics, w)
	}
	return v
}

// writable refuses a partition that clients cannot produce to.
func (c *call) writable(place txn.Place) error {
	t, err := c.server.broker.Topic(place.Topic)
	if err != nil {
		return err
	}
	if t.Internal() {
		return fault.New(broker.ErrInvalidTopic, "kafka.AddPartitionsToTxn", "topic %s is the broker's own", place.Topic)
	}
	_, err = t.Partition(place.Partition)
	return err
}

// verify says whether partitions are in a transaction, and adds none (KIP-890).
func (c *call) verify(req *kmsg.AddPartitionsToTxnRequestTransaction, places []txn.Place) error {
	const op = "kafka.AddPartitionsToTxn"
	d, err := c.server.broker.Transaction(req.TransactionalID)
	switch {
	case err != nil || d.Producer != req.ProducerID:
		return fault.New(txn.ErrMapping, op, "producer id %d does not belong to transactional id %q", req.ProducerID, req.TransactionalID)
	case d.Epoch != req.ProducerEpoch:
		return fault.New(txn.ErrSuperseded, op, "epoch %d of producer %d was replaced by %d", req.ProducerEpoch, req.ProducerID, d.Epoch)
	}
	for _, p := range places {
		if d.Status != txn.Ongoing || !d.Has(p) {
			return fault.New(txn.ErrState, op, "topic %s, partition %d is in no open transaction", p.Topic, p.Partition)
		}
	}
	return nil
}
