package protobuf

import (
	"errors"
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
	f, err := readAny(src.Text)
	if err != nil {
		return nil, fault.New(schema.ErrInvalid, op, "Could not parse Protobuf - %s", err)
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

// readAny reads either form. A descriptor can hold names and values that no text can (an empty name, a brace in one); since the text
// is what is stored and shown, such a descriptor is refused.
func readAny(text string) (*file, error) {
	f, err := read(text)
	if err == nil {
		return f, nil
	}
	serialized, ok := readSerialized(strings.TrimSpace(text))
	if !ok {
		return nil, err
	}
	printed := printFile(serialized)
	again, err := read(printed)
	if err != nil {
		return nil, fmt.Errorf("the descriptor cannot be written as text: %w", err)
	}
	if printFile(again) != printed {
		return nil, errors.New("the descriptor cannot be written as text that means the same")
	}
	return serialized, nil
}

// recovered is the last line of defence against a panic of a library; the input is at fault, not the process.
func recovered(op string, code *fault.Code, err *error) {
	if r := recover(); r != nil {
		*err = fault.Wrap(code, op, fmt.Errorf("panic: %v", r), "the input cannot be processed")
	}
}
