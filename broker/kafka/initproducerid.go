package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// InitProducerId, key 22, versions 0 to 5, for idempotent producers. Left out: transactions; a transactional id is refused with
// INVALID_REQUEST, or with INVALID_TRANSACTION_TIMEOUT if its time-out could not be granted either.

// maxTxnTimeout is Kafka's transaction.max.timeout.ms.
const maxTxnTimeout = 15 * 60 * 1000

var errTxnTimeout = fault.NewCode(fault.Invalid, "invalid_transaction_timeout")

func initProducerID(c *call) message {
	req := c.request.(*kmsg.InitProducerIDRequest)
	r := kmsg.NewPtrInitProducerIDResponse()
	r.ProducerID, r.ProducerEpoch = -1, -1
	id, epoch, err := c.newProducer(req)
	if err != nil {
		r.ErrorCode = c.server.numberOf(err)
		return r
	}
	r.ProducerID, r.ProducerEpoch = id, epoch
	return r
}

func (c *call) newProducer(req *kmsg.InitProducerIDRequest) (int64, int16, error) {
	const op = "kafka.InitProducerId"
	if req.TransactionalID != nil {
		if req.TransactionTimeoutMillis < 1 || req.TransactionTimeoutMillis > maxTxnTimeout {
			return 0, 0, fault.New(errTxnTimeout, op, "a transaction may take from 1 to %d ms, not %d", maxTxnTimeout, req.TransactionTimeoutMillis)
		}
		return 0, 0, fault.New(broker.ErrTransactional, op, "transactions are not served")
	}
	id, epoch := int64(-1), int16(-1)
	if c.version >= 3 {
		id, epoch = req.ProducerID, req.ProducerEpoch
	}
	return c.server.broker.InitProducer(c.ctx, id, epoch)
}
