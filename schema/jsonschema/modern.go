package jsonschema

// modern loads drafts 2019-09 and 2020-12 as Confluent does: erosb/json-sKema reads the text, and a fold over the keywords of
// each object, in hash order, makes the model.
type modern struct {
	budget
	lib   *library
	knots map[*value]*knot
	index map[*value]standing // every object that may be a schema
	known map[string]*value   // resource URIs and anchors
	path  []*value            // the objects being translated, outermost first
	seen  map[*document]bool
	first map[*value]*value // first definitions, see firstDefinition
}

func newModern(lib *library) *modern {
	return &modern{lib: lib, knots: map[*value]*knot{}, index: map[*value]standing{}, known: map[string]*value{}, seen: map[*document]bool{}, first: map[*value]*value{}}
}

// load translates one subschema.
func (m *modern) load(v *value, d *document) (*node, error) {
	if err := m.enter(d, v); err != nil {
		return nil, err
	}
	defer m.leave()
	switch v.kind {
	case jsonBool:
		if v.truth {
			return &node{kind: kindTrue}, nil
		}
		return &node{kind: kindFalse}, nil
	case jsonObject:
	default:
		return nil, d.fail(v, "a schema must be an object or a boolean, not %s", v.kind)
	}
	m.path = append(m.path, v)
	defer func() { m.path = m.path[:len(m.path)-1] }()
	o := &modernObject{modern: m, keywords: newKeywords(d, v), base: m.index[v].base}
	n := o.translate()
	return n, o.err
}

// modernObject translates one schema object.
type modernObject struct {
	*modern
	*keywords
	base      string
	acc       *node
	props     *node
	patterns  *node
	unevalIts *node
	unevalPrs *node
	unknown   []member
	dynamic   *value
}

// The keywords that are known and yield nothing of themselves.
var silentKeywords = map[string]valueKind{
	"$schema": jsonString, "$id": jsonString, "$anchor": jsonString, "$dynamicAnchor": jsonString, "$vocabulary": jsonObject,
	"deprecated": jsonBool, "title": jsonString, "description": jsonString,
}

// translate follows Confluent's order: keywords by hash, then properties, patternProperties and the unevaluated pair.
func (o *modernObject) translate() *node {
	members := o.obj.members
	if o.doc.main {
		members = hashOrdered(members)
	}
	for _, m := range members {
		if o.err != nil {
			return nil
		}
		o.keyword(m.key, m.value)
	}
	n := o.finish()
	if n == nil || o.dynamic == nil {
		return n
	}
	return o.dynamicRef(n)
}

// finish folds what the keywords yielded and sets the annotations.
func (o *modernObject) finish() *node {
	for _, late := range [...]*node{o.props, o.patterns, o.unevalIts, o.unevalPrs} {
		if late != nil {
			o.acc = join(o.acc, late)
		}
	}
	if o.err != nil {
		return nil
	}
	n := o.acc
	switch {
	case n == nil:
		n = &node{kind: kindEmpty}
	case n.generated && n.criterion == allOf && len(n.members) == 0:
		n = &node{kind: kindEmpty}
	case n.generated && n.criterion == allOf && len(n.members) == 1:
		n = n.members[0]
	}
	o.annotate(n)
	return n
}

func (o *modernObject) annotate(n *node) {
	if v := o.obj.get("title"); v != nil {
		n.title = &v.text
	}
	if v := o.obj.get("description"); v != nil {
		n.description = &v.text
	}
	if v := o.obj.get("default"); v != nil && v.kind != jsonNull && n.kind != kindRef {
		n.def = v
	}
	defs := o.obj.get("$defs")
	if len(o.unknown) == 0 && (defs == nil || len(defs.members) == 0) {
		return
	}
	// Unknown keywords replace the side table in which json-sKema's successor of these keywords travels.
	n.extra = o.unknown
	if n.obj != nil {
		n.obj.unevaluated = nil
	}
	if n.arr != nil {
		n.arr.unevaluated, n.arr.minContains, n.arr.maxContains = nil, nil, nil
	}
}

// yield joins one contribution to what the object has so far.
func (o *modernObject) yield(n *node) { o.acc = join(o.acc, n) }

func (o *modernObject) sub(v *value) *node {
	if o.err != nil {
		return nil
	}
	n, err := o.load(v, o.doc)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n
}

func (o *modernObject) list(name string) []*node {
	v := o.typed(name, jsonArray)
	if v == nil {
		return nil
	}
	out := make([]*node, 0, len(v.items))
	for _, x := range v.items {
		out = append(out, o.sub(x))
	}
	return out
}

// byName reads an object of subschemas.
func (o *modernObject) byName(name string) []property {
	v := o.typed(name, jsonObject)
	if v == nil {
		return nil
	}
	out := make([]property, 0, len(v.members))
	for _, m := range v.members {
		out = append(out, property{m.key, o.sub(m.value)})
	}
	return out
}
