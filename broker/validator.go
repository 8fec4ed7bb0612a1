package broker

import (
	"context"

	"github.com/pawl-registry/pawl/broker/batch"
)

// Field is the part of a record that a rule is about.
type Field uint8

// The two parts of a record that carry schemas.
const (
	Key Field = iota
	Value
)

// Strategy is how the subject of a record is named.
type Strategy uint8

// The subject name strategies of Confluent's serializers.
const (
	TopicName       Strategy = iota // <topic>-key, <topic>-value
	RecordName                      // <record full name>
	TopicRecordName                 // <topic>-<record full name>
)

// Level is how deep a Validator looks.
type Level uint8

// The levels.
const (
	CheckID      Level = iota // the field names a schema of the expected subject, as Confluent Server and Redpanda ask for
	CheckPayload              // and the payload is a complete value of that schema
)

// Demand is what a topic's configuration asks of one field of its records.
type Demand struct {
	Field    Field
	Strategy Strategy
	Level    Level
	Context  string // of the registry, in which ids and subjects are looked up; "" is the default one
}

// Action is what becomes of a batch with records that do not pass.
type Action uint8

// The actions.
const (
	Reject     Action = iota // the whole batch is refused
	Report                   // it is let through, and told of
	DeadLetter               // the bad records go to another topic, the good ones through
)

var actionNames = [...]string{Reject: "reject", Report: "report", DeadLetter: "dlq"}

// String returns the action as a topic's configuration writes it.
func (a Action) String() string { return actionNames[a] }

// Rejection says which record of a batch is refused and why.
type Rejection struct {
	Index   int    // position of the record in its batch, from 0
	Reason  string // one sentence for the producer: what is wrong and what to do; some hundred bytes at most
	Cause   string // the sort of the reason, one of a few stable words; empty if the broker's own rules refuse the record
	Subject string // the subject under which the schema was looked for; empty if it is not known
}

// Validator judges the records of one batch against the demands of its topic. It returns nothing if all of them pass, else
// the first ones that do not, limit of them at most and one for each record, in order of Index. An error means that it could
// not judge (the registry did not answer): the batch is then refused with a retriable error. Null fields pass, empty ones do
// not (broker rules, section validation). The records alias a buffer of the broker's: the validator keeps none of their bytes.
//
// The broker asks only for topics with at least one demand, so a nil Validator and no demands cost nothing.
type Validator interface {
	Validate(ctx context.Context, topic string, demands []Demand, limit int, records func(yield func(index int, r batch.Record) bool) error) ([]Rejection, error)
}
