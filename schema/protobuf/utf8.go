package protobuf

import (
	"strings"

	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// mendText replaces what is no UTF-8 in the texts of a message, keys of maps excepted: those are refused.
func mendText(m protoreflect.Message) error {
	return protorange.Range(m, func(p protopath.Values) error {
		last := p.Index(-1)
		text, ok := last.Value.Interface().(string)
		if !ok {
			return nil
		}
		mended := protoreflect.ValueOfString(strings.ToValidUTF8(text, "\ufffd"))
		holder := p.Index(-2).Value
		switch last.Step.Kind() {
		case protopath.FieldAccessStep:
			holder.Message().Set(last.Step.FieldDescriptor(), mended)
		case protopath.ListIndexStep:
			holder.List().Set(last.Step.ListIndex(), mended)
		case protopath.MapIndexStep:
			holder.Map().Set(last.Step.MapIndex(), mended)
		}
		return nil
	})
}
