package reality

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

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
		{googleProtos, "package/", oldAds, 3000},
		{otelProtos, "package/build/protos/", nil, 10},
	} {
		t.Run(c.from.name, func(t *testing.T) {
			tree := protoTree{files: map[string]string{}, parsed: map[string]schema.Schema{}, open: map[string]bool{}}
			for name, text := range c.from.texts(t) {
				if rel, ok := strings.CutPrefix(name, c.root); ok && path.Ext(rel) == ".proto" {
					tree.files[rel] = text
				}
			}
			var all []exam
			for _, name := range slices.Sorted(maps.Keys(tree.files)) {
				if c.skip == nil || !c.skip(name) {
					all = append(all, exam{format: protobuf.Format, path: name, text: tree.files[name], deps: tree.deps(t, name), typeless: !messageLine.MatchString(tree.files[name])})
				}
			}
			parsed := sitAll(t, all, nil)
			t.Logf("%d of %d files", len(all), len(tree.files))
			if len(all) < c.min {
				t.Errorf("%d files are too few to prove anything", len(all))
			}
			neighbours(t, parsed)
		})
	}
}

// oldAds leaves out the older versions of one API, more than half of all files and nearly the same text again.
func oldAds(path string) bool {
	return strings.HasPrefix(path, "google/ads/googleads/")
}

// protoTree is a folder of .proto files, parsed on demand with their imports as references.
type protoTree struct {
	files  map[string]string
	parsed map[string]schema.Schema
	open   map[string]bool
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
