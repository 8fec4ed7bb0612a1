package protobuf

import "strings"

// fieldOrGroup reads what follows the first word of a field.
func (r *reader) fieldOrGroup(word string, start int, at position, b *body) {
	l, typ := r.labelled(word, start)
	if typ == "group" {
		b.groups = append(b.groups, r.group(l, at))
		return
	}
	b.fields = append(b.fields, r.field(l, typ, at))
}

// labelled reads label and type. Only proto3 and maps do without a label.
func (r *reader) labelled(word string, start int) (label, string) {
	l := noLabel
	switch word {
	case "required":
		if r.file.syntax == "proto3" {
			r.fail(start, "'required' label forbidden in proto3 field declarations")
		}
		l = required
	case "optional":
		l = optional
	case "repeated":
		l = repeated
	default:
		if r.file.syntax != "proto3" && (word != "map" || r.peek() != '<') {
			r.fail(start, "unexpected label: %s", word)
		}
		return l, r.dataType(word)
	}
	typ := r.dataType(r.word())
	if isMap(typ) {
		r.fail(start, "'map' type cannot have label")
	}
	return l, typ
}

// dataType completes a type whose first word is read already.
func (r *reader) dataType(word string) string {
	if word != "map" {
		return word
	}
	start := r.pos
	r.require('<')
	r.enter()
	key := r.dataType(r.word())
	r.require(',')
	val := r.continued(r.dataType(r.word()))
	r.require('>')
	r.leave()
	if !mapKeys[key] {
		r.fail(start, "a map key must be an integer, bool or string, not %s", key)
	}
	return mapType(key, val)
}

// continued completes a type name that is broken at a dot, as formatters break long ones. Confluent refuses such texts; nothing that
// it takes reads differently for it.
func (r *reader) continued(typ string) string {
	for r.err == nil && (strings.HasSuffix(typ, ".") || r.peek() == '.') {
		typ += r.word()
	}
	return typ
}

// fieldName reads the name of a field and gives back to its type the parts that follow a line break. A name of its own may start
// with a dot.
func (r *reader) fieldName(typ string) (name, whole string) {
	if open := r.peek(); open == '(' || open == '[' {
		name, _ = r.name()
		return name, typ
	}
	name = r.wordNoDigit()
	for (strings.HasPrefix(name, ".") || strings.HasSuffix(typ, ".")) && r.peek() != '=' && r.err == nil {
		typ += name
		name = r.wordNoDigit()
	}
	return name, typ
}

// mapKeys are the scalars without floating-point numbers and bytes.
var mapKeys = map[string]bool{
	"bool": true, "fixed32": true, "fixed64": true, "int32": true, "int64": true, "sfixed32": true, "sfixed64": true,
	"sint32": true, "sint64": true, "string": true, "uint32": true, "uint64": true,
}

func (r *reader) field(l label, typ string, at position) *field {
	f := &field{label: l, at: at}
	f.name, f.typ = r.fieldName(typ)
	r.require('=')
	f.number = r.integer()
	f.setOptions(r.options())
	r.require(';')
	r.trailing()
	return f
}

// setOptions keeps default and json_name apart from the options, the last one of each.
func (f *field) setOptions(all []option) {
	for _, o := range all {
		switch o.name {
		case "default":
			f.def = plainText(o.value)
		case "json_name":
			f.jsonName = plainText(o.value)
		default:
			f.options = append(f.options, o)
		}
	}
}

func plainText(v value) *string {
	text := v.text
	if v.kind >= kindMap {
		p := printer{}
		p.item(v)
		text = p.String()
	}
	return &text
}

func (r *reader) oneof(at position) *oneof {
	o := &oneof{at: at}
	o.name, _ = r.name()
	r.require('{')
	for r.err == nil && !r.accept('}') {
		at := r.here()
		switch typ := r.dataType(r.word()); typ {
		case "group":
			o.groups = append(o.groups, r.group(noLabel, at))
		case "option":
			o.options = append(o.options, r.option('='))
			r.require(';')
		default:
			o.fields = append(o.fields, r.field(noLabel, typ, at))
		}
	}
	return o
}

// group reads a group, which holds fields and nothing else.
func (r *reader) group(l label, at position) *group {
	g := &group{label: l, at: at}
	g.name = r.word()
	r.require('=')
	g.number = r.integer()
	r.require('{')
	for r.err == nil && !r.accept('}') {
		at := r.here()
		start := r.pos
		fl, typ := r.labelled(r.word(), start)
		if typ == "group" {
			r.fail(start, "expected field declaration, was a group")
			return g
		}
		g.fields = append(g.fields, r.field(fl, typ, at))
	}
	return g
}

func (r *reader) reservedStatement() ranges {
	var all ranges
	for r.err == nil {
		if c := r.peek(); c == '"' || c == '\'' {
			all = append(all, numberRange{name: r.quoted(), named: true})
		} else {
			all = append(all, r.numberRange(",;"))
		}
		if !r.more() {
			break
		}
	}
	r.trailing()
	return all
}

// extensionsStatement reads the ranges; their options are taken and lost, as in the reference.
func (r *reader) extensionsStatement() ranges {
	var all ranges
	for r.err == nil {
		all = append(all, r.numberRange(",;["))
		if r.peek() == '[' {
			r.options()
			r.require(';')
			return all
		}
		if !r.more() {
			break
		}
	}
	return all
}

// more takes the separator of a list: true after a comma, false after the semicolon that ends it.
func (r *reader) more() bool {
	switch c := r.next(); c {
	case ';':
		return false
	case ',':
		return true
	default:
		r.fail(r.pos-1, "expected ',' or ';'")
		return false
	}
}

func (r *reader) numberRange(ends string) numberRange {
	n := r.integer()
	if c := r.peek(); indexByte(ends, c) {
		return numberRange{first: n, last: n}
	}
	start := r.pos
	if r.word() != "to" {
		r.fail(start, "expected ',', ';' or 'to'")
	}
	last := int32(maxNumber)
	if w := r.word(); w != "max" {
		last = r.parse(w, w, 10)
	}
	return numberRange{first: n, last: last, span: true}
}

func indexByte(s string, c byte) bool {
	for i := range len(s) {
		if s[i] == c {
			return true
		}
	}
	return false
}
