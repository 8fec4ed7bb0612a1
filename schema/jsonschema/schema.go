package jsonschema

import (
	"strings"
	"sync"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Format is JSON Schema as a plug-in: drafts 04, 06, 07, 2019-09 and 2020-12.
var Format schema.Format = format{}

const formatName = "JSON"

type format struct{}

// Name returns JSON.
func (format) Name() string { return formatName }

// Parse reads, loads and links a schema text. Rigor only matters for the extra check of WithFields: JSON Schema texts are
// judged alike whether new or stored.
func (format) Parse(src schema.Source, deps []schema.Dep) (schema.Schema, error) {
	const op = "jsonschema.Parse"
	root, err := readSchemaText(src.Text)
	if err != nil {
		return nil, err
	}
	if root.kind != jsonObject && root.kind != jsonBool {
		return nil, invalidAt(src.Text, root.pos, "a schema must be an object or a boolean, not %s", root.kind)
	}
	s := &parsed{root: root, source: src.Text, canonical: src.Text}
	if text := string(appendValue(nil, root, false)); text != src.Text {
		s.canonical = text // else one string serves for both, as for most stored texts
	}
	s.doc = &document{text: src.Text, root: withDefs(root), main: true}
	for _, d := range deps {
		other, ok := d.Schema.(*parsed)
		if !ok {
			return nil, fault.New(schema.ErrInvalid, op, "the reference %q is a schema of another format", d.Reference.Name)
		}
		s.deps = append(s.deps, namedDep{d.Reference.Name, other})
	}
	if s.model, err = s.load(); err != nil {
		return nil, err
	}
	if src.Rigor == schema.WithFields {
		if err := s.checkFieldNames(); err != nil {
			return nil, err
		}
	}
	s.message = &message{schema: s}
	return s, nil
}

// parsed is a loaded schema.
type parsed struct {
	root      *value
	source    string // the text as it was sent
	doc       *document
	draft     draft
	deps      []namedDep
	model     *node
	canonical string
	message   *message

	normalOnce sync.Once
	normal     schema.Schema
}

type namedDep struct {
	name   string
	schema *parsed
}

// documents lists the references, the direct ones first, each name once.
func (s *parsed) documents() []namedDocument {
	var out []namedDocument
	seen := map[string]bool{}
	level := []*parsed{s}
	for len(level) > 0 {
		var next []*parsed
		for _, x := range level {
			for _, d := range x.deps {
				if !seen[d.name] {
					seen[d.name] = true
					out = append(out, namedDocument{d.name, d.schema.doc})
					next = append(next, d.schema)
				}
			}
		}
		level = next
	}
	return out
}

// load builds the model with the loader of the root's draft.
func (s *parsed) load() (*node, error) {
	var err error
	if s.draft, err = rootDraft(s.doc); err != nil {
		return nil, err
	}
	base := baseURI
	if id := s.doc.root.get(s.draft.idKeyword()); id != nil && id.kind == jsonString {
		base = withoutFragment(resolve(base, id.text))
	}
	s.doc.uri = base
	lib := newLibrary(base, s.documents())
	var n *node
	if s.draft == modernDraft {
		n, err = loadModern(s.doc, lib)
	} else {
		c := &classic{lib: lib, knots: map[*value]*knot{}, ids: map[idKey]*identifiers{}}
		n, err = c.load(s.doc.root, scope{doc: s.doc, draft: s.draft, base: base})
	}
	if err != nil {
		return nil, err
	}
	finishModel(n)
	return n, nil
}

func loadModern(d *document, lib *library) (*node, error) {
	m := newModern(lib)
	main := *d
	main.uri = baseURI
	if err := m.register(&main); err != nil {
		return nil, err
	}
	return m.load(d.root, &main)
}

// finishModel completes every node that n reaches, refs included.
func finishModel(n *node) {
	f := &finisher{prints: map[*node]fingerprint{}}
	seen := map[*node]bool{n: true}
	queue := []*node{n}
	for len(queue) > 0 {
		x := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		f.finish(x)
		push := func(y *node) {
			if y != nil && !seen[y] {
				seen[y] = true
				queue = append(queue, y)
			}
		}
		x.children(push)
		push(x.target)
	}
}

// Format returns JSON.
func (s *parsed) Format() string { return formatName }

// Canonical returns the text printed compactly, keys in their order and numbers with their digits.
func (s *parsed) Canonical() string { return s.canonical }

// Normalize returns the schema with the keys of every object sorted. The sorted text has the same meaning, but its model may
// differ where Confluent's depends on the order of keys.
func (s *parsed) Normalize() schema.Schema {
	s.normalOnce.Do(func() {
		sorted := string(appendValue(nil, s.root, true))
		if sorted == s.canonical {
			s.normal = s
			return
		}
		n, err := s.reparse(sorted)
		if err != nil {
			s.normal = s // the order of keys decides nothing that Parse refuses
			return
		}
		n.(*parsed).source = s.source
		s.normal = n
	})
	return s.normal
}

// reparse parses another text with the references of s.
func (s *parsed) reparse(text string) (schema.Schema, error) {
	deps := make([]schema.Dep, len(s.deps))
	for i, d := range s.deps {
		deps[i] = schema.Dep{Reference: schema.Reference{Name: d.name}, Schema: d.schema}
	}
	return format{}.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, deps)
}

// Render returns the canonical text: the format has no styles.
func (s *parsed) Render(string) (string, error) { return s.canonical, nil }

// Fields lists the keys of the root's properties in their order.
func (s *parsed) Fields() []string {
	properties := s.root.get("properties")
	if properties == nil {
		return nil
	}
	out := make([]string, 0, len(properties.members))
	for _, m := range properties.members {
		out = append(out, m.key)
	}
	return out
}

// checkFieldNames refuses the names that Confluent's validateFields keeps for itself.
func (s *parsed) checkFieldNames() error {
	for _, name := range s.Fields() {
		if strings.HasPrefix(name, "$$") {
			v := s.root.get("properties").get(name)
			return invalidAt(s.doc.text, v.pos, "the property name %q is reserved: names must not start with $$", name)
		}
	}
	return nil
}

// Message returns the only message there is: the root, by the empty name or its own.
func (s *parsed) Message(name string) (schema.Message, error) {
	if name != "" && name != s.message.Name() {
		return nil, fault.New(schema.ErrMessageNotFound, "jsonschema.Message", "a JSON schema has one message, its root; %q is not its name", name)
	}
	return s.message, nil
}

// Open returns the root and the whole body: the format has no prefix.
func (s *parsed) Open(body []byte) (schema.Message, []byte, error) { return s.message, body, nil }

// Differences compares the models. See compare.go.
func (s *parsed) Differences(writer schema.Schema, q schema.Question) []schema.Difference {
	w, ok := writer.(*parsed)
	if !ok {
		return describe([]finding{{rule: "TYPE_CHANGED"}}, q) // a schema of another format
	}
	return describe(compareModels(w.model, s.model, q.Policy), q)
}
