package broker

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pawl-registry/pawl/broker/group"
	"github.com/pawl-registry/pawl/fault"
)

// brokerDefinition is one configuration of brokers, by Kafka's name and with Kafka's default. It is either the default of a topic
// configuration, which can be changed while the broker runs, or one of the Options, or only shown.
type brokerDefinition struct {
	definition
	topic string                // the topic configuration
	show  func(*Options) string // what is in force
	set   func(*Options, int64) // nil: it cannot be set
}

// topicDefaults says which topic configuration has its default in which configuration of the broker.
var topicDefaults = map[string]string{
	cleanupPolicy: "log.cleanup.policy", "compression.type": "compression.type", deleteRetention: "log.cleaner.delete.retention.ms",
	"file.delete.delay.ms": "log.segment.delete.delay.ms", "flush.messages": "log.flush.interval.messages",
	"flush.ms": "log.flush.interval.ms", "index.interval.bytes": "log.index.interval.bytes", maxLag: "log.cleaner.max.compaction.lag.ms",
	maxMessageBytes: "message.max.bytes", timestampAfter: "log.message.timestamp.after.max.ms",
	timestampBefore: "log.message.timestamp.before.max.ms", timestampType: "log.message.timestamp.type",
	dirtyRatio: "log.cleaner.min.cleanable.ratio", minLag: "log.cleaner.min.compaction.lag.ms",
	"min.insync.replicas": "min.insync.replicas", "preallocate": "log.preallocate", retentionBytes: "log.retention.bytes",
	retentionMillis: "log.retention.ms", segmentBytes: "log.segment.bytes", "segment.index.bytes": "log.index.size.max.bytes",
	"segment.jitter.ms": "log.roll.jitter.ms", segmentMillis: "log.roll.ms",
	"unclean.leader.election.enable": "unclean.leader.election.enable",
}

// coarse are the names of Kafka for the same time in a larger unit; the finer one wins (as in Kafka's KafkaConfig).
var coarse = []struct {
	name, fine string
	unit       time.Duration
}{
	{"log.retention.minutes", "log.retention.ms", time.Minute},
	{"log.retention.hours", "log.retention.ms", time.Hour},
	{"log.roll.hours", "log.roll.ms", time.Hour},
	{"log.roll.jitter.hours", "log.roll.jitter.ms", time.Hour},
}

// brokerDefinitions lists the configurations of brokers in alphabetical order.
var brokerDefinitions = func() []brokerDefinition {
	all := append(optionDefinitions(), shownDefinitions()...)
	for topic, name := range topicDefaults {
		d, _ := definitionOf(topic)
		d.name = name
		all = append(all, brokerDefinition{definition: d, topic: topic})
	}
	slices.SortFunc(all, func(a, b brokerDefinition) int { return strings.Compare(a.name, b.name) })
	return all
}()

func brokerDefinitionOf(name string) (brokerDefinition, bool) {
	i, ok := slices.BinarySearchFunc(brokerDefinitions, name, func(d brokerDefinition, n string) int { return strings.Compare(d.name, n) })
	if !ok {
		return brokerDefinition{}, false
	}
	return brokerDefinitions[i], true
}

// millis defines a configuration of a time in milliseconds.
func millis(name string, least int64, doc string, field func(*Options) *time.Duration) brokerDefinition {
	return duration(name, time.Millisecond, least, doc, field)
}

func duration(name string, unit time.Duration, least int64, doc string, field func(*Options) *time.Duration) brokerDefinition {
	return brokerDefinition{
		definition: definition{name: name, kind: Long, min: float64(least), max: float64(maxLong / int64(unit)), doc: doc},
		show:       func(o *Options) string { return strconv.FormatInt(int64(*field(o)/unit), 10) },
		set:        func(o *Options, n int64) { *field(o) = time.Duration(n) * unit },
	}
}

// count defines a configuration of a number.
func count[T int | int32 | int64](name string, least float64, doc string, field func(*Options) *T) brokerDefinition {
	return brokerDefinition{
		definition: definition{name: name, kind: Int, min: least, max: maxInt, doc: doc},
		show:       func(o *Options) string { return strconv.FormatInt(int64(*field(o)), 10) },
		set:        func(o *Options, n int64) { *field(o) = T(n) },
	}
}

// bound is count for the number of members, of which 0 is no bound in the options.
func bound(name, doc string, field func(*Options) *int) brokerDefinition {
	d := count(name, 1, doc, field)
	d.show = func(o *Options) string { return strconv.Itoa(cmp.Or(*field(o), maxInt)) }
	return d
}

// optionDefinitions are the configurations that set an option. They are read when the broker starts.
func optionDefinitions() []brokerDefinition {
	return []brokerDefinition{
		{definition: definition{name: "auto.create.topics.enable", kind: Bool, doc: "A topic that a client asks for by name is made."},
			show: func(o *Options) string { return strconv.FormatBool(o.AutoCreate) },
			set:  func(o *Options, n int64) { o.AutoCreate = n == 1 }},
		millis("group.consumer.heartbeat.interval.ms", 1, "How often members under the protocol of KIP-848 are told to be heard.", func(o *Options) *time.Duration { return &o.Group.Consumers.Heartbeat }),
		bound("group.consumer.max.size", "The most members of a group under the protocol of KIP-848.", func(o *Options) *int { return &o.Group.Consumers.MaxSize }),
		millis("group.consumer.session.timeout.ms", 1, "How long a member under the protocol of KIP-848 may be silent.", func(o *Options) *time.Duration { return &o.Group.Consumers.Session }),
		millis("group.initial.rebalance.delay.ms", 0, "How long the first rebalance of a classic group waits for more members.", func(o *Options) *time.Duration { return &o.Group.InitialDelay }),
		millis("group.max.session.timeout.ms", 1, "The longest session that a member of a classic group may ask for.", func(o *Options) *time.Duration { return &o.Group.MaxSession }),
		bound("group.max.size", "The most members of a classic group.", func(o *Options) *int { return &o.Group.MaxSize }),
		millis("group.min.session.timeout.ms", 1, "The shortest session that a member of a classic group may ask for.", func(o *Options) *time.Duration { return &o.Group.MinSession }),
		millis("log.cleaner.backoff.ms", 1, "How often compaction looks for work.", func(o *Options) *time.Duration { return &o.CompactionEvery }),
		count("log.cleaner.dedupe.buffer.size", 1<<20, "Memory for the keys of the one log that is compacted at a time, in bytes.", func(o *Options) *int64 { return &o.CompactionMemory }),
		millis("log.retention.check.interval.ms", 1, "How often retention looks for what may go: segments, offsets, producers.", func(o *Options) *time.Duration { return &o.RetentionEvery }),
		count("num.partitions", 1, "Partitions of a topic that does not say.", func(o *Options) *int32 { return &o.DefaultPartitions }),
		count("offset.metadata.max.bytes", 0, "The longest metadata of a committed offset.", func(o *Options) *int { return &o.Group.MaxOffsetMetadata }),
		duration("offsets.retention.minutes", time.Minute, 1, "How long the offsets of a group without members are kept.", func(o *Options) *time.Duration { return &o.Group.OffsetRetention }),
		count("offsets.topic.num.partitions", 1, "Partitions of "+OffsetsTopic+" when it is made.", func(o *Options) *int32 { return &o.Group.OffsetPartitions }),
		millis("producer.id.expiration.ms", 1, "How long an idle producer is remembered.", func(o *Options) *time.Duration { return &o.ProducerExpiry }),
		millis("transaction.abort.timed.out.transaction.cleanup.interval.ms", 1, "How often overdue transactions are looked for.", func(o *Options) *time.Duration { return &o.Transactions.SweepEvery }),
		millis("transaction.max.timeout.ms", 1, "The longest time that a producer may ask for a transaction.", func(o *Options) *time.Duration { return &o.Transactions.MaxTimeout }),
		count("transaction.state.log.num.partitions", 1, "Partitions of "+TransactionsTopic+" when it is made.", func(o *Options) *int32 { return &o.Transactions.Partitions }),
		millis("transactional.id.expiration.ms", 1, "How long an idle transactional id is remembered.", func(o *Options) *time.Duration { return &o.Transactions.IDExpiry }),
	}
}

// shownDefinitions are what clients ask for and nobody can set.
func shownDefinitions() []brokerDefinition {
	shown := func(name string, kind ConfigType, doc string, show func(*Options) string) brokerDefinition {
		return brokerDefinition{definition: definition{name: name, kind: kind, doc: doc}, show: show}
	}
	node := func(o *Options) string { return strconv.Itoa(int(o.NodeID)) }
	return []brokerDefinition{
		shown("broker.id", Int, "The number of this broker.", node),
		shown("default.replication.factor", Int, "Replicas of a topic that does not say.", func(*Options) string { return "1" }),
		shown("group.consumer.assignors", List, "How partitions are assigned under the protocol of KIP-848; the first is the default.", func(*Options) string { return strings.Join(group.Assignors(), ",") }),
		shown("group.consumer.migration.policy", String, "A group changes between the protocols when it is empty.", func(*Options) string { return "disabled" }),
		shown("node.id", Int, "The number of this broker.", node),
	}
}

// CheckConfigs says what is wrong with Options.Configs (ErrInvalidConfig), before anything is opened.
func CheckConfigs(configs map[string]string) error {
	_, err := Options{Configs: configs}.configured()
	return err
}

// configured takes the configurations over into the options and the defaults of topics.
func (o Options) configured() (Options, error) {
	const op = "broker.Open"
	defaults := maps.Clone(o.TopicDefaults)
	if defaults == nil {
		defaults = make(map[string]string)
	}
	configs, err := refined(o.Configs)
	if err != nil {
		return o, err
	}
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		value := configs[name]
		d, ok := brokerDefinitionOf(name)
		switch {
		case !ok:
			return o, fault.New(ErrInvalidConfig, op, "unknown broker configuration %q", name)
		case d.topic == "" && d.set == nil:
			return o, fault.New(ErrInvalidConfig, op, "broker configuration %s cannot be set", name)
		}
		if what := d.check(value); what != "" {
			return o, fault.New(ErrInvalidConfig, op, "value %q of broker configuration %s: %s", value, name, what)
		}
		if d.topic != "" {
			defaults[d.topic] = value
			continue
		}
		d.set(&o, numeric(value))
	}
	o.TopicDefaults = defaults
	return o, checkConfigs(defaults)
}

// refined writes times in larger units in milliseconds.
func refined(configs map[string]string) (map[string]string, error) {
	all := maps.Clone(configs)
	for _, c := range coarse {
		value, ok := all[c.name]
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if most := maxLong / c.unit.Milliseconds(); err != nil || n > most {
			return nil, fault.New(ErrInvalidConfig, "broker.Open", "value %q of broker configuration %s: it must be a whole number of at most %d", value, c.name, most)
		}
		delete(all, c.name)
		if _, ok := all[c.fine]; !ok {
			all[c.fine] = strconv.FormatInt(max(n*c.unit.Milliseconds(), -1), 10)
		}
	}
	return all, nil
}

// numeric reads a value that was checked: a number, or 1 for true.
func numeric(value string) int64 {
	if strings.EqualFold(value, "true") {
		return 1
	}
	n, _ := strconv.ParseInt(value, 10, 64)
	return n
}

// Configs returns every configuration of this broker as it is in force, in alphabetical order.
func (b *Broker) Configs() []Config {
	inForce := *b.defaults.Load()
	all := make([]Config, 0, len(brokerDefinitions))
	for _, d := range brokerDefinitions {
		c := Config{Name: d.name, Type: d.kind, Doc: d.doc}
		if d.topic != "" {
			c.Value, c.Source = inForce.find(d.topic)
			c.Synonyms = inForce.synonyms(d.topic)
		} else {
			c.Value, c.Fixed = d.show(&b.opts), true
			if d.set != nil {
				c.Source = FromStatic
			}
			c.Synonyms = []Synonym{{d.name, c.Value, c.Source}}
		}
		all = append(all, c)
	}
	return all
}

// ClusterConfigs returns the configurations that were set for all brokers while they run, in alphabetical order.
func (b *Broker) ClusterConfigs() []Config {
	var all []Config
	set := b.defaults.Load()[FromCluster]
	for _, d := range brokerDefinitions {
		if value, ok := set[d.topic]; ok && d.topic != "" {
			all = append(all, Config{Name: d.name, Value: value, Source: FromCluster, Type: d.kind, Doc: d.doc, Synonyms: []Synonym{{d.name, value, FromCluster}}})
		}
	}
	return all
}
