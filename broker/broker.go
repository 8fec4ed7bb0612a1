package broker

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

// Options are the broker's choices. Only Logs is required.
type Options struct {
	Logs       commitlog.Engine
	Validator  Validator        // nil: no topic may ask for validation
	Validation Level            // of topics that ask for validation under names that do not tell how deep
	Clock      func() time.Time // nil: time.Now
	Random     io.Reader        // ids are drawn from it; nil: crypto/rand
	Logger     *slog.Logger     // nil: slog.Default
	NodeID     int32
	ClusterID  string // empty: drawn once and kept in the metadata log
	Durability commitlog.Durability

	AutoCreate        bool              // a topic that a client asks for by name is made
	DefaultPartitions int32             // of a topic that does not say; 0: 1
	TopicDefaults     map[string]string // configurations of topics that do not set them
	Configs           map[string]string // of the broker, by Kafka's names, such as log.retention.hours; they win over the other options

	Group            GroupOptions
	Transactions     TransactionOptions
	MaxProducers     int           // remembered a partition; 0: 10,000
	ProducerExpiry   time.Duration // an idle producer is forgotten after it; 0: one day
	RetentionEvery   time.Duration // how often retention looks; 0: five minutes, negative: never
	CompactionEvery  time.Duration // how often compaction looks; 0: 15 seconds, negative: never
	CompactionMemory int64         // bytes for the keys of the one log that is compacted at a time; 0: 64 MiB
	Expansion        int           // decompressed size allowed, as a multiple of max.message.bytes; 0: 128
	Tolerated        int           // bad records of one batch that are let through or set aside, where a topic wants that; with more it is refused; 0: 100,000
	RejectionsPerSec int           // log lines about records that do not pass; 0: 10
}

// GroupOptions bound consumer groups.
type GroupOptions struct {
	group.Options
	Consumers         group.ConsumerOptions // under the protocol of KIP-848
	OffsetPartitions  int32                 // of __consumer_offsets when it is made; 0: 4
	MaxOffsetMetadata int                   // bytes; 0: 4096
	OffsetRetention   time.Duration         // of the offsets of a group without members; 0: seven days, negative: for ever
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	setDefault(&o.DefaultPartitions, 1)
	setDefault(&o.MaxProducers, 10_000)
	setDefault(&o.ProducerExpiry, 24*time.Hour)
	setDefault(&o.RetentionEvery, 5*time.Minute)
	setDefault(&o.CompactionEvery, 15*time.Second)
	setDefault(&o.Expansion, 128)
	setDefault(&o.Tolerated, 100_000)
	setDefault(&o.RejectionsPerSec, 10)
	o.Transactions = o.Transactions.withDefaults()
	setDefault(&o.Group.OffsetPartitions, 4)
	setDefault(&o.Group.MaxOffsetMetadata, 4096)
	setDefault(&o.Group.OffsetRetention, 7*24*time.Hour)
	setDefault(&o.Group.MinSession, 6*time.Second)
	setDefault(&o.Group.MaxSession, 30*time.Minute)
	setDefault(&o.Group.Consumers.Session, 45*time.Second)
	setDefault(&o.Group.Consumers.Heartbeat, 5*time.Second)
	return o
}

func setDefault[T int | int32 | time.Duration](v *T, otherwise T) {
	if *v == 0 {
		*v = otherwise
	}
}

// Broker keeps topics. Make one with Open.
type Broker struct {
	opts         Options
	logger       *slog.Logger
	byName       sync.Map // string -> *Topic
	byID         sync.Map // ID -> *Topic
	groups       *coordinator
	transactions *transactionCoordinator
	catalog      catalog // of the topics, for groups
	rejects      rejectionLog
	counts       counts
	slots        chan struct{} // validations of compressed batches that may run at once

	saving       sync.Mutex // the log of producers' states
	producers    commitlog.Log
	snapshotting sync.Mutex
	snapshots    map[snapshotKey]snapshot // as of the last save

	admin    sync.Mutex // changes of the metadata
	metadata commitlog.Log
	state    state
	nextID   int64 // producer id to give out next

	defaults atomic.Pointer[defaults] // of topics

	stop context.CancelFunc
	done sync.WaitGroup
}

// Open reads the metadata log and opens the partitions. A partition whose log does not open is kept, and refuses everything.
func Open(ctx context.Context, opts Options) (*Broker, error) {
	opts = opts.withDefaults()
	opts, err := opts.configured()
	if err != nil {
		return nil, err
	}
	b := &Broker{opts: opts, logger: opts.Logger, slots: make(chan struct{}, validations())}
	b.rejects = rejectionLog{broker: b}
	b.counts.refused = make(map[Refusal]uint64)
	b.counts.failed = make(map[Failure]uint64)
	b.groups = newCoordinator(b)
	b.transactions = newTransactionCoordinator(b)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stop = stop
	if err := b.open(ctx); err != nil {
		stop()
		return nil, err
	}
	b.every(background, opts.RetentionEvery, b.Retain)
	b.every(background, opts.CompactionEvery, b.Compact)
	b.every(background, opts.Transactions.SweepEvery, b.SweepTransactions)
	return b, nil
}

// every calls f again and again until ctx ends; never if the interval is not positive.
func (b *Broker) every(ctx context.Context, interval time.Duration, f func(context.Context)) {
	if interval <= 0 {
		return
	}
	b.done.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				f(ctx)
			}
		}
	})
}

func (b *Broker) open(ctx context.Context) error {
	if err := b.openMetadata(ctx); err != nil {
		return err
	}
	b.settleDefaults()
	if err := b.openTopics(ctx); err != nil {
		return err
	}
	if err := b.openProducers(ctx); err != nil {
		return err
	}
	if err := b.groups.open(ctx); err != nil {
		return err
	}
	return b.transactions.open(ctx)
}

// Close stops the broker's own work and answers what waits. The engine of the logs is closed by whoever opened it.
func (b *Broker) Close(ctx context.Context) error {
	b.stop()
	b.groups.close()
	finished := make(chan struct{})
	go func() {
		b.done.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-ctx.Done():
		return fault.Wrap(ErrClosed, "broker.Close", ctx.Err(), "background work did not end in time")
	}
	if err := b.saveProducers(ctx); err != nil {
		b.logger.Warn("the states of producers were not saved; they will be read from the logs", "error", err)
	}
	return nil
}

// NodeID returns the number of this broker.
func (b *Broker) NodeID() int32 { return b.opts.NodeID }

// ClusterID returns the id of the cluster, for clients to compare.
func (b *Broker) ClusterID() string { return b.state.Cluster }

// AutoCreates reports whether a topic that a client asks for by name is made.
func (b *Broker) AutoCreates() bool { return b.opts.AutoCreate }

// Now returns the broker's time in milliseconds since the Unix epoch.
func (b *Broker) Now() int64 { return b.opts.Clock().UnixMilli() }

// newID draws an id.
func (b *Broker) newID() (id ID, err error) {
	if _, err := io.ReadFull(b.opts.Random, id[:]); err != nil {
		return ID{}, fault.Wrap(ErrStorage, "broker.newID", err, "no randomness to draw an id from")
	}
	id[6] = id[6]&0x0f | 0x40 // a version 4 UUID, as Kafka's are
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}
