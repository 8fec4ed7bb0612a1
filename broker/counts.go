package broker

import (
	"errors"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/pawl-registry/pawl/fault"
)

// Counts is what a broker has done since it was opened.
type Counts struct {
	ProducedBatches uint64
	ProducedBytes   uint64 // of the batches, as they came
	FetchedBytes    uint64 // of the batches read for clients
	Refused         map[Refusal]uint64
	Failed          map[Failure]uint64 // records that the Validator did not let pass
	Topics          int
	Partitions      int
	Groups          int
}

// Refusal is why batches for a topic were refused: Reason is ReasonRecords, or the name of the error's code. The names of topics are bounded by
// the topics that exist, and to maxRefusals pairs in all; what is beyond counts under the topic OtherTopics.
type Refusal struct{ Topic, Reason string }

// Failure is why records did not pass the Validator, and what became of them. Of a refused batch, as many records are counted as
// are told to its producer. Failures are bounded as Refusals are: what is beyond counts under OtherTopics and without a subject.
type Failure struct {
	Topic, Subject, Cause string
	Action                Action
}

// OtherTopics stands for the topics that are not counted by name. No topic can be called so.
const OtherTopics = "*"

// ReasonRecords is the reason of a batch that was refused for what its records hold, by the Validator or by the rules of the
// topic.
const ReasonRecords = "records_rejected"

const maxRefusals = 1000

type counts struct {
	producedBatches, producedBytes, fetchedBytes atomic.Uint64

	mu      sync.Mutex
	refused map[Refusal]uint64
	failed  map[Failure]uint64
}

// fail counts records that did not pass, but not those that the broker's own rules refuse.
func (c *counts) fail(topic string, became Action, bad []Rejection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range bad {
		if r.Cause == "" {
			continue
		}
		f := Failure{topic, r.Subject, r.Cause, became}
		if _, known := c.failed[f]; !known && len(c.failed) >= maxRefusals {
			f.Topic, f.Subject = OtherTopics, ""
		}
		c.failed[f]++
	}
}

func (c *counts) refuse(topic string, err error) {
	reason := "internal"
	var rejected *Rejected
	if errors.As(err, &rejected) {
		reason = ReasonRecords
	} else if code := fault.CodeOf(err); code != nil {
		reason = code.Name()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Refusal{topic, reason}
	if _, known := c.refused[r]; !known && len(c.refused) >= maxRefusals {
		r.Topic = OtherTopics
	}
	c.refused[r]++
}

// Counts returns what the broker has done. It waits for nothing but a moment's lock.
func (b *Broker) Counts() Counts {
	c := Counts{
		ProducedBatches: b.counts.producedBatches.Load(), ProducedBytes: b.counts.producedBytes.Load(), FetchedBytes: b.counts.fetchedBytes.Load(),
	}
	b.counts.mu.Lock()
	c.Refused, c.Failed = maps.Clone(b.counts.refused), maps.Clone(b.counts.failed)
	b.counts.mu.Unlock()
	b.byName.Range(func(_, t any) bool {
		c.Topics++
		c.Partitions += len(t.(*Topic).Partitions())
		return true
	})
	b.groups.mu.Lock()
	c.Groups = len(b.groups.groups)
	b.groups.mu.Unlock()
	return c
}
