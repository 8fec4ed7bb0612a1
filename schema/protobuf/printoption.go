package protobuf

import "strings"

// allOptions appends default and json_name to the options, in that order.
func (f *field) allOptions() []option {
	if f.def == nil && f.jsonName == nil {
		return f.options
	}
	all := f.options[:len(f.options):len(f.options)]
	if f.def != nil {
		all = append(all, option{name: "default", value: defaultOf(f.typ, *f.def)})
	}
	if f.jsonName != nil {
		all = append(all, option{name: "json_name", value: value{kind: kindString, text: *f.jsonName}})
	}
	return all
}

// defaultOf quotes a default only for strings; defaults of bytes stay bare, as in the reference, unless the text could not be read
// again (there the reference stores what it refuses itself).
func defaultOf(typ, text string) value {
	v := value{kind: defaultKind(typ), text: text}
	if !isWord(text) {
		v.kind = kindString
	}
	return v
}

func isWord(s string) bool {
	for i := range len(s) {
		if !wordBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

// defaultKind goes by the last part of the type's name, whatever stands before it.
func defaultKind(typ string) kind {
	simple := typ[strings.LastIndexByte(typ, '.')+1:]
	switch {
	case simple == "bool":
		return kindBool
	case simple == "string":
		return kindString
	case scalars[simple]:
		return kindNumber
	}
	return kindWord
}

func (p *printer) declarations(options []option) {
	for _, o := range options {
		p.put("option ")
		p.option(o)
		p.line(";")
	}
}

func (p *printer) bracketed(options []option) {
	if len(options) == 0 {
		return
	}
	p.put(" ")
	p.several(len(options), func(i int) { p.option(options[i]) })
}

// several prints one thing inline and more of them one per line.
func (p *printer) several(n int, one func(i int)) {
	if n == 1 {
		p.put("[")
		one(0)
		p.put("]")
		return
	}
	p.line("[")
	p.lines(n, one)
	p.put("]")
}

func (p *printer) lines(n int, one func(i int)) {
	p.depth++
	for i := range n {
		one(i)
		if i < n-1 {
			p.put(",")
		}
		p.end()
	}
	p.depth--
}

func (p *printer) option(o option) {
	if o.paren {
		p.put("(", o.name, ")")
	} else {
		p.put(o.name)
	}
	switch o.value.kind {
	case kindSub:
		p.put(".")
		p.option(*o.value.sub)
	case kindList:
		p.put(" = ")
		p.several(len(o.value.items), func(i int) { p.item(o.value.items[i]) })
	default:
		p.put(" = ")
		p.item(o.value)
	}
}

// item prints a value within an aggregate, where lists are always spread over lines.
func (p *printer) item(v value) {
	switch v.kind {
	case kindString:
		p.put(`"`, escaped(v.text), `"`)
	case kindMap:
		p.line("{")
		p.lines(len(v.entries), func(i int) {
			p.put(v.entries[i].key, ": ")
			p.item(v.entries[i].value)
		})
		p.put("}")
	case kindList:
		p.line("[")
		p.lines(len(v.items), func(i int) { p.item(v.items[i]) })
		p.put("]")
	default:
		p.put(v.text)
	}
}

var escapes = strings.NewReplacer("\a", `\a`, "\b", `\b`, "\f", `\f`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\v", `\v`, `\`, `\\`, `'`, `\'`, `"`, `\"`)

func escaped(s string) string { return escapes.Replace(s) }
