package avro

import (
	"strconv"
	"strings"
)

// maxFixed is the size of the longest array that a Java virtual machine can hold.
const maxFixed = 1<<31 - 9

func (p *parser) named(word string, v *value, space string, slot **node) error {
	n := p.newNode(kindRecord)
	n.named = &named{fallback: -1, isError: word == "error"}
	*slot = n
	if err := p.name(n.named, v, space); err != nil {
		return err
	}
	n.named.doc, n.named.hasDoc = v.str("doc")
	n.kind = kindOf(word)
	if first := p.types.get(n.named.name); first != nil {
		p.again = append(p.again, again{first, n, v.pos})
	} else {
		p.types.add(n)
	}
	var err error
	switch word {
	case "enum":
		err = p.enum(n.named, v)
	case "fixed":
		err = p.fixed(n.named, v)
	default:
		err = p.record(n, v)
	}
	if err != nil {
		return err
	}
	if err := p.typeAliases(n.named, v); err != nil {
		return err
	}
	return p.finish(n, v)
}

func kindOf(word string) kind {
	switch word {
	case "enum":
		return kindEnum
	case "fixed":
		return kindFixed
	}
	return kindRecord
}

// name reads name and namespace. A dot in the name overrides the namespace; a missing namespace is inherited.
func (p *parser) name(n *named, v *value, space string) error {
	text, ok := v.str("name")
	if !ok {
		return p.fail(v, `a record, enum or fixed needs the attribute "name", a string`)
	}
	if own, ok := v.str("namespace"); ok {
		space = own
	}
	n.name = splitName(text, space)
	at := v.get("name")
	if err := p.identifier(at, "name", n.name.simple); err != nil {
		return err
	}
	if p.strict && n.name.space != "" {
		for part := range strings.SplitSeq(n.name.space, ".") {
			if err := p.identifier(at, "part of a namespace", part); err != nil {
				return err
			}
		}
	}
	if _, ok := primitiveKind(n.name.simple); ok && n.name.space == "" {
		return p.fail(at, "%q is the name of a primitive type; choose another name or add a namespace", n.name.simple)
	}
	return nil
}

func (p *parser) identifier(at *value, what, name string) error {
	if p.strict && validName(name) || !p.strict && looseName(name) {
		return nil
	}
	return p.fail(at, "%q is no valid %s; it begins with a letter or '_', and letters, digits and '_' follow", name, what)
}

func (p *parser) typeAliases(n *named, v *value) error {
	list, err := p.aliasTexts(v)
	if err != nil || len(list) == 0 {
		return err
	}
	var seen nameSet
	for _, m := range list {
		a := splitName(m.val.text, n.name.space)
		if p.strict && !validName(a.simple) {
			return p.identifier(&m.val, "alias", a.simple)
		}
		seen.add(a)
	}
	n.aliases = seen.list
	return nil
}

// aliasTexts returns the elements of "aliases", all of them strings.
func (p *parser) aliasTexts(v *value) ([]member, error) {
	list := v.get("aliases")
	if list == nil {
		return nil, nil
	}
	if list.kind != jsonArray {
		return nil, p.fail(list, `"aliases" must be an array of strings`)
	}
	for i := range list.elems {
		if a := &list.elems[i].val; a.kind != jsonString {
			return nil, p.fail(a, "an alias must be a string")
		}
	}
	return list.elems, nil
}

func (p *parser) enum(n *named, v *value) error {
	list := v.get("symbols")
	if list == nil || list.kind != jsonArray {
		return p.fail(v, `an enum needs the attribute "symbols", an array of strings`)
	}
	n.symbols = make([]string, 0, len(list.elems))
	if len(list.elems) > many {
		n.index = make(map[string]int, len(list.elems))
	}
	for i := range list.elems {
		s := &list.elems[i].val
		if s.kind != jsonString {
			return p.fail(s, "an enum symbol must be a string")
		}
		if err := p.identifier(s, "enum symbol", s.text); err != nil {
			return err
		}
		if n.symbol(s.text) >= 0 {
			return p.fail(s, "the enum holds the symbol %q twice", s.text)
		}
		n.symbols = append(n.symbols, s.text)
		n.remember(s.text, i)
	}
	if def, ok := v.str("default"); ok {
		if n.fallback = n.symbol(def); n.fallback < 0 {
			return p.fail(v.get("default"), "the enum's default %q is not among its symbols", def)
		}
	}
	return nil
}

// remember enters a field or a symbol into the index, if there is one.
func (n *named) remember(name string, i int) {
	if n.index != nil {
		n.index[name] = i
	}
}

func (p *parser) fixed(n *named, v *value) error {
	size := v.get("size")
	if size == nil || size.kind != jsonInt {
		return p.fail(v, `a fixed needs the attribute "size", an integer`)
	}
	bytes, err := strconv.ParseInt(size.text, 10, 32)
	if err != nil || bytes < 0 || bytes > maxFixed {
		return p.fail(size, "the size of a fixed must lie between 0 and %d", maxFixed)
	}
	n.size = int(bytes)
	return nil
}

func (p *parser) record(n *node, v *value) error {
	list := v.get("fields")
	if list == nil || list.kind != jsonArray {
		return p.fail(v, `a record needs the attribute "fields", an array`)
	}
	r := n.named
	r.fields = make([]field, 0, len(list.elems))
	if len(list.elems) > many {
		r.index = make(map[string]int, len(list.elems))
	}
	r.open = true
	for i := range list.elems {
		fv := &list.elems[i].val
		name, ok := fv.str("name")
		if !ok {
			return p.fail(fv, `a field is an object with the attribute "name", a string`)
		}
		if err := p.identifier(fv.get("name"), "field name", name); err != nil {
			return err
		}
		if r.field(name) >= 0 {
			return p.fail(fv.get("name"), "the record holds the field %q twice", name)
		}
		r.fields = append(r.fields, field{name: name})
		r.remember(name, i)
		if err := p.field(&r.fields[i], fv, r.name.space); err != nil {
			return err
		}
		if err := p.checkDefault(&r.fields[i]); err != nil {
			return err
		}
	}
	r.open = false
	return nil
}

func (p *parser) field(f *field, v *value, space string) error {
	t := v.get("type")
	if t == nil {
		return p.fail(v, `the field %q needs the attribute "type"`, f.name)
	}
	if err := p.typ(t, space, &f.typ); err != nil {
		return err
	}
	f.doc, f.hasDoc = v.str("doc")
	if err := p.order(f, v); err != nil {
		return err
	}
	if err := p.defaultOf(f, v); err != nil {
		return err
	}
	list, err := p.aliasTexts(v)
	if err != nil {
		return err
	}
	for _, m := range list {
		f.addAlias(m.val.text)
	}
	f.props = p.props(v, func(key string) bool {
		for _, a := range fieldAttributes {
			if a == key {
				return true
			}
		}
		return false
	})
	return nil
}

func (f *field) addAlias(name string) {
	for _, a := range f.aliases {
		if a == name {
			return
		}
	}
	f.aliases = append(f.aliases, name)
}

func (p *parser) order(f *field, v *value) error {
	o := v.get("order")
	if o == nil {
		return nil
	}
	for i, name := range orderNames {
		if o.kind == jsonString && strings.EqualFold(o.text, name) {
			f.order = order(i)
			return nil
		}
	}
	return p.fail(o, `the order of field %q must be "ascending", "descending" or "ignore"`, f.name)
}

// defaultOf keeps the default. A string stands for a double where the field is a float or a double, as in Java.
func (p *parser) defaultOf(f *field, v *value) error {
	d := v.get("default")
	if d == nil {
		return nil
	}
	own := *d // a copy, so that the field does not keep the whole tree of the text
	f.def = &own
	if d.kind != jsonString || f.typ == nil || f.typ.kind != kindFloat && f.typ.kind != kindDouble {
		return nil
	}
	x, ok := javaDouble(d.text)
	if !ok {
		return p.fail(d, "the default of field %q is no number", f.name)
	}
	f.def = &value{kind: jsonFloat, pos: d.pos, text: strconv.FormatFloat(x, 'g', -1, 64)}
	return nil
}
