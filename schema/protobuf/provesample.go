package protobuf

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// groups of values that the rules tell apart; see scalarGroups.
var jsonGroups = [...]string{
	jsonInt32: "int", jsonInt64: "int", jsonUint32: "int", jsonUint64: "int", jsonBool: "int", jsonEnum: "int",
	jsonSint32: "sint", jsonSint64: "sint", jsonText: "string", jsonBytes: "string",
	jsonFixed32: "fixed32", jsonSfixed32: "fixed32", jsonFixed64: "fixed64", jsonSfixed64: "fixed64",
	jsonFloat: "float", jsonDouble: "double", jsonMessage: "message", jsonMap: "map",
}

func (s slot) group() string { return jsonGroups[s.json.kind] }

func (s slot) numeric() bool { return s.wire <= wireFixed32 }

// labelled reports whether the field says optional, required or repeated.
func (s slot) labelled() bool { return !s.json.implicit && s.json.oneof == 0 && !s.json.crowded }

// values returns a few values of a field, as they stand behind the tag.
func (p *prover) values(s slot) [][]byte {
	switch s.wire {
	case wireVarint:
		if s.json.kind == jsonEnum {
			return enumValues(s.json)
		}
		return [][]byte{{1}, {2}}
	case wireFixed32:
		return [][]byte{{0, 0, 0xc0, 0x3f}} // 1.5 as a float
	case wireFixed64:
		return [][]byte{{0, 0, 0, 0, 0, 0, 0xf8, 0x3f}}
	case wireBytes, wireText:
		return [][]byte{{1, 'x'}}
	case wireMessage:
		return [][]byte{protowire.AppendBytes(nil, p.least(nil, s.table, 0, maxProofDepth))}
	}
	return nil
}

// enumValues returns the least number that says something, or zero.
func enumValues(j *jsonField) [][]byte {
	for _, n := range slices.Sorted(maps.Keys(j.enum)) {
		if n > 0 {
			return [][]byte{protowire.AppendVarint(nil, uint64(n))}
		}
	}
	return [][]byte{{0}}
}

// encode puts the field's tags before its values.
func (s slot) encode(values ...[]byte) []byte {
	var out []byte
	if s.json.packed && s.packable {
		return protowire.AppendBytes(append(out, s.json.tag...), slices.Concat(values...))
	}
	for _, v := range values {
		out = append(append(out, s.json.tag...), v...)
	}
	return out
}

// around puts a field into the message where s stands, and that into those around it. Each has what it requires besides.
func (p *prover) around(s *stand, chosen *slot, field ...byte) []byte {
	var skip int32
	if chosen != nil {
		skip = chosen.json.number
	}
	for ; ; s = s.up {
		field = append(p.least(nil, s.w, skip, maxProofDepth), field...)
		if s.up == nil {
			return field
		}
		field = s.via.encode(protowire.AppendBytes(nil, field))
		skip = s.via.json.number
	}
}

// least appends the required fields of a message with the least values, except one.
func (p *prover) least(dst []byte, t *table, skip int32, depth int) []byte {
	if t.required == 0 || depth == 0 || p.bytes < 0 {
		return dst
	}
	for _, s := range t.ordered {
		if s.required == 0 || s.json.number == skip {
			continue
		}
		p.bytes--
		switch s.wire {
		case wireVarint:
			dst = append(dst, s.encode([]byte{0})...)
		case wireFixed32:
			dst = append(dst, s.encode(make([]byte, 4))...)
		case wireFixed64:
			dst = append(dst, s.encode(make([]byte, 8))...)
		default:
			var inner []byte
			if s.table != nil {
				inner = p.least(nil, s.table, 0, depth-1)
			}
			dst = append(dst, s.encode(protowire.AppendBytes(nil, inner))...)
		}
	}
	return dst
}

// nothing is the text of what is not set.
const nothing = "nothing"

// textAt words what stands at a path of field numbers. The fields of a map's entry are 1 and 2. Of lists and maps on the way the
// first item counts.
func textAt(m protoreflect.Message, path []int32) string {
	fd := m.Descriptor().Fields().ByNumber(protoreflect.FieldNumber(path[0]))
	if fd == nil || !m.Has(fd) && (fd.HasPresence() || len(path) > 1) {
		return nothing
	}
	v, rest := m.Get(fd), path[1:]
	switch {
	case len(rest) == 0:
		return fieldText(fd, v)
	case fd.IsMap():
		return entryText(fd, v.Map(), rest)
	case fd.IsList():
		v = v.List().Get(0)
	}
	return textAt(v.Message(), rest)
}

func entryText(fd protoreflect.FieldDescriptor, entries protoreflect.Map, path []int32) string {
	out := nothing
	entries.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		switch {
		case path[0] == 1:
			out = valueText(fd.MapKey(), k.Value())
		case len(path) == 1:
			out = valueText(fd.MapValue(), v)
		default:
			out = textAt(v.Message(), path[1:])
		}
		return false
	})
	return out
}

func fieldText(fd protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch {
	case fd.IsMap():
		return "a map of " + strconv.Itoa(v.Map().Len())
	case fd.IsList():
		items := make([]string, v.List().Len())
		for i := range items {
			items[i] = valueText(fd, v.List().Get(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return valueText(fd, v)
}

func valueText(fd protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch fd.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return "a " + string(fd.Message().FullName())
	case protoreflect.StringKind:
		return strconv.Quote(v.String())
	case protoreflect.BytesKind:
		return strconv.Quote(string(v.Bytes()))
	}
	return fmt.Sprint(v.Interface())
}
