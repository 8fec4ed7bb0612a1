package crash_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pawl-registry/pawl/tests/history"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The groups: two of members that read and commit, the second under the protocol of KIP-848, and one of copiers that commit in
// transactions.
const (
	membersGroup = "members"
	modernGroup  = "modern"
	copiersGroup = "copiers"
)

// resumer is where a member reads on when it is given a partition, or has to go back.
type resumer struct {
	mu sync.Mutex
	at map[string]int64
}

func (r *resumer) set(place string, at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at[place] = at
}

func (r *resumer) of(place string) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at[place]
}

// joined are the options of a member of a group. Each time it is given a partition, what it hears of the group's offset goes into
// the history, and it reads on from there as a reader.
func (l *load) joined(group string, r *history.Reader, resume *resumer) []kgo.Opt {
	asked := map[string]*history.Fetch{}
	return []kgo.Opt{
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(records), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxWait(50 * time.Millisecond), kgo.HeartbeatInterval(100 * time.Millisecond), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, given map[string][]int32) {
			for _, p := range given[records] {
				asked[place(records, p)] = l.h.FetchOffset(group, place(records, p))
			}
		}),
		kgo.AdjustFetchOffsetsFn(func(_ context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
			for p, o := range offsets[records] {
				at := o.EpochOffset().Offset
				if at < 0 {
					at = history.None
				}
				if f := asked[place(records, p)]; f != nil {
					f.OK(at)
				}
				resume.set(place(records, p), max(at, 0))
				r.Assign(place(records, p), max(at, 0))
			}
			return offsets, nil
		}),
	}
}

// member reads in a group, and commits what it has read.
func (l *load) member(name, group string) {
	r := l.h.Reader(name, history.Uncommitted)
	opts := append(l.joined(group, r, &resumer{at: map[string]int64{}}), kgo.DisableAutoCommit())
	if group == modernGroup {
		opts = append(opts, kgo.ServerSideBalancer())
	}
	cl := l.client(opts...)
	defer cl.CloseAllowingRebalance()
	for l.ctx.Err() == nil {
		fetches := cl.PollRecords(l.ctx, 50)
		polled(r, fetches)
		all := l.committing(name, group, fetches, nil)
		err := cl.CommitRecords(l.ctx, fetches.Records()...)
		if err == nil && len(all) > 0 {
			end(all)
		}
		cl.AllowRebalance()
	}
}

// polled puts what a poll brought into the history.
func polled(r *history.Reader, fetches kgo.Fetches) {
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		var all []history.Read
		for _, record := range p.Records {
			if !record.Attrs.IsControl() {
				all = append(all, history.Read{Offset: record.Offset, Value: string(record.Value)})
			}
		}
		if len(all) > 0 {
			r.Poll(place(p.Topic, p.Partition), all...)
		}
	})
}

// committing records that the offsets behind a poll are about to be committed.
func (l *load) committing(client, group string, fetches kgo.Fetches, in *history.Transaction) []*history.Commit {
	var all []*history.Commit
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		if n := len(p.Records); n > 0 {
			all = append(all, l.h.CommitOffset(client, group, place(p.Topic, p.Partition), p.Records[n-1].Offset+1, in))
		}
	})
	return all
}

func end(all []*history.Commit) {
	for _, c := range all {
		c.OK()
	}
}

// copy reads what is committed of one topic and writes it to another, each poll with its offsets in a transaction. After an error
// a new client takes its id over.
func (l *load) copy(i int) {
	name := fmt.Sprintf("copier-%d", i)
	for n := 0; l.ctx.Err() == nil; n++ {
		c := copier{load: l, name: name, r: l.h.Reader(name, history.Committed), resume: &resumer{at: map[string]int64{}}}
		s, err := kgo.NewGroupTransactSession(append(l.joined(copiersGroup, c.r, c.resume), kgo.SeedBrokers(l.proxy.addr), kgo.TransactionalID(name),
			kgo.ProducerLinger(0), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RecordPartitioner(kgo.ManualPartitioner()),
			kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }))...)
		if err != nil {
			l.t.Error(err)
			return
		}
		stop := context.AfterFunc(l.ctx, s.CloseAllowingRebalance)
		if _, _, err := s.Client().ProducerID(l.ctx); err == nil {
			l.h.Gone(name)
			for m := 0; c.copy(s, fmt.Sprintf("%s/%d/%d/%d", name, l.round, n, m)); m++ {
			}
		}
		stop()
		s.CloseAllowingRebalance()
	}
}

// copier is one client of copy.
type copier struct {
	*load
	name   string
	r      *history.Reader
	resume *resumer
}

// copy makes one transaction of one poll, and reports false if the client must not go on.
func (c *copier) copy(s *kgo.GroupTransactSession, name string) bool {
	fetches := s.PollRecords(c.ctx, 40)
	defer s.AllowRebalance()
	if c.ctx.Err() != nil {
		return false
	}
	polled(c.r, fetches)
	if fetches.NumRecords() == 0 {
		return true
	}
	if s.Begin() != nil {
		return false
	}
	t := c.h.Begin(c.name, name)
	failed := c.produce(s, fetches, t) != nil
	all := c.committing(c.name, copiersGroup, fetches, t)
	if !failed {
		t.Commit()
	}
	committed, err := s.End(c.ctx, kgo.TransactionEndTry(!failed))
	switch {
	case err != nil:
		return false
	case committed:
		end(all)
		t.Committed()
	default:
		t.Aborted()
	}
	fetches.EachPartition(func(p kgo.FetchTopicPartition) {
		switch at := place(p.Topic, p.Partition); {
		case committed && len(p.Records) > 0:
			c.resume.set(at, p.Records[len(p.Records)-1].Offset+1)
		case !committed: // the session has gone back to what is committed
			c.r.Assign(at, c.resume.of(at))
		}
	})
	return true
}

// produce makes a record from each that was read.
func (c *copier) produce(s *kgo.GroupTransactSession, fetches kgo.Fetches, t *history.Transaction) error {
	sends := map[*kgo.Record]*history.Send{}
	var batch []*kgo.Record
	fetches.EachRecord(func(from *kgo.Record) {
		r := history.Record{Partition: place(copies, from.Partition), Value: fmt.Sprintf("%s#%d", c.name, serial.Add(1)),
			Source: history.Source{Partition: place(from.Topic, from.Partition), Offset: from.Offset}}
		made := &kgo.Record{Topic: copies, Partition: from.Partition, Value: []byte(r.Value)}
		sends[made] = c.h.Send(c.name, r, t)
		batch = append(batch, made)
	})
	all := s.ProduceSync(c.ctx, batch...)
	for _, p := range all {
		if p.Err == nil {
			sends[p.Record].OK(p.Record.Offset)
		}
	}
	return all.FirstErr()
}

// fetchOffsets asks for the offsets of the groups.
func (w *world) fetchOffsets() {
	w.t.Helper()
	cl := w.client()
	defer cl.Close()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	for _, group := range []string{membersGroup, modernGroup, copiersGroup} {
		var fetches []*history.Fetch
		for p := range int32(partitions) {
			fetches = append(fetches, w.h.FetchOffset(group, place(records, p)))
		}
		res, err := kadm.NewClient(cl).FetchOffsets(ctx, group)
		if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
			w.t.Fatalf("offsets of group %s: %v", group, err)
		}
		for p, f := range fetches {
			at := int64(history.None)
			if o, ok := res.Lookup(records, int32(p)); ok {
				at = o.At
			}
			f.OK(at)
		}
	}
}
