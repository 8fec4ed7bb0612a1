package reality

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bufbuild/protocompile"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

func TestProtobuf(t *testing.T) {
	for _, c := range []struct {
		from *pack
		root string // the folder that import paths start from
		skip func(path string) bool
		min  int
	}{
		{googleProtos, "package/", oldAds, 4000},
		{otelProtos, "package/build/protos/", nil, 10},
	} {
		t.Run(c.from.name, func(t *testing.T) {
			tree := newProtoTree(t, c.from, c.root)
			var all []exam
			for _, name := range slices.Sorted(maps.Keys(tree.files)) {
				if c.skip == nil || !c.skip(name) {
					all = append(all, exam{format: protobuf.Format, path: name, text: tree.files[name], deps: tree.deps(t, name),
						typeless: !messageLine.MatchString(tree.files[name]), restless: restless[name]})
				}
			}
			parsed := sitAll(t, all, refusedProtos)
			t.Logf("%d of %d files", len(all), len(tree.files))
			if len(all) < c.min {
				t.Errorf("%d files are too few to prove anything", len(all))
			}
			neighbours(t, parsed)
		})
	}
}

// TestProtobufDescriptors holds what the registry's clients send of generated messages: the texts that SourceOf makes of
// descriptors which another implementation compiled.
func TestProtobufDescriptors(t *testing.T) {
	tree := newProtoTree(t, googleProtos, "package/")
	var names []string
	for _, name := range slices.Sorted(maps.Keys(tree.files)) {
		if compiled(name) && refusedProtos[name] == "" {
			names = append(names, name)
		}
	}
	compiler := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(tree.files),
	})}
	files, err := compiler.Compile(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Messages().Len() == 0 {
			continue
		}
		text, imports, err := protobuf.SourceOf(f.Messages().Get(0))
		if err != nil {
			t.Errorf("%s: SourceOf: %v", f.Path(), err)
			continue
		}
		e := exam{format: protobuf.Format, path: f.Path(), text: text, deps: importDeps(t, imports), restless: restless[f.Path()]}
		if _, err := e.sit(t); err != nil {
			t.Errorf("%s: its descriptor is refused: %v", f.Path(), err)
		}
	}
	t.Logf("%d files", len(files))
	if len(files) < 200 {
		t.Error("too few files to prove anything")
	}
}

// compiled chooses the files of the descriptor test: a few APIs.
func compiled(name string) bool {
	return slices.ContainsFunc([]string{"google/api/", "google/logging/", "google/spanner/", "google/cloud/bigquery/", "google/pubsub/", "google/cloud/aiplatform/"},
		func(folder string) bool { return strings.HasPrefix(name, folder) })
}

// importDeps parses a list of imports, each of which stands behind those that it imports itself.
func importDeps(t *testing.T, imports []protobuf.Import) []schema.Dep {
	t.Helper()
	parsed := map[string]schema.Dep{}
	list := func(names []string) (deps []schema.Dep) {
		for _, n := range names {
			deps = append(deps, parsed[n])
		}
		return deps
	}
	var direct []string
	for _, im := range imports {
		e := exam{format: protobuf.Format, deps: list(im.Imports)}
		s, err := e.parse(im.Text, schema.AsNew)
		if err != nil {
			t.Fatalf("%s: %v", im.Name, err)
		}
		parsed[im.Name] = schema.Dep{Reference: schema.Reference{Name: im.Name, Subject: im.Name, Version: 1}, Schema: s}
		if im.Direct {
			direct = append(direct, im.Name)
		}
	}
	return list(direct)
}

// oldAds leaves out the older versions of one API, nearly half of all files and nearly the same text again.
func oldAds(path string) bool {
	return strings.HasPrefix(path, "google/ads/googleads/") && !strings.HasPrefix(path, "google/ads/googleads/v25/")
}

// protoTree is a folder of .proto files, parsed on demand with their imports as references.
type protoTree struct {
	files  map[string]string
	parsed map[string]schema.Schema
	open   map[string]bool
}

func newProtoTree(t *testing.T, from *pack, root string) protoTree {
	t.Helper()
	tree := protoTree{files: map[string]string{}, parsed: map[string]schema.Schema{}, open: map[string]bool{}}
	for name, text := range from.texts(t) {
		if rel, ok := strings.CutPrefix(name, root); ok && path.Ext(rel) == ".proto" {
			tree.files[rel] = text
		}
	}
	return tree
}

var importLine = regexp.MustCompile(`(?m)^\s*import\s+(?:public\s+|weak\s+)?"([^"]+)"\s*;`)

var messageLine = regexp.MustCompile(`(?m)^message\s`)

// deps returns the references of a file: what it imports, where the folder holds it. The rest is built in.
func (p protoTree) deps(t *testing.T, name string) []schema.Dep {
	t.Helper()
	var deps []schema.Dep
	for _, m := range importLine.FindAllStringSubmatch(p.files[name], -1) {
		if _, ok := p.files[m[1]]; ok {
			ref := schema.Reference{Name: m[1], Subject: m[1], Version: 1}
			if s := p.parse(t, m[1]); s != nil {
				deps = append(deps, schema.Dep{Reference: ref, Schema: s})
			}
		}
	}
	return deps
}

func (p protoTree) parse(t *testing.T, name string) schema.Schema {
	t.Helper()
	if s, done := p.parsed[name]; done {
		return s
	}
	if p.open[name] {
		t.Fatalf("%s imports itself", name)
	}
	p.open[name] = true
	s, err := exam{format: protobuf.Format, text: p.files[name], deps: p.deps(t, name)}.parse(p.files[name], schema.AsNew)
	if err != nil {
		p.parsed[name] = nil
		return nil // and so is every file that imports it; the exam tells
	}
	p.parsed[name] = s
	return s
}
