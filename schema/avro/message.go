package avro

import (
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

type message struct{}

// Message returns the message type of a record, enum or fixed by its full name.
func (s *Schema) Message(n string) (schema.Message, error) {
	return nil, fault.New(schema.ErrMessageNotFound, "avro.Schema.Message", "no type %q", n)
}

// Open returns the root and the whole body: Avro has no prefix.
func (s *Schema) Open(body []byte) (schema.Message, []byte, error) {
	m, err := s.Message("")
	return m, body, err
}
