package avro

import (
	"sync"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// message is one type of a schema as a codec for payloads. Walking payloads needs the tree only; what Go values need is
// built when first asked for.
type message struct {
	node *node

	once  sync.Once
	codec *codec
	err   error

	mu       sync.Mutex
	readings map[*node]*projection
}

// Message returns a named type by its full name; the empty name is the root, of any type.
func (s *Schema) Message(name string) (schema.Message, error) {
	if name == "" {
		return &s.main, nil
	}
	n := s.types.get(splitName(name, ""))
	if n == nil || n.named.name.full() != name {
		return nil, fault.New(schema.ErrMessageNotFound, "avro.Schema.Message", "the schema has no type %q; use the full name of a record, enum or fixed", name)
	}
	if n == s.main.node {
		return &s.main, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.messages[n]
	if m == nil {
		m = &message{node: n}
		if s.messages == nil {
			s.messages = map[*node]*message{}
		}
		s.messages[n] = m
	}
	return m, nil
}

// Open returns the root and the whole body: Avro puts nothing before its payloads.
func (s *Schema) Open(body []byte) (schema.Message, []byte, error) { return &s.main, body, nil }

// Name returns the full name of a named type and the name of the type otherwise.
func (m *message) Name() string { return m.node.typeText() }

// AppendPrefix appends nothing.
func (m *message) AppendPrefix(dst []byte) []byte { return dst }

// Check walks the payload without building a value. It takes what Java's BinaryDecoder reads, with these exceptions, which no
// encoder writes: bytes after the value, booleans other than 0 and 1, numbers with more bits than their type, a block whose
// size is not the size it says, nesting beyond 500 levels, and more than 4096 array items that take no bytes. Bytes of a
// string that are not UTF-8 are taken, as in Java, and logical types are not looked into.
func (m *message) Check(payload []byte) error {
	c := cursor{buf: payload}
	c.skip(m.node)
	return c.end()
}

// AppendJSON appends the payload in Avro's JSON encoding.
func (m *message) AppendJSON(dst, payload []byte) ([]byte, error) {
	c := cursor{buf: payload}
	out, _ := c.json(dst, m.node)
	if err := c.end(); err != nil {
		return dst, err
	}
	return out, nil
}

// ParseJSON reads Avro's JSON encoding. Beyond it, the value of a union may stand without the name of its branch if it fits one
// branch only, and a field with a default may be absent.
func (m *message) ParseJSON(dst, text []byte) ([]byte, error) {
	s := string(text)
	v, err := readJSON(s, false)
	if err != nil {
		return dst, fault.New(schema.ErrPayload, "avro.Message.ParseJSON", "%s", fault.DetailOf(err))
	}
	e := encoder{text: s}
	out, err := e.encode(dst, m.node, v)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// Append encodes a Go value: a struct with tags of the form `avro:"name"`, a map[string]any, or what Decode makes for an any.
func (m *message) Append(dst []byte, v any) ([]byte, error) {
	c, err := m.goCodec()
	if err != nil {
		return dst, err
	}
	return c.append(dst, v)
}

// Decode decodes into a pointer to a struct with tags of the form `avro:"name"`, to a map, or to an any, which gets maps for
// records, slices, scalars, and time.Time, time.Duration and *big.Rat for logical types.
func (m *message) Decode(payload []byte, v any) error {
	c, err := m.goCodec()
	if err != nil {
		return err
	}
	return c.decode(payload, v)
}

func (m *message) goCodec() (*codec, error) {
	m.once.Do(func() { m.codec, m.err = newCodec(m.node) })
	return m.codec, m.err
}
