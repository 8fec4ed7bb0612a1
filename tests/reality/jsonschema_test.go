package reality

import (
	"encoding/json"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/jsonschema"
)

func TestJSONSchema(t *testing.T) {
	for _, c := range []struct {
		from *pack
		is   func(path string) bool
		min  int
	}{
		{asyncAPI, in("package/schemas", "package/definitions", "package/bindings", "package/common", "package/extensions"), 600},
		{gcn, func(p string) bool { return strings.HasSuffix(p, ".schema.json") }, 40},
		{webhooks, in("package/schema.json"), 1},
		{cfnLint, in("cfnlint/data/schemas/resources", "cfnlint/data/schemas/other", "cfnlint/data/schemas/extensions"), 1500},
		{checkJSON, in("check_jsonschema/builtin_schemas"), 25},
	} {
		t.Run(c.from.name, func(t *testing.T) {
			lib := newJSONLibrary(t, c.from, c.is)
			var all []exam
			for _, name := range slices.Sorted(maps.Keys(lib.texts)) {
				all = append(all, exam{format: jsonschema.Format, path: name, text: lib.texts[name], deps: lib.deps(t, name)})
			}
			parsed := sitAll(t, all, refusedJSON)
			t.Logf("%d schemas", len(all))
			if len(all) < c.min {
				t.Errorf("%d schemas are too few to prove anything", len(all))
			}
			neighbours(t, parsed)
			proofs(t, parsed)
		})
	}
}

// maxProofs bounds the pairs of one package for which a document is looked for.
const maxProofs = 40

// proofs looks for a document that tells a schema from the next one, where the rules find them incompatible, and checks it.
func proofs(t *testing.T, all []schema.Schema) {
	t.Helper()
	var incompatible, proven atomic.Int64
	step := len(all)/maxProofs + 1
	each(all[:len(all)/step], func(i int, _ schema.Schema) {
		older, newer := all[i*step], all[min(i*step+1, len(all)-1)]
		if len(newer.Differences(older, schema.Question{})) == 0 {
			return
		}
		incompatible.Add(1)
		payload, _, found := newer.(schema.Prover).Prove(t.Context(), older)
		if !found {
			return
		}
		proven.Add(1)
		if err := check(older, payload); err != nil {
			t.Errorf("the older schema refuses %s: %v", payload, err)
		}
		if check(newer, payload) == nil {
			t.Errorf("the newer schema takes %s", payload)
		}
	})
	t.Logf("%d incompatible pairs, %d of them proven by a document", incompatible.Load(), proven.Load())
}

func check(s schema.Schema, payload []byte) error {
	m, err := s.Message("")
	if err != nil {
		return err
	}
	return m.Check(payload)
}

// TestJSONSchemaTakesItsExamples checks the documents that GCN publishes beside its schemas; each names its schema.
func TestJSONSchemaTakesItsExamples(t *testing.T) {
	lib := newJSONLibrary(t, gcn, func(p string) bool { return strings.HasSuffix(p, ".schema.json") })
	checked := 0
	for name, text := range gcn.texts(t) {
		if !strings.HasSuffix(name, ".example.json") {
			continue
		}
		var head struct {
			Schema string `json:"$schema"`
		}
		if err := json.Unmarshal([]byte(text), &head); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		target, ok := lib.byURI[head.Schema]
		if !ok {
			continue // it names no schema of the package
		}
		m, err := lib.parse(t, target).Message("")
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		if err := m.Check([]byte(text)); err != nil {
			t.Errorf("%s is no %s: %v", name, target, err)
		}
		broken := strings.Replace(text, "{", `{"no such property": [`, 1)
		if err := m.Check([]byte(broken)); err == nil {
			t.Errorf("%s, broken, is a %s", name, target)
		}
		checked++
	}
	t.Logf("%d documents", checked)
	if checked < 30 {
		t.Errorf("%d documents are too few to prove anything", checked)
	}
}

// in says whether a path is a JSON file in one of the folders, or one of the files.
func in(folders ...string) func(string) bool {
	return func(p string) bool {
		return path.Ext(p) == ".json" && slices.ContainsFunc(folders, func(f string) bool { return p == f || strings.HasPrefix(p, f+"/") })
	}
}

// jsonLibrary is the schemas of one package, found by path or by the URI of their $id.
type jsonLibrary struct {
	texts  map[string]string
	byURI  map[string]string // $id -> path
	parsed map[string]schema.Schema
	open   map[string]bool
}

func newJSONLibrary(t *testing.T, from *pack, is func(string) bool) *jsonLibrary {
	t.Helper()
	l := &jsonLibrary{texts: map[string]string{}, byURI: map[string]string{}, parsed: map[string]schema.Schema{}, open: map[string]bool{}}
	for name, text := range from.texts(t) {
		if is(name) {
			l.texts[name] = text
			l.byURI[idOf(text)] = name
		}
	}
	return l
}

func idOf(text string) string {
	var head struct {
		New string `json:"$id"`
		Old string `json:"id"`
	}
	_ = json.Unmarshal([]byte(text), &head) // what is no object has no identifier; the exam judges the text
	return strings.TrimSuffix(head.New+head.Old, "#")
}

// deps returns the references of a schema: the documents of the package that its $refs lead to, under the URIs as written.
func (l *jsonLibrary) deps(t *testing.T, name string) []schema.Dep {
	t.Helper()
	var deps []schema.Dep
	base, err := url.Parse(idOf(l.texts[name]))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, ref := range refsOf(t, l.texts[name]) {
		uri, err := base.Parse(ref)
		if err != nil {
			continue // the exam refuses it
		}
		target, ok := l.byURI[uri.String()]
		if !ok && base.Host == "" { // such files refer to their neighbours by name
			target = path.Join(path.Dir(name), ref+".json")
			_, ok = l.texts[target]
		}
		if ok && target != name {
			if s := l.parse(t, target); s != nil {
				deps = append(deps, schema.Dep{Reference: schema.Reference{Name: ref, Subject: target, Version: 1}, Schema: s})
			}
		}
	}
	return deps
}

// parse parses a document that others refer to. A ring of documents cannot be registered: the last one in it stays without the
// reference that closes the ring.
func (l *jsonLibrary) parse(t *testing.T, name string) schema.Schema {
	t.Helper()
	if s, done := l.parsed[name]; done || l.open[name] {
		return s
	}
	l.open[name] = true
	e := exam{format: jsonschema.Format, deps: l.deps(t, name)}
	s, err := e.parse(l.texts[name], schema.AsStored)
	if err != nil {
		s = nil
	}
	l.parsed[name] = s
	return s
}

// refsOf lists the documents that a text refers to, without fragments, each once and in order.
func refsOf(t *testing.T, text string) []string {
	t.Helper()
	var root any
	if err := json.Unmarshal([]byte(text), &root); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				ref, _, _ = strings.Cut(ref, "#")
				found[ref] = ref != ""
			}
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(root)
	maps.DeleteFunc(found, func(_ string, external bool) bool { return !external })
	return slices.Sorted(maps.Keys(found))
}
