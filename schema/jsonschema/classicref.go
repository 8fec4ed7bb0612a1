package jsonschema

import "strings"

// reference makes the ref node of a schema object with $ref and loads its target once.
func (c *classic) reference(k *keywords, ref string, s scope) (*node, error) {
	n := &node{kind: kindRef, ref: resolve(s.base, ref)}
	n.title, n.description = k.str("title"), k.str("description")
	id, def := k.take(s.draft.idKeyword()), k.take("default")
	n.extra = k.rest()
	if k.err != nil {
		return nil, k.err
	}
	at := k.obj.get("$ref")
	target, inside, err := c.target(ref, n.ref, s, at)
	if err != nil {
		return nil, err
	}
	knot := c.knots[target]
	if knot != nil && knot.loading { // the ref stands inside its own target: everit keeps these two here, and only here
		n.def = def
		if id != nil && id.kind == jsonString {
			n.id = &id.text
		}
	}
	return n, c.tie(n, knot, target, inside)
}

// tie points n at its target, now or when the target is loaded.
func (c *classic) tie(n *node, k *knot, target *value, s scope) error {
	if k == nil {
		k = &knot{loading: true}
		c.knots[target] = k
		loaded, err := c.load(target, s)
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

// target finds what a ref means: its value and the scope to load it in.
func (c *classic) target(ref, resolved string, s scope, at *value) (*value, scope, error) {
	if strings.HasPrefix(ref, "#") {
		return c.within(s.doc, ref[1:], s, at)
	}
	if v := c.identified(s.doc, s.draft.idKeyword(), resolved); v != nil {
		return v, s, nil
	}
	d := c.lib.find(resolved, ref)
	if d == nil {
		return nil, s, unresolved(s.doc, at, resolved)
	}
	if d.root.kind != jsonObject {
		return nil, s, s.doc.fail(at, "%s is no object, which a referenced schema of this draft must be", resolved)
	}
	inside := scope{doc: d, draft: c.draftFor(d, s.draft), base: d.uri}
	return c.within(d, fragmentOf(resolved), inside, at)
}

// within resolves a fragment inside a document: a pointer, the literal identifier "#name", or else the root.
func (c *classic) within(d *document, fragment string, s scope, at *value) (*value, scope, error) {
	switch {
	case fragment == "":
		return d.root, s, nil
	case strings.HasPrefix(fragment, "/"):
		v := pointer(d.root, fragment, nil)
		if v == nil {
			return nil, s, s.doc.fail(at, "$ref leads nowhere: there is no #%s", fragment)
		}
		return v, s, nil
	}
	if v := c.identified(d, s.draft.idKeyword(), "#"+fragment); v != nil {
		return v, s, nil
	}
	return d.root, s, nil
}

// idKey names the identifiers of one document under one keyword.
type idKey struct {
	doc     *document
	keyword string
}

// identified returns the first object of a document, in document order, whose identifier is literally id.
func (c *classic) identified(d *document, keyword, id string) *value {
	key := idKey{d, keyword}
	ids, ok := c.ids[key]
	if !ok {
		ids = map[string]*value{}
		collectIDs(d.root, keyword, ids)
		c.ids[key] = ids
	}
	return ids[id]
}

func collectIDs(v *value, keyword string, ids map[string]*value) {
	if v.kind == jsonObject {
		if x := v.get(keyword); x != nil && x.kind == jsonString && ids[x.text] == nil {
			ids[x.text] = v
		}
		for _, m := range v.members {
			collectIDs(m.value, keyword, ids)
		}
	}
	for _, x := range v.items {
		collectIDs(x, keyword, ids)
	}
}
