package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// Produce, key 0, versions 3 to 13; 0 to 2 are advertised (see ApiVersions) and refused with error 35, as Kafka 4 refuses
// them. Up to version 11 a transactional batch finds its partition in the transaction; from 12 on it brings it there
// (KIP-890). The request is decoded here, not by kmsg: it may be large, and its records are
// passed on without a copy.

// leastProduce is the lowest version that is served, though lower ones are advertised.
const leastProduce = 3

// implicitProduce is the first version that takes partitions into transactions.
const implicitProduce = 12

// noTimeout stands in for a time-out of 0 or less.
const noTimeout = 30 * time.Second

// produced is one partition of a Produce.
type produced struct {
	topic   []byte
	id      broker.ID
	index   int32
	pending broker.Pending
	err     error
}

// produce puts the batches of a request in line and returns what is left to do: to wait until they are durable, and to answer.
// body has the shape of a Produce.
func (c *conn) produce(ctx context.Context, client string, version int16, body []byte) func(context.Context) (message, error) {
	w := wire{rest: body, flexible: version >= 9}
	r := producing{conn: c, client: client, version: version}
	if version >= 3 {
		r.txn = string(w.string())
	}
	r.acks = w.int16()
	timeout := time.Duration(w.int32()) * time.Millisecond
	if timeout <= 0 {
		timeout = noTimeout
	}
	for range w.count() {
		r.topic(ctx, &w)
	}
	return func(ctx context.Context) (message, error) { return r.finish(ctx, timeout) }
}

// producing is a Produce on its way.
type producing struct {
	conn    *conn
	client  string
	version int16
	txn     string // transactional id
	acks    int16
	all     []produced
}

// topic takes the batches of one topic off w and puts them in line.
func (r *producing) topic(ctx context.Context, w *wire) {
	p := produced{}
	if r.version >= 13 {
		p.id = w.uuid()
	} else {
		p.topic = append([]byte(nil), w.string()...)
	}
	for range w.count() {
		p.index = w.int32()
		records := w.bytes()
		w.end()
		p.pending, p.err = r.put(ctx, &p, records)
		r.all = append(r.all, p)
	}
	w.end()
}

// finish waits until the batches are durable, and answers.
func (r *producing) finish(ctx context.Context, timeout time.Duration) (message, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for i := range r.all {
		if p := &r.all[i]; p.err == nil {
			p.err = p.pending.Wait(ctx)
		}
	}
	if r.acks == 0 {
		return nil, silence(r.all)
	}
	return r.conn.server.produceResponse(r.version, r.all), nil
}

// silence is what a client that wants no answer gets: nothing, or the end of its connection if a batch failed.
func silence(all []produced) error {
	for _, p := range all {
		if p.err != nil {
			return fmt.Errorf("a Produce with acks=0 failed: %w", p.err)
		}
	}
	return nil
}

var (
	errProduceVersion = fault.NewCode(fault.Invalid, "produce_version_refused")
	errAcks           = fault.NewCode(fault.Invalid, "invalid_required_acks")
)

// joining is the transactional id, if partitions are taken into its transaction.
func (r *producing) joining() string {
	if r.version < implicitProduce {
		return ""
	}
	return r.txn
}

// sender is who the batches come from.
func (r *producing) sender() broker.Sender {
	return broker.Sender{Client: r.client, Principal: r.conn.session.principal, Address: r.conn.host[1:]}
}

// put hands one batch to the broker.
func (r *producing) put(ctx context.Context, p *produced, records []byte) (broker.Pending, error) {
	const op = "kafka.Produce"
	if r.version < leastProduce {
		return broker.Pending{}, fault.New(errProduceVersion, op, "Produce version %d is refused; use 3 or later", r.version)
	}
	if r.acks < -1 || r.acks > 1 {
		return broker.Pending{}, fault.New(errAcks, op, "acks is %d; it must be -1, 0 or 1", r.acks)
	}
	if err := r.authorize(p); err != nil {
		return broker.Pending{}, err
	}
	partition, err := r.conn.server.partition(r.version >= 13, p)
	if err != nil {
		return broker.Pending{}, err
	}
	if partition.Topic().Internal() {
		return broker.Pending{}, fault.New(broker.ErrInvalidTopic, op, "topic %s is the broker's own", partition.Topic().Name())
	}
	return partition.ProduceIn(ctx, r.sender(), r.joining(), records)
}

func (s *Server) partition(byID bool, p *produced) (*broker.Partition, error) {
	var t *broker.Topic
	var err error
	if byID {
		t, err = s.broker.TopicByID(p.id)
	} else {
		t, err = s.broker.Topic(string(p.topic))
	}
	if err != nil {
		return nil, err
	}
	return t.Partition(p.index)
}

func (s *Server) produceResponse(version int16, all []produced) *kmsg.ProduceResponse {
	r := kmsg.NewPtrProduceResponse()
	r.SetVersion(version)
	for i := range all {
		p := &all[i]
		if n := len(r.Topics); n == 0 || r.Topics[n-1].TopicID != p.id || r.Topics[n-1].Topic != string(p.topic) {
			t := kmsg.NewProduceResponseTopic()
			t.Topic, t.TopicID = string(p.topic), p.id
			r.Topics = append(r.Topics, t)
		}
		t := &r.Topics[len(r.Topics)-1]
		t.Partitions = append(t.Partitions, s.producedPartition(p))
	}
	return r
}

func (s *Server) producedPartition(p *produced) kmsg.ProduceResponseTopicPartition {
	v := kmsg.NewProduceResponseTopicPartition()
	v.Partition = p.index
	if p.err == nil {
		v.BaseOffset, v.LogAppendTime, v.LogStartOffset = int64(p.pending.Base), p.pending.AppendTime, int64(p.pending.LogStart)
		return v
	}
	v.BaseOffset, v.LogAppendTime, v.LogStartOffset = -1, -1, -1
	v.ErrorCode, v.ErrorMessage = s.numberOf(p.err), textOf(p.err)
	if v.ErrorCode == producerFenced { // which Produce has no word for (KIP-588)
		v.ErrorCode = invalidProducerEpoch
	}
	if errors.Is(p.err, context.DeadlineExceeded) {
		v.ErrorCode = requestTimedOut
	}
	var rejected *broker.Rejected
	if errors.As(p.err, &rejected) {
		for _, one := range rejected.Rejections {
			e := kmsg.NewProduceResponseTopicPartitionErrorRecord()
			e.RelativeOffset, e.ErrorMessage = int32(one.Index), &one.Reason
			v.ErrorRecords = append(v.ErrorRecords, e)
		}
	}
	return v
}
