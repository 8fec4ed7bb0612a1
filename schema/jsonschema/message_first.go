package jsonschema

import (
	"bytes"
	"encoding/json"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

func (m *message) Name() string { return "" }

func (m *message) AppendPrefix(dst []byte) []byte { return dst }

func (m *message) Check(payload []byte) error {
	if !json.Valid(payload) {
		return fault.New(schema.ErrPayload, "jsonschema.Check", "the payload is no JSON")
	}
	return nil
}

func (m *message) Append(dst []byte, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return dst, fault.Wrap(schema.ErrPayload, "jsonschema.Append", err, "the value cannot be encoded as JSON")
	}
	return append(dst, b...), nil
}

func (m *message) Decode(payload []byte, v any) error {
	if err := json.Unmarshal(payload, v); err != nil {
		return fault.Wrap(schema.ErrPayload, "jsonschema.Decode", err, "the payload cannot be decoded")
	}
	return nil
}

func (m *message) AppendJSON(dst, payload []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, payload); err != nil {
		return dst, fault.Wrap(schema.ErrPayload, "jsonschema.AppendJSON", err, "the payload is no JSON")
	}
	return append(dst, b.Bytes()...), nil
}

func (m *message) ParseJSON(dst, text []byte) ([]byte, error) { return m.AppendJSON(dst, text) }
