package protobuf

import (
	"encoding/base64"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Import is a file that must be registered before the file that imports it, and named as a reference of that file.
type Import struct {
	Name    string   // the import path, which is the name of the reference
	Text    string   // what to register
	Imports []string // names of the files in the same list that this one imports
	Direct  bool     // imported by the main file itself
}

// SourceOf returns the schema text of a generated message, or of any other [proto.Message] or descriptor: the whole file that
// declares it. imports lists the files it needs, each one after those that it imports itself; built-in files are not among them. A
// file of an edition has no text in the registry's language; it comes as a serialized descriptor, which registries take as well.
func SourceOf(v any) (text string, imports []Import, err error) {
	const op = "protobuf.SourceOf"
	defer recovered(op, schema.ErrInvalid, &err)
	var file protoreflect.FileDescriptor
	switch x := v.(type) {
	case proto.Message:
		file = x.ProtoReflect().Descriptor().ParentFile()
	case protoreflect.Descriptor:
		file = x.ParentFile()
	}
	if file == nil {
		return "", nil, fault.New(schema.ErrInvalid, op, "a %T has no Protobuf file; give a generated message or a descriptor", v)
	}
	s := sources{seen: map[string]bool{file.Path(): true}}
	direct := s.importsOf(file)
	for i := range s.list {
		s.list[i].Direct = slices.Contains(direct, s.list[i].Name)
	}
	text, err = fileText(file)
	return text, s.list, errOr(err, s.err)
}

func errOr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// sources collects the files that a file needs.
type sources struct {
	seen map[string]bool
	list []Import
	err  error
}

// importsOf adds the imports of a file that are not built in and returns their names.
func (s *sources) importsOf(file protoreflect.FileDescriptor) []string {
	var names []string
	imports := file.Imports()
	for i := range imports.Len() {
		fd := imports.Get(i).FileDescriptor
		if builtinFiles().sources[fd.Path()] != nil {
			continue
		}
		names = append(names, fd.Path())
		if s.seen[fd.Path()] {
			continue
		}
		s.seen[fd.Path()] = true
		inner := s.importsOf(fd)
		text, err := fileText(fd)
		s.err = errOr(s.err, err)
		s.list = append(s.list, Import{Name: fd.Path(), Text: text, Imports: inner})
	}
	return names
}

func fileText(file protoreflect.FileDescriptor) (string, error) {
	const op = "protobuf.SourceOf"
	if file.IsPlaceholder() {
		return "", fault.New(schema.ErrInvalid, op, "the file %s is not linked into the program; import its Go package", file.Path())
	}
	fd := protodesc.ToFileDescriptorProto(file)
	if s := file.Syntax(); s == protoreflect.Proto2 || s == protoreflect.Proto3 {
		return printFile(describer{proto3: s == protoreflect.Proto3, source: true}.file(fd)), nil
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(fd)
	if err != nil {
		return "", fault.Wrap(schema.ErrInvalid, op, err, "the descriptor of %s cannot be encoded", file.Path())
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}
