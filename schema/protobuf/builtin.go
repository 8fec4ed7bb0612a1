package protobuf

import (
	"embed"
	"io"
	"io/fs"
	"sync"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/wellknownimports"
)

// Files that every schema can use without a reference (Confluent: ProtobufSchema's known dependencies). google/protobuf comes with
// protocompile; the rest stands in the folder builtin.
//
//go:embed builtin
var builtinTexts embed.FS

var wellKnown = []string{
	"any", "api", "descriptor", "duration", "empty", "field_mask", "source_context", "struct", "timestamp", "type", "wrappers",
}

// builtins are the built-in files, read once.
type builtins struct {
	sources    map[string]*source
	types      map[string]located
	extensions map[string]*field
}

var builtinFiles = sync.OnceValue(func() *builtins {
	b := &builtins{sources: map[string]*source{}, types: map[string]located{}, extensions: map[string]*field{}}
	resolver := wellknownimports.WithStandardImports(&protocompile.SourceResolver{})
	for _, name := range wellKnown {
		path := "google/protobuf/" + name + ".proto"
		found, err := resolver.FindFileByPath(path)
		if err != nil {
			panic("protobuf: protocompile does not carry " + path)
		}
		text, err := io.ReadAll(found.Source)
		if err != nil {
			panic("protobuf: unreadable built-in file " + path)
		}
		b.add(path, string(text))
	}
	for _, folder := range []string{"google/type", "confluent", "confluent/type"} {
		paths, _ := fs.Glob(builtinTexts, "builtin/"+folder+"/*.proto")
		for _, path := range paths {
			text, err := builtinTexts.ReadFile(path)
			if err != nil {
				panic("protobuf: unreadable built-in file " + path)
			}
			b.add(path[len("builtin/"):], string(text))
		}
	}
	return b
})

// add reads one file; that all of them can be read is proved by a test.
func (b *builtins) add(path, text string) {
	f, err := read(text)
	if err != nil {
		panic("protobuf: built-in file " + path + ": " + err.Error())
	}
	s := &source{name: path, file: f, symbols: collect(f)}
	b.sources[path] = s
	for full, d := range s.symbols.types {
		b.types[full] = located{decl: d, file: s}
	}
	for full, x := range s.symbols.extensions {
		b.extensions[full] = x
	}
}
