package broker

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/fault"
)

// ConfigType is the type of a configuration's value.
type ConfigType uint8

// The types of configuration values that Kafka's tools know.
const (
	Bool ConfigType = iota
	String
	Int
	Long
	Double
	List
	Class
)

// Config is one configuration of a topic as it is in force.
type Config struct {
	Name     string
	Value    string
	Source   ConfigSource
	Fixed    bool // it cannot be changed while the broker runs
	Type     ConfigType
	Doc      string
	Synonyms []Synonym // where a value is looked for, the one in force first
}

// ConfigSource says who set a value, the weakest first.
type ConfigSource uint8

// The sources of values, as Kafka tells them apart.
const (
	FromDefault ConfigSource = iota // the program
	FromStatic                      // what the broker was started with
	FromCluster                     // set while it runs, for all brokers
	FromBroker                      // set while it runs, for this broker
	FromTopic                       // set on the topic
)

// Synonym is one of the places where the value of a configuration is looked for, with what is there.
type Synonym struct {
	Name   string
	Value  string
	Source ConfigSource
}

// definition describes one configuration: what Kafka calls it, and which values are allowed.
type definition struct {
	name     string
	kind     ConfigType
	fallback string
	doc      string
	min, max float64                   // of numbers
	allowed  []string                  // of strings and lists
	wrong    func(value string) string // says what is wrong with a string that is not one of a few
}

const (
	maxLong = 1<<63 - 1
	maxInt  = 1<<31 - 1
)

// The configurations whose values the broker acts on, by Kafka's names and by those of Confluent and Redpanda.
const (
	cleanupPolicy    = "cleanup.policy"
	maxMessageBytes  = "max.message.bytes"
	timestampType    = "message.timestamp.type"
	timestampBefore  = "message.timestamp.before.max.ms"
	timestampAfter   = "message.timestamp.after.max.ms"
	retentionMillis  = "retention.ms"
	retentionBytes   = "retention.bytes"
	confluentKey     = "confluent.key.schema.validation"
	confluentValue   = "confluent.value.schema.validation"
	confluentKeyName = "confluent.key.subject.name.strategy"
	confluentValName = "confluent.value.subject.name.strategy"
	redpandaKey      = "redpanda.key.schema.id.validation"
	redpandaValue    = "redpanda.value.schema.id.validation"
	redpandaKeyName  = "redpanda.key.subject.name.strategy"
	redpandaValName  = "redpanda.value.subject.name.strategy"
	pawlKeyMode      = "pawl.key.schema.validation.mode"
	pawlValueMode    = "pawl.value.schema.validation.mode"
	pawlAction       = "pawl.schema.validation.action"
	pawlContext      = "pawl.schema.validation.context"
	pawlDeadLetters  = "pawl.schema.validation.dlq.topic"
)

// The values of the modes. Inherited is what the names of Confluent and Redpanda say, at the level of the broker.
const (
	modeInherit = "inherit"
	modeOff     = "off"
	modeID      = "id"
	modePayload = "payload"
)

var modes = []string{modeInherit, modeOff, modeID, modePayload}

// strategies maps the names of a subject name strategy, Confluent's classes and Redpanda's short forms, to its meaning.
var strategies = map[string]Strategy{
	"TopicNameStrategy":       TopicName,
	"RecordNameStrategy":      RecordName,
	"TopicRecordNameStrategy": TopicRecordName,
	"io.confluent.kafka.serializers.subject.TopicNameStrategy":       TopicName,
	"io.confluent.kafka.serializers.subject.RecordNameStrategy":      RecordName,
	"io.confluent.kafka.serializers.subject.TopicRecordNameStrategy": TopicRecordName,
}

const topicNameClass = "io.confluent.kafka.serializers.subject.TopicNameStrategy"

// definitions lists the configurations of topics in alphabetical order, with Kafka 4's defaults.
var definitions = []definition{
	{name: cleanupPolicy, kind: List, fallback: "delete", allowed: []string{"compact", "delete"},
		doc: "What happens to old records: delete, compact, or both."},
	{name: "compression.type", kind: String, fallback: "producer", allowed: []string{"producer", "uncompressed", "zstd", "lz4", "snappy", "gzip"},
		doc: "Batches are stored as their producer compressed them, whatever this says."},
	{name: confluentKey, kind: Bool, fallback: "false", doc: "Record keys must carry the id of a schema registered under the topic's key subject."},
	{name: confluentKeyName, kind: Class, fallback: topicNameClass, allowed: slices.Sorted(maps.Keys(strategies)),
		doc: "How the subject of a record key is named."},
	{name: confluentValue, kind: Bool, fallback: "false", doc: "Record values must carry the id of a schema registered under the topic's value subject."},
	{name: confluentValName, kind: Class, fallback: topicNameClass, allowed: slices.Sorted(maps.Keys(strategies)),
		doc: "How the subject of a record value is named."},
	{name: deleteRetention, kind: Long, fallback: "86400000", min: 0, max: maxLong, doc: "How long a tombstone is kept on a compacted topic."},
	{name: "file.delete.delay.ms", kind: Long, fallback: "60000", min: 0, max: maxLong, doc: "Accepted; files are deleted at once."},
	{name: "flush.messages", kind: Long, fallback: "9223372036854775807", min: 1, max: maxLong, doc: "Accepted; the broker's durability decides."},
	{name: "flush.ms", kind: Long, fallback: "9223372036854775807", min: 0, max: maxLong, doc: "Accepted; the broker's durability decides."},
	{name: "index.interval.bytes", kind: Int, fallback: "4096", min: 0, max: maxInt, doc: "Accepted; the log decides."},
	{name: maxLag, kind: Long, fallback: "9223372036854775807", min: 1, max: maxLong, doc: "The longest that a record may stay uncompacted."},
	{name: maxMessageBytes, kind: Int, fallback: "1048588", min: 0, max: maxInt, doc: "The largest record batch, in bytes as sent."},
	{name: timestampAfter, kind: Long, fallback: "3600000", min: 0, max: maxLong, doc: "How far a producer's timestamp may lie ahead of the broker's clock."},
	{name: timestampBefore, kind: Long, fallback: "9223372036854775807", min: 0, max: maxLong, doc: "How far a producer's timestamp may lie behind the broker's clock."},
	{name: timestampType, kind: String, fallback: "CreateTime", allowed: []string{"CreateTime", "LogAppendTime"}, doc: "Who sets the timestamp of a record."},
	{name: dirtyRatio, kind: Double, fallback: "0.5", min: 0, max: 1, doc: "How much of a log must be uncompacted before it is compacted."},
	{name: minLag, kind: Long, fallback: "0", min: 0, max: maxLong, doc: "The least that a record stays uncompacted."},
	{name: "min.insync.replicas", kind: Int, fallback: "1", min: 1, max: maxInt, doc: "Replicas that must have a batch before it is acknowledged with acks=all."},
	{name: pawlKeyMode, kind: String, fallback: modeInherit, allowed: modes,
		doc: "What a record's key must be: off, id (a schema of the key's subject is named), payload (and the payload fits it), or inherit (" + confluentKey + " says whether, the broker how deep)."},
	{name: pawlAction, kind: String, fallback: Reject.String(), allowed: actionNames[:],
		doc: "What becomes of records that do not pass: reject (their batch is refused), report (they are let through, counted and logged), dlq (they go to " + pawlDeadLetters + ", the others of their batch through)."},
	{name: pawlContext, kind: String, wrong: wrongContext,
		doc: "The context of the registry in which ids and subjects are looked up, such as .prod; empty is the default context."},
	{name: pawlDeadLetters, kind: String, wrong: wrongDeadLetters,
		doc: "The topic of records that do not pass, which is made when it is needed; empty is the topic's own name with .dlq behind it."},
	{name: pawlValueMode, kind: String, fallback: modeInherit, allowed: modes,
		doc: "What a record's value must be; as " + pawlKeyMode + "."},
	{name: "preallocate", kind: Bool, fallback: "false", doc: "Accepted; the log decides."},
	{name: redpandaKey, kind: Bool, fallback: "false", doc: "Another name of " + confluentKey + "; it wins if both are set."},
	{name: redpandaKeyName, kind: String, fallback: "TopicNameStrategy", allowed: slices.Sorted(maps.Keys(strategies)),
		doc: "Another name of " + confluentKeyName + "; it wins if both are set."},
	{name: redpandaValue, kind: Bool, fallback: "false", doc: "Another name of " + confluentValue + "; it wins if both are set."},
	{name: redpandaValName, kind: String, fallback: "TopicNameStrategy", allowed: slices.Sorted(maps.Keys(strategies)),
		doc: "Another name of " + confluentValName + "; it wins if both are set."},
	{name: retentionBytes, kind: Long, fallback: "-1", min: -1, max: maxLong, doc: "The size of a partition beyond which its oldest segments go; -1 is no limit."},
	{name: retentionMillis, kind: Long, fallback: "604800000", min: -1, max: maxLong, doc: "The age beyond which a segment goes; -1 is no limit."},
	{name: segmentBytes, kind: Int, fallback: "1073741824", min: 14, max: maxInt, doc: "The size at which a segment is sealed, so that it can be deleted or compacted; the log's own is the most."},
	{name: "segment.index.bytes", kind: Int, fallback: "10485760", min: 4, max: maxInt, doc: "Accepted; the log decides."},
	{name: "segment.jitter.ms", kind: Long, fallback: "0", min: 0, max: maxLong, doc: "Accepted; the log decides."},
	{name: segmentMillis, kind: Long, fallback: "604800000", min: 1, max: maxLong, doc: "The age at which a segment is sealed, so that it can be deleted or compacted."},
	{name: "unclean.leader.election.enable", kind: Bool, fallback: "false", doc: "Accepted; there is one replica."},
}

func definitionOf(name string) (definition, bool) {
	i, ok := slices.BinarySearchFunc(definitions, name, func(d definition, n string) int { return strings.Compare(d.name, n) })
	if !ok {
		return definition{}, false
	}
	return definitions[i], true
}

// checkConfigs refuses names and values that Kafka would refuse.
func checkConfigs(configs map[string]string) error {
	const op = "broker.checkConfigs"
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		d, ok := definitionOf(name)
		if !ok {
			return fault.New(ErrInvalidConfig, op, "unknown topic configuration %q", name)
		}
		if what := d.check(configs[name]); what != "" {
			return fault.New(ErrInvalidConfig, op, "value %q of configuration %s: %s", configs[name], name, what)
		}
	}
	return nil
}

// check says what is wrong with a value, or "".
func (d definition) check(value string) string {
	switch d.kind {
	case Bool:
		if v := strings.ToLower(value); v != "true" && v != "false" {
			return "it must be true or false"
		}
	case Int, Long:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || float64(n) < d.min || float64(n) > d.max {
			return "it must be a whole number from " + number(d.min) + " to " + number(d.max)
		}
	case Double:
		f, err := strconv.ParseFloat(value, 64)
		if err != nil || !(f >= d.min && f <= d.max) {
			return "it must be a number from " + number(d.min) + " to " + number(d.max)
		}
	case List:
		for item := range strings.SplitSeq(value, ",") {
			if !slices.Contains(d.allowed, strings.TrimSpace(item)) {
				return "its items must be among " + strings.Join(d.allowed, ", ")
			}
		}
	default:
		if d.wrong != nil {
			return d.wrong(value)
		}
		if !slices.Contains(d.allowed, value) {
			return "it must be one of " + strings.Join(d.allowed, ", ")
		}
	}
	return ""
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// values answers for the configurations of a topic: what it sets itself, else what the brokers have for topics that do not, else
// Kafka's default.
type values struct {
	own      map[string]string
	defaults defaults
	level    Level // of validation that is asked for under names that do not tell
}

// defaults are values for topics that do not set their own, by the topics' names of the configurations, by who set them.
type defaults [FromTopic]map[string]string

func (b *Broker) values(own map[string]string) values {
	return values{own: own, defaults: *b.defaults.Load(), level: b.opts.Validation}
}

// find returns the value in force.
func (v values) find(name string) (string, ConfigSource) {
	if s, ok := v.own[name]; ok {
		return s, FromTopic
	}
	return v.defaults.find(name)
}

func (d defaults) find(name string) (string, ConfigSource) {
	for source := FromBroker; source > FromDefault; source-- {
		if s, ok := d[source][name]; ok {
			return s, source
		}
	}
	known, _ := definitionOf(name)
	return known.fallback, FromDefault
}

func (v values) of(name string) string {
	s, _ := v.find(name)
	return s
}

func (v values) bool(name string) bool { return strings.EqualFold(v.of(name), "true") }

func (v values) float64(name string) float64 {
	f, _ := strconv.ParseFloat(v.of(name), 64) // checked when it was set
	return f
}

func (v values) int64(name string) int64 {
	n, _ := strconv.ParseInt(v.of(name), 10, 64) // checked when it was set
	return n
}

// set reports whether anybody set a configuration, on the topic or as the broker's default.
func (v values) set(name string) bool {
	_, source := v.find(name)
	return source != FromDefault
}

// list returns every configuration as it is in force, in alphabetical order.
func (v values) list() []Config {
	all := make([]Config, 0, len(definitions))
	for _, d := range definitions {
		c := Config{Name: d.name, Type: d.kind, Doc: d.doc}
		c.Value, c.Source = v.find(d.name)
		if own, ok := v.own[d.name]; ok {
			c.Synonyms = append(c.Synonyms, Synonym{d.name, own, FromTopic})
		}
		c.Synonyms = append(c.Synonyms, v.defaults.synonyms(d.name)...)
		all = append(all, c)
	}
	return all
}

// synonyms lists the values of the brokers for a configuration of topics, the one in force first.
func (d defaults) synonyms(topic string) []Synonym {
	name := cmp.Or(topicDefaults[topic], topic)
	var all []Synonym
	for source := FromBroker; source > FromDefault; source-- {
		if s, ok := d[source][topic]; ok {
			all = append(all, Synonym{name, s, source})
		}
	}
	known, _ := definitionOf(topic)
	return append(all, Synonym{name, known.fallback, FromDefault})
}

// settings is what the broker acts on, read once from the configurations of a topic.
type settings struct {
	maxBytes        int
	appendTime      bool
	timestampBefore int64 // milliseconds
	timestampAfter  int64 // milliseconds
	compact, delete bool
	retentionMillis int64 // -1: no limit
	retentionBytes  int64 // -1: no limit
	demands         []Demand
	action          Action // if the demands are not met
	deadLetters     string // name of the topic, if action is DeadLetter; empty: see Partition.deadLetters
}

func (v values) settings() *settings {
	policy := v.of(cleanupPolicy)
	s := &settings{
		maxBytes:        int(v.int64(maxMessageBytes)),
		appendTime:      v.of(timestampType) == "LogAppendTime",
		timestampBefore: v.int64(timestampBefore),
		timestampAfter:  v.int64(timestampAfter),
		compact:         strings.Contains(policy, "compact"),
		delete:          strings.Contains(policy, "delete"),
		retentionMillis: v.int64(retentionMillis),
		retentionBytes:  v.int64(retentionBytes),
	}
	s.action = Action(slices.Index(actionNames[:], v.of(pawlAction)))
	s.deadLetters = v.of(pawlDeadLetters)
	v.demand(s, Demand{Field: Key, Strategy: strategies[v.of(v.either(redpandaKeyName, confluentKeyName))]}, pawlKeyMode, v.either(redpandaKey, confluentKey))
	v.demand(s, Demand{Field: Value, Strategy: strategies[v.of(v.either(redpandaValName, confluentValName))]}, pawlValueMode, v.either(redpandaValue, confluentValue))
	return s
}

// demand adds d to the settings, at the level that the mode asks for; a mode that is inherited asks the configuration toggle.
func (v values) demand(s *settings, d Demand, mode, toggle string) {
	d.Level, d.Context = v.level, v.of(pawlContext)
	switch m := v.of(mode); {
	case m == modeOff, m == modeInherit && !v.bool(toggle):
		return
	case m == modeID:
		d.Level = CheckID
	case m == modePayload:
		d.Level = CheckPayload
	}
	s.demands = append(s.demands, d)
}

// wrongContext wants the name of a context as the registry writes it.
func wrongContext(value string) string {
	if value != "" && (value[0] != '.' || strings.ContainsAny(value, ": \t\r\n")) {
		return "a context begins with a dot, such as .prod, and has no colon in it"
	}
	return ""
}

func wrongDeadLetters(value string) string {
	if value == "" {
		return ""
	}
	if err := CheckTopicName(value); err != nil {
		return fault.DetailOf(err)
	}
	return ""
}

// either returns name if it is set, else the one it is another name of.
func (v values) either(name, otherwise string) string {
	if v.set(name) {
		return name
	}
	return otherwise
}
