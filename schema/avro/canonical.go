package avro

import (
	"slices"
	"strconv"
)

// printer prints types as Java's Schema.toString does. Each named type is printed in full where it comes first, and by name
// after that.
type printer struct {
	buf    []byte
	seen   nameSet
	normal bool // print what the normal form is parsed from: all names in full
	depth  int
	deep   bool // the text would nest deeper than readJSON reads
}

func (p *printer) word(s string) { p.buf = append(p.buf, s...) }

func (p *printer) attr(name string) {
	p.buf = append(p.buf, ',', '"')
	p.buf = append(p.buf, name...)
	p.buf = append(p.buf, '"', ':')
}

// typ prints a type inside a namespace.
func (p *printer) typ(n *node, space string) {
	if p.depth++; p.depth > maxNesting {
		p.deep = true
	}
	if p.deep {
		return
	}
	switch {
	case n.kind == kindUnion:
		p.union(n, space)
	case n.named != nil:
		p.namedType(n, space)
	case n.kind == kindArray:
		p.container(n, "items", space)
	case n.kind == kindMap:
		p.container(n, "values", space)
	default:
		p.primitive(n)
	}
	p.depth--
}

func (p *printer) union(n *node, space string) {
	p.word("[")
	for i, b := range n.branches {
		if i > 0 {
			p.word(",")
		}
		p.typ(b, space)
	}
	p.word("]")
}

func (p *printer) primitive(n *node) {
	if len(n.props) == 0 {
		p.buf = appendString(p.buf, n.kind.String())
		return
	}
	p.head(n.kind.String())
	p.props(n)
	p.word("}")
}

func (p *printer) head(kind string) {
	p.word(`{"type":"`)
	p.word(kind)
	p.word(`"`)
}

func (p *printer) container(n *node, attr, space string) {
	p.head(n.kind.String())
	p.attr(attr)
	p.typ(n.items, space)
	p.props(n)
	p.word("}")
}

func (p *printer) namedType(n *node, space string) {
	t := n.named
	if p.seen.has(t.name) {
		p.use(t.name, space)
		return
	}
	p.seen.add(t.name)
	kind := n.kind.String()
	if t.isError && !p.normal {
		kind = "error"
	}
	p.head(kind)
	p.attr("name")
	p.name(t.name, space)
	if t.hasDoc && (!p.normal || t.doc != "") {
		p.attr("doc")
		p.buf = appendString(p.buf, t.doc)
	}
	p.body(n)
	p.props(n)
	p.aliases(t.aliasTexts(p.normal))
	p.word("}")
}

func (p *printer) use(name typeName, space string) {
	if p.normal {
		space = name.space + "." // no namespace, so the name is printed in full
	}
	p.buf = appendString(p.buf, name.within(space))
}

func (p *printer) name(name typeName, space string) {
	if p.normal {
		p.buf = appendString(p.buf, name.full())
		return
	}
	p.buf = appendString(p.buf, name.simple)
	if name.space != space {
		p.attr("namespace")
		p.buf = appendString(p.buf, name.space)
	}
}

func (p *printer) body(n *node) {
	t := n.named
	switch n.kind {
	case kindFixed:
		p.attr("size")
		p.buf = strconv.AppendInt(p.buf, int64(t.size), 10)
	case kindEnum:
		p.attr("symbols")
		p.strings(t.symbols)
		if t.fallback >= 0 {
			p.attr("default")
			p.buf = appendString(p.buf, t.symbols[t.fallback])
		}
	default:
		p.fields(t)
	}
}

func (p *printer) fields(t *named) {
	p.attr("fields")
	p.word("[")
	p.depth += 2
	for i := range t.fields {
		if i > 0 {
			p.word(",")
		}
		p.field(&t.fields[i], t.name.space)
	}
	p.depth -= 2
	p.word("]")
}

func (p *printer) field(f *field, space string) {
	p.word(`{"name":`)
	p.buf = appendString(p.buf, f.name)
	p.attr("type")
	p.typ(f.typ, space)
	if f.hasDoc {
		p.attr("doc")
		p.buf = appendString(p.buf, f.doc)
	}
	def := f.def
	if p.normal && def != nil {
		def = javaDefault(f.typ, def)
	}
	if def != nil {
		p.attr("default")
		p.buf = appendValue(p.buf, def, false)
	}
	if f.order != ascending {
		p.attr("order")
		p.buf = appendString(p.buf, orderNames[f.order])
	}
	aliases := f.aliases
	if p.normal && len(aliases) > 1 {
		aliases = slices.Clone(aliases)
		slices.SortFunc(aliases, compareUTF16)
	}
	p.aliases(aliases)
	p.members(f.props)
	p.word("}")
}

func (p *printer) strings(list []string) {
	p.word("[")
	for i, s := range list {
		if i > 0 {
			p.word(",")
		}
		p.buf = appendString(p.buf, s)
	}
	p.word("]")
}

func (p *printer) aliases(list []string) {
	if len(list) == 0 {
		return
	}
	p.attr("aliases")
	p.strings(list)
}

// aliasTexts returns the aliases, each as short as the namespace of the type allows; sorted, they stand in full, as Java's
// Schema.getAliases spells them: without a namespace on a type that has one, an alias begins with a dot.
func (t *named) aliasTexts(sorted bool) []string {
	if len(t.aliases) == 0 {
		return nil
	}
	texts := make([]string, len(t.aliases))
	for i, a := range t.aliases {
		switch {
		case !sorted:
			texts[i] = a.within(t.name.space)
		case a.space == "" && t.name.space != "":
			texts[i] = "." + a.simple
		default:
			texts[i] = a.full()
		}
	}
	if sorted {
		slices.SortFunc(texts, compareUTF16)
	}
	return texts
}

// props prints the attributes of a type. The normal form puts those of a recognised logical type first.
func (p *printer) props(n *node) {
	rest := n.props
	if p.normal && n.logical != noLogical {
		var first []member
		first, rest = n.splitProps()
		for i := range first {
			p.member(&first[i])
		}
	}
	p.members(rest)
}

func (n *node) splitProps() (first, rest []member) {
	keys := []string{"logicalType"}
	if n.logical == logicalDecimal {
		keys = append(keys, "precision")
		if scale, _ := n.intProp("scale", 0); scale != 0 {
			keys = append(keys, "scale")
		}
	}
	for _, k := range keys {
		first = append(first, member{k, *n.prop(k)})
	}
	for _, m := range n.props {
		if !slices.Contains(keys, m.key) {
			rest = append(rest, m)
		}
	}
	return first, rest
}

func (p *printer) members(list []member) {
	if p.normal && len(list) > 1 {
		list = byKey(list)
	}
	for i := range list {
		p.member(&list[i])
	}
}

func (p *printer) member(m *member) {
	p.word(",")
	p.buf = append(appendString(p.buf, m.key), ':')
	p.buf = appendValue(p.buf, &m.val, p.normal)
}
