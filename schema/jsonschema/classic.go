package jsonschema

// classic loads drafts 04, 06 and 07 as everit-org/json-schema does, for Confluent's verdicts rest on its model: $ref hides its
// neighbours, every keyword is taken by the first step that wants it, and several results make a generated allOf.
type classic struct {
	budget
	lib   *library
	knots map[*value]*knot
	ids   map[idKey]*identifiers
}

// knot ties the refs of one target together while it is loaded.
type knot struct {
	node    *node
	loading bool
	refs    []*node
}

// scope is where a subschema stands.
type scope struct {
	doc   *document
	draft draft
	base  string
}

// inside returns the base of references inside an object: its identifier changes it, unless $ref stands beside it.
func (s scope) inside(v *value) string {
	if id := v.get(s.draft.idKeyword()); id != nil && id.kind == jsonString && v.get("$ref") == nil {
		return resolve(s.base, id.text)
	}
	return s.base
}

func (c *classic) draftFor(d *document, referrer draft) draft {
	if v := d.root.get("$schema"); v != nil && v.kind == jsonString {
		if got, known := draftOf(v.text); known && got != modernDraft {
			return got
		}
	}
	return referrer
}

// load makes the node of one subschema.
func (c *classic) load(v *value, s scope) (*node, error) {
	if err := c.enter(s.doc, v); err != nil {
		return nil, err
	}
	defer c.leave()
	switch v.kind {
	case jsonBool:
		if v.truth {
			return &node{kind: kindTrue}, nil
		}
		return &node{kind: kindFalse}, nil
	case jsonObject:
	default:
		return nil, s.doc.fail(v, "a schema must be an object or a boolean, not %s", v.kind)
	}
	s.base = s.inside(v)
	k := newKeywords(s.doc, v)
	var n *node
	var err error
	if ref := k.str("$ref"); ref != nil {
		n, err = c.reference(k, *ref, s)
	} else if k.err == nil {
		n, err = c.object(k, s)
	}
	if err == nil {
		err = k.err
	}
	return n, err
}

// object loads a subschema without $ref.
func (c *classic) object(k *keywords, s scope) (*node, error) {
	l := &classicObject{classic: c, keywords: k, scope: s}
	l.collect()
	if l.err != nil {
		return nil, l.err
	}
	n := l.combine()
	n.id = l.str(s.draft.idKeyword())
	n.title, n.description, n.def = l.str("title"), l.str("description"), l.take("default")
	if s.draft == draft07 {
		l.truth("readOnly")
		l.truth("writeOnly")
	}
	n.extra = l.rest()
	if n.arr != nil {
		n.arr.minContains, n.arr.maxContains = extraCount(n.extra, "minContains"), extraCount(n.extra, "maxContains")
	}
	return n, l.err
}

// extraCount reads a count that the draft does not know but that comparisons look at all the same.
func extraCount(extra []member, name string) *number {
	for _, m := range extra {
		if m.key == name && m.value.finite() {
			return newNumber(m.value.text).truncated()
		}
	}
	return nil
}

// classicObject collects the parts of one schema object.
type classicObject struct {
	*classic
	*keywords
	scope scope
	parts []*node
}

func (l *classicObject) add(n *node) { l.parts = append(l.parts, n) }

func (l *classicObject) combine() *node {
	switch len(l.parts) {
	case 0:
		return &node{kind: kindEmpty}
	case 1:
		return l.parts[0]
	}
	return &node{kind: kindCombined, criterion: allOf, generated: true, members: l.parts}
}

// The keywords that imply a type. Draft 04 knows neither propertyNames nor contains.
var (
	arrayKeywords  = []string{"items", "additionalItems", "minItems", "maxItems", "uniqueItems"}
	objectKeywords = []string{"properties", "required", "minProperties", "maxProperties", "dependencies", "patternProperties", "additionalProperties"}
	numberKeywords = []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
	stringKeywords = []string{"minLength", "maxLength", "pattern", "format"}
)

// collect runs the steps in everit's order.
func (l *classicObject) collect() {
	if v := l.typed("enum", jsonArray); v != nil {
		l.add(&node{kind: kindEnum, values: v.items})
	}
	for _, criterion := range [...]string{allOf, anyOf, oneOf} {
		if v := l.typed(criterion, jsonArray); v != nil {
			l.add(&node{kind: kindCombined, criterion: criterion, members: l.list(v)})
		}
	}
	if v := l.take("not"); v != nil {
		l.add(&node{kind: kindNot, inner: l.sub(v)})
	}
	if l.scope.draft != draft04 {
		if v := l.take("const"); v != nil {
			l.add(&node{kind: kindConst, values: []*value{v}})
		}
	}
	l.types()
	newer := l.scope.draft != draft04
	if l.any(arrayKeywords...) || newer && l.any("contains") {
		l.add(l.array())
	}
	if l.any(objectKeywords...) || newer && l.any("propertyNames") {
		l.add(l.objectNode())
	}
	if l.any(numberKeywords...) {
		l.add(l.numberNode(false))
	}
	if l.any(stringKeywords...) {
		l.add(l.stringNode())
	}
	if l.scope.draft == draft07 && l.any("if", "then", "else") {
		n := &node{kind: kindConditional}
		for i, name := range [...]string{"if", "then", "else"} {
			n.parts[i] = l.optional(name)
		}
		l.add(n)
	}
}

// types takes the type keyword.
func (l *classicObject) types() {
	v := l.take("type")
	if v == nil {
		return
	}
	switch v.kind {
	case jsonString:
		if n := l.ofType(v, l.keywords); n != nil {
			l.add(n)
		}
	case jsonArray:
		n := &node{kind: kindCombined, criterion: anyOf}
		before := l.seen
		all := make(map[string]bool, len(before))
		for _, x := range v.items {
			l.seen = copySet(before) // every type takes its keywords anew
			if m := l.ofType(x, l.keywords); m != nil {
				n.members = append(n.members, m)
			}
			for key := range l.seen {
				all[key] = true
			}
		}
		for key := range before {
			all[key] = true
		}
		l.seen = all
		l.add(n)
	default:
		l.fail(v, "type must be a string or an array of strings, not %s", v.kind)
	}
}

func copySet(in map[string]bool) map[string]bool {
	out := make(map[string]bool, len(in))
	for k := range in {
		out[k] = true
	}
	return out
}

func (l *classicObject) ofType(v *value, k *keywords) *node {
	if v.kind != jsonString {
		k.fail(v, "type must name types, not hold %s", v.kind)
		return nil
	}
	var n *node
	switch v.text {
	case "string":
		n = l.stringNode()
	case "number", "integer":
		n = l.numberNode(v.text == "integer")
	case "object":
		n = l.objectNode()
	case "array":
		n = l.array()
	case "boolean":
		n = &node{kind: kindBoolean}
	case "null":
		n = &node{kind: kindNull}
	default:
		k.fail(v, "unknown type %q", v.text)
		return nil
	}
	n.typed = true
	return n
}
