package protobuf

import (
	"encoding/base64"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// readSerialized reads a text that is the base64 of a FileDescriptorProto, the other form in which registries take schemas and the
// only one for editions.
func readSerialized(text string) (*file, bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) == 0 {
		return nil, false
	}
	fd := &descriptorpb.FileDescriptorProto{}
	if err := (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxDepth}).Unmarshal(raw, fd); err != nil {
		return nil, false
	}
	d := describer{proto3: fd.GetSyntax() == "proto3"}
	return d.file(fd), true
}

// describer turns descriptors into a tree as Confluent's ProtobufSchema does: map fields stay fields of entry messages, groups
// become fields of their message, options beyond the list of each element are lost.
type describer struct {
	proto3 bool
	source bool // write what a person would: maps, groups, custom options, and no JSON names that follow from the fields'
}

func (d describer) file(fd *descriptorpb.FileDescriptorProto) *file {
	f := &file{
		pkg:      fd.GetPackage(),
		options:  d.options(fd.GetOptions().ProtoReflect(), fileOptions),
		messages: transformed(fd.MessageType, d.message),
		enums:    transformed(fd.EnumType, d.enum),
		extends:  d.extends(fd.Extension),
		services: transformed(fd.Service, d.service),
	}
	if s := fd.GetSyntax(); s == "proto2" || s == "proto3" {
		f.syntax = s
	}
	public := map[int32]bool{}
	for _, i := range fd.PublicDependency {
		public[i] = true
	}
	for i, name := range fd.Dependency {
		if public[int32(i)] {
			f.publicImports = append(f.publicImports, name)
		} else {
			f.imports = append(f.imports, name)
		}
	}
	return f
}

func transformed[A, B any](in []A, change func(A) B) []B {
	var out []B
	for _, x := range in {
		out = append(out, change(x))
	}
	return out
}

func (d describer) message(md *descriptorpb.DescriptorProto) *message {
	m := &message{
		name:     md.GetName(),
		options:  d.options(md.GetOptions().ProtoReflect(), messageOptions),
		extends:  d.extends(md.Extension),
		messages: transformed(md.NestedType, d.message),
		enums:    transformed(md.EnumType, d.enum),
	}
	oneofs := transformed(md.OneofDecl, func(o *descriptorpb.OneofDescriptorProto) *oneof { return &oneof{name: o.GetName()} })
	for _, fd := range md.Field {
		i := int(fd.GetOneofIndex())
		if fd.OneofIndex == nil || fd.GetProto3Optional() || i < 0 || i >= len(oneofs) {
			m.fields = append(m.fields, d.field(fd, d.label(fd)))
			continue
		}
		oneofs[i].fields = append(oneofs[i].fields, d.field(fd, noLabel))
	}
	if d.source {
		asWritten(m, oneofs, md)
	}
	for _, o := range oneofs {
		if len(o.fields)+len(o.groups) > 0 {
			m.oneofs = append(m.oneofs, o)
		}
	}
	for _, r := range md.ReservedRange {
		m.reserved = append(m.reserved, spanOf(r.GetStart(), r.GetEnd()-1))
	}
	m.reserved = append(m.reserved, transformed(md.ReservedName, nameRange)...)
	for _, r := range md.ExtensionRange {
		m.extensions = append(m.extensions, spanOf(r.GetStart(), r.GetEnd()-1))
	}
	return m
}

func spanOf(first, last int32) ranges {
	return ranges{{first: first, last: last, span: first != last}}
}

func nameRange(name string) ranges { return ranges{{name: name, named: true}} }

func (d describer) label(fd *descriptorpb.FieldDescriptorProto) label {
	switch {
	case fd.GetLabel() == descriptorpb.FieldDescriptorProto_LABEL_REPEATED:
		return repeated
	case fd.GetProto3Optional():
		return optional
	case d.proto3:
		return noLabel
	case fd.GetLabel() == descriptorpb.FieldDescriptorProto_LABEL_REQUIRED:
		return required
	}
	return optional
}

func (d describer) field(fd *descriptorpb.FieldDescriptorProto, l label) *field {
	f := &field{
		label:   l,
		name:    fd.GetName(),
		number:  fd.GetNumber(),
		options: d.options(fd.GetOptions().ProtoReflect(), fieldOptions),
	}
	if f.typ = fd.GetTypeName(); f.typ == "" {
		f.typ = strings.ToLower(strings.TrimPrefix(fd.GetType().String(), "TYPE_"))
	}
	if fd.JsonName != nil && (!d.source || fd.GetJsonName() != jsonName(f.name)) {
		f.jsonName = fd.JsonName
	}
	if fd.DefaultValue != nil && !d.proto3 {
		f.def = fd.DefaultValue
		if fd.GetType() == descriptorpb.FieldDescriptorProto_TYPE_BYTES {
			f.def = unescaped(*f.def)
		}
	}
	return f
}

// unescaped reads the default of a bytes field, which descriptors hold with escapes.
func unescaped(s string) *string {
	if strings.Contains(s, `\`) {
		q := scanner{text: `"` + s + `";`}
		if plain := q.quoted(); q.err == nil {
			return &plain
		}
	}
	return &s
}

// jsonName is the JSON name that a field has without an option: lowerCamelCase as protoc makes it.
func jsonName(name string) string {
	var b strings.Builder
	up := false
	for i := range len(name) {
		c := name[i]
		if c == '_' {
			up = true
			continue
		}
		if up && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		up = false
		b.WriteByte(c)
	}
	return b.String()
}

func (d describer) enum(ed *descriptorpb.EnumDescriptorProto) *enum {
	e := &enum{
		name:    ed.GetName(),
		options: d.options(ed.GetOptions().ProtoReflect(), enumOptions),
		values: transformed(ed.Value, func(v *descriptorpb.EnumValueDescriptorProto) *enumValue {
			return &enumValue{v.GetName(), v.GetNumber(), d.options(v.GetOptions().ProtoReflect(), deprecatedOption)}
		}),
	}
	for _, r := range ed.ReservedRange {
		e.reserved = append(e.reserved, spanOf(r.GetStart(), r.GetEnd()))
	}
	e.reserved = append(e.reserved, transformed(ed.ReservedName, nameRange)...)
	return e
}

func (d describer) extends(fields []*descriptorpb.FieldDescriptorProto) []*extend {
	var out []*extend
	index := map[string]*extend{}
	for _, fd := range fields {
		x := index[fd.GetExtendee()]
		if x == nil {
			x = &extend{name: fd.GetExtendee()}
			index[x.name] = x
			out = append(out, x)
		}
		x.fields = append(x.fields, d.field(fd, d.label(fd)))
	}
	return out
}

func (d describer) service(sd *descriptorpb.ServiceDescriptorProto) *service {
	return &service{
		name:    sd.GetName(),
		options: d.options(sd.GetOptions().ProtoReflect(), deprecatedOption),
		rpcs: transformed(sd.Method, func(m *descriptorpb.MethodDescriptorProto) *rpc {
			return &rpc{
				name: m.GetName(), request: m.GetInputType(), response: m.GetOutputType(),
				streamIn: m.GetClientStreaming(), streamOut: m.GetServerStreaming(),
				options: d.options(m.GetOptions().ProtoReflect(), methodOptions),
			}
		}),
	}
}

// The options that survive, in the order in which they are written.
var (
	fileOptions = []protoreflect.Name{
		"java_package", "java_outer_classname", "java_multiple_files", "java_generate_equals_and_hash", "java_string_check_utf8",
		"optimize_for", "go_package", "cc_generic_services", "java_generic_services", "py_generic_services", "deprecated",
		"cc_enable_arenas", "objc_class_prefix", "csharp_namespace", "swift_prefix", "php_class_prefix", "php_namespace",
		"php_metadata_namespace", "ruby_package",
	}
	messageOptions   = []protoreflect.Name{"no_standard_descriptor_accessor", "deprecated", "map_entry"}
	fieldOptions     = []protoreflect.Name{"ctype", "packed", "jstype", "deprecated"}
	enumOptions      = []protoreflect.Name{"allow_alias", "deprecated"}
	methodOptions    = []protoreflect.Name{"deprecated", "idempotency_level"}
	deprecatedOption = []protoreflect.Name{"deprecated"}
)

func (d describer) options(m protoreflect.Message, names []protoreflect.Name) []option {
	if !m.IsValid() {
		return nil
	}
	var out []option
	for _, name := range names {
		fd := m.Descriptor().Fields().ByName(name)
		if fd == nil || !m.Has(fd) {
			continue
		}
		out = append(out, option{name: string(name), value: scalarOption(fd, m.Get(fd))})
	}
	if d.source {
		out = append(out, customOptions(m)...)
	}
	return out
}

func scalarOption(fd protoreflect.FieldDescriptor, v protoreflect.Value) value {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return value{kind: kindBool, text: strconv.FormatBool(v.Bool())}
	case protoreflect.EnumKind:
		if x := fd.Enum().Values().ByNumber(v.Enum()); x != nil {
			return value{kind: kindWord, text: string(x.Name())}
		}
		return value{kind: kindNumber, text: strconv.Itoa(int(v.Enum()))}
	}
	return value{kind: kindString, text: v.String()}
}
