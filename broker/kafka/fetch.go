package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
)

// Fetch, key 1, versions 4 to 18. Fetch sessions (KIP-227) are not kept: every answer has session id 0, and clients go on to
// ask in full. Left out: preferred replicas, diverging epochs and snapshots (there is one replica), and requests of replicas.
// No data is an empty byte string, never null: librdkafka takes null for a bad size.

// fetched is one partition of a Fetch, first as it was asked for, then as it is answered.
type fetched struct {
	index     int32
	partition *broker.Partition
	from      batch.Offset
	maxBytes  int
	err       error

	start, end              int // its records in the buffer of the answer
	code                    int16
	highWatermark, logStart int64
}

func fetch(c *call) message {
	req := c.request.(*kmsg.FetchRequest)
	a := &fetchAnswer{version: c.version, committed: req.IsolationLevel == 1}
	if req.SessionID != 0 && req.SessionEpoch > 0 {
		a.code = fetchSessionNotFound
		return a
	}
	c.server.resolve(a, req)
	c.collect(a, req)
	for i := range a.topics {
		for j := range a.topics[i].partitions {
			p := &a.topics[i].partitions[j]
			if p.code = c.server.numberOf(p.err); p.code != none && p.code != offsetOutOfRange {
				p.highWatermark, p.logStart = -1, -1
			}
		}
	}
	return a
}

// resolve finds the partitions of a request and lays out the answer.
func (s *Server) resolve(a *fetchAnswer, req *kmsg.FetchRequest) {
	a.topics = make([]fetchTopic, len(req.Topics))
	for i := range req.Topics {
		asked := &req.Topics[i]
		t, err := s.topic(a.version >= 13, asked.Topic, asked.TopicID)
		v := &a.topics[i]
		v.name, v.id, v.partitions = asked.Topic, asked.TopicID, make([]fetched, len(asked.Partitions))
		for j := range asked.Partitions {
			p := &asked.Partitions[j]
			f := &v.partitions[j]
			*f = fetched{index: p.Partition, from: batch.Offset(p.FetchOffset), maxBytes: int(max(p.PartitionMaxBytes, 0)), err: err}
			if err == nil {
				f.partition, f.err = t.Partition(p.Partition)
			}
			if f.err == nil {
				f.err = f.partition.CheckTerm(p.CurrentLeaderEpoch)
			}
		}
	}
}

func (s *Server) topic(byID bool, name string, id broker.ID) (*broker.Topic, error) {
	if byID {
		return s.broker.TopicByID(id)
	}
	return s.broker.Topic(name)
}

// each yields the partitions in the order of the request.
func (a *fetchAnswer) each(yield func(*fetched) bool) {
	for i := range a.topics {
		for j := range a.topics[i].partitions {
			if !yield(&a.topics[i].partitions[j]) {
				return
			}
		}
	}
}

// collect reads the partitions, again and again until there are MinBytes, an error to tell, or no time left.
func (c *call) collect(a *fetchAnswer, req *kmsg.FetchRequest) {
	deadline := time.Now().Add(time.Duration(req.MaxWaitMillis) * time.Millisecond)
	waiter := broker.NewWaiter()
	if req.MaxWaitMillis > 0 && req.MinBytes > 0 {
		for f := range a.each {
			if f.partition != nil {
				f.partition.Subscribe(waiter)
				defer f.partition.Unsubscribe(waiter)
			}
		}
	}
	for {
		failed := c.readAll(a, req)
		if failed || len(a.data) >= int(req.MinBytes) {
			return
		}
		if len(a.data) == 0 {
			a.release() // nothing is held while waiting for the first record
		}
		if !c.sleepUntil(deadline, waiter) {
			return
		}
		a.release()
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

const (
	// leastFetch is what a Fetch may read when the memory for Fetch responses is used up.
	leastFetch = 64 << 10
	// readChunk is how much is read of a partition at once, so that a Fetch that allows much and finds little takes little memory.
	readChunk = 1 << 20
)

// gathering is the records of a Fetch as they are read.
type gathering struct {
	buffer *buffer
	data   []byte // in buffer, unless the log had to make a larger one
	limit  int    // of all data
}

// readAll reads the partitions once, in the order of the request, into one buffer. The first batch is read even if it is larger
// than all bounds, so that a consumer always gets on (KIP-74).
func (c *call) readAll(a *fetchAnswer, req *kmsg.FetchRequest) (failed bool) {
	limit, grant := c.server.grant(a, req)
	g := gathering{limit: limit}
	for f := range a.each {
		f.start, f.end = len(g.data), len(g.data)
		if f.err == nil {
			g.read(c.ctx, f)
			f.end = len(g.data)
		}
		failed = failed || f.err != nil
	}
	held := c.server.settle(grant, int64(len(g.data)))
	a.data = g.data
	a.free = func() {
		c.server.fetches.Release(held)
		g.release()
	}
	return failed
}

func (g *gathering) release() {
	if g.buffer != nil && cap(g.data) == len(g.buffer.b) {
		g.buffer.release()
	}
	g.buffer, g.data = nil, nil
}

// reserve makes room for n more bytes.
func (g *gathering) reserve(n int) {
	if g.buffer == nil {
		g.buffer = takeBuffer(n)
		g.data = g.buffer.b[:0]
	}
	if len(g.data)+n <= cap(g.data) || cap(g.data) != len(g.buffer.b) {
		return
	}
	larger := takeBuffer(len(g.data) + n)
	data := append(larger.b[:0], g.data...)
	g.buffer.release()
	g.buffer, g.data = larger, data
}

// read adds what the partition has, up to its own bound and that of all. Only the very first batch may pass them.
func (g *gathering) read(ctx context.Context, f *fetched) {
	from, room := f.from, min(f.maxBytes, g.limit-len(g.data))
	for first := len(g.data) == 0; ; first = false {
		bounds, err := f.partition.Bounds()
		f.highWatermark, f.logStart = int64(bounds.HighWatermark), int64(bounds.Start)
		if f.err = err; err != nil || from == bounds.HighWatermark || (room <= 0 && !first) {
			return
		}
		before := len(g.data)
		chunk := min(room, readChunk)
		g.reserve(max(chunk, 0))
		data, bounds, err := f.partition.Read(ctx, g.data, from, chunk)
		if err != nil {
			if before == f.start { // else the log was trimmed over what is already read: the next Fetch will tell
				f.err, f.highWatermark, f.logStart = err, int64(bounds.HighWatermark), int64(bounds.Start)
			}
			return
		}
		got := data[before:]
		if len(got) == 0 || (len(got) > room && !first) {
			return
		}
		g.data = data
		room -= len(got)
		from = after(got)
		if len(got) < chunk/2 { // there was no more, or the next batch is too large
			return
		}
	}
}

// after returns the offset that follows the last of the batches, which a log returned whole.
func after(batches []byte) (next batch.Offset) {
	for len(batches) > 0 {
		b, rest, err := batch.Cut(batches)
		if err != nil {
			panic("kafka: a log returned a batch that is none: " + err.Error())
		}
		next, batches = b.NextOffset(), rest
	}
	return next
}

// grant reserves memory for an answer: as much as was asked for, or, when the others have it all, a little.
func (s *Server) grant(a *fetchAnswer, req *kmsg.FetchRequest) (limit int, held int64) {
	bound := min(int(max(req.MaxBytes, 0)), s.opts.MaxFetchBytes)
	want := 0
	for f := range a.each {
		if want += f.maxBytes; want >= bound {
			break
		}
	}
	want = min(want, bound)
	if s.fetches.TryAcquire(int64(want)) {
		return want, int64(want)
	}
	return min(want, leastFetch), 0
}

// settle gives back what was reserved and not used, and returns what is still held.
func (s *Server) settle(held, used int64) int64 {
	if held <= used {
		return held
	}
	s.fetches.Release(held - used)
	return used
}
