package protobuf

import (
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

func (c *codec) unmarshal(payload []byte) (proto.Message, error) {
	const op = "protobuf.Message.Decode"
	if err := c.link(op); err != nil {
		return nil, err
	}
	m := dynamicpb.NewMessage(c.descriptor)
	if err := (proto.UnmarshalOptions{Resolver: c.types}).Unmarshal(payload, m); err != nil {
		return nil, fault.New(schema.ErrPayload, op, "the payload is no %s: %s", c.name, clean(err))
	}
	return m, nil
}

// AppendJSON appends the payload in the JSON mapping of Protobuf, without insignificant space. Fields that are not set are left
// out. Values without a JSON form, such as a timestamp out of range or an Any of an unknown type, are ErrPayload.
func (c *codec) AppendJSON(dst, payload []byte) (out []byte, err error) {
	const op = "protobuf.Message.AppendJSON"
	defer func() {
		if err != nil {
			out = dst
		}
	}()
	defer recovered(op, schema.ErrPayload, &err)
	x := c.schema.transcoders.Get().(*transcoder)
	out, ok := x.object(dst, c.table, payload, maxPayloadDepth)
	c.schema.release(x)
	if ok {
		return out, nil
	}
	return c.appendDynamicJSON(dst, payload)
}

// appendDynamicJSON is AppendJSON by way of a dynamic message.
func (c *codec) appendDynamicJSON(dst, payload []byte) ([]byte, error) {
	const op = "protobuf.Message.AppendJSON"
	m, err := c.unmarshal(payload)
	if err != nil {
		return dst, err
	}
	text, err := c.toJSON(m)
	if err != nil {
		return dst, fault.New(schema.ErrPayload, op, "the payload has no JSON form: %s", clean(err))
	}
	return appendCompact(dst, text), nil
}

// toJSON writes a message as JSON. Texts of proto2 need not be UTF-8, those of JSON must: what is not becomes U+FFFD.
func (c *codec) toJSON(m proto.Message) ([]byte, error) {
	text, err := protojson.MarshalOptions{Resolver: c.types}.Marshal(m)
	if err == nil || !strings.Contains(err.Error(), "UTF-8") {
		return text, err
	}
	if err := mendText(m.ProtoReflect()); err != nil {
		return nil, err
	}
	return protojson.MarshalOptions{Resolver: c.types}.Marshal(m)
}

// appendCompact appends JSON without the spaces between tokens, some of which protojson puts there at random.
func appendCompact(dst, text []byte) []byte {
	inString := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inString && c == '\\':
			dst = append(dst, c)
			i++
			c = text[i]
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// ParseJSON appends the payload of one JSON text, which may name fields by their JSON or their .proto names. Unknown names are
// ErrPayload. The result is deterministic.
func (c *codec) ParseJSON(dst, text []byte) (out []byte, err error) {
	const op = "protobuf.Message.ParseJSON"
	defer func() {
		if err != nil {
			out = dst
		}
	}()
	defer recovered(op, schema.ErrPayload, &err)
	if err := c.link(op); err != nil {
		return dst, err
	}
	m := dynamicpb.NewMessage(c.descriptor)
	if err := (protojson.UnmarshalOptions{Resolver: c.types, RecursionLimit: maxPayloadDepth}).Unmarshal(text, m); err != nil {
		return dst, fault.New(schema.ErrPayload, op, "the text is no %s: %s", c.name, clean(err))
	}
	out, err = proto.MarshalOptions{Deterministic: true}.MarshalAppend(dst, m)
	if err != nil {
		return dst, fault.New(schema.ErrPayload, op, "the message cannot be encoded: %s", clean(err))
	}
	return out, nil
}
