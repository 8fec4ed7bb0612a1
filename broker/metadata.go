package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pawl-registry/pawl/broker/batch"
	"github.com/pawl-registry/pawl/broker/commitlog"
	"github.com/pawl-registry/pawl/fault"
)

// metadataLog is the name of the log of changes. It reaches disks: frozen.
const metadataLog = reservedPrefix + "metadata-0"

// change is one record of the metadata log, as JSON. Exactly one field is set. The names reach disks: frozen; new kinds of
// change are new fields, and a reader that meets a record with no field it knows refuses to start rather than lose it.
type change struct {
	Reset       bool         `json:"reset,omitempty"` // what follows in this batch is the whole state
	Cluster     string       `json:"cluster,omitempty"`
	Topic       *topicState  `json:"topic,omitempty"` // made, or changed: the whole topic as it is now
	DeleteTopic *ID          `json:"delete_topic,omitempty"`
	Producers   *producerIDs `json:"producers,omitempty"`
	Setting     *Setting     `json:"setting,omitempty"`
}

type topicState struct {
	ID         ID                `json:"id"`
	Name       string            `json:"name"`
	Partitions int32             `json:"partitions"`
	Internal   bool              `json:"internal,omitempty"`
	Configs    map[string]string `json:"configs,omitempty"` // set on the topic itself
}

// producerIDs says which producer ids may have been given out: all below Next.
type producerIDs struct {
	Next int64 `json:"next"`
}

// MarshalText writes the id as Kafka prints it.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	*id = parsed
	return err
}

// state is what the metadata log says: the fold of its changes.
type state struct {
	Cluster      string
	Topics       map[ID]*topicState
	NextProducer int64
	Settings     map[settingKey]json.RawMessage
	stale        int // records in the log that no longer count
}

func (s *state) apply(c change) error {
	switch {
	case c.Reset:
		*s = state{Topics: make(map[ID]*topicState)}
	case c.Cluster != "":
		s.Cluster = c.Cluster
	case c.Topic != nil:
		if s.Topics[c.Topic.ID] != nil {
			s.stale++
		}
		s.Topics[c.Topic.ID] = c.Topic
	case c.DeleteTopic != nil:
		delete(s.Topics, *c.DeleteTopic)
		s.stale += 2
	case c.Producers != nil:
		s.NextProducer = max(s.NextProducer, c.Producers.Next)
		s.stale++
	case c.Setting != nil:
		s.set(c.Setting)
	default:
		return fault.New(ErrStorage, "broker.apply", "a change that this version does not know: start the version that wrote it")
	}
	return nil
}

// changes returns the changes that make the state from nothing.
func (s *state) changes() []change {
	all := []change{{Reset: true}, {Cluster: s.Cluster}, {Producers: &producerIDs{Next: s.NextProducer}}}
	for _, t := range slices.SortedFunc(maps.Values(s.Topics), func(a, b *topicState) int { return strings.Compare(a.Name, b.Name) }) {
		all = append(all, change{Topic: t})
	}
	return append(all, s.settings()...)
}

// rewriteBeyond is how many records of the metadata log may be stale before it is begun anew at the next start.
const rewriteBeyond = 1000

// openMetadata replays the metadata log.
func (b *Broker) openMetadata(ctx context.Context) error {
	const op = "broker.Open"
	log, err := b.opts.Logs.Open(ctx, metadataLog)
	if err != nil {
		return fault.Wrap(ErrStorage, op, err, "cannot open the metadata log %s", metadataLog)
	}
	b.metadata = log
	b.state = state{Topics: make(map[ID]*topicState)}
	err = replay(ctx, log, func(r batch.Record) error {
		var c change
		if err := json.Unmarshal(r.Value, &c); err != nil {
			return fmt.Errorf("metadata record at offset %d: %w", r.Offset, err)
		}
		return b.state.apply(c)
	})
	if err != nil {
		return fault.Wrap(ErrStorage, op, err, "cannot read the metadata log %s", metadataLog)
	}
	if b.state.stale > rewriteBeyond {
		if err := b.rewriteMetadata(ctx); err != nil {
			return err
		}
	}
	b.nextID = b.state.NextProducer
	return b.settleCluster(ctx)
}

// rewriteMetadata puts the whole state into one batch at the end of the log and lets go of what is before it.
func (b *Broker) rewriteMetadata(ctx context.Context) error {
	base, err := b.write(ctx, b.state.changes()...)
	if err != nil {
		return err
	}
	b.state.stale = 0
	if err := b.metadata.TrimBefore(ctx, base); err != nil {
		return fault.Wrap(ErrStorage, "broker.rewriteMetadata", err, "cannot trim the metadata log")
	}
	return nil
}

func (b *Broker) settleCluster(ctx context.Context) error {
	want := b.opts.ClusterID
	if want == "" {
		want = b.state.Cluster
	}
	if want == "" {
		id, err := b.newID()
		if err != nil {
			return err
		}
		want = id.String()
	}
	if want == b.state.Cluster {
		return nil
	}
	return b.commit(ctx, change{Cluster: want})
}

// commit makes changes durable, then applies them to the state. The caller holds b.admin, or is alone.
func (b *Broker) commit(ctx context.Context, changes ...change) error {
	if _, err := b.write(ctx, changes...); err != nil {
		return err
	}
	for _, c := range changes {
		if err := b.state.apply(c); err != nil {
			return err
		}
	}
	return nil
}

func (b *Broker) write(ctx context.Context, changes ...change) (batch.Offset, error) {
	const op = "broker.commit"
	records := make([]batch.Record, len(changes))
	for i, c := range changes {
		value, err := json.Marshal(c)
		if err != nil {
			return 0, fault.Wrap(ErrStorage, op, err, "cannot encode a change of the metadata")
		}
		records[i] = batch.Record{Timestamp: b.Now(), Value: value}
	}
	encoded, err := batch.Build(nil, batch.Spec{}, records)
	if err != nil {
		return 0, fault.Wrap(ErrStorage, op, err, "cannot build a batch of metadata")
	}
	base, err := b.metadata.Append(ctx, encoded, b.opts.Durability)
	if err != nil {
		return 0, fault.Wrap(ErrStorage, op, err, "cannot write the metadata log")
	}
	return base, nil
}

// replayBytes is how much of a log is read at once when it is replayed.
const replayBytes = 1 << 20

// replay reads every record of one of the broker's own logs.
func replay(ctx context.Context, log commitlog.Log, each func(batch.Record) error) error {
	return scan(ctx, log, log.Bounds().Start, func(b batch.Batch) error {
		var failed error
		err := b.Records(batch.MaxSize, func(_ int, r batch.Record) bool {
			failed = each(r)
			return failed == nil
		})
		if failed != nil {
			return failed
		}
		return err
	})
}

// scan reads every batch of a log from an offset to the high watermark.
func scan(ctx context.Context, log commitlog.Log, from batch.Offset, each func(batch.Batch) error) error {
	var buffer []byte
	for end := log.Bounds().HighWatermark; from < end; {
		var err error
		if buffer, err = log.Read(ctx, buffer[:0], from, replayBytes); err != nil {
			return err
		}
		for rest := buffer; len(rest) > 0; {
			var b batch.Batch
			if b, rest, err = batch.Cut(rest); err != nil {
				return err
			}
			if err := each(b); err != nil {
				return err
			}
			from = b.NextOffset()
		}
		if len(buffer) == 0 {
			return fault.New(ErrStorage, "broker.scan", "the log ends at %d before its high watermark %d", from, end)
		}
	}
	return nil
}

// openers is how many logs are opened at once.
const openers = 8

// openTopics opens the logs of all topics, and removes those that belong to none: they are left of a deletion cut short.
func (b *Broker) openTopics(ctx context.Context) error {
	var work sync.WaitGroup
	turns := make(chan struct{}, openers)
	known := map[string]bool{metadataLog: true, producerLog: true}
	for _, t := range b.state.Topics {
		for i := range t.Partitions {
			known[logName(t.Name, i)] = true
		}
		turns <- struct{}{}
		work.Go(func() {
			defer func() { <-turns }()
			b.publish(b.build(ctx, t))
		})
	}
	work.Wait()
	names, err := b.opts.Logs.Names(ctx)
	if err != nil {
		return fault.Wrap(ErrStorage, "broker.Open", err, "cannot list the logs")
	}
	for _, name := range names {
		if !known[name] {
			b.logger.Warn("removing a log that belongs to no topic", "log", name)
			if err := b.opts.Logs.Remove(ctx, name); err != nil {
				return fault.Wrap(ErrStorage, "broker.Open", err, "cannot remove the log %s", name)
			}
		}
	}
	return nil
}

// build makes the topic of a state and opens its logs.
func (b *Broker) build(ctx context.Context, s *topicState) *Topic {
	t := &Topic{name: s.Name, id: s.ID, internal: s.Internal}
	t.configure(b.values(s.Configs))
	b.extend(ctx, t, s.Partitions)
	return t
}

// extend opens partitions until t has n.
func (b *Broker) extend(ctx context.Context, t *Topic, n int32) {
	var all []*Partition
	if old := t.partitions.Load(); old != nil {
		all = slices.Clone(*old)
	}
	for i := int32(len(all)); i < n; i++ {
		p := &Partition{broker: b, topic: t, index: i}
		log, err := b.opts.Logs.Open(ctx, logName(t.name, i))
		if err != nil {
			b.logger.Error("cannot open the log of a partition", "topic", t.name, "partition", i, "error", err)
		} else {
			p.log = log
		}
		all = append(all, p)
	}
	t.partitions.Store(&all)
	b.catalog.changed()
}

func (b *Broker) publish(t *Topic) {
	b.byID.Store(t.id, t)
	b.byName.Store(t.name, t)
	b.catalog.changed()
}
