package avro

import (
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// Locate returns the place of a path of a difference that the receiver, as reader, was found to have. Indexes of branches in
// such paths are the writer's (as in Java's SchemaCompatibility), so they end at the reader's type.
func (s *Schema) Locate(path string) (line, column int, ok bool) {
	return s.locate(path, nil)
}

// LocateWritten returns the place in the receiver, as writer, of a path of a difference that reader was found to have: the same
// field by name or alias, and the branch that the path counts.
func (s *Schema) LocateWritten(path string, reader schema.Schema) (line, column int, ok bool) {
	r, ok := reader.(*Schema)
	if !ok {
		return 0, 0, false
	}
	return s.locate(path, r.root)
}

func (s *Schema) locate(path string, reader *node) (line, column int, ok bool) {
	root, err := readJSON(s.text, true)
	if err != nil {
		return 0, 0, false
	}
	l := locator{at: root, reader: reader, written: reader != nil}
	l.define(root, "")
	for rest, more := strings.TrimPrefix(path, "/"), true; more && rest != ""; {
		var token string
		if token, rest, more = strings.Cut(rest, "/"); !l.step(token) {
			break
		}
	}
	line, column = schema.Position(s.text, int(l.at.pos))
	return line, column, true
}

// locator walks a text along a path.
type locator struct {
	at      *value
	space   string // the namespace around at
	defined map[typeName]definition
	field   bool // at is a field, not a type
	fields  bool // a field of the record at comes next

	written bool  // the path belongs to another schema, the reader
	reader  *node // where the path stands there; nil if it is lost
}

// definition is a record, enum or fixed in the text.
type definition struct {
	at    *value
	space string // the namespace inside
}

// define gathers the named types of a text. Of two definitions of one name the first counts, as for the parser.
func (l *locator) define(v *value, space string) {
	if l.defined == nil {
		l.defined = map[typeName]definition{}
	}
	if v.kind == jsonArray {
		for i := range v.elems {
			l.define(&v.elems[i].val, space)
		}
		return
	}
	kind, _ := v.str("type")
	switch kind {
	case "array", "map":
		for _, attr := range [...]string{"items", "values"} {
			if inner := v.get(attr); inner != nil {
				l.define(inner, space)
			}
		}
	case "record", "error", "enum", "fixed":
		name := nameIn(v, space)
		if _, twice := l.defined[name]; !twice {
			l.defined[name] = definition{v, name.space}
		}
		l.defineFields(v, name.space)
	}
}

func (l *locator) defineFields(v *value, space string) {
	fields := v.get("fields")
	if fields == nil {
		return
	}
	for i := range fields.elems {
		if t := fields.elems[i].val.get("type"); t != nil {
			l.define(t, space)
		}
	}
}

// nameIn is the name that a definition gives itself inside a namespace.
func nameIn(v *value, space string) typeName {
	if own, ok := v.str("namespace"); ok {
		space = own
	}
	simple, _ := v.str("name")
	return splitName(simple, space)
}

// step follows one token and reports whether it leads anywhere.
func (l *locator) step(token string) bool {
	switch {
	case l.fields:
		return l.fieldAt(token)
	case l.field:
		return l.fieldType(token)
	}
	l.resolve()
	switch token {
	case "fields":
		l.fields = l.at.get(token) != nil
		return l.fields
	case "items", "values":
		return l.inner(token)
	case "name", "size", "symbols":
		return l.leaf(token)
	}
	return l.branch(token)
}

// resolve goes from the use of a name to its definition, if the text holds it.
func (l *locator) resolve() {
	text := l.at.text
	if l.at.kind == jsonObject {
		text, _ = l.at.str("type")
		if isKeyword(text) || text == "error" {
			l.enter(definition{l.at, l.spaceOf(text)})
			return
		}
	} else if l.at.kind != jsonString {
		return
	}
	name := splitName(text, l.space)
	d, ok := l.defined[name]
	if !ok && name.simple == text {
		d, ok = l.defined[typeName{simple: text}]
	}
	if ok {
		l.enter(d)
	}
}

func (l *locator) enter(d definition) {
	l.at, l.space = d.at, d.space
}

// spaceOf is the namespace inside the type object at which the walk stands.
func (l *locator) spaceOf(kind string) string {
	switch kind {
	case "record", "error", "enum", "fixed":
		return nameIn(l.at, l.space).space
	}
	return l.space
}

func (l *locator) inner(attr string) bool {
	v := l.at.get(attr)
	if v == nil {
		return false
	}
	l.at = v
	if l.written {
		if l.reader == nil || l.reader.items == nil {
			return false
		}
		l.reader = l.reader.items
	}
	return true
}

// leaf goes to an attribute of a named type, where paths end.
func (l *locator) leaf(attr string) bool {
	if v := l.at.get(attr); v != nil {
		l.at = v
	}
	return false
}

// branch goes to a branch of the writer's union; the reader's place stays what it is.
func (l *locator) branch(token string) bool {
	i, err := strconv.Atoi(token)
	if err != nil {
		return false
	}
	if l.written && l.at.kind == jsonArray && i >= 0 && i < len(l.at.elems) {
		l.at = &l.at.elems[i].val
	}
	return true
}

// fieldAt goes to a field of the record: by its index, or by the name and the aliases of the reader's field.
func (l *locator) fieldAt(token string) bool {
	l.fields = false
	i, err := strconv.Atoi(token)
	list := l.at.get("fields").elems
	if err != nil || i < 0 {
		return false
	}
	if l.written {
		if i, l.reader = l.sameField(i, list); i < 0 {
			return false
		}
	}
	if i >= len(list) {
		return false
	}
	l.at, l.field = &list[i].val, true
	return true
}

// sameField returns the index among the writer's fields of the reader's field i, or -1, and the type of that field.
func (l *locator) sameField(i int, list []member) (int, *node) {
	if l.reader == nil || l.reader.named == nil || i >= len(l.reader.named.fields) {
		return -1, nil
	}
	f := &l.reader.named.fields[i]
	for _, name := range append([]string{f.name}, f.aliases...) {
		for k := range list {
			if own, _ := list[k].val.str("name"); own == name {
				return k, f.typ
			}
		}
	}
	return -1, nil
}

func (l *locator) fieldType(token string) bool {
	t := l.at.get("type")
	if token != "type" || t == nil {
		return false
	}
	l.at, l.field = t, false
	return true
}
