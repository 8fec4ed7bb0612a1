package jsonschema

import "strings"

// standing is where an object of a modern document stands.
type standing struct {
	base string
	doc  *document
}

// register indexes a document: the base of every object, its identifiers and its anchors. A second object under one name is an
// error. That catches an $id or $anchor in the root's definitions too, whose entries stand in $defs as well.
func (m *modern) register(d *document) error {
	if m.seen[d] {
		return nil
	}
	m.seen[d] = true
	if _, taken := m.known[d.uri]; !taken {
		m.known[d.uri] = d.root
	}
	return m.walk(d.root, d.uri, d, false)
}

// walk visits every object where the specification expects a schema; names says that v's keys are names, not keywords.
func (m *modern) walk(v *value, base string, d *document, names bool) error {
	if v.kind == jsonArray {
		for _, x := range v.items {
			if err := m.walk(x, base, d, false); err != nil {
				return err
			}
		}
	}
	if v.kind != jsonObject {
		return nil
	}
	if !names {
		var err error
		if base, err = m.identify(v, base, d); err != nil {
			return err
		}
	}
	m.index[v] = standing{base, d}
	for _, x := range v.members {
		if !names && !schemaKeyword(x.key) {
			continue
		}
		if err := m.walk(x.value, base, d, !names && mapKeyword(x.key)); err != nil {
			return err
		}
	}
	return nil
}

// schemaKeyword reports whether a keyword's value holds schemas. Elsewhere $id and $anchor mean nothing.
func schemaKeyword(name string) bool {
	switch name {
	case allOf, anyOf, oneOf, "not", "if", "then", "else", "items", "prefixItems", "additionalItems", "contains", "unevaluatedItems",
		"additionalProperties", "propertyNames", "unevaluatedProperties", "contentSchema":
		return true
	}
	return mapKeyword(name)
}

// mapKeyword reports whether a keyword's value maps names to schemas.
func mapKeyword(name string) bool {
	switch name {
	case "properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies":
		return true
	}
	return false
}

// identify registers an object's $id and anchors and returns its base.
func (m *modern) identify(v *value, base string, d *document) (string, error) {
	if id := v.get("$id"); id != nil && id.kind == jsonString {
		base = withoutFragment(resolve(base, id.text))
		if err := m.name(base, v, d, id); err != nil {
			return "", err
		}
	}
	for _, keyword := range [...]string{"$anchor", "$dynamicAnchor"} {
		if a := v.get(keyword); a != nil && a.kind == jsonString {
			if err := m.name(base+"#"+a.text, v, d, a); err != nil {
				return "", err
			}
		}
	}
	return base, nil
}

func (m *modern) name(uri string, v *value, d *document, at *value) error {
	if known := m.known[uri]; known != nil && (known != v || m.index[v].doc != nil) && v != d.root {
		return d.fail(at, "%s names two schemas; an entry of definitions also stands in $defs, so keep named schemas in $defs alone", uri)
	}
	m.known[uri] = v
	return nil
}

// ref yields the ref node of $ref.
func (o *modernObject) ref(v *value) {
	if o.typed("$ref", jsonString) == nil {
		return
	}
	target, err := o.find(v, o.base, o.doc)
	if err != nil {
		o.err = err
		return
	}
	n := &node{kind: kindRef, ref: resolve(o.base, v.text)}
	if err := o.tie(n, target); err != nil && o.err == nil {
		o.err = err
	}
	o.yield(n)
}

// tie points n at its target, translating it on the present path if it is met for the first time.
func (m *modern) tie(n *node, target *value) error {
	k := m.knots[target]
	if k == nil {
		k = &knot{loading: true}
		m.knots[target] = k
		loaded, err := m.load(target, m.docOf(target))
		if err != nil {
			return err
		}
		k.node, k.loading = loaded, false
		for _, r := range k.refs {
			r.target = loaded
		}
		k.refs = nil
	}
	if k.loading {
		k.refs = append(k.refs, n)
	}
	n.target = k.node
	return nil
}

func (m *modern) docOf(v *value) *document { return m.index[v].doc }

// find resolves a reference's text to a value: a resource or an anchor by name, else a pointer inside a resource.
func (m *modern) find(at *value, base string, d *document) (*value, error) {
	resolved := resolve(base, at.text)
	uri, fragment, _ := strings.Cut(resolved, "#")
	root := m.known[uri]
	if root == nil {
		found := m.lib.find(uri, at.text)
		if found == nil {
			return nil, unresolved(d, at, resolved)
		}
		if err := m.register(found); err != nil {
			return nil, err
		}
		root, uri = found.root, m.index[found.root].base
	}
	if fragment == "" {
		return m.standing(root, root), nil
	}
	for _, name := range [...]string{uri + "#" + fragment, resolved} {
		if v := m.known[name]; v != nil {
			return v, nil
		}
	}
	if strings.HasPrefix(fragment, "/") {
		if v := pointer(root, fragment, nil); v != nil && (v.kind == jsonObject || v.kind == jsonBool) {
			return m.standing(v, root), nil
		}
	}
	return nil, d.fail(at, "$ref leads nowhere: there is no %s", resolved)
}

// standing indexes what stands below a pointer's target that the walk did not pass, such as one inside an unknown keyword, so
// that it can be loaded. Names in there are not known elsewhere, so two of a kind do no harm.
func (m *modern) standing(v, root *value) *value {
	if m.index[v].doc == nil {
		at := m.index[root]
		m.index[v] = at
		_ = m.walk(v, at.base, at.doc, false)
	}
	return v
}

// dynamicRef joins the target of $dynamicRef, translated in place, with the rest of its object.
func (o *modernObject) dynamicRef(rest *node) *node {
	_, anchor, _ := strings.Cut(o.dynamic.text, "#")
	target := o.outermost(anchor)
	if target == nil {
		var err error
		if target, err = o.find(o.dynamic, o.base, o.doc); err != nil {
			o.err = err
			return nil
		}
	}
	if target == o.obj {
		o.fail(o.dynamic, "$dynamicRef refers to its own schema")
		return nil
	}
	for _, above := range o.path {
		if above == target {
			n := &node{kind: kindRef, ref: resolve(o.base, o.dynamic.text)}
			if err := o.tie(n, target); err != nil {
				o.err = err
			}
			return generatedAllOf(n, rest)
		}
	}
	n, err := o.load(target, o.docOf(target))
	if err != nil {
		o.err = err
		return nil
	}
	return generatedAllOf(n, rest)
}

// outermost returns the outermost object on the path that carries the dynamic anchor, itself or in its first definition.
func (o *modernObject) outermost(anchor string) *value {
	for _, v := range o.path {
		if carries(v, anchor) {
			return v
		}
		if first := o.firstDefinition(v); first != nil && carries(first, anchor) {
			return first
		}
	}
	return nil
}

func carries(v *value, anchor string) bool {
	a := v.get("$dynamicAnchor")
	return a != nil && a.kind == jsonString && a.text == anchor
}

// firstDefinition returns the first entry of an object's $defs in the order in which its document is read, or nil.
func (m *modern) firstDefinition(v *value) *value {
	if first, known := m.first[v]; known {
		return first
	}
	var first *value
	if defs := v.get("$defs"); defs != nil && defs.kind == jsonObject && len(defs.members) > 0 {
		members := defs.members
		if d := m.docOf(v); d != nil && d.main {
			members = hashOrdered(members)
		}
		if first = members[0].value; first.kind != jsonObject {
			first = nil
		}
	}
	m.first[v] = first
	return first
}
