package protobuf

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// asWritten gives a message the maps and groups that its descriptor spells out as nested messages.
func asWritten(m *message, oneofs []*oneof, md *descriptorpb.DescriptorProto) {
	groups := map[string]bool{} // names of fields
	for _, fd := range md.Field {
		groups[fd.GetName()] = fd.GetType() == descriptorpb.FieldDescriptorProto_TYPE_GROUP
	}
	nested := map[string]*message{}
	for _, n := range m.messages {
		nested[n.name] = n
	}
	gone := map[*message]bool{}
	m.fields, m.groups = fold(m.fields, nested, groups, gone)
	for _, o := range oneofs {
		o.fields, o.groups = fold(o.fields, nested, groups, gone)
	}
	m.messages = slices.DeleteFunc(m.messages, func(n *message) bool { return gone[n] })
}

func fold(in []*field, nested map[string]*message, isGroup map[string]bool, gone map[*message]bool) (fields []*field, groups []*group) {
	for _, f := range in {
		n := nested[f.typ[strings.LastIndexByte(f.typ, '.')+1:]]
		if n != nil && isGroup[f.name] && strings.EqualFold(n.name, f.name) {
			gone[n] = true
			groups = append(groups, &group{label: f.label, name: n.name, number: f.number, fields: n.fields})
			continue
		}
		if n != nil && entryType(n) != "" {
			gone[n] = true
			f.typ, f.label = entryType(n), noLabel
		}
		fields = append(fields, f)
	}
	return fields, groups
}

// customOptions lists the options of an element that are extensions, by number.
func customOptions(m protoreflect.Message) []option {
	type custom struct {
		fd protoreflect.FieldDescriptor
		v  protoreflect.Value
	}
	var all []custom
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if fd.IsExtension() {
			all = append(all, custom{fd, v})
		}
		return true
	})
	slices.SortFunc(all, func(a, b custom) int { return cmp.Compare(a.fd.Number(), b.fd.Number()) })
	var out []option
	for _, x := range all {
		for _, v := range optionValues(x.fd, x.v) {
			out = append(out, option{name: string(x.fd.FullName()), paren: true, value: v})
		}
	}
	return out
}

// optionValues returns the values of a field, of which only repeated ones have more than one. What has no text form is left out.
func optionValues(fd protoreflect.FieldDescriptor, v protoreflect.Value) []value {
	var out []value
	add := func(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
		if x, ok := optionValue(fd, v); ok {
			out = append(out, x)
		}
	}
	switch {
	case fd.IsList():
		for i := range v.List().Len() {
			add(fd, v.List().Get(i))
		}
	case fd.IsMap():
		var entries []value
		v.Map().Range(func(k protoreflect.MapKey, x protoreflect.Value) bool {
			key, ok1 := optionValue(fd.MapKey(), k.Value())
			val, ok2 := optionValue(fd.MapValue(), x)
			if ok1 && ok2 {
				entries = append(entries, value{kind: kindMap, entries: []entry{{"key", key}, {"value", val}}})
			}
			return true
		})
		slices.SortFunc(entries, func(a, b value) int { return strings.Compare(a.entries[0].value.text, b.entries[0].value.text) })
		out = entries
	default:
		add(fd, v)
	}
	return out
}

func optionValue(fd protoreflect.FieldDescriptor, v protoreflect.Value) (value, bool) {
	switch fd.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return value{kind: kindMap, entries: messageEntries(v.Message())}, true
	case protoreflect.BytesKind:
		return value{kind: kindString, text: string(v.Bytes())}, utf8.Valid(v.Bytes())
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return floatValue(v.Float()), true
	case protoreflect.BoolKind, protoreflect.EnumKind, protoreflect.StringKind:
		return scalarOption(fd, v), true
	}
	return value{kind: kindNumber, text: v.String()}, true
}

func floatValue(f float64) value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return value{kind: kindWord, text: strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'g', -1, 64)), "+")}
	}
	text, _ := json.Marshal(f) // a number of JSON is one of option values, except for the plus sign of exponents
	return value{kind: kindNumber, text: strings.Replace(string(text), "+", "", 1)}
}

func messageEntries(m protoreflect.Message) []entry {
	var out []entry
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !m.Has(fd) {
			continue
		}
		values := optionValues(fd, m.Get(fd))
		if len(values) == 0 {
			continue
		}
		v := values[0]
		if fd.IsList() || fd.IsMap() {
			v = value{kind: kindList, items: values}
		}
		out = append(out, entry{string(fd.Name()), v})
	}
	return out
}
