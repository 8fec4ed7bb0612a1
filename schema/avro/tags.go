package avro

import (
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Tags stand in the attribute confluent:tags of a record or of a field. The path of a record is its full name, that of a field
// the record's and its own. A path without namespace also leads to the first record of that simple name, as in Confluent's
// AvroSchemaUtils.findMatchingEntity.
const (
	tagsAttribute = "confluent:tags"
	recordKind    = "sr_record"
	fieldKind     = "sr_field"
)

// maxTagPaths bounds the bytes of the paths that Tags lists; what lies beyond is left out.
const maxTagPaths = 16 << 20

// Tags lists the tagged records and fields that the schema's own text defines, without those of its references.
func (s *Schema) Tags() []schema.EntityTags {
	t, err := s.tagged()
	if err != nil {
		return nil
	}
	var out []schema.EntityTags
	size := 0
	for _, p := range t.places {
		if len(p.tags) == 0 {
			continue
		}
		e := schema.EntityTags{Path: p.record.full(), Kind: recordKind, Tags: p.tags}
		if p.field != "" {
			e.Path, e.Kind = e.Path+"."+p.field, fieldKind
		}
		if size += len(e.Path); size > maxTagPaths {
			break
		}
		out = append(out, e)
	}
	return out
}

// EditTags returns the schema with some tags added and then some removed.
func (s *Schema) EditTags(add, remove []schema.EntityTags) (schema.Schema, error) {
	t, err := s.tagged()
	if err != nil {
		return nil, err
	}
	for _, e := range add {
		if !t.edit(e, schema.AddTags) {
			return nil, noPlace(e)
		}
	}
	for _, e := range remove {
		if !t.edit(e, schema.RemoveTags) {
			return nil, noPlace(e)
		}
	}
	return t.parse(s.deps)
}

// KeepTags returns the schema with those tags added that have a place in it.
func (s *Schema) KeepTags(tags []schema.EntityTags) (schema.Schema, error) {
	t, err := s.tagged()
	if err != nil {
		return nil, err
	}
	for _, e := range tags {
		t.edit(e, schema.AddTags)
	}
	return t.parse(s.deps)
}

func noPlace(e schema.EntityTags) error {
	what := "field"
	if e.Kind == recordKind {
		what = "record"
	}
	return fault.New(schema.ErrInvalid, "avro.EditTags", "the path %q leads to no %s of the schema; give a full name, as in namespace.Record.field", e.Path, what)
}

// tagTree is the canonical text as a tree, with the places that can carry tags in the order of the text.
type tagTree struct {
	root   *value
	places []tagPlace
	full   map[typeName]map[string]int // places of a record by field; the record itself has no field
	short  map[string]map[string]int   // the same by name without namespace, the first of several
}

type tagPlace struct {
	record  typeName
	field   string // empty: the record itself
	at      *value
	tags    []string
	changed bool
}

func (s *Schema) tagged() (*tagTree, error) {
	root, err := readJSON(s.canonical, false)
	if err != nil {
		return nil, err
	}
	t := &tagTree{root: root, full: map[typeName]map[string]int{}, short: map[string]map[string]int{}}
	t.typ(root, "")
	return t, nil
}

// typ adds the places of a type that stands in a namespace.
func (t *tagTree) typ(v *value, space string) {
	if v.kind == jsonArray {
		for i := range v.elems {
			t.typ(&v.elems[i].val, space)
		}
		return
	}
	switch kind, _ := v.str("type"); kind {
	case "array":
		t.typ(v.get("items"), space)
	case "map":
		t.typ(v.get("values"), space)
	case "record", "error":
		t.record(v, space)
	}
}

func (t *tagTree) record(v *value, space string) {
	if own, ok := v.str("namespace"); ok {
		space = own
	}
	simple, _ := v.str("name")
	name := splitName(simple, space)
	index := map[string]int{}
	t.full[name] = index
	if t.short[name.simple] == nil {
		t.short[name.simple] = index
	}
	add := func(field string, at *value) {
		index[field] = len(t.places)
		t.places = append(t.places, tagPlace{record: name, field: field, at: at, tags: tagsOf(at)})
	}
	add("", v)
	fields := v.get("fields")
	for i := range fields.elems {
		f := &fields.elems[i].val
		own, _ := f.str("name")
		add(own, f)
		t.typ(f.get("type"), name.space)
	}
}

// find returns the place that a path leads to, or nil.
func (t *tagTree) find(e schema.EntityTags) *tagPlace {
	path, field := strings.TrimPrefix(e.Path, "."), ""
	if e.Kind != recordKind {
		dot := strings.LastIndexByte(path, '.')
		if dot < 0 || dot+1 == len(path) {
			return nil
		}
		path, field = path[:dot], path[dot+1:]
	}
	index := t.full[splitName(path, "")]
	if index == nil {
		index = t.short[path]
	}
	if i, ok := index[field]; ok {
		return &t.places[i]
	}
	return nil
}

func tagsOf(v *value) []string {
	list := v.get(tagsAttribute)
	if list == nil || list.kind != jsonArray {
		return nil
	}
	var out []string
	for i := range list.elems {
		if x := &list.elems[i].val; x.kind == jsonString {
			out = append(out, x.text)
		}
	}
	return out
}

// edit changes the tags of one place and reports whether there is such a place.
func (t *tagTree) edit(e schema.EntityTags, change func(have, tags []string) []string) bool {
	p := t.find(e)
	if p == nil {
		return false
	}
	p.tags, p.changed = change(p.tags, e.Tags), true
	return true
}

// parse writes the changed tags into the tree and parses its text. Inner places come first, because a new attribute moves what
// stands around it.
func (t *tagTree) parse(deps []schema.Dep) (schema.Schema, error) {
	for _, p := range slices.Backward(t.places) {
		if p.changed {
			p.at.setTags(p.tags)
		}
	}
	return format{}.Parse(schema.Source{Text: string(appendValue(nil, t.root, false)), Rigor: schema.AsStored}, deps)
}

// setTags writes the attribute, or drops it if no tag is left.
func (v *value) setTags(tags []string) {
	if len(tags) == 0 {
		v.elems = slices.DeleteFunc(slices.Clone(v.elems), func(m member) bool { return m.key == tagsAttribute })
		return
	}
	list := value{kind: jsonArray}
	for _, tag := range tags {
		list.elems = append(list.elems, member{val: value{kind: jsonString, text: tag}})
	}
	if have := v.get(tagsAttribute); have != nil {
		*have = list
		return
	}
	v.elems = append(slices.Clip(v.elems), member{tagsAttribute, list})
}
