//go:build ignore

// This program writes sample.gen_test.go of package protobuf_test: it compiles sample.proto with protocompile and hands it to the
// generator of protoc-gen-go. It runs in the folder of the package.
package main

import (
	"context"
	"log"
	"os"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"google.golang.org/protobuf/cmd/protoc-gen-go/internal_gengo"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

func main() {
	const name = "sample.proto"
	c := protocompile.Compiler{Resolver: &protocompile.SourceResolver{ImportPaths: []string{"testdata/sample"}}, SourceInfoMode: protocompile.SourceInfoStandard}
	files, err := c.Compile(context.Background(), name)
	check(err)
	gen, err := protogen.Options{}.New(&pluginpb.CodeGeneratorRequest{
		FileToGenerate: []string{name},
		ProtoFile:      []*descriptorpb.FileDescriptorProto{files[0].(linker.Result).FileDescriptorProto()},
		Parameter:      proto.String("paths=source_relative"),
	})
	check(err)
	internal_gengo.GenerateFile(gen, gen.Files[0])
	for _, f := range gen.Response().File {
		check(os.WriteFile("sample.gen_test.go", []byte(f.GetContent()), 0o644)) //nolint:gosec // source code is for everybody
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
