package protobuf

import (
	"fmt"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Format is the Protocol Buffers format.
var Format schema.Format = format{}

type format struct{}

// Name returns the registry's word for Protocol Buffers.
func (format) Name() string { return "PROTOBUF" }

// Rules lists the incompatible differences in the order of Confluent's Difference.Type.
func (format) Rules() []schema.Rule { return rules }

// maxText bounds a text; the largest real ones are a few megabytes (Google's Compute API).
const maxText = 16 << 20

// Parse reads a text of the registry's dialect, or the base64 of a FileDescriptorProto. AsNew resolves the type names of fields,
// extensions and methods; WithFields also links the whole file as protoc would, with the imports it declares.
func (format) Parse(src schema.Source, deps []schema.Dep) (_ schema.Schema, err error) {
	const op = "protobuf.Parse"
	defer recovered(op, schema.ErrInvalid, &err)
	if len(src.Text) > maxText {
		return nil, fault.New(schema.ErrInvalid, op, "the schema is longer than %d bytes", maxText)
	}
	f, err := read(src.Text)
	if err != nil {
		serialized, ok := readSerialized(strings.TrimSpace(src.Text))
		if !ok {
			return nil, fault.New(schema.ErrInvalid, op, "Could not parse Protobuf - %s", err)
		}
		f = serialized
	}
	s := newParsed(newUniverse(f, deps))
	s.text = src.Text
	if src.Rigor == schema.AsStored {
		return s, nil
	}
	if err := s.universe.check(); err != nil {
		return nil, fault.New(schema.ErrInvalid, op, "%s", err)
	}
	if src.Rigor == schema.WithFields {
		if err := s.linkStrict(); err != nil {
			return nil, fault.New(schema.ErrInvalid, op, "The schema does not link: %s", err)
		}
	}
	return s, nil
}

// recovered is the last line of defence against a panic of a library; the input is at fault, not the process.
func recovered(op string, code *fault.Code, err *error) {
	if r := recover(); r != nil {
		*err = fault.Wrap(code, op, fmt.Errorf("panic: %v", r), "the input cannot be processed")
	}
}
