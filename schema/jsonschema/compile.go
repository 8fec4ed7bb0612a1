package jsonschema

import (
	"math"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// dialect refines draft for validation.
type dialect struct {
	draft     draft
	recursive bool // 2019-09: $recursiveRef
}

// compiler makes checks of the subschemas that a root reaches. Each subschema is compiled once.
type compiler struct {
	dialect dialect
	classic *classic
	modern  *modern
	checks  map[*value]*check
	dynamic bool
	places  map[*check]string // modern: check -> base, to find resources afterwards
	depth   int
}

// validator is a compiled schema.
type validator struct {
	root        *check
	dynamic     bool // checks carry resources
	unevaluated bool // annotations have to be kept
}

// compile turns a loaded schema into a validator. Texts that registries take but that no validator can apply are errors here,
// with the code ErrPayload, because it is payloads that they stop.
func (s *parsed) compile() (*validator, error) {
	c := &compiler{dialect: dialect{draft: s.draft}, checks: map[*value]*check{}, places: map[*check]string{}}
	lib := newLibrary(s.doc.uri, s.documents())
	at := scope{doc: s.doc, draft: s.draft, base: s.doc.uri}
	if s.draft == modernDraft {
		c.modern = newModern(lib)
		main := *s.doc
		main.uri = baseURI
		if err := c.modern.register(&main); err != nil {
			return nil, err
		}
		at.doc, at.base = &main, c.modern.index[s.doc.root].base
		if v := s.doc.root.get("$schema"); v != nil {
			c.dialect.recursive = strings.Contains(v.text, "2019-09")
		}
	} else {
		c.classic = &classic{lib: lib, ids: map[idKey]*identifiers{}}
	}
	root, err := c.compile(s.doc.root, at)
	if err != nil {
		return nil, fault.Wrap(schema.ErrPayload, "jsonschema.compile", err, "the schema cannot be used for payloads: %s", fault.DetailOf(err))
	}
	v := &validator{root: root, dynamic: c.dynamic}
	if c.dynamic {
		if err := c.resources(); err != nil {
			return nil, fault.Wrap(schema.ErrPayload, "jsonschema.compile", err, "the schema cannot be used for payloads: %s", fault.DetailOf(err))
		}
	}
	for _, x := range c.checks {
		v.unevaluated = v.unevaluated || x.unevaluatedItems != nil || x.unevaluatedProperties != nil
	}
	return v, nil
}

// compile returns the check of a subschema; a subschema met again, itself included, is the same check.
func (c *compiler) compile(v *value, s scope) (*check, error) {
	if x := c.checks[v]; x != nil {
		return x, nil
	}
	x := &check{}
	c.checks[v] = x
	switch v.kind {
	case jsonBool:
		x.never, x.anything = !v.truth, v.truth
		return x, nil
	case jsonObject:
	default:
		return nil, s.doc.fail(v, "a schema must be an object or a boolean, not %s", v.kind)
	}
	if c.depth++; c.depth > maxLoadDepth {
		return nil, s.doc.fail(v, "references lead deeper than %d levels", maxLoadDepth)
	}
	defer func() { c.depth-- }()
	s = c.enter(v, s)
	c.places[x] = s.base
	o := &objectCompiler{compiler: c, keywords: newKeywords(s.doc, v), scope: s, check: x}
	o.compile()
	if o.err != nil {
		return nil, o.err
	}
	x.inPlace = len(x.all)+len(x.any)+len(x.one) > 0 || x.not != nil || x.cond != nil || x.ref != nil || x.dynamic != nil
	x.anything = !x.inPlace && x.types == 0 && x.enum == nil && x.format == nil && x.number == nil && x.str == nil &&
		x.object == nil && x.array == nil && x.unevaluatedItems == nil && x.unevaluatedProperties == nil
	return x, nil
}

// enter applies a subschema's own identifier to the scope.
func (c *compiler) enter(v *value, s scope) scope {
	if c.modern != nil {
		if at := c.modern.index[v]; at.doc != nil {
			s.base, s.doc = at.base, at.doc
		}
		return s
	}
	s.base = s.inside(v)
	return s
}

// target resolves a reference as the loaders do.
func (c *compiler) target(at *value, s scope) (*check, *value, error) {
	if c.modern != nil {
		v, err := c.modern.find(at, s.base, s.doc)
		if err != nil {
			return nil, nil, err
		}
		x, err := c.compile(v, s)
		return x, v, err
	}
	v, inside, err := c.classic.target(at.text, resolve(s.base, at.text), s, at)
	if err != nil {
		return nil, nil, err
	}
	x, err := c.compile(v, inside)
	return x, v, err
}

// resources gives every check its resource and compiles what dynamic anchors name.
func (c *compiler) resources() error {
	byBase := map[string]*resource{}
	for again := true; again; {
		again = false
		marked := c.marked()
		for _, base := range c.bases() {
			if byBase[base] != nil {
				continue
			}
			r := &resource{anchors: map[string]*check{}}
			byBase[base] = r
			again = true
			if err := c.fill(r, base, marked[base]); err != nil {
				return err
			}
		}
	}
	for x, base := range c.places {
		x.resource = byBase[base]
	}
	return nil
}

func (c *compiler) bases() []string {
	seen := map[string]bool{}
	var out []string
	for _, base := range c.places {
		if !seen[base] {
			seen[base] = true
			out = append(out, base)
		}
	}
	return out
}

// marked lists the objects with a dynamic anchor by their base.
func (c *compiler) marked() map[string][]*value {
	out := map[string][]*value{}
	for v, at := range c.modern.index {
		if v.kind == jsonObject && (v.get("$dynamicAnchor") != nil || v.get("$recursiveAnchor") != nil) {
			out[at.base] = append(out[at.base], v)
		}
	}
	return out
}

// fill compiles what the dynamic anchors of a resource name.
func (c *compiler) fill(r *resource, base string, marked []*value) error {
	for _, v := range marked {
		anchor, recursive := v.get("$dynamicAnchor"), v.get("$recursiveAnchor")
		isRoot := recursive != nil && recursive.truth && c.modern.known[base] == v
		if (anchor == nil || anchor.kind != jsonString) && !isRoot {
			continue
		}
		x, err := c.compile(v, scope{doc: c.modern.docOf(v), draft: modernDraft, base: base})
		if err != nil {
			return err
		}
		if anchor != nil && anchor.kind == jsonString {
			r.anchors[anchor.text] = x
		}
		if isRoot {
			r.recursive = x
		}
	}
	return nil
}

// newBound prepares a limit.
func newBound(n *number) *bound {
	b := &bound{exact: n}
	if n.unscaled.IsInt64() && n.scale >= 0 && n.scale <= 9 {
		b.small, b.scale = n.unscaled.Int64(), int(n.scale)
		b.fast = b.small > -math.MaxInt64/int64(1e9) && b.small < math.MaxInt64/int64(1e9)
	}
	return b
}
