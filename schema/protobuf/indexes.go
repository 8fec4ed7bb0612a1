package protobuf

import (
	"encoding/binary"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Message indexes say which message of a file a payload is. They stand between the frame and the payload (Confluent:
// MessageIndexes): a count and that many indexes as zigzag varints, the index of the outermost message first. The indexes of the
// first message, [0], are also written as a single zero byte; writers use the short form, readers take both.

// maxIndexes bounds the nesting that indexes can address.
const maxIndexes = maxDepth

func appendIndexes(dst []byte, path []int32) []byte {
	if len(path) == 1 && path[0] == 0 {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(dst, int64(len(path)))
	for _, i := range path {
		dst = binary.AppendVarint(dst, int64(i))
	}
	return dst
}

// Open peels the message indexes off a body. The payload aliases it. Indexes that lead to no message are ErrMessageNotFound,
// anything else that is wrong with them ErrPayload.
func (s *parsed) Open(body []byte) (schema.Message, []byte, error) {
	const op = "protobuf.Schema.Open"
	count, n := binary.Varint(body)
	if n <= 0 || count < 0 || count > maxIndexes {
		return nil, nil, fault.New(schema.ErrPayload, op, "the body does not start with message indexes")
	}
	rest := body[n:]
	t := s.tables()
	if count == 0 {
		return t.open(op, &t.roots, 0, rest)
	}
	level, at := &t.roots, int64(0)
	for i := range count {
		index, n := binary.Varint(rest)
		if n <= 0 {
			return nil, nil, fault.New(schema.ErrPayload, op, "the message indexes end early")
		}
		rest = rest[n:]
		if i > 0 {
			level = &(*level)[at].nested
		}
		if index < 0 || index >= int64(len(*level)) {
			return nil, nil, fault.New(schema.ErrMessageNotFound, op, "the schema has no message with index %d at level %d", index, i)
		}
		at = index
	}
	return t.open(op, level, at, rest)
}

func (t *tables) open(op string, level *[]*codec, index int64, rest []byte) (schema.Message, []byte, error) {
	if index >= int64(len(*level)) {
		return nil, nil, fault.New(schema.ErrMessageNotFound, op, "the schema declares no message")
	}
	m := (*level)[index]
	if err := m.usable(op); err != nil {
		return nil, nil, err
	}
	return m, rest, nil
}

// Message returns a message by full name, nested ones included; the empty name is the first message of the file.
func (s *parsed) Message(name string) (schema.Message, error) {
	const op = "protobuf.Schema.Message"
	t := s.tables()
	if name == "" {
		m, _, err := t.open(op, &t.roots, 0, nil)
		return m, err
	}
	m, ok := t.byName[name]
	if !ok {
		return nil, fault.New(schema.ErrMessageNotFound, op, "the schema has no message %s", name)
	}
	if err := m.usable(op); err != nil {
		return nil, err
	}
	return m, nil
}
