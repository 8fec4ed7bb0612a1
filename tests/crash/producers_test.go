package crash_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/tests/history"
	"github.com/twmb/franz-go/pkg/kgo"
)

// each is how many records a transaction writes at most.
const each = 7

// serial makes values that no other record has.
var serial atomic.Int64

// sending records that a client is about to produce a record to a partition of its choice.
func (w *world) sending(client string, i int, in *history.Transaction) (*kgo.Record, *history.Send) {
	partition := int32(i % partitions)
	value := fmt.Sprintf("%s#%d", client, serial.Add(1))
	s := w.h.Send(client, history.Record{Partition: place(records, partition), Value: value}, in)
	return &kgo.Record{Topic: records, Partition: partition, Key: fmt.Append(nil, i%10), Value: []byte(value)}, s
}

// steady are idempotent producers that outlive crashes: what they were not answered for, they send again.
type steady struct {
	w       *world
	names   []string
	clients []*kgo.Client
}

func (w *world) steady(name string, n int) *steady {
	s := &steady{w: w}
	for i := range n {
		cl := w.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
		w.t.Cleanup(cl.Close)
		s.names, s.clients = append(s.names, fmt.Sprintf("%s-%d", name, i)), append(s.clients, cl)
	}
	return s
}

// inFlight is how many records a steady producer may wait for.
const inFlight = 60

// run produces, with several batches in flight, until the load ends.
func (s *steady) run(l *load) {
	for i, cl := range s.clients {
		l.Go(func() {
			slots := make(chan struct{}, inFlight)
			for n := 0; ; n++ {
				if n%10 == 0 {
					time.Sleep(2 * time.Millisecond) // so that there is time to check many rounds
				}
				select {
				case <-l.ctx.Done():
					return
				case slots <- struct{}{}:
				}
				r, sent := s.w.sending(s.names[i], n, nil)
				cl.Produce(s.w.t.Context(), r, func(r *kgo.Record, err error) {
					<-slots
					if err == nil {
						sent.OK(r.Offset)
					}
				})
			}
		})
	}
}

// settle waits until all is acknowledged.
func (s *steady) settle() {
	s.w.t.Helper()
	ctx, cancel := context.WithTimeout(s.w.t.Context(), time.Minute)
	defer cancel()
	for i, cl := range s.clients {
		if err := cl.Flush(ctx); err != nil {
			s.w.t.Errorf("round %d: what %s has sent is not answered: %v; the server said:\n%s", s.w.round, s.names[i], err, s.w.server.Log())
		}
	}
}

// brief is an idempotent producer that ends with its server, and never learns of what was under way.
func (l *load) brief(name string) {
	cl := l.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.AllowIdempotentProduceCancellation()) // else a call whose server is gone never returns
	defer cl.Close()
	for n := 0; l.ctx.Err() == nil; n++ {
		batch := make([]*kgo.Record, 10)
		sends := map[*kgo.Record]*history.Send{}
		for j := range batch {
			var s *history.Send
			batch[j], s = l.sending(name, n, nil)
			sends[batch[j]] = s
		}
		for _, r := range cl.ProduceSync(l.ctx, batch...) {
			if r.Err == nil {
				sends[r.Record].OK(r.Record.Offset)
			}
		}
	}
}

// transactions runs transactions under one id until the load ends: two of three are to be committed. After an error a new client
// takes the id over.
func (l *load) transactions(i int) {
	name := fmt.Sprintf("writer-%d", i)
	for n := 0; l.ctx.Err() == nil; {
		cl := l.client(kgo.TransactionalID(name), kgo.RecordPartitioner(kgo.ManualPartitioner()))
		stop := context.AfterFunc(l.ctx, cl.Close) // else a call whose server is gone never returns
		if _, _, err := cl.ProducerID(l.ctx); err == nil {
			l.h.Gone(name) // its earlier clients are fenced
			for l.transaction(cl, name, n) {
				n++
			}
			n++
		}
		stop()
		cl.Close()
	}
}

// transaction reports false if the client must not go on.
func (l *load) transaction(cl *kgo.Client, name string, n int) bool {
	if l.ctx.Err() != nil || cl.BeginTransaction() != nil {
		return false
	}
	t := l.h.Begin(name, fmt.Sprintf("%s/%d/%d", name, l.round, n))
	var batch []*kgo.Record
	sends := map[*kgo.Record]*history.Send{}
	for j := range 1 + n%each {
		r, s := l.sending(name, n+j, t)
		batch, sends[r] = append(batch, r), s
	}
	failed := false
	for _, r := range cl.ProduceSync(l.ctx, batch...) {
		if r.Err == nil {
			sends[r.Record].OK(r.Record.Offset)
		} else {
			failed = true
		}
	}
	if failed {
		return false
	}
	commit := kgo.TransactionEndTry(n%3 != 0)
	if commit {
		t.Commit()
	}
	if cl.EndTransaction(l.ctx, commit) != nil {
		return false
	}
	if commit {
		t.Committed()
	} else {
		t.Aborted()
	}
	return true
}
