package serde

import (
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/serde/frame"
)

// Field is the part of a record that carries a schema.
type Field uint8

// The two parts of a record. The zero value is Value: most producers frame nothing else.
const (
	Value Field = iota
	Key
)

// String returns "key" or "value", the suffix of topic-name subjects.
func (f Field) String() string {
	if f == Key {
		return "key"
	}
	return "value"
}

// Header returns the name of the record header that may carry the field's frame. See frame.KeyHeader.
func (f Field) Header() string {
	if f == Key {
		return frame.KeyHeader
	}
	return frame.ValueHeader
}

// Strategy is how the subject of a record is named. Source: the subject name strategies of Confluent's serializers.
type Strategy uint8

// The three strategies.
const (
	TopicName       Strategy = iota // <topic>-key, <topic>-value
	RecordName                      // <full name of the record>
	TopicRecordName                 // <topic>-<full name of the record>
)

var strategyNames = [...]string{"topic", "record", "topic-record"}

// String returns topic, record or topic-record.
func (s Strategy) String() string {
	if int(s) < len(strategyNames) {
		return strategyNames[s]
	}
	return "unknown"
}

// ParseStrategy reads what String writes, in any case.
func ParseStrategy(text string) (Strategy, error) {
	for i, name := range strategyNames {
		if strings.EqualFold(name, text) {
			return Strategy(i), nil
		}
	}
	return 0, fault.New(ErrOptions, "serde.ParseStrategy", "unknown subject name strategy %q: use one of %s", text, strings.Join(strategyNames[:], ", "))
}

// NeedsName reports whether the subject depends on the record's full name.
func (s Strategy) NeedsName() bool { return s != TopicName }

// Subject returns the subject of a field of a topic, in the default context. name is the record's full name; TopicName
// ignores it.
func (s Strategy) Subject(topic string, f Field, name string) string {
	switch s {
	case RecordName:
		return name
	case TopicRecordName:
		return topic + "-" + name
	}
	return topic + "-" + f.String()
}

// qualify puts a subject into a context (".prod"); a subject that names a context itself, and every subject in the default
// context, stays as it is.
func qualify(context, subject string) string {
	if context == "" || context == "." || strings.HasPrefix(subject, ":.") {
		return subject
	}
	return ":" + context + ":" + subject
}

// contextOf returns the context that a qualified subject names, or the empty string for the default one.
func contextOf(subject string) string {
	if !strings.HasPrefix(subject, ":.") {
		return ""
	}
	name, _, _ := strings.Cut(subject[1:], ":")
	if name == "." {
		return ""
	}
	return name
}
