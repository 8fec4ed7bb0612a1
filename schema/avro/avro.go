package avro

import (
	"sync"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// name is the registry's word for the format.
const name = "AVRO"

// Format parses Avro schemas.
var Format schema.Format = format{}

type format struct{}

func (format) Name() string { return name }

func (format) Rules() []schema.Rule { return append([]schema.Rule(nil), rules...) }

// Parse parses a text by the rules of Java's Avro 1.12.1. AsNew and WithFields judge names and the defaults of fields,
// AsStored takes letters of all scripts and does not look at defaults.
func (format) Parse(src schema.Source, deps []schema.Dep) (schema.Schema, error) {
	p := parser{text: src.Text, strict: src.Rigor != schema.AsStored}
	if err := p.addDeps(deps); err != nil {
		return nil, err
	}
	root, err := p.parse()
	if err != nil {
		return nil, err
	}
	s := &Schema{root: root, types: p.types, deps: deps, text: src.Text, main: message{node: root}}
	return s, s.print()
}

// Schema is a parsed Avro schema.
type Schema struct {
	root      *node
	types     typeTable
	deps      []schema.Dep
	text      string // as it was sent
	canonical string
	main      message // of the root

	mu       sync.Mutex
	messages map[*node]*message // of named types besides the root; built when first asked for
	normal   *Schema
}

// Format returns the name of the format.
func (s *Schema) Format() string { return name }

// Canonical returns the text that Confluent stores: Java's Schema.toString with the types of the references left out.
func (s *Schema) Canonical() string { return s.canonical }

// print makes the canonical text. It fails if the text would nest too deeply, which forward references allow.
func (s *Schema) print() error {
	p := printer{buf: make([]byte, 0, 512)}
	s.eachTop(func(n typeName) { p.seen.add(n) }, map[*Schema]bool{})
	p.typ(s.root, "")
	if p.deep {
		return fault.New(schema.ErrInvalid, "avro.Parse", "the types nest deeper than %d levels once each stands where it is first used", maxNesting)
	}
	s.canonical = s.text // one string for both where they are equal, as for most stored texts
	if string(p.buf) != s.text {
		s.canonical = string(p.buf)
	}
	return nil
}

// eachTop visits the name of the top-level type of each reference, also of references' references. The canonical text uses
// them as if they were printed already.
func (s *Schema) eachTop(visit func(typeName), met map[*Schema]bool) {
	for _, d := range s.deps {
		dep, ok := d.Schema.(*Schema)
		if !ok || met[dep] {
			continue
		}
		met[dep] = true
		if dep.root.named != nil {
			visit(dep.root.named.name)
		}
		dep.eachTop(visit, met)
	}
}

// Normalize returns the schema in Confluent's normal form: logical types first among sorted attributes, sorted aliases, no
// empty doc on named types, records instead of errors.
func (s *Schema) Normalize() schema.Schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.normal == nil {
		s.normal = s.normalize()
	}
	return s.normal
}

// normalize prints the text from which Confluent parses the normal form, and parses it. Names in it are in full, so a type
// without namespace inside a type that has one moves into that namespace, as it does there.
func (s *Schema) normalize() *Schema {
	p := printer{buf: make([]byte, 0, 2*len(s.canonical)), normal: true}
	s.eachTop(func(n typeName) { p.seen.add(n) }, map[*Schema]bool{})
	p.typ(s.root, "")
	parsed, err := format{}.Parse(schema.Source{Text: string(p.buf), Rigor: schema.AsStored}, s.deps)
	n, ok := parsed.(*Schema)
	if err != nil || !ok || n.canonical == s.canonical {
		return s // an error means that the move made two types collide; the schema is then as normal as it can be
	}
	n.normal, n.text = n, s.text
	return n
}

// Render knows one style besides the canonical text: "resolved" prints the types of the references in full where they are
// first used, so that the text stands alone.
func (s *Schema) Render(style string) (string, error) {
	if style != "resolved" || len(s.deps) == 0 {
		return s.canonical, nil
	}
	p := printer{}
	p.typ(s.root, "")
	if p.deep {
		return "", fault.New(schema.ErrInvalid, "avro.Schema.Render", "the types nest deeper than %d levels once the references are inlined", maxNesting)
	}
	return string(p.buf), nil
}

// Fields returns the names of the fields of the root, if it is a record.
func (s *Schema) Fields() []string {
	if s.root.kind != kindRecord {
		return nil
	}
	names := make([]string, len(s.root.named.fields))
	for i := range names {
		names[i] = s.root.named.fields[i].name
	}
	return names
}

// EqualTo reports whether two schemas are structurally equal once references are resolved: the order of attributes and of
// aliases does not count.
func (s *Schema) EqualTo(other schema.Schema) bool {
	o, ok := other.(*Schema)
	return ok && (s == o || equalTypes(s.root, o.root, wholly))
}
