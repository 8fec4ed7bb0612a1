package kafka

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
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
	for granted := int64(0); ; {
		failed, wanting := c.readAll(a, req, granted)
		if failed || a.size >= int(req.MinBytes) {
			return
		}
		if a.size == 0 {
			a.release() // nothing is held while waiting for the first record
		}
		if granted = 0; wanting > 0 {
			if granted = c.memory(deadline, wanting); granted == 0 {
				return
			}
		} else if !c.sleepUntil(deadline, waiter) {
			return
		}
		a.release()
	}
}

// memory waits for memory for a first batch, in line with others, and returns how much it got: 0 if none in time.
func (c *call) memory(deadline time.Time, n int64) int64 {
	ctx, cancel := context.WithDeadline(c.ctx, deadline)
	defer cancel()
	if c.server.fetches.Acquire(ctx, n) != nil {
		return 0
	}
	return n
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
