package jsonschema

import (
	"embed"
	"strings"
	"sync"
)

// The published meta-schemas, so that a $ref to one resolves without a network.
//
//go:embed meta
var metaFiles embed.FS

// metaSchemas reads the embedded meta-schemas once: URI without fragment -> document.
var metaSchemas = sync.OnceValue(func() map[string]*document {
	out := map[string]*document{}
	for _, dir := range []string{"draft-04", "draft-06", "draft-07", "draft/2019-09", "draft/2019-09/meta", "draft/2020-12", "draft/2020-12/meta"} {
		entries, err := metaFiles.ReadDir("meta/" + dir)
		if err != nil {
			panic("jsonschema: an embedded meta-schema is missing: " + err.Error())
		}
		for _, e := range entries {
			if !e.IsDir() {
				d := readMetaSchema(dir + "/" + strings.TrimSuffix(e.Name(), ".json"))
				out[d.uri] = d
			}
		}
	}
	return out
})

func readMetaSchema(name string) *document {
	text, err := metaFiles.ReadFile("meta/" + name + ".json")
	if err != nil {
		panic("jsonschema: an embedded meta-schema is missing: " + err.Error())
	}
	root, err := readSchemaText(string(text))
	if err != nil {
		panic("jsonschema: an embedded meta-schema is broken: " + err.Error())
	}
	scheme := "http://"
	if strings.HasPrefix(name, "draft/") {
		scheme = "https://"
	}
	return &document{text: string(text), root: withDefs(root), uri: scheme + "json-schema.org/" + name}
}

// library is the set of documents that a schema may refer to.
type library struct {
	byURI map[string]*document // under every name a document is known by
}

// newLibrary registers the references under their names resolved against the root's base. Direct references win over those of
// references.
func newLibrary(base string, refs []namedDocument) *library {
	l := &library{byURI: map[string]*document{}}
	for _, r := range refs {
		d := *r.doc
		d.main = false
		d.uri = withoutFragment(resolve(base, r.name))
		for _, uri := range [...]string{r.name, "./" + r.name, d.uri} {
			if _, taken := l.byURI[uri]; !taken {
				l.byURI[uri] = &d
			}
		}
	}
	return l
}

// find returns the document of a resolved URI or, failing that, of the reference's text as it was written.
func (l *library) find(uri, written string) *document {
	uri, written = withoutFragment(uri), withoutFragment(written)
	if d := l.byURI[uri]; d != nil {
		return d
	}
	if d := l.byURI[written]; d != nil && written != "" {
		return d
	}
	if d := metaSchemas()[uri]; d != nil {
		return d
	}
	if rest, ok := strings.CutPrefix(uri, "https://"); ok {
		return metaSchemas()["http://"+rest]
	}
	return nil
}

// namedDocument is a reference's document with its name.
type namedDocument struct {
	name string
	doc  *document
}
