package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/txn"
)

// Fetch, key 1, versions 4 to 18; its sessions are in fetchsession.go. Left out: preferred replicas, diverging epochs and snapshots
// (there is one replica), and requests of replicas. No data is an empty byte string, never null: librdkafka takes
// null for a bad size.

// fetched is one partition of a Fetch, first as it was asked for, then as it is answered.
type fetched struct {
	index     int32
	partition *broker.Partition
	from      batch.Offset
	maxBytes  int
	err       error

	pieces                  [][]byte // its records
	size                    int      // of them all
	code                    int16
	highWatermark, logStart int64
	stable                  int64         // the last stable offset; -1: that of the high watermark
	aborted                 []txn.Aborted // transactions that have records in what was read
}

func fetch(c *call) message {
	req := c.request.(*kmsg.FetchRequest)
	a := &fetchAnswer{version: c.version, committed: req.IsolationLevel == 1}
	c.server.resolve(a, req)
	c.collect(a, req)
	for i := range a.topics {
		for j := range a.topics[i].partitions {
			p := &a.topics[i].partitions[j]
			if p.code = c.server.numberOf(p.err); p.code != none && p.code != offsetOutOfRange {
				p.highWatermark, p.logStart, p.stable, p.aborted = -1, -1, -1, nil
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
		if failed || a.size >= int(req.MinBytes) {
			return
		}
		if a.size == 0 {
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

// leastFetch is what a Fetch may read when the memory for Fetch responses is used up.
const leastFetch = 64 << 10

// readAll reads the partitions once, in the order of the request. The first batch is read even if it is larger than all bounds,
// so that a consumer always gets on (KIP-74).
func (c *call) readAll(a *fetchAnswer, req *kmsg.FetchRequest) (failed bool) {
	limit, grant := c.server.grant(a, req)
	g := gathering{limit: limit, committed: a.committed}
	for f := range a.each {
		f.size, f.pieces, f.stable, f.aborted = 0, f.pieces[:0], -1, nil
		if f.err == nil {
			g.read(c.ctx, f)
		}
		failed = failed || f.err != nil
	}
	held := c.server.settle(grant, int64(g.size))
	a.size = g.size
	a.free = func() {
		c.server.fetches.Release(held)
		for _, b := range g.buffers {
			b.release()
		}
	}
	return failed
}

// gathering is the records of a Fetch as they are read: a small buffer first, so that one that finds little takes little
// memory, then larger ones.
type gathering struct {
	buffers []*buffer
	space   []byte // what is left of the last buffer
	size    int    // of what was read
	limit   int    // of what may be read

	committed bool // nothing at or beyond the last stable offset is read
}

// The sizes of buffers, and what must be left of one to read into it.
var (
	bufferSizes = [...]int{64 << 10, 1 << 20, 4 << 20}
	leastSpace  = [...]int{16 << 10, 256 << 10, 1 << 20}
)

// room returns where to read to.
func (g *gathering) room() []byte {
	last := min(len(g.buffers), len(bufferSizes)) - 1
	if last < 0 || len(g.space) < leastSpace[last] {
		next := min(last+1, len(bufferSizes)-1)
		b := takeBuffer(bufferSizes[next])
		g.buffers = append(g.buffers, b)
		g.space = b.b
	}
	return g.space
}

// read adds what the partition has, up to its own bound and that of all. Only the very first batch may pass them.
func (g *gathering) read(ctx context.Context, f *fetched) {
	next := g.readTo(ctx, f)
	if g.committed && f.err == nil && f.size > 0 {
		if f.aborted, f.err = f.partition.Aborted(ctx, f.from, next); f.err != nil {
			g.size -= f.size
			f.size, f.pieces = 0, f.pieces[:0]
		}
	}
}

// end returns where reading ends, and the marks of the partition.
func (g *gathering) end(ctx context.Context, f *fetched) (batch.Offset, commitlog.Bounds, error) {
	if !g.committed {
		bounds, err := f.partition.Bounds()
		return bounds.HighWatermark, bounds, err
	}
	stable, bounds, err := f.partition.LastStable(ctx)
	f.stable = int64(stable)
	return stable, bounds, err
}

// readTo is read without what belongs to transactions. It returns the offset that follows the last batch.
func (g *gathering) readTo(ctx context.Context, f *fetched) (from batch.Offset) {
	from, left := f.from, min(f.maxBytes, g.limit-g.size)
	for {
		end, bounds, err := g.end(ctx, f)
		f.highWatermark, f.logStart = int64(bounds.HighWatermark), int64(bounds.Start)
		if f.err = err; err != nil || from == end || (left <= 0 && g.size > 0) {
			return from
		}
		if from > end && from <= bounds.HighWatermark {
			return from // a reader of everything went on to read what is committed
		}
		space := g.room()
		got, bounds, err := f.partition.Read(ctx, space[:0:len(space)], from, max(min(left, len(space)), 0))
		if err != nil {
			if f.size == 0 { // else the log was trimmed over what is already read: the next Fetch will tell
				f.err, f.highWatermark, f.logStart = err, int64(bounds.HighWatermark), int64(bounds.Start)
			}
			return from
		}
		got, next := before(got, from, end)
		if len(got) == 0 || (len(got) > left && g.size > 0) {
			return from
		}
		if len(got) <= len(space) { // else the log made room of its own
			g.space = space[len(got):]
		}
		f.pieces = append(f.pieces, got)
		f.size, g.size, left = f.size+len(got), g.size+len(got), left-len(got)
		from = next
	}
}

// before returns the batches, which a log returned whole, up to the one that begins at end or later, and the offset that
// follows the last of them; from if there is none.
func before(batches []byte, from, end batch.Offset) (kept []byte, next batch.Offset) {
	next = from
	for rest := batches; len(rest) > 0; {
		b, others, err := batch.Cut(rest)
		if err != nil {
			panic("kafka: a log returned a batch that is none: " + err.Error())
		}
		if b.BaseOffset() >= end {
			return batches[:len(batches)-len(rest)], next
		}
		next, rest = b.NextOffset(), others
	}
	return batches, next
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
