package crash_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pawl-registry/pawl/tests/history"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// positions are where followers are, so that after a crash they go on from there.
type positions struct {
	mu sync.Mutex
	at map[string][partitions]int64
}

func (p *positions) of(name string) [partitions]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at[name]
}

func (p *positions) set(name string, at [partitions]int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == nil {
		p.at = map[string][partitions]int64{}
	}
	p.at[name] = at
}

// reading returns a client that reads a topic from the given offsets, markers included.
func (w *world) reading(topic string, i history.Isolation, from [partitions]int64) *kgo.Client {
	offsets := map[int32]kgo.Offset{}
	for p, at := range from {
		offsets[int32(p)] = kgo.NewOffset().At(at)
	}
	level := kgo.ReadUncommitted()
	if i == history.Committed {
		level = kgo.ReadCommitted()
	}
	return w.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: offsets}), kgo.FetchIsolationLevel(level),
		kgo.KeepControlRecords(), kgo.FetchMaxWait(50*time.Millisecond))
}

// follow reads what is written while it is written.
func (l *load) follow(name string, i history.Isolation) {
	at := l.offsets.of(name)
	defer func() { l.offsets.set(name, at) }()
	r := l.h.Reader(name, i)
	for p, from := range at {
		r.Assign(place(records, int32(p)), from)
	}
	cl := l.reading(records, i, at)
	defer cl.Close()
	for l.ctx.Err() == nil {
		fetches := cl.PollFetches(l.ctx)
		polled(r, fetches)
		fetches.EachRecord(func(r *kgo.Record) { at[r.Partition] = r.Offset + 1 })
	}
}

// scan reads a topic from its start to its end; of many rounds, nine of ten scans begin where the one before ended. No transaction
// may be open.
func (w *world) scan(topic string, i history.Isolation) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	name := fmt.Sprintf("scan of %s, %d", topic, i)
	var at [partitions]int64
	if w.round > 20 && w.round%10 > 0 && w.round <= w.rounds {
		at = w.offsets.of(name)
	}
	r := w.h.Reader("scan", i)
	for p, from := range at {
		r.Assign(place(topic, int32(p)), from)
	}
	cl := w.reading(topic, i, at)
	defer cl.Close()
	left := w.ends(ctx, cl, topic, i)
	for p, end := range left {
		if end <= at[p] {
			delete(left, p)
		}
		at[p] = end
	}
	w.offsets.set(name, at)
	for len(left) > 0 {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			w.t.Fatalf("round %d: scan of %s: %v; left: %v; the server said:\n%s", w.round, topic, err, left, w.server.Log())
		}
		polled(r, fetches)
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset+1 >= left[r.Partition] {
				delete(left, r.Partition)
			}
		})
	}
	for p := range int32(partitions) {
		r.Done(place(topic, p))
	}
}

// ends are the offsets that a scan must come to. The last record of a partition may be withheld, but then a marker follows it:
// with control records kept, each partition shows its last offset, once nothing is open.
func (w *world) ends(ctx context.Context, cl *kgo.Client, topic string, i history.Isolation) map[int32]int64 {
	w.t.Helper()
	list := kadm.NewClient(cl).ListEndOffsets
	if i == history.Committed {
		list = kadm.NewClient(cl).ListCommittedOffsets
	}
	ends, err := list(ctx, topic)
	if err != nil || ends.Error() != nil {
		w.t.Fatalf("round %d: ends of %s: %v %v", w.round, topic, err, ends.Error())
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	return left
}
