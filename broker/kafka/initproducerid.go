package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"
)

// InitProducerId, key 22, versions 0 to 5, for idempotent and for transactional producers.

func initProducerID(c *call) message {
	req := c.request.(*kmsg.InitProducerIDRequest)
	r := kmsg.NewPtrInitProducerIDResponse()
	r.ProducerID, r.ProducerEpoch = -1, -1
	id, epoch, err := c.newProducer(req)
	if err != nil {
		r.ErrorCode = c.txnNumber(err)
		return r
	}
	r.ProducerID, r.ProducerEpoch = id, epoch
	return r
}

func (c *call) newProducer(req *kmsg.InitProducerIDRequest) (int64, int16, error) {
	if req.TransactionalID != nil {
		return c.newTransactional(req)
	}
	id, epoch := int64(-1), int16(-1)
	if c.version >= 3 {
		id, epoch = req.ProducerID, req.ProducerEpoch
	}
	return c.server.broker.InitProducer(c.ctx, id, epoch)
}
