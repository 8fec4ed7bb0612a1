package broker

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/fault"
)

// The headers that a dead letter has behind those of its record. They reach disks and other programs: frozen. A record may
// bring headers of these names itself, so the last one of a name counts.
const (
	headerPrefix    = "__pawl.errors."
	headerTopic     = headerPrefix + "topic"     // where the record was sent
	headerPartition = headerPrefix + "partition" // decimal, as all numbers here
	headerRecord    = headerPrefix + "record"    // its place in its batch, from 0
	headerReason    = headerPrefix + "reason"    // the sentence that a producer would have been told
	headerCause     = headerPrefix + "cause"     // see Rejection
	headerSubject   = headerPrefix + "subject"
	headerPrincipal = headerPrefix + "principal" // who sent it
	headerClient    = headerPrefix + "client.id"
	headerAddress   = headerPrefix + "client.address"
	headerTime      = headerPrefix + "timestamp" // when it was set aside, milliseconds since the Unix epoch
)

// tolerate does with a batch that has bad records what its topic wants instead of a refusal, and returns the batch to append. If
// the batch is in the log already, there is what to answer, and nothing is done a second time.
func (p *Partition) tolerate(ctx context.Context, s *settings, from Sender, b batch.Batch, bad []Rejection) (good batch.Batch, there *Pending, err error) {
	if s.action == Report {
		p.broker.rejects.note(p, from, Report, bad)
		return b, nil, nil
	}
	if b.Transactional() {
		return nil, nil, p.rejected(bad) // a transaction that aborts must leave no dead letters behind
	}
	if there, err := p.alreadyThere(ctx, b); err != nil || there != nil {
		return nil, there, err
	}
	free, err := p.broker.slot(ctx, b)
	if err != nil {
		return nil, nil, err
	}
	defer free()
	limit := expanded(s.maxBytes, p.broker.opts.Expansion)
	if good, err = without(b, limit, bad); err != nil {
		return nil, nil, err
	}
	to, err := p.deadLetters(ctx, s)
	if fault.KindOf(err) == fault.Unavailable {
		return nil, nil, err
	}
	if err != nil {
		r := p.rejected(bad)
		r.undeliverable = err
		return nil, nil, r
	}
	// They are durable before the rest is appended: after a crash the producer sends the batch again, and it must not pass for
	// done while its bad records are lost. So a dead letter may come twice, but none is missing.
	w := deadLetterWriter{from: p, to: to, sender: from, codec: b.Codec(), now: p.broker.Now()}
	if err := w.write(ctx, b, limit, bad); err != nil {
		return nil, nil, err
	}
	p.broker.rejects.note(p, from, DeadLetter, bad)
	return good, nil, nil
}

// alreadyThere asks for a batch what append will ask, before dead letters are written for it.
func (p *Partition) alreadyThere(ctx context.Context, b batch.Batch) (*Pending, error) {
	if b.Producer().ID < 0 {
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, there, err := p.admit(ctx, b)
	return there, err
}

// without returns a copy of the batch that lacks the bad records. The others keep their offsets, and the batch its place in the
// producer's sequence, as if it had been compacted: what the producer is told of offsets stays true. All records may be bad.
func without(b batch.Batch, limit int, bad []Rejection) (batch.Batch, error) {
	return b.Retain(nil, limit, func(i int, _ batch.Record) bool {
		if len(bad) > 0 && bad[0].Index == i {
			bad = bad[1:]
			return false
		}
		return true
	})
}

// deadLetterSuffix is what the topic of dead letters has behind the name of its topic, unless it is named.
const deadLetterSuffix = ".dlq"

// deadLetters returns the partition that takes the dead letters of p, which has the same number, if there are as many. The topic
// is made if there is none.
func (p *Partition) deadLetters(ctx context.Context, s *settings) (*Partition, error) {
	const op = "broker.deadLetters"
	name := s.deadLetters
	if name == "" {
		name = p.topic.name + deadLetterSuffix
	}
	if name == p.topic.name {
		return nil, fault.New(ErrInvalidConfig, op, "topic %s cannot take its own dead letters (%s)", name, pawlDeadLetters)
	}
	t, err := p.broker.Topic(name)
	if err != nil {
		t, err = p.broker.CreateTopic(ctx, NewTopic{Name: name, Partitions: int32(len(p.topic.Partitions())), Replicas: -1}, Apply)
		if errors.Is(err, ErrTopicExists) { // made in the meantime
			t, err = p.broker.Topic(name)
		}
	}
	switch {
	case err != nil:
		return nil, err
	case t.internal:
		return nil, fault.New(ErrInvalidTopic, op, "topic %s is the broker's own (%s)", name, pawlDeadLetters)
	case t.settings.Load().compact:
		return nil, fault.New(ErrInvalidConfig, op, "topic %s is compacted, which would lose dead letters (%s)", name, pawlDeadLetters)
	}
	all := t.Partitions()
	to := all[int(p.index)%len(all)]
	if to.log == nil {
		return nil, to.broken(op)
	}
	return to, nil
}

// deadLetterBytes is about how much of dead letters, not compressed, is put into one batch: what a writer keeps in memory.
const deadLetterBytes = 256 << 10

// deadLetterWriter writes the bad records of a batch to another partition, with headers that tell about them. They are not
// judged there, and may be larger than that topic takes of others.
type deadLetterWriter struct {
	from, to *Partition
	sender   Sender
	codec    batch.Codec
	now      int64

	letters []batch.Record
	size    int
	waiting []Pending
}

// write writes them and waits until they are durable.
func (w *deadLetterWriter) write(ctx context.Context, b batch.Batch, limit int, bad []Rejection) error {
	var failed error
	err := b.Records(limit, func(i int, r batch.Record) bool {
		if bad[0].Index != i {
			return true
		}
		w.add(r, bad[0])
		if w.size >= deadLetterBytes {
			failed = w.flush(ctx)
		}
		bad = bad[1:]
		return failed == nil && len(bad) > 0
	})
	if err = errors.Join(err, failed); err == nil {
		err = w.flush(ctx)
	}
	for _, pending := range w.waiting {
		if err == nil {
			err = pending.Wait(ctx)
		}
	}
	return err
}

// add copies a record, which aliases a buffer.
func (w *deadLetterWriter) add(r batch.Record, why Rejection) {
	letter := batch.Record{Timestamp: r.Timestamp, Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value), Headers: make([]batch.Header, 0, len(r.Headers)+10)}
	w.size += len(r.Key) + len(r.Value)
	head := func(key string, value []byte) {
		letter.Headers = append(letter.Headers, batch.Header{Key: key, Value: value})
		w.size += len(key) + len(value)
	}
	for _, h := range r.Headers {
		head(h.Key, bytes.Clone(h.Value))
	}
	number := func(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
	head(headerTopic, []byte(w.from.topic.name))
	head(headerPartition, number(int64(w.from.index)))
	head(headerRecord, number(int64(why.Index)))
	head(headerReason, []byte(why.Reason))
	head(headerCause, []byte(why.Cause))
	head(headerSubject, []byte(why.Subject))
	head(headerPrincipal, []byte(w.sender.Principal))
	head(headerClient, []byte(w.sender.Client))
	head(headerAddress, []byte(w.sender.Address))
	head(headerTime, number(w.now))
	w.letters = append(w.letters, letter)
}

// flush puts what was added in line.
func (w *deadLetterWriter) flush(ctx context.Context) error {
	if len(w.letters) == 0 {
		return nil
	}
	b, err := batch.Build(nil, batch.Spec{Codec: w.codec}, w.letters)
	if err != nil {
		return err
	}
	if w.to.topic.settings.Load().appendTime {
		b.SetLogAppendTime(w.now)
	}
	pending, err := w.to.append(ctx, b)
	if err != nil {
		return err
	}
	pending.partition = w.to
	w.waiting = append(w.waiting, pending)
	w.to.broker.counts.producedBatches.Add(1)
	w.to.broker.counts.producedBytes.Add(uint64(len(b)))
	w.letters, w.size = w.letters[:0], 0
	return nil
}
