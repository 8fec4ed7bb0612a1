package protobuf

import (
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Tags are the key "tags" of the options confluent.message_meta and confluent.field_meta. The path of a message is its name and
// those of the messages around it, without the package; that of a field ends in the name of the field. The name of the field's
// oneof may stand before it.
const (
	messageMeta = "confluent.message_meta"
	fieldMeta   = "confluent.field_meta"
	tagsKey     = "tags"
	recordKind  = "sr_record"
	fieldKind   = "sr_field"
)

// maxTagPaths bounds the bytes of the paths that Tags lists; what lies beyond is left out.
const maxTagPaths = 16 << 20

// Tags lists the tagged messages and fields.
func (s *parsed) Tags() []schema.EntityTags {
	var l tagLister
	l.messages("", s.universe.main.file.messages)
	return l.found
}

type tagLister struct {
	found []schema.EntityTags
	size  int
}

func (l *tagLister) add(around, name, kind string, tags []string) {
	if len(tags) == 0 {
		return
	}
	if l.size += len(around) + len(name); l.size <= maxTagPaths {
		l.found = append(l.found, schema.EntityTags{Path: join(around, name), Kind: kind, Tags: tags})
	}
}

func (l *tagLister) messages(around string, messages []*message) {
	for _, m := range messages {
		l.add(around, m.name, recordKind, tagsOf(m.options, messageMeta))
		path := join(around, m.name)
		l.fields(path, m.fields)
		for _, o := range m.oneofs {
			l.fields(path, o.fields)
		}
		l.messages(path, m.messages)
	}
}

func (l *tagLister) fields(around string, fields []*field) {
	for _, f := range fields {
		l.add(around, f.name, fieldKind, tagsOf(f.options, fieldMeta))
	}
}

// EditTags returns the schema with some tags added and then some removed.
func (s *parsed) EditTags(add, remove []schema.EntityTags) (schema.Schema, error) {
	e := s.tagEditor()
	for _, x := range add {
		if !e.edit(x, schema.AddTags) {
			return nil, noPlace(x)
		}
	}
	for _, x := range remove {
		if !e.edit(x, schema.RemoveTags) {
			return nil, noPlace(x)
		}
	}
	return e.schema(), nil
}

// KeepTags returns the schema with those tags added that have a place in it.
func (s *parsed) KeepTags(tags []schema.EntityTags) (schema.Schema, error) {
	e := s.tagEditor()
	for _, x := range tags {
		e.edit(x, schema.AddTags)
	}
	return e.schema(), nil
}

func noPlace(e schema.EntityTags) error {
	what := "field"
	if e.Kind == recordKind {
		what = "message"
	}
	return fault.New(schema.ErrInvalid, "protobuf.EditTags", "the path %q leads to no %s of the schema; give names without the package, as in Message.Nested.field", e.Path, what)
}

// tagEditor edits a copy of a tree.
type tagEditor struct {
	universe universe
	top      map[string]*taggable
}

// taggable is a message with what stands in it, by name. The first of several of one name counts.
type taggable struct {
	*message
	fields map[string]*field            // fields of oneofs, too, behind those of the message itself
	oneofs map[string]map[string]*field // fields by oneof
	nested map[string]*taggable
}

func (s *parsed) tagEditor() *tagEditor {
	e := &tagEditor{universe: *s.universe}
	all := pruner{keep: func(option) bool { return true }, extensions: true}
	e.universe.main = &source{file: all.file(s.universe.main.file), origin: origin{main: true}}
	e.top = taggables(e.universe.main.file.messages)
	return e
}

func taggables(messages []*message) map[string]*taggable {
	out := make(map[string]*taggable, len(messages))
	for _, m := range messages {
		if out[m.name] != nil {
			continue
		}
		t := &taggable{message: m, fields: map[string]*field{}, oneofs: map[string]map[string]*field{}, nested: taggables(m.messages)}
		addFields(t.fields, m.fields)
		for _, o := range m.oneofs {
			addFields(t.fields, o.fields)
			if t.oneofs[o.name] == nil {
				t.oneofs[o.name] = map[string]*field{}
			}
			addFields(t.oneofs[o.name], o.fields)
		}
		out[m.name] = t
	}
	return out
}

func addFields(to map[string]*field, fields []*field) {
	for _, f := range fields {
		if to[f.name] == nil {
			to[f.name] = f
		}
	}
}

// edit changes the tags of one place and reports whether there is such a place.
func (e *tagEditor) edit(x schema.EntityTags, change func(have, tags []string) []string) bool {
	names := strings.Split(strings.TrimPrefix(x.Path, "."), ".")
	if x.Kind == recordKind {
		m, rest := e.walk(names)
		if m == nil || len(rest) > 0 {
			return false
		}
		m.options = withTags(m.options, messageMeta, change(tagsOf(m.options, messageMeta), x.Tags))
		return true
	}
	f := e.field(names)
	if f == nil {
		return false
	}
	f.options = withTags(f.options, fieldMeta, change(tagsOf(f.options, fieldMeta), x.Tags))
	return true
}

// walk follows names into messages as far as they lead and returns the last message and the names left.
func (e *tagEditor) walk(names []string) (m *taggable, rest []string) {
	in := e.top
	for len(names) > 0 && in[names[0]] != nil {
		m = in[names[0]]
		in, names = m.nested, names[1:]
	}
	return m, names
}

func (e *tagEditor) field(names []string) *field {
	last := len(names) - 1
	m, rest := e.walk(names[:last])
	switch {
	case m == nil:
		return nil
	case len(rest) == 0:
		return m.fields[names[last]]
	case len(rest) == 1:
		return m.oneofs[rest[0]][names[last]]
	}
	return nil
}

// schema is the schema of the edited tree.
func (e *tagEditor) schema() schema.Schema {
	e.universe.main.symbols = collect(e.universe.main.file)
	return newParsed(&e.universe)
}
