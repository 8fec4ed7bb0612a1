package broker

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// idBlock is how many producer ids are taken from the metadata log at once: those not given out before a restart are lost.
const idBlock = 1000

// InitProducer gives out a producer id with epoch 0. A producer that has an id already, because it lost count of its sequences,
// gets another one, as from Kafka: only a transactional id makes an epoch of it. id and epoch are -1 for one that has none.
func (b *Broker) InitProducer(ctx context.Context, id int64, epoch int16) (int64, int16, error) {
	const op = "broker.InitProducer"
	if (id < 0) != (epoch < 0) {
		return 0, 0, fault.New(ErrInvalidRequest, op, "a producer id and its epoch go together: %d, %d", id, epoch)
	}
	b.admin.Lock()
	defer b.admin.Unlock()
	if b.nextID >= b.state.NextProducer {
		if err := b.commit(ctx, change{Producers: &producerIDs{Next: b.nextID + idBlock}}); err != nil {
			return 0, 0, err
		}
	}
	given := b.nextID
	b.nextID++
	return given, 0, nil
}

// tailBytes is how much of a log is read for the state of its producers, at least, if there is as much.
const tailBytes = 64 << 20

// loadProducers reads the producers' state from the tail of the log, once. The caller holds p.mu.
func (p *Partition) loadProducers(ctx context.Context) error {
	if p.producers != nil {
		return nil
	}
	producers, from := p.restore()
	err := scan(ctx, p.log, from, func(b batch.Batch) error {
		return observe(producers, b)
	})
	if err != nil {
		return fault.Wrap(ErrStorage, "broker.Produce", err, "cannot read the producers of topic %s, partition %d", p.topic.name, p.index)
	}
	producers.Trim(p.log.Bounds().Start)
	p.producers = producers
	if err := p.abortHanging(ctx); err != nil {
		p.producers = nil
		return err
	}
	return nil
}

// tail returns where the last segments that hold tailBytes begin.
func (p *Partition) tail() batch.Offset {
	start := p.log.Bounds().Start
	s, ok := p.log.(commitlog.Sizer)
	if !ok {
		return start
	}
	segments := s.Segments()
	var bytes int64
	for i := len(segments) - 1; i >= 0; i-- {
		if bytes += segments[i].Bytes; bytes >= tailBytes {
			return max(segments[i].Base, start)
		}
	}
	return start
}

// forgetProducers drops the producers that have been silent too long.
func (p *Partition) forgetProducers() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.producers != nil {
		p.producers.Trim(p.log.Bounds().Start)
		p.producers.Expire(p.broker.Now() - p.broker.opts.ProducerExpiry.Milliseconds())
	}
}

// Producers lists the producers that the partition remembers (DescribeProducers).
func (p *Partition) Producers(ctx context.Context) ([]txn.Active, error) {
	if p.log == nil {
		return nil, p.broken("broker.Producers")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.loadProducers(ctx); err != nil {
		return nil, err
	}
	return p.producers.Active(), nil
}
