package powerloss_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/internal/vfs"
	"github.com/pawl-registry/pawl/tests/history"
)

const (
	partitions = 2
	records    = "records"
	copies     = "copies"
)

// small makes everything that happens at a size happen often.
var small = local.Options{SegmentBytes: 2500, WALSegmentBytes: 6000, CheckpointBytes: 4000, OpenFiles: 6}

var errPower = errors.New("the power is gone")

// world is a disk, a broker over it, and what its clients know.
type world struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	disk   *vfs.Memory
	engine *local.Engine
	b      *broker.Broker
	h      *history.History
	failed atomic.Bool
	found  *int // counts histories with anomalies

	producers  []*producer
	writers    []*writer
	copier     *copier
	committer  *committer
	followers  []*follower
	crashes    int
	inRecovery int
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 1)), disk: vfs.NewMemory(), h: history.New()}
	for i := range 2 {
		w.producers = append(w.producers, &producer{world: w, name: fmt.Sprintf("producer-%d", i), id: -1})
		w.writers = append(w.writers, &writer{world: w, name: fmt.Sprintf("writer-%d", i)})
	}
	w.copier = &copier{writer: writer{world: w, name: "copier"}}
	w.committer = &committer{world: w, name: "committer"}
	for i := range history.Isolation(2) {
		w.followers = append(w.followers, &follower{world: w, name: fmt.Sprintf("follower-%d", i), isolation: i})
	}
	return w
}

// client does one thing at a time, until it reports false.
type client interface{ step(*rand.Rand) bool }

func (w *world) clients() []client {
	var all []client
	for i := range w.producers {
		all = append(all, w.producers[i], w.writers[i], w.followers[i])
	}
	return append(all, w.copier, w.committer, &housekeeper{world: w})
}

func place(topic string, partition int32) string { return fmt.Sprintf("%s/%d", topic, partition) }

// failAfter makes every call fail after some more that change something, although what they write reaches the cache.
func (w *world) failAfter(calls int) {
	var left atomic.Int64
	left.Store(int64(calls))
	w.failed.Store(false)
	w.disk.Before(func(c vfs.Call) (int, error) {
		reads := c.Op == vfs.OpRead || c.Op == vfs.OpOpen || c.Op == vfs.OpReadDir
		if reads && left.Load() > 0 || !reads && left.Add(-1) >= 0 {
			return 0, nil
		}
		w.failed.Store(true)
		return c.Bytes, errPower
	})
}

// boot opens the broker. One of three times the power goes on the way, too.
func (w *world) boot() {
	w.t.Helper()
	if w.crashes > 0 && w.random.IntN(3) == 0 {
		w.failAfter(w.random.IntN(80))
		if err := w.open(); err == nil {
			w.failAfter(0)
		} else if !w.failed.Load() {
			w.fatal("the broker does not open: %v", err)
		}
		w.inRecovery++
		w.powerGoes()
	}
	if err := w.open(); err != nil {
		w.fatal("the broker does not open: %v", err)
	}
	if w.crashes == 0 {
		w.create(records, nil)
		w.create(copies, map[string]string{"cleanup.policy": "compact", "segment.ms": "1", "min.cleanable.dirty.ratio": "0", "delete.retention.ms": "0"})
		for p := range int32(partitions) {
			w.h.Compacts(place(copies, p))
		}
	}
}

func (w *world) create(topic string, configs map[string]string) {
	if _, err := w.b.CreateTopic(w.t.Context(), broker.NewTopic{Name: topic, Partitions: partitions, Replicas: -1, Configs: configs}, broker.Apply); err != nil {
		w.fatal("cannot create topic %s: %v", topic, err)
	}
}

func (w *world) open() (err error) {
	w.b, w.engine = nil, nil
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	opts := small
	opts.Logger = quiet
	if w.engine, err = local.Open(w.t.Context(), w.disk, opts); err != nil {
		return err
	}
	w.b, err = broker.Open(w.t.Context(), broker.Options{Logs: w.engine, Logger: quiet, RetentionEvery: -1, CompactionEvery: -1,
		Transactions: broker.TransactionOptions{SweepEvery: -1, Partitions: 1}, Group: broker.GroupOptions{OffsetPartitions: 1}})
	return err
}

// powerGoes leaves of the disk what may be left, ends the broker, and puts the disk in its place.
func (w *world) powerGoes() {
	w.crashes++
	var next *vfs.Memory
	switch w.random.IntN(6) {
	case 0:
		next = w.disk.Kill()
	case 1:
		next = w.disk.CrashLosing()
	default:
		next = w.disk.Crash(w.random)
	}
	w.close()
	w.disk = next
}

// close ends the broker and its engine. After a failure they have reasons to complain.
func (w *world) close() {
	if w.b != nil {
		if err := w.b.Close(context.Background()); err != nil {
			w.fatal("Close: %v", err)
		}
	}
	if w.engine != nil {
		if err := w.engine.Close(); err != nil && !w.failed.Load() {
			w.fatal("Close: %v", err)
		}
	}
}

func (w *world) fatal(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("PAWL_SEED=%d, crash %d: "+format, append([]any{w.seed, w.crashes}, args...)...)
}

// stopped tells whether an error ends the step of a client because the disk has failed. Any other is a fault of the broker.
func (w *world) stopped(what string, err error) bool {
	if err == nil {
		return false
	}
	if !w.failed.Load() {
		w.t.Errorf("PAWL_SEED=%d, crash %d: %s: %v", w.seed, w.crashes, what, err)
	}
	return true
}

func (w *world) partition(topic string, index int32) *broker.Partition {
	t, err := w.b.Topic(topic)
	if err == nil {
		var p *broker.Partition
		if p, err = t.Partition(index); err == nil {
			return p
		}
	}
	w.fatal("topic %s, partition %d: %v", topic, index, err)
	return nil
}

// verify lets clients hear what became of what they had under way, or ends it, and holds what is there against what they know.
func (w *world) verify() {
	w.t.Helper()
	w.failed.Store(false)
	for _, p := range w.producers {
		if w.random.IntN(2) == 0 {
			p.again()
		}
	}
	for _, c := range append([]*writer{&w.copier.writer}, w.writers...) {
		c.begin(w.random)
	}
	w.h.Gone(w.committer.name)
	for _, topic := range []string{records, copies} {
		for p := range int32(partitions) {
			w.scan(topic, p, history.Uncommitted)
			w.scan(topic, p, history.Committed)
		}
	}
	w.committer.ask()
	w.copier.ask()
	if found := w.h.Check(); len(found) > 0 || w.t.Failed() {
		*w.found += min(len(found), 1)
		w.fatal("%d anomalies:\n%s", len(found), history.Report(found))
	}
	w.h.Settle()
}
