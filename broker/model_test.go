package broker_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/broker/txn"
	"github.com/pawl-registry/pawl/internal/vfs"
)

// modelled is a record of a partition, as the one who wrote it knows it.
type modelled struct {
	at          batch.Offset
	key, value  string
	tombstone   bool
	timestamp   int64
	transaction *modelTransaction // nil: none
}

type modelTransaction struct {
	id        string
	producer  int64
	epoch     int16
	sequence  int32
	committed bool
}

// model is what must be true of a partition: everything that was written, and how far it may have been deleted.
type model struct {
	records []modelled
	start   batch.Offset // no record before it is left; it never moves back
}

// visible are the records from start on that are committed.
func (m *model) visible(before batch.Offset) []modelled {
	var all []modelled
	for _, r := range m.records {
		if r.at >= m.start && r.at < before && (r.transaction == nil || r.transaction.committed) {
			all = append(all, r)
		}
	}
	return all
}

// table is what a reader makes of records.
func table(all []modelled) map[string]string {
	t := map[string]string{}
	for _, r := range all {
		if t[r.key] = r.value; r.tombstone {
			delete(t, r.key)
		}
	}
	return t
}

// disk is where a life goes on after a restart.
type disk interface {
	open(t *testing.T) commitlog.Engine
	restart(t *testing.T, e commitlog.Engine, random *rand.Rand) // e is what open returned
}

type memoryDisk struct{ logs *logtest.Memory }

func (d *memoryDisk) open(*testing.T) commitlog.Engine { return d.logs }
func (d *memoryDisk) restart(*testing.T, commitlog.Engine, *rand.Rand) {
	d.logs = d.logs.Reopen()
}

// crashingDisk closes in order, is killed, or loses its power and what was not synced.
type crashingDisk struct{ fs *vfs.Memory }

func (d *crashingDisk) open(t *testing.T) commitlog.Engine {
	e, err := local.Open(t.Context(), d.fs, local.Options{SegmentBytes: 1200, WALSegmentBytes: 4000, CheckpointBytes: 2000, OpenFiles: 4, Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (d *crashingDisk) restart(t *testing.T, e commitlog.Engine, random *rand.Rand) {
	next := d.fs
	switch random.IntN(4) {
	case 0:
		next = d.fs.Kill()
	case 1:
		next = d.fs.CrashLosing()
	case 2:
		next = d.fs.Crash(random)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	d.fs = next
}

// policy is the configuration of a life's topic.
type policy struct {
	name            string
	configs         map[string]string
	compact         bool
	retention       time.Duration // 0: for ever
	retentionBytes  int64         // 0: without bound
	deleteRetention time.Duration
}

var policies = []policy{
	{name: "compact", compact: true, deleteRetention: time.Hour,
		configs: map[string]string{"cleanup.policy": "compact", "segment.ms": "600000", "min.cleanable.dirty.ratio": "0", "delete.retention.ms": "3600000"}},
	{name: "by time", retention: 2 * time.Hour,
		configs: map[string]string{"retention.ms": "7200000", "segment.ms": "600000"}},
	{name: "by size", retentionBytes: 3000,
		configs: map[string]string{"retention.ms": "-1", "retention.bytes": "3000", "segment.ms": "600000"}},
	{name: "compact and by time", compact: true, retention: 4 * time.Hour, deleteRetention: time.Minute,
		configs: map[string]string{"cleanup.policy": "compact,delete", "retention.ms": "14400000", "segment.ms": "600000",
			"min.cleanable.dirty.ratio": "0", "delete.retention.ms": "60000"}},
	{name: "by time and size", retention: 3 * time.Hour, retentionBytes: 5000,
		configs: map[string]string{"retention.ms": "10800000", "retention.bytes": "5000", "segment.ms": "600000"}},
}

// life is one random history of one partition.
type life struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand
	policy policy
	disk   disk
	logs   commitlog.Engine
	b      *broker.Broker
	p      *broker.Partition
	now    time.Time
	end    batch.Offset
	open   map[string]*modelTransaction // by transactional id
	model
}

func newLife(t *testing.T, p policy, d disk, seed uint64) *life {
	l := &life{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 4)), policy: p, disk: d, now: noon, open: map[string]*modelTransaction{}}
	l.begin()
	create(t, l.b, "t", 1, p.configs)
	l.find()
	return l
}

func (l *life) begin() {
	l.logs = l.disk.open(l.t)
	var err error
	l.b, err = broker.Open(l.t.Context(), broker.Options{Logs: l.logs, Clock: func() time.Time { return l.now }, Logger: quiet(), RetentionEvery: -1,
		CompactionEvery: -1, CompactionMemory: int64(64 * (100 + l.random.IntN(200))), Transactions: broker.TransactionOptions{SweepEvery: -1, Partitions: 1}})
	if err != nil {
		l.fatal("Open: %v", err)
	}
}

func (l *life) find() {
	topic, err := l.b.Topic("t")
	if err != nil {
		l.fatal("%v", err)
	}
	l.p = partition(l.t, topic, 0)
}

func (l *life) fatal(format string, args ...any) {
	l.t.Helper()
	l.t.Fatalf("seed %d: "+format, append([]any{l.seed}, args...)...)
}

// restart ends the broker with or without a word.
func (l *life) restart() {
	if l.random.IntN(2) == 0 {
		l.close()
	}
	old := l.b
	l.disk.restart(l.t, l.logs, l.random)
	if err := old.Close(context.Background()); err != nil { // its logs are closed: it can save nothing more
		l.fatal("Close: %v", err)
	}
	l.begin()
	l.find()
	// A transaction whose completion was not noted in time is marked again.
	if bounds, err := l.p.Bounds(); err == nil && bounds.End <= l.end+ids {
		l.end = max(l.end, bounds.End)
	}
}

// ids is how many transactional ids there are.
const ids = 3

func (l *life) close() {
	if err := l.b.Close(context.Background()); err != nil {
		l.fatal("Close: %v", err)
	}
}

// put writes up to four records, in a transaction if there is one.
func (l *life) put(in *modelTransaction) {
	spec := batch.Spec{Codec: batch.Codec(l.random.IntN(5))}
	id := ""
	var all []batch.Record
	for range 1 + l.random.IntN(4) {
		r := modelled{at: l.end + batch.Offset(len(all)), key: fmt.Sprint("key ", l.random.IntN(12)), tombstone: l.random.IntN(4) == 0, timestamp: l.now.UnixMilli(), transaction: in}
		r.value = fmt.Sprint("value ", r.at)
		stored := batch.Record{Timestamp: r.timestamp, Key: []byte(r.key), Value: []byte(r.value)}
		if r.tombstone {
			stored.Value = nil
		}
		l.records, all = append(l.records, r), append(all, stored)
	}
	if in != nil {
		id, spec.Transactional = in.id, true
		spec.Producer = &batch.Producer{ID: in.producer, Epoch: in.epoch, BaseSequence: in.sequence}
		in.sequence += int32(len(all))
	}
	b, err := batch.Build(nil, spec, all)
	if err != nil {
		l.fatal("Build: %v", err)
	}
	if err := produceIn(l.t, l.p, id, b); err != nil {
		l.fatal("Produce: %v", err)
	}
	l.end += batch.Offset(len(all))
}

// transact goes on with the transaction of an id, ends it, or begins one.
func (l *life) transact(id string) {
	t := l.open[id]
	switch {
	case t == nil:
		producer, epoch := begun(l.t, l.b, id)
		l.open[id] = &modelTransaction{id: id, producer: producer, epoch: epoch}
		l.put(l.open[id])
	case l.random.IntN(2) == 0:
		l.put(t)
	default:
		l.finish(t, l.random.IntN(2) == 0)
	}
}

func (l *life) finish(t *modelTransaction, commit bool) {
	if _, _, err := l.b.EndTransaction(l.t.Context(), t.id, txn.End{Producer: t.producer, Epoch: t.epoch, Commit: commit, Bump: true}); err != nil {
		l.fatal("EndTransaction: %v", err)
	}
	t.committed = commit
	delete(l.open, t.id)
	l.end++ // the marker
}

// deleteSome is DeleteRecords.
func (l *life) deleteSome() {
	bounds := l.bounds()
	to := bounds.Start + batch.Offset(l.random.Int64N(int64(bounds.HighWatermark-bounds.Start)/3+1))
	if start, err := l.p.DeleteBefore(l.t.Context(), to); err != nil || start != max(to, bounds.Start) {
		l.fatal("DeleteBefore %d of %+v: %d, %v", to, bounds, start, err)
	}
	l.start = max(to, bounds.Start)
}

func (l *life) bounds() commitlog.Bounds {
	bounds, err := l.p.Bounds()
	if err != nil || bounds.HighWatermark != l.end || bounds.End != l.end || bounds.Start < l.start {
		l.fatal("bounds %+v, %v; %d were written, and all before %d deleted", bounds, err, l.end, l.start)
	}
	return bounds
}

func (l *life) segments() []commitlog.Segment {
	log, err := l.logs.Open(l.t.Context(), "t-0")
	if err != nil {
		l.fatal("%v", err)
	}
	return log.(commitlog.Sizer).Segments()
}

// retain lets go of what is old or too much, and nothing else; what is left of sealed segments is neither.
func (l *life) retain() {
	before := l.bounds().Start
	present, _ := l.read()
	l.b.Retain(l.t.Context())
	start, limit := l.bounds().Start, l.now.Add(-l.policy.retention).UnixMilli()
	l.start = start
	var bytes int64
	for _, s := range l.segments() {
		bytes += s.Bytes
	}
	if start > before {
		young := slices.ContainsFunc(present, func(r modelled) bool {
			return r.at < start && (l.policy.retention == 0 || r.timestamp >= limit)
		})
		enough := l.policy.retentionBytes > 0 && bytes >= l.policy.retentionBytes
		if young && !enough {
			l.fatal("retention went from %d to %d at %v: records younger than %d ms went, and %d bytes are left", before, start, l.now, limit, bytes)
		}
	}
	if segments := l.segments(); len(segments) > 1 {
		first := segments[0]
		if l.policy.retention > 0 && first.MaxTimestamp < limit || l.policy.retentionBytes > 0 && bytes-first.Bytes >= l.policy.retentionBytes {
			l.fatal("retention left %+v of %d bytes at %v", first, bytes, l.now)
		}
	}
}

// read returns what is committed, as a consumer sees it.
func (l *life) read() (all []modelled, stable batch.Offset) {
	l.t.Helper()
	ctx := l.t.Context()
	stable, bounds, err := l.p.LastStable(ctx)
	if err != nil {
		l.fatal("LastStable: %v", err)
	}
	aborted, err := l.p.Aborted(ctx, bounds.Start, stable)
	if err != nil {
		l.fatal("Aborted: %v", err)
	}
	for at := bounds.Start; at < stable; {
		data, _, err := l.p.Read(ctx, nil, at, 1)
		if err != nil || len(data) == 0 {
			l.fatal("Read at %d of %d: %d bytes, %v", at, stable, len(data), err)
		}
		b, _, err := batch.Open(data)
		if err != nil || b.NextOffset() <= at {
			l.fatal("Read at %d: a batch up to %d, %v", at, b.NextOffset(), err)
		}
		if b.BaseOffset() >= stable {
			break // what lay before it was compacted away
		}
		vain := slices.ContainsFunc(aborted, func(a txn.Aborted) bool {
			return b.Transactional() && a.Producer == b.Producer().ID && a.First <= b.BaseOffset() && b.BaseOffset() < a.Marker
		})
		err = b.Records(1<<20, func(_ int, r batch.Record) bool {
			if r.Offset >= at && r.Offset >= bounds.Start && !b.Control() && !vain {
				all = append(all, modelled{at: r.Offset, key: string(r.Key), value: string(r.Value), tombstone: r.Value == nil, timestamp: r.Timestamp})
			}
			return true
		})
		if err != nil {
			l.fatal("Read at %d: %v", at, err)
		}
		at = b.NextOffset()
	}
	return all, stable
}

// check holds the partition to its model.
func (l *life) check() {
	l.t.Helper()
	got, stable := l.read()
	want := l.visible(stable)
	for _, t := range l.open {
		if i := slices.IndexFunc(l.records, func(r modelled) bool { return r.transaction == t }); l.records[i].at >= l.start && stable > l.records[i].at {
			l.fatal("the last stable offset is %d, and a transaction is open since %d", stable, l.records[i].at)
		}
	}
	byOffset := map[batch.Offset]modelled{}
	for _, r := range want {
		byOffset[r.at] = r
	}
	here := map[batch.Offset]bool{}
	for _, r := range got {
		w, ok := byOffset[r.at]
		if !ok || w.key != r.key || w.tombstone != r.tombstone || !w.tombstone && w.value != r.value {
			l.fatal("offset %d holds %+v; %+v was written", r.at, r, w)
		}
		here[r.at] = true
	}
	last := map[string]batch.Offset{}
	for _, r := range want {
		last[r.key] = r.at
	}
	for _, r := range want {
		old := r.tombstone && r.timestamp <= l.now.Add(-l.policy.deleteRetention).UnixMilli()
		if !here[r.at] && (!l.policy.compact || last[r.key] == r.at && !old) {
			l.fatal("%+v is gone", r)
		}
	}
	if diff := cmp.Diff(table(want), table(got)); diff != "" {
		l.fatal("the table (-want +got):\n%s", diff)
	}
}

func (l *life) step() {
	switch n := l.random.IntN(40); {
	case n < 14:
		l.put(nil)
	case n < 22:
		l.transact(fmt.Sprint("id ", l.random.IntN(ids)))
	case n < 26:
		l.now = l.now.Add(time.Duration(l.random.Int64N(int64(40 * time.Minute))))
	case n < 30:
		l.b.Compact(l.t.Context())
	case n < 33:
		l.retain()
	case n < 34:
		l.deleteSome()
	case n < 36:
		l.restart()
	default:
		l.check()
	}
}

// settle ends everything and compacts until nothing is left but the table, and what the active segment holds.
func (l *life) settle() {
	for _, id := range slices.Sorted(maps.Keys(l.open)) {
		l.finish(l.open[id], false)
	}
	for range 3 {
		l.now = l.now.Add(24 * time.Hour)
		l.put(nil)
		for range 2 { // a segment is looked at twice before it is sealed
			l.now = l.now.Add(24 * time.Hour)
			l.b.Compact(l.t.Context())
		}
		l.check()
	}
	if !l.policy.compact {
		return
	}
	got, _ := l.read()
	seen := map[string]int{}
	for _, r := range got {
		if seen[r.key]++; seen[r.key] > 1 {
			l.fatal("key %q is there %d times after everything was compacted: %+v", r.key, seen[r.key], got)
		}
	}
}

// A partition is, at any time, what its model says: everything committed that was not deleted, or the last of each key, through
// compaction, retention, DeleteRecords, transactions and restarts.
func TestAPartitionIsWhatItsModelSays(t *testing.T) {
	disks := map[string]func() disk{
		"memory": func() disk { return &memoryDisk{logtest.NewMemory()} },
		"local":  func() disk { return &crashingDisk{vfs.NewMemory()} },
	}
	for name, d := range disks {
		for _, p := range policies {
			t.Run(name+", "+p.name, func(t *testing.T) {
				var gone, written int
				for seed := range uint64(20) {
					l := newLife(t, p, d(), seed)
					for range 150 {
						l.step()
					}
					l.check()
					l.settle()
					got, _ := l.read()
					gone, written = gone+len(l.records)-len(got), written+len(l.records)
					l.close()
					if err := l.logs.Close(); err != nil {
						t.Fatal(err)
					}
				}
				if gone < written/10 || gone == written {
					t.Errorf("%d of %d records are gone: the test proves too little", gone, written)
				}
			})
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
