package jsonschema

import (
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// document is one schema text: the schema itself, a reference, or a meta-schema.
type document struct {
	text string
	root *value // with definitions copied into $defs
	uri  string // where the document stands; its own identifier may say otherwise
	main bool
}

func (d *document) fail(v *value, format string, args ...any) error {
	return invalidAt(d.text, v.pos, format, args...)
}

// withDefs copies the entries of the root's definitions into $defs where they are missing, as Confluent Schema Registry does
// before it loads any document. A $defs that is no object is left alone.
func withDefs(root *value) *value {
	definitions, defs := root.get("definitions"), root.get("$defs")
	if definitions == nil || definitions.kind != jsonObject || defs != nil && defs.kind != jsonObject {
		return root
	}
	merged := &value{kind: jsonObject, pos: definitions.pos}
	if defs != nil {
		merged.pos = defs.pos
		for _, m := range defs.members {
			merged.set(m.key, m.value)
		}
	}
	for _, m := range definitions.members {
		if merged.get(m.key) == nil {
			merged.set(m.key, m.value)
		}
	}
	out := &value{kind: jsonObject, pos: root.pos}
	for _, m := range root.members {
		out.set(m.key, m.value)
	}
	out.set("$defs", merged)
	return out
}

// draft is a JSON Schema dialect.
type draft uint8

const (
	draft04 draft = iota
	draft06
	draft07
	modernDraft // 2019-09 and 2020-12 share one set of rules
)

func (d draft) idKeyword() string {
	if d == draft04 {
		return "id"
	}
	return "$id"
}

// The URLs of $schema, without scheme and trailing '#'.
var draftURLs = []struct {
	url   string
	draft draft
}{
	{"json-schema.org/draft-04/schema", draft04},
	{"json-schema.org/draft-06/schema", draft06},
	{"json-schema.org/draft-07/schema", draft07},
	{"json-schema.org/schema", draft04},
	{"json-schema.org/draft/2019-09/schema", modernDraft},
	{"json-schema.org/draft/2020-12/schema", modernDraft},
}

// draftOf selects the dialect of a $schema text; known is false if the text names none and the default applies.
func draftOf(uri string) (d draft, known bool) {
	exact := trimScheme(strings.TrimSuffix(uri, "#"))
	for _, u := range draftURLs {
		if exact == u.url {
			return u.draft, true
		}
	}
	for _, u := range draftURLs[:3] {
		if strings.HasPrefix(trimScheme(uri), u.url) {
			return u.draft, true
		}
	}
	return draft07, false
}

func trimScheme(uri string) string {
	if s, ok := strings.CutPrefix(uri, "http://"); ok {
		return s
	}
	s, ok := strings.CutPrefix(uri, "https://")
	if !ok {
		return "?" + uri // a URL without scheme names nothing
	}
	return s
}

// rootDraft reads the root's $schema.
func rootDraft(d *document) (draft, error) {
	v := d.root.get("$schema")
	if v == nil {
		return draft07, nil
	}
	if v.kind != jsonString {
		return 0, d.fail(v, "$schema must be a string, not %s", v.kind)
	}
	got, _ := draftOf(v.text)
	return got, nil
}

// maxNodes bounds the model of one schema. A text of one megabyte makes far fewer nodes unless dynamic references multiply it.
const maxNodes = 200_000

// budget counts the nodes of a model and the depth of its loading.
type budget struct {
	nodes, depth int
}

// maxLoadDepth bounds how deep references and nesting lead a loader.
const maxLoadDepth = 4000

func (b *budget) enter(d *document, v *value) error {
	b.nodes++
	b.depth++
	if b.nodes > maxNodes {
		return d.fail(v, "the schema expands to more than %d subschemas; split it, or use fewer $dynamicRef", maxNodes)
	}
	if b.depth > maxLoadDepth {
		return d.fail(v, "references lead deeper than %d levels", maxLoadDepth)
	}
	return nil
}

func (b *budget) leave() { b.depth-- }

// unresolved is the answer to every reference that leads out of the known documents.
func unresolved(d *document, v *value, uri string) error {
	line, column := schema.Position(d.text, v.pos)
	return fault.New(schema.ErrInvalid, "jsonschema.Parse",
		"line %d, column %d: cannot resolve $ref %q: remote schemas are never fetched; register it and add a reference of that name", line, column, uri)
}
