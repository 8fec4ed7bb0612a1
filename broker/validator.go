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

// Demand is what a topic's configuration asks of one field of its records.
type Demand struct {
	Field    Field
	Strategy Strategy
}

// Rejection says which record of a batch is refused and why.
type Rejection struct {
	Index  int    // position of the record in its batch, from 0
	Reason string // one sentence for the producer: what is wrong and what to do
}

// Validator judges the records of one batch against the demands of its topic. It returns nothing if all of them pass, else
// at least the first that does not. An error means that it could not judge (the registry did not answer): the batch is
// then refused with a retriable error. Null fields pass, empty ones do not (broker rules, section validation). The records
// alias a buffer of the broker's: the validator keeps none of their bytes.
//
// The broker asks only for topics with at least one demand, so a nil Validator and no demands cost nothing.
type Validator interface {
	Validate(ctx context.Context, topic string, demands []Demand, records func(yield func(index int, r batch.Record) bool) error) ([]Rejection, error)
}
