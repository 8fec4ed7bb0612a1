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
	if v := c.identifiers(s).literal[resolved]; v != nil {
		return v, s, nil
	}
	d := c.lib.find(resolved, ref)
	if d == nil {
		if v := c.embedded(resolved, s); v != nil {
			s.base = withoutFragment(resolved)
			return v, s, nil
		}
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
	if strings.HasPrefix(fragment, "/") {
		fragment = strings.TrimRight(fragment, "/") // everit splits at the slashes, and Java drops empty parts at the end
	}
	switch {
	case fragment == "":
		return d.root, s, nil
	case strings.HasPrefix(fragment, "/"):
		v, base := s.across(d, fragment)
		s.base = base
		if v == nil {
			v = c.embedded(withoutFragment(s.base)+"#"+fragment, s)
		}
		if v == nil {
			return nil, s, s.doc.fail(at, "$ref leads nowhere: there is no #%s", fragment)
		}
		return v, s, nil
	}
	inside := s
	inside.doc = d
	if v := c.identifiers(inside).literal["#"+fragment]; v != nil {
		return v, s, nil
	}
	return d.root, s, nil
}

// across follows a pointer and returns its target with the base there: identifiers that it passes below the root change it.
func (s scope) across(d *document, fragment string) (*value, string) {
	at := scope{draft: s.draft, base: d.uri}
	crossed := false
	v := pointer(d.root, fragment, func(x *value) {
		at.base = at.inside(x)
		crossed = crossed || x != d.root && x.get(s.draft.idKeyword()) != nil
	})
	if crossed {
		return v, at.base
	}
	return v, s.base
}

// idKey names the identifiers of one document under one keyword.
type idKey struct {
	doc     *document
	keyword string
}

// identifiers are the subschemas of a document by identifier; of several under one, the first in document order.
type identifiers struct {
	literal  map[string]*value // as written, which is what everit looks at
	resolved map[string]*value // resolved against what encloses them, as the specification says
}

func (c *classic) identifiers(s scope) *identifiers {
	key := idKey{s.doc, s.draft.idKeyword()}
	ids := c.ids[key]
	if ids == nil {
		ids = &identifiers{literal: map[string]*value{}, resolved: map[string]*value{}}
		ids.collect(s.doc.root, key.keyword, s.doc.uri)
		c.ids[key] = ids
	}
	return ids
}

func (ids *identifiers) collect(v *value, keyword, base string) {
	if x := v.get(keyword); v.kind == jsonObject && x != nil && x.kind == jsonString {
		if ids.literal[x.text] == nil {
			ids.literal[x.text] = v
		}
		if v.get("$ref") == nil {
			base = resolve(base, x.text)
			if ids.resolved[base] == nil {
				ids.resolved[base] = v
			}
		}
	}
	for _, m := range v.members {
		ids.collect(m.value, keyword, base)
	}
	for _, x := range v.items {
		ids.collect(x, keyword, base)
	}
}

// embedded finds a subschema by its resolved identifier, where everit would look for a remote document.
func (c *classic) embedded(resolved string, s scope) *value {
	ids := c.identifiers(s).resolved
	if v := ids[resolved]; v != nil {
		return v
	}
	uri, fragment, _ := strings.Cut(resolved, "#")
	if v := ids[uri]; v != nil && (fragment == "" || strings.HasPrefix(fragment, "/")) {
		return pointer(v, fragment, nil)
	}
	return nil
}
