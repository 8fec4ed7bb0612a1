package protobuf

import (
	"encoding/json"

	"github.com/pawl-registry/pawl/schema"
)

// DynamicJSON is AppendJSON by way of a dynamic message, to compare the straight way with.
func DynamicJSON(m schema.Message, payload []byte) ([]byte, error) {
	return m.(*codec).appendDynamicJSON(nil, payload)
}

// StraightJSON is AppendJSON by the tables alone; false means that the payload is not for it.
func StraightJSON(m schema.Message, payload []byte) ([]byte, bool) {
	x := &transcoder{}
	return x.object(nil, m.(*codec).table, payload, maxPayloadDepth)
}

// StraightValue is the generic value by the tables alone.
func StraightValue(m schema.Message, payload []byte) (any, bool) {
	x := &transcoder{}
	return x.generic(m.(*codec).table, payload, maxPayloadDepth)
}

// StraightAppend is Append of a generic value by the tables alone.
func StraightAppend(m schema.Message, v any) ([]byte, bool) {
	return appendObject(nil, m.(*codec).table, v, maxPayloadDepth)
}

// DynamicAppend is Append of a generic value by way of JSON and a dynamic message.
func DynamicAppend(m schema.Message, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return m.ParseJSON(nil, text)
}
