package broker

import (
	"encoding/base64"
	"sync/atomic"

	"github.com/pawl-registry/pawl/fault"
)

// ID identifies a topic for as long as it exists: a topic made again under the same name has another. Zero is none.
type ID [16]byte

// String returns the id as Kafka prints it.
func (id ID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// Topic is a named set of partitions.
type Topic struct {
	name     string
	id       ID
	internal bool

	partitions atomic.Pointer[[]*Partition]
	values     atomic.Pointer[values]
	settings   atomic.Pointer[settings]
}

// Name returns the topic's name.
func (t *Topic) Name() string { return t.name }

// ID returns the topic's id.
func (t *Topic) ID() ID { return t.id }

// Internal reports whether the topic is the broker's own.
func (t *Topic) Internal() bool { return t.internal }

// Partitions returns the partitions; the caller must not change the slice.
func (t *Topic) Partitions() []*Partition { return *t.partitions.Load() }

// Partition returns one partition.
func (t *Topic) Partition(index int32) (*Partition, error) {
	all := t.Partitions()
	if index < 0 || int(index) >= len(all) {
		return nil, fault.New(ErrUnknownTopic, "broker.Partition", "topic %s has no partition %d", t.name, index)
	}
	return all[index], nil
}

// Configs returns every configuration of the topic as it is in force, in alphabetical order.
func (t *Topic) Configs() []Config { return t.values.Load().list() }

func (t *Topic) configure(v values) {
	t.values.Store(&v)
	t.settings.Store(v.settings())
}

// maxTopicName is the longest name of a topic: a directory's name holds it, a dash and the partition (Kafka's Topic.java).
const maxTopicName = 249

// reservedPrefix opens the names of logs that are no topics.
const reservedPrefix = "__pawl_"

// CheckTopicName applies Kafka's rules for names.
func CheckTopicName(name string) error {
	const op = "broker.CheckTopicName"
	switch {
	case name == "":
		return fault.New(ErrInvalidTopic, op, "a topic needs a name")
	case name == "." || name == "..":
		return fault.New(ErrInvalidTopic, op, "a topic cannot be called %q", name)
	case len(name) > maxTopicName:
		return fault.New(ErrInvalidTopic, op, "a topic's name has at most %d characters, this one %d", maxTopicName, len(name))
	case len(name) >= len(reservedPrefix) && name[:len(reservedPrefix)] == reservedPrefix:
		return fault.New(ErrInvalidTopic, op, "names that begin with %s are the broker's own", reservedPrefix)
	}
	for i := range len(name) {
		if !nameByte(name[i]) {
			return fault.New(ErrInvalidTopic, op, "topic %q: a name has letters, digits, '.', '_' and '-' only", name)
		}
	}
	return nil
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}
