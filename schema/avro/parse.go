package avro

import (
	"slices"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// parser builds the tree of one text by the rules of Java's Schema.Parser 1.12.1.
type parser struct {
	text   string
	strict bool // judge names and defaults as for a new schema
	types  typeTable
	later  []later
	unions []place
	again  []again
	judge  judge
	unsure []*field // their defaults are judged again once all names are known
	slab   []node
}

// later is a use of a name before its definition.
type later struct {
	slot **node
	name typeName
	pos  int32
}

type place struct {
	node *node
	pos  int32
}

// again is a second definition of a name.
type again struct {
	first, second *node
	pos           int32
}

func (p *parser) fail(v *value, format string, args ...any) error {
	return failAt(p.text, int(v.pos), format, args...)
}

// parse returns the root of the text.
func (p *parser) parse() (*node, error) {
	v, err := readJSON(p.text, true)
	if err != nil {
		return nil, err
	}
	var root *node
	if err := p.typ(v, "", &root); err != nil {
		return nil, err
	}
	for _, step := range []func() error{p.link, p.checkUnions, p.checkAgain, p.checkUnsure} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return root, nil
}

func (p *parser) newNode(k kind) *node {
	if len(p.slab) == cap(p.slab) {
		const least, most = 2, 32
		p.slab = make([]node, 0, max(least, min(most, len(p.text)/48)))
	}
	p.slab = p.slab[:len(p.slab)+1]
	n := &p.slab[len(p.slab)-1]
	n.kind = k
	return n
}

// typ reads a type into slot. A name that is not defined yet is filled in by link.
func (p *parser) typ(v *value, space string, slot **node) error {
	switch v.kind {
	case jsonString:
		p.use(v, space, slot)
		return nil
	case jsonArray:
		return p.union(v, space, slot)
	case jsonObject:
		return p.object(v, space, slot)
	}
	return p.fail(v, "a type is a name, an object or an array of types")
}

func (p *parser) use(v *value, space string, slot **node) {
	if k, ok := primitiveKind(v.text); ok {
		*slot = p.newNode(k)
		return
	}
	if n := p.lookup(v.text, space); n != nil {
		*slot = n
		return
	}
	p.later = append(p.later, later{slot: slot, name: splitName(v.text, space), pos: v.pos})
}

// lookup finds a defined type: in the enclosing namespace first, then by the bare name.
func (p *parser) lookup(text, space string) *node {
	name := splitName(text, space)
	if n := p.types.get(name); n != nil || name.simple != text {
		return n
	}
	return p.types.get(typeName{simple: text})
}

func (p *parser) union(v *value, space string, slot **node) error {
	n := p.newNode(kindUnion)
	*slot = n
	n.branches = make([]*node, len(v.elems))
	for i := range v.elems {
		b := &v.elems[i].val
		if b.kind == jsonArray {
			return p.fail(b, "a union must not hold another union directly; list its types in the outer one")
		}
		if err := p.typ(b, space, &n.branches[i]); err != nil {
			return err
		}
	}
	p.unions = append(p.unions, place{n, v.pos})
	return nil
}

func (p *parser) object(v *value, space string, slot **node) error {
	t := v.get("type")
	if t == nil || t.kind != jsonString {
		return p.fail(v, `a type object needs the attribute "type", a name in double quotes`)
	}
	if k, ok := primitiveKind(t.text); ok {
		*slot = p.newNode(k)
		return p.finish(*slot, v)
	}
	switch t.text {
	case "record", "error", "enum", "fixed":
		return p.named(t.text, v, space, slot)
	case "array":
		return p.container(kindArray, "items", v, space, slot)
	case "map":
		return p.container(kindMap, "values", v, space, slot)
	}
	p.use(t, space, slot) // the name of a defined type, as in Java up to 1.12.1; other attributes are lost
	return nil
}

func (p *parser) container(k kind, attr string, v *value, space string, slot **node) error {
	items := v.get(attr)
	if items == nil {
		return p.fail(v, "the type %q needs the attribute %q", k.String(), attr)
	}
	n := p.newNode(k)
	*slot = n
	if err := p.typ(items, space, &n.items); err != nil {
		return err
	}
	return p.finish(n, v)
}

// finish keeps the attributes without a meaning and recognises the logical type.
func (p *parser) finish(n *node, v *value) error {
	n.props = p.props(v, func(key string) bool {
		return slices.Contains(typeAttributes, key) || n.kind == kindEnum && key == "default"
	})
	if len(n.props) > 0 {
		n.logical = logicalOf(n)
	}
	return nil
}

var (
	typeAttributes  = []string{"type", "name", "fields", "namespace", "doc", "items", "size", "symbols", "values", "aliases"}
	fieldAttributes = []string{"name", "type", "default", "doc", "order", "aliases"}
)

func (p *parser) props(v *value, reserved func(string) bool) []member {
	count := 0
	for i := range v.elems {
		if !reserved(v.elems[i].key) {
			count++
		}
	}
	if count == 0 {
		return nil
	}
	props := make([]member, 0, count)
	for i := range v.elems {
		if !reserved(v.elems[i].key) {
			props = append(props, v.elems[i])
		}
	}
	return props
}

// link fills in the names that were used before their definition.
func (p *parser) link() error {
	for _, l := range p.later {
		n := p.types.get(l.name)
		if n == nil {
			return failAt(p.text, int(l.pos), "unknown type %q; define it or add the reference that defines it", l.name.full())
		}
		*l.slot = n
	}
	return nil
}

// checkUnions refuses unions whose branches cannot be told apart. It needs all names resolved.
func (p *parser) checkUnions() error {
	for _, u := range p.unions {
		if name := twice(u.node.branches); name != "" {
			return failAt(p.text, int(u.pos), "the union holds %q twice; give one of them another name, or a record around it", name)
		}
	}
	return nil
}

// twice returns the type text that comes twice among branches, or nothing.
func twice(branches []*node) string {
	if len(branches) > many {
		seen := make(map[string]bool, len(branches))
		for _, b := range branches {
			t := b.typeText()
			if seen[t] {
				return t
			}
			seen[t] = true
		}
		return ""
	}
	for i, b := range branches {
		for _, c := range branches[:i] {
			if b.kind == c.kind && b.named == nil || b == c || b.named != nil && b.typeText() == c.typeText() {
				return b.typeText()
			}
		}
	}
	return ""
}

func (p *parser) checkAgain() error {
	for _, a := range p.again {
		if !equalTypes(a.first, a.second, loosely) {
			return failAt(p.text, int(a.pos), "the type %q is defined twice, differently; keep one definition and use its name", a.second.typeText())
		}
	}
	return nil
}

// checkDefault judges the default of a field where it stands, as Java does: a type that is not defined yet counts as a record
// without fields there, and a record within itself has no fields to judge by.
func (p *parser) checkDefault(f *field) error {
	if !p.strict || f.def == nil {
		return nil
	}
	p.judge.unsure = false
	if !p.judge.fits(f.typ, f.def, 0) || p.judge.open {
		return p.badDefault(f)
	}
	if p.judge.unsure {
		p.unsure = append(p.unsure, f)
	}
	return nil
}

func (p *parser) checkUnsure() error {
	for _, f := range p.unsure {
		if !p.judge.fits(f.typ, f.def, 0) {
			return p.badDefault(f)
		}
	}
	return nil
}

func (p *parser) badDefault(f *field) error {
	if f.typ == nil {
		return p.fail(f.def, "the default of field %q cannot be judged before its type; define the type first", f.name)
	}
	return p.fail(f.def, "the default of field %q is no value of its type %s", f.name, f.typ.typeText())
}

// addDeps makes the types of the references visible.
func (p *parser) addDeps(deps []schema.Dep) error {
	for _, d := range deps {
		s, ok := d.Schema.(*Schema)
		if !ok {
			return fault.New(schema.ErrInvalid, "avro.Parse", "reference %q is no Avro schema; Avro can refer to Avro only", d.Reference.Name)
		}
		for _, n := range s.types.list {
			known := p.types.get(n.named.name)
			if known == nil {
				p.types.add(n)
			} else if known != n && !equalTypes(known, n, loosely) {
				return fault.New(schema.ErrInvalid, "avro.Parse", "reference %q defines the type %q differently from another reference", d.Reference.Name, n.typeText())
			}
		}
	}
	return nil
}
