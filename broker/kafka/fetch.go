package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

// Fetch, key 1, versions 4 to 18. Fetch sessions (KIP-227) are not kept: every answer has session id 0, and clients go on to
// ask in full. Left out: preferred replicas, diverging epochs and snapshots (there is one replica), and requests of replicas.
// No data is an empty byte string, never null: librdkafka takes null for a bad size.

// fetched is one partition of a Fetch.
type fetched struct {
	partition *broker.Partition
	err       error
	from      batch.Offset
	epoch     int32
	maxBytes  int
	topic     int // position in the response
	index     int // position in the topic

	start, end int // its bytes in the buffer
	bounds     commitlog.Bounds
}

// fetchResponse is a response whose records are in a pooled buffer.
type fetchResponse struct {
	*kmsg.FetchResponse
	free func()
}

func (r fetchResponse) release() { r.free() }

// RequestKind and the like are those of the response inside; SetVersion passes through.
var _ kmsg.Response = fetchResponse{}

func fetch(c *call) kmsg.Response {
	req := c.request.(*kmsg.FetchRequest)
	r := kmsg.NewPtrFetchResponse()
	if req.SessionID != 0 && req.SessionEpoch > 0 {
		r.ErrorCode = fetchSessionNotFound
		return r
	}
	all := c.server.fetched(c.version, req, r)
	data, free := c.collect(req, all)
	for i := range all {
		c.server.fill(r, &all[i], data, req.IsolationLevel)
	}
	return fetchResponse{FetchResponse: r, free: free}
}

// fetched finds the partitions of a request and lays out the response.
func (s *Server) fetched(version int16, req *kmsg.FetchRequest, r *kmsg.FetchResponse) []fetched {
	var all []fetched
	for i := range req.Topics {
		asked := &req.Topics[i]
		t, err := s.topic(version >= 13, asked.Topic, asked.TopicID)
		v := kmsg.NewFetchResponseTopic()
		v.Topic, v.TopicID = asked.Topic, asked.TopicID
		v.Partitions = make([]kmsg.FetchResponseTopicPartition, len(asked.Partitions))
		for j := range asked.Partitions {
			p := &asked.Partitions[j]
			v.Partitions[j].Default()
			v.Partitions[j].Partition = p.Partition
			f := fetched{err: err, from: batch.Offset(p.FetchOffset), epoch: p.CurrentLeaderEpoch, maxBytes: int(p.PartitionMaxBytes), topic: i, index: j}
			if err == nil {
				f.partition, f.err = t.Partition(p.Partition)
			}
			if f.err == nil {
				f.err = f.partition.CheckTerm(f.epoch)
			}
			all = append(all, f)
		}
		r.Topics = append(r.Topics, v)
	}
	return all
}

func (s *Server) topic(byID bool, name string, id broker.ID) (*broker.Topic, error) {
	if byID {
		return s.broker.TopicByID(id)
	}
	return s.broker.Topic(name)
}

// collect reads the partitions, again and again until there are MinBytes, an error to tell, or no time left.
func (c *call) collect(req *kmsg.FetchRequest, all []fetched) (data []byte, free func()) {
	deadline := time.Now().Add(time.Duration(req.MaxWaitMillis) * time.Millisecond)
	waiter := broker.NewWaiter()
	if req.MaxWaitMillis > 0 && req.MinBytes > 0 {
		for i := range all {
			if p := all[i].partition; p != nil {
				p.Subscribe(waiter)
				defer p.Unsubscribe(waiter)
			}
		}
	}
	for {
		data, free, failed := c.readAll(req, all)
		if failed || len(data) >= int(req.MinBytes) || !c.sleepUntil(deadline, waiter) {
			return data, free
		}
		free()
	}
}

// sleepUntil waits for news, and reports false if there will be none in time.
func (c *call) sleepUntil(deadline time.Time, waiter *broker.Waiter) bool {
	left := time.Until(deadline)
	if left <= 0 {
		return false
	}
	t := time.NewTimer(left)
	defer t.Stop()
	select {
	case <-waiter.C:
		return true
	case <-t.C:
		return false
	case <-c.ctx.Done():
		return false
	}
}

// leastFetch is what a Fetch may read when the memory for Fetch responses is used up.
const leastFetch = 64 << 10

// readAll reads the partitions once, in the order of the request, into one buffer. The first batch is read even if it is larger
// than all bounds, so that a consumer always gets on (KIP-74).
func (c *call) readAll(req *kmsg.FetchRequest, all []fetched) (data []byte, free func(), failed bool) {
	limit, grant := c.server.grant(req, all)
	b := takeBuffer(min(limit, 64<<10))
	data = b.b[:0]
	for i := range all {
		f := &all[i]
		f.start, f.end = len(data), len(data)
		if f.err != nil {
			failed = true
			continue
		}
		room := limit - len(data)
		if room <= 0 {
			f.bounds, f.err = f.partition.Bounds()
			continue
		}
		data = f.read(c.ctx, data, min(room, max(f.maxBytes, 0)), room)
		failed = failed || f.err != nil
	}
	held := c.server.settle(grant, int64(len(data)))
	return data, func() {
		if held > 0 {
			c.server.fetches.Release(held)
		}
		if cap(data) == cap(b.b) {
			b.release()
		}
	}, failed
}

// read appends what the partition has to data. Unless data is empty, it must fit into room.
func (f *fetched) read(ctx context.Context, data []byte, maxBytes, room int) []byte {
	var err error
	before := len(data)
	data, f.bounds, err = f.partition.Read(ctx, data, f.from, maxBytes)
	f.err = err
	if before > 0 && len(data)-before > room {
		data = data[:before]
	}
	f.end = len(data)
	return data
}

// grant reserves memory for a response: as much as was asked for, or, when the others have it all, a little.
func (s *Server) grant(req *kmsg.FetchRequest, all []fetched) (limit int, held int64) {
	want := 0
	for i := range all {
		want += max(all[i].maxBytes, 0)
		if want >= s.opts.MaxFetchBytes {
			break
		}
	}
	want = min(want, max(int(req.MaxBytes), 0), s.opts.MaxFetchBytes)
	if s.fetches.TryAcquire(int64(want)) {
		return want, int64(want)
	}
	return min(want, leastFetch), 0
}

// settle gives back what was reserved and not used.
func (s *Server) settle(held, used int64) int64 {
	if held <= used {
		return held
	}
	s.fetches.Release(held - used)
	return used
}

// fill completes a partition of the response.
func (s *Server) fill(r *kmsg.FetchResponse, f *fetched, data []byte, isolation int8) {
	v := &r.Topics[f.topic].Partitions[f.index]
	v.RecordBatches = data[f.start:f.end]
	if v.RecordBatches == nil {
		v.RecordBatches = []byte{}
	}
	v.HighWatermark, v.LastStableOffset, v.LogStartOffset = -1, -1, -1
	if isolation == 1 {
		v.AbortedTransactions = []kmsg.FetchResponseTopicPartitionAbortedTransaction{}
	}
	if f.err != nil && fault.CodeOf(f.err) != commitlog.ErrOutOfRange {
		v.ErrorCode = s.numberOf(f.err)
		return
	}
	v.ErrorCode = s.numberOf(f.err)
	v.HighWatermark, v.LastStableOffset, v.LogStartOffset = int64(f.bounds.HighWatermark), int64(f.bounds.HighWatermark), int64(f.bounds.Start)
}
