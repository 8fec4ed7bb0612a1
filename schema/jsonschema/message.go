package jsonschema

import (
	"bytes"
	"encoding/json"
	"reflect"
	"sync"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// message is the one message of a schema: its root. Payloads are JSON texts in UTF-8. The schema is compiled for validation
// when the first payload comes; a schema that registries take but no validator can apply fails then, with ErrPayload.
type message struct {
	schema *parsed

	once      sync.Once
	validator *validator
	err       error
}

// Name is the root's title, which Confluent's serializers use for record-name strategies; empty if there is none.
func (m *message) Name() string {
	if title := m.schema.root.get("title"); title != nil && title.kind == jsonString {
		return title.text
	}
	return ""
}

// AppendPrefix appends nothing: the format has no prefix.
func (m *message) AppendPrefix(dst []byte) []byte { return dst }

func (m *message) compiled() (*validator, error) {
	m.once.Do(func() { m.validator, m.err = m.schema.compile() })
	return m.validator, m.err
}

// valid reads and validates a payload. The tape must be released.
func (m *message) valid(op string, payload []byte) (*tape, error) {
	v, err := m.compiled()
	if err != nil {
		return nil, err
	}
	t, err := readPayload(op, payload)
	if err != nil {
		return nil, err
	}
	if err := v.validate(op, t); err != nil {
		t.release()
		return nil, err
	}
	return t, nil
}

// Check validates the payload: one JSON value in valid UTF-8, nothing after it, that fits the schema. Where a name is repeated
// in an object, each of its values must fit.
func (m *message) Check(payload []byte) error {
	t, err := m.valid("jsonschema.Check", payload)
	if err == nil {
		t.release()
	}
	return err
}

// buffers keeps the encoders' buffers.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keptBuffer bounds what a pooled buffer may hold on to.
const keptBuffer = 1 << 20

// Append encodes any value that encoding/json encodes and validates the outcome. A json.RawMessage is taken as it is, without
// its insignificant space.
func (m *message) Append(dst []byte, v any) ([]byte, error) {
	const op = "jsonschema.Append"
	b := buffers.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= keptBuffer {
			buffers.Put(b)
		}
	}()
	b.Reset()
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return dst, fault.Wrap(schema.ErrPayload, op, err, "the value of type %T cannot be encoded as JSON", v)
	}
	payload := bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
	t, err := m.valid(op, payload)
	if err != nil {
		return dst, err
	}
	t.release()
	return append(dst, payload...), nil
}

// Decode validates the payload and decodes it into v. A *any, *map[string]any or *[]any receives generic values without loss
// of digits (see the package comment); anything else is filled by encoding/json.
func (m *message) Decode(payload []byte, v any) error {
	const op = "jsonschema.Decode"
	if target := reflect.ValueOf(v); target.Kind() != reflect.Pointer || target.IsNil() {
		return fault.New(schema.ErrPayload, op, "cannot decode into %T: give a pointer that is not nil", v)
	}
	t, err := m.valid(op, payload)
	if err != nil {
		return err
	}
	defer t.release()
	if t.decodeGeneric(v) {
		return nil
	}
	if err := json.Unmarshal(payload, v); err != nil {
		return fault.Wrap(schema.ErrPayload, op, err, "the payload does not fit into %T", v)
	}
	return nil
}

// decodeGeneric fills targets of generic types and reports whether v is one that fits.
func (t *tape) decodeGeneric(v any) bool {
	switch to := v.(type) {
	case *any:
		*to = t.generic(0)
		return true
	case *map[string]any:
		if t.tokens[0].kind == jsonObject {
			*to = t.genericObject(0)
			return true
		}
	case *[]any:
		if t.tokens[0].kind == jsonArray {
			*to = t.genericArray(0)
			return true
		}
	}
	return false
}

// AppendJSON appends the payload without insignificant space. It only has to be JSON, so that a payload that does not fit its
// schema can still be shown.
func (m *message) AppendJSON(dst, payload []byte) ([]byte, error) {
	t, err := readPayload("jsonschema.AppendJSON", payload)
	if err != nil {
		return dst, err
	}
	defer t.release()
	return t.compact(dst, 0), nil
}

// ParseJSON validates a JSON text and appends it without insignificant space.
func (m *message) ParseJSON(dst, text []byte) ([]byte, error) {
	t, err := m.valid("jsonschema.ParseJSON", text)
	if err != nil {
		return dst, err
	}
	defer t.release()
	return t.compact(dst, 0), nil
}
