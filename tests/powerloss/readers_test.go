package powerloss_test

import (
	"math/rand/v2"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/tests/history"
)

// read reads a partition as a consumer does: up to the last stable offset, and without what was aborted, if it wants only what is
// committed. next is where it reads on.
func (w *world) read(topic string, index int32, from batch.Offset, i history.Isolation) (found []history.Read, next batch.Offset, err error) {
	ctx, p := w.t.Context(), w.partition(topic, index)
	data, bounds, err := p.Read(ctx, nil, from, 2000)
	if err != nil {
		return nil, from, err
	}
	end := bounds.HighWatermark
	if i == history.Committed {
		if end, _, err = p.LastStable(ctx); err != nil {
			return nil, from, err
		}
	}
	var all []batch.Batch
	for next = from; len(data) > 0; {
		b, rest, err := batch.Open(data)
		if err != nil {
			return nil, from, err
		}
		if b.BaseOffset() >= end {
			break
		}
		all, data, next = append(all, b), rest, b.NextOffset()
	}
	var aborted []txn.Aborted
	if i == history.Committed {
		if aborted, err = p.Aborted(ctx, from, next); err != nil {
			return nil, from, err
		}
	}
	return withoutAborted(all, from, aborted)
}

// withoutAborted leaves out markers, and the records of aborted transactions, as Kafka's consumers do.
func withoutAborted(all []batch.Batch, from batch.Offset, aborted []txn.Aborted) (found []history.Read, next batch.Offset, err error) {
	next = from
	for _, b := range all {
		next = b.NextOffset()
		if b.Control() || vain(b, aborted) {
			continue
		}
		err := b.Records(1<<20, func(_ int, r batch.Record) bool {
			if r.Offset >= from {
				found = append(found, history.Read{Offset: int64(r.Offset), Value: string(r.Value)})
			}
			return true
		})
		if err != nil {
			return nil, from, err
		}
	}
	return found, next, nil
}

// vain tells whether a batch belongs to one of the aborted transactions.
func vain(b batch.Batch, aborted []txn.Aborted) bool {
	for _, a := range aborted {
		if b.Transactional() && b.Producer().ID == a.Producer && b.BaseOffset() >= a.First && b.BaseOffset() < a.Marker {
			return true
		}
	}
	return false
}

// scan reads a partition from its start to its end. No transaction is open.
func (w *world) scan(topic string, index int32, i history.Isolation) {
	w.t.Helper()
	r := w.h.Reader("scan", i)
	r.Assign(place(topic, index), 0)
	for at := batch.Offset(0); ; {
		found, next, err := w.read(topic, index, at, i)
		if err != nil {
			w.fatal("scan of %s at %d: %v", place(topic, index), at, err)
		}
		if len(found) > 0 {
			r.Poll(place(topic, index), found...)
		}
		if next == at {
			break
		}
		at = next
	}
	r.Done(place(topic, index))
}

// follower reads what is written while it is written, and goes on after a crash where it was.
type follower struct {
	*world
	name      string
	isolation history.Isolation
	at        [partitions]batch.Offset
	reader    *history.Reader
	of        int // the crash after which reader was made
}

func (f *follower) step(random *rand.Rand) bool {
	if f.reader == nil || f.of != f.crashes {
		f.reader, f.of = f.h.Reader(f.name, f.isolation), f.crashes
		for p, at := range f.at {
			f.reader.Assign(place(records, int32(p)), int64(at))
		}
	}
	i := int32(random.IntN(partitions))
	found, next, err := f.read(records, i, f.at[i], f.isolation)
	if f.stopped("Read", err) {
		return false
	}
	f.at[i] = next
	if len(found) > 0 {
		f.reader.Poll(place(records, i), found...)
	}
	return !f.failed.Load()
}
