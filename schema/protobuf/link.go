package protobuf

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/options"
	"github.com/bufbuild/protocompile/parser"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// linkage holds what payloads need of a schema: descriptors, and the types by which extensions and Any are resolved.
type linkage struct {
	file  protoreflect.FileDescriptor
	types resolver
}

// link makes descriptors of a universe. The dialect admits more than protocompile does, so every file is printed again in terms
// that both understand: full type names, imports of exactly the files used, and none of the declarations that payloads do not
// depend on. What fails after that has no descriptor at all.
func link(u *universe) (_ *linkage, err error) {
	defer recoverLink(&err)
	w := &linkWriter{universe: u, texts: map[string]string{}}
	main := u.unusedName()
	if err := w.add(&source{name: main, file: u.main.file}); err != nil {
		return nil, err
	}
	compiled, err := compile(main, w.texts)
	if err != nil {
		return nil, err
	}
	return newLinkage(compiled)
}

// newLinkage rebuilds the compiled files on protobuf-go's own descriptors, which are faster to use and keep no syntax tree alive.
func newLinkage(compiled linker.File) (*linkage, error) {
	files := &protoregistry.Files{}
	file, err := rebuild(compiled, files)
	if err != nil {
		return nil, err
	}
	return &linkage{file: file, types: resolver{dynamicpb.NewTypes(files)}}, nil
}

func rebuild(fd protoreflect.FileDescriptor, files *protoregistry.Files) (protoreflect.FileDescriptor, error) {
	if have, err := files.FindFileByPath(fd.Path()); err == nil {
		return have, nil
	}
	imports := fd.Imports()
	for i := range imports.Len() {
		if _, err := rebuild(imports.Get(i).FileDescriptor, files); err != nil {
			return nil, err
		}
	}
	if r, ok := fd.(linker.Result); ok {
		rebuilt, err := protodesc.NewFile(r.FileDescriptorProto(), files)
		if err != nil {
			return nil, err
		}
		fd = rebuilt
	}
	return fd, files.RegisterFile(fd)
}

// linkStrict links the file as it is written, without custom options: all types must be imported, numbers and names unique
// (Confluent: validateFields).
func (s *parsed) linkStrict() (err error) {
	defer recoverLink(&err)
	plain := pruner{keep: func(o option) bool { return !o.paren }, extensions: true}
	texts := map[string]string{}
	for _, d := range s.universe.deps {
		texts[d.name] = printFile(plain.file(d.file))
	}
	main := s.universe.unusedName()
	texts[main] = printFile(plain.file(s.universe.main.file))
	_, err = compile(main, texts)
	return err
}

// descriptor returns the descriptor of the whole file, linked if that is possible and else as it stands.
func (s *parsed) descriptor() (fd *descriptorpb.FileDescriptorProto, err error) {
	defer recoverLink(&err)
	texts := map[string]string{}
	for _, d := range s.universe.deps {
		texts[d.name] = printFile(d.file)
	}
	main := s.universe.unusedName()
	texts[main] = s.Canonical()
	if compiled, err := compile(main, texts); err == nil {
		if r, ok := compiled.(linker.Result); ok {
			return withoutDerived(r.FileDescriptorProto()), nil
		}
	}
	handler := reporter.NewHandler(nil)
	tree, err := parser.Parse(main, strings.NewReader(s.Canonical()), handler)
	if err != nil {
		return nil, withoutFile(err)
	}
	result, err := parser.ResultFromAST(tree, false, handler)
	if err != nil {
		return nil, withoutFile(err)
	}
	if _, err := options.InterpretUnlinkedOptions(result); err != nil {
		return nil, withoutFile(err)
	}
	return withoutDerived(result.FileDescriptorProto()), nil
}

// withoutDerived drops the file's name, which the schema does not know, and JSON names that follow from the fields' names.
func withoutDerived(in *descriptorpb.FileDescriptorProto) *descriptorpb.FileDescriptorProto {
	fd := proto.CloneOf(in)
	fd.Name = nil
	dropJSONNames(fd.Extension)
	var each func([]*descriptorpb.DescriptorProto)
	each = func(messages []*descriptorpb.DescriptorProto) {
		for _, m := range messages {
			dropJSONNames(m.Field)
			dropJSONNames(m.Extension)
			each(m.NestedType)
		}
	}
	each(fd.MessageType)
	return fd
}

func dropJSONNames(fields []*descriptorpb.FieldDescriptorProto) {
	for _, f := range fields {
		if f.GetJsonName() == jsonName(f.GetName()) || f.Extendee != nil {
			f.JsonName = nil
		}
	}
}

// compile runs protocompile over texts by import path. Files that are not among them are built in.
func compile(main string, texts map[string]string) (linker.File, error) {
	c := protocompile.Compiler{
		MaxParallelism: 1,
		Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
			Accessor: func(path string) (io.ReadCloser, error) {
				if text, ok := texts[path]; ok {
					return io.NopCloser(strings.NewReader(text)), nil
				}
				if s, ok := builtinFiles().sources[path]; ok && !strings.HasPrefix(path, "google/protobuf/") {
					return io.NopCloser(strings.NewReader(printFile(s.file))), nil
				}
				return nil, protoregistry.NotFound
			},
		}),
	}
	files, err := c.Compile(context.Background(), main)
	if err != nil {
		return nil, withoutFile(err)
	}
	return files[0], nil
}

// withoutFile drops positions from an error of protocompile: they are positions in a text that nobody has seen.
func withoutFile(err error) error {
	if e, ok := err.(reporter.ErrorWithPos); ok {
		return fmt.Errorf("%s", e.Unwrap())
	}
	return err
}

func recoverLink(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("the schema cannot be linked: %v", r)
	}
}

// unusedName is an import path for the main file that no reference has.
func (u *universe) unusedName() string {
	name := "schema.proto"
	for slices.ContainsFunc(u.deps, func(d *source) bool { return d.name == name }) {
		name = "_" + name
	}
	return name
}

// resolver finds types among the files of a schema first and the well-known ones second.
type resolver struct{ *dynamicpb.Types }

func (r resolver) FindMessageByName(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if t, err := r.Types.FindMessageByName(name); err == nil {
		return t, nil
	}
	return wellKnownType(name)
}

func (r resolver) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	return r.FindMessageByName(protoreflect.FullName(url[strings.LastIndexByte(url, '/')+1:]))
}

func wellKnownType(name protoreflect.FullName) (protoreflect.MessageType, error) {
	if name.Parent() != "google.protobuf" {
		return nil, protoregistry.NotFound
	}
	return protoregistry.GlobalTypes.FindMessageByName(name)
}
