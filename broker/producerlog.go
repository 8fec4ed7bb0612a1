package broker

import (
	"context"
	"encoding/binary"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/fault"
)

// producerLog is the name of the log of producers' states, so that a partition need not read its tail for them. A record's key
// is a topic's id and a partition (int32), its value the offset (int64) up to which the state knows, and the state as
// txn.Producers writes it. The last record of a key counts. It reaches disks: frozen.
const producerLog = reservedPrefix + "producers-0"

// snapshotKey names a partition in the log of producers.
type snapshotKey struct {
	topic     ID
	partition int32
}

// snapshot is the state of a partition's producers after the batch before upTo. An empty one says no more than that no record
// before upTo belongs to a transaction.
type snapshot struct {
	upTo  batch.Offset
	state []byte
}

func (s snapshot) record(k snapshotKey, now int64) batch.Record {
	value := append(binary.BigEndian.AppendUint64(nil, uint64(s.upTo)), s.state...)
	return batch.Record{Timestamp: now, Key: k.encode(), Value: value}
}

func (k snapshotKey) encode() []byte {
	return binary.BigEndian.AppendUint32(k.topic[:len(k.topic):len(k.topic)], uint32(k.partition))
}

func parseSnapshot(r batch.Record) (k snapshotKey, s snapshot, err error) {
	f := fields{rest: r.Key}
	copy(k.topic[:], f.take(len(k.topic)))
	k.partition = f.int32()
	v := fields{rest: r.Value}
	s.upTo = batch.Offset(v.int64())
	s.state = append([]byte(nil), v.rest...)
	if f.short || v.short || len(f.rest) > 0 || s.upTo < 0 {
		return k, s, fault.New(ErrStorage, "broker.parseSnapshot", "the record at offset %d of %s is no state of producers", r.Offset, producerLog)
	}
	return k, s, nil
}

// openProducers reads the states. One that knows of more than its log has is dropped: the log lost its end with the machine's
// power, and the producers will send again what was lost, which must not be taken for duplicates.
func (b *Broker) openProducers(ctx context.Context) error {
	const op = "broker.Open"
	log, err := b.opts.Logs.Open(ctx, producerLog)
	if err != nil {
		return fault.Wrap(ErrStorage, op, err, "cannot open the log %s", producerLog)
	}
	b.producers = log
	b.snapshots = make(map[snapshotKey]snapshot)
	err = replay(ctx, log, func(r batch.Record) error {
		k, s, err := parseSnapshot(r)
		if err == nil {
			b.snapshots[k] = s
		}
		return err
	})
	if err != nil {
		return fault.Wrap(ErrStorage, op, err, "cannot read the log %s", producerLog)
	}
	dropped := false
	for k, s := range b.snapshots {
		if p := b.partitionOf(k); p == nil || s.upTo > p.log.Bounds().HighWatermark {
			b.dropSnapshot(k, s, p)
			dropped = true
		}
	}
	if dropped { // for good: once the log has grown again, nobody could tell
		err = b.writeProducers(ctx)
	}
	if err != nil {
		return fault.Wrap(ErrStorage, op, err, "cannot write the log %s", producerLog)
	}
	return nil
}

// dropSnapshot forgets a state that cannot be used, but not that there are transactions, and from where on.
func (b *Broker) dropSnapshot(k snapshotKey, s snapshot, p *Partition) {
	delete(b.snapshots, k)
	if p == nil {
		return
	}
	began := s.upTo
	if len(s.state) > 0 {
		producers := txn.NewProducers(b.opts.MaxProducers)
		if err := producers.Restore(s.state); err != nil {
			began = 0
		} else if began = producers.Began(); began < 0 {
			return
		}
	}
	b.snapshots[k] = snapshot{upTo: min(began, p.log.Bounds().HighWatermark)}
}

// partitionOf returns the partition of a state, or nil if it is gone or cannot be used.
func (b *Broker) partitionOf(k snapshotKey) *Partition {
	t, err := b.TopicByID(k.topic)
	if err != nil {
		return nil
	}
	p, err := t.Partition(k.partition)
	if err != nil || p.log == nil {
		return nil
	}
	return p
}

// saveProducers writes the states anew, if any changed, and trims the old ones.
func (b *Broker) saveProducers(ctx context.Context) error {
	b.saving.Lock()
	defer b.saving.Unlock()
	if !b.snapshotAll() {
		return nil
	}
	return b.writeProducers(ctx)
}

// writeProducers writes all states and trims what came before them.
func (b *Broker) writeProducers(ctx context.Context) error {
	first, written := batch.Offset(0), false
	for chunk := range b.snapshotRecords {
		encoded, err := batch.Build(nil, batch.Spec{}, chunk)
		if err != nil {
			return err
		}
		base, err := b.producers.Append(ctx, encoded, b.opts.Durability)
		if err != nil {
			return err
		}
		if !written {
			first, written = base, true
		}
	}
	if !written {
		first = b.producers.Bounds().HighWatermark
	}
	return b.producers.TrimBefore(ctx, first)
}

// snapshotAll brings the states up to date, and reports whether that changed any. The caller holds b.saving, so nobody else
// changes the map; b.snapshotting is for those who only look, with a partition's lock in hand.
func (b *Broker) snapshotAll() (changed bool) {
	for k := range b.snapshots {
		if b.partitionOf(k) == nil {
			b.snapshotting.Lock()
			delete(b.snapshots, k)
			b.snapshotting.Unlock()
			changed = true
		}
	}
	for _, t := range b.Topics() {
		for _, p := range t.Partitions() {
			s, ok := p.snapshot()
			k := snapshotKey{topic: t.id, partition: p.index}
			if ok && s.upTo != b.snapshots[k].upTo {
				b.snapshotting.Lock()
				b.snapshots[k] = s
				b.snapshotting.Unlock()
				changed = true
			}
		}
	}
	return changed
}

// snapshot returns the state of the partition's producers, unless it was never asked for, or batches are on their way to disk:
// a state must not know of more than is safe.
func (p *Partition) snapshot() (snapshot, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.producers == nil || p.log == nil {
		return snapshot{}, false
	}
	bounds := p.log.Bounds()
	if bounds.HighWatermark != bounds.End {
		return snapshot{}, false
	}
	return snapshot{upTo: bounds.End, state: p.producers.AppendSnapshot(nil)}, true
}

// snapshotBytes is about how large a batch of states may become.
const snapshotBytes = 512 << 10

// snapshotRecords yields the records of all states, as many at a time as a batch should hold.
func (b *Broker) snapshotRecords(yield func([]batch.Record) bool) {
	var chunk []batch.Record
	size := 0
	for k, s := range b.snapshots {
		r := s.record(k, b.Now())
		chunk = append(chunk, r)
		if size += len(r.Value); size >= snapshotBytes {
			if !yield(chunk) {
				return
			}
			chunk, size = nil, 0
		}
	}
	if len(chunk) > 0 {
		yield(chunk)
	}
}

// restore returns the producers as the partition's state has them, and from where the log has to be read to complete them.
func (p *Partition) restore() (producers *txn.Producers, from batch.Offset) {
	producers = txn.NewProducers(p.broker.opts.MaxProducers)
	p.broker.snapshotting.Lock()
	s, ok := p.broker.snapshots[snapshotKey{topic: p.topic.id, partition: p.index}]
	p.broker.snapshotting.Unlock()
	if !ok {
		return producers, p.tail()
	}
	start := p.log.Bounds().Start
	if len(s.state) == 0 {
		return producers, min(max(s.upTo, start), p.tail())
	}
	if err := producers.Restore(s.state); err != nil {
		p.broker.logger.Warn("the state of producers cannot be read; the log is read instead", "topic", p.topic.name, "partition", p.index, "error", err)
		return producers, start
	}
	return producers, max(s.upTo, start)
}
