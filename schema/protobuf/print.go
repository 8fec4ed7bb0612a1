package protobuf

import (
	"strconv"
	"strings"
)

// printer writes a tree in the layout that Confluent Schema Registry stores (ProtobufSchemaUtils): two spaces a level, blocks in a
// fixed order, and blank lines between blocks that carry the indentation of the element they stand in.
type printer struct {
	buf   []byte
	depth int
	begun bool // something stands on the current line
}

func printFile(f *file) string {
	var p printer
	p.file(f)
	return string(p.buf)
}

func (p *printer) String() string { return string(p.buf) }

func (p *printer) indent(depth int) {
	for range depth {
		p.buf = append(p.buf, ' ', ' ')
	}
}

// put writes pieces of one line. A newline inside a piece, which only raw names can hold, starts an indented line.
func (p *printer) put(pieces ...string) {
	for _, s := range pieces {
		for {
			line, rest, more := strings.Cut(s, "\n")
			if !p.begun && line != "" {
				p.indent(p.depth)
				p.begun = true
			}
			p.buf = append(p.buf, line...)
			if !more {
				break
			}
			p.end()
			s = rest
		}
	}
}

func (p *printer) number(n int32) {
	p.buf = strconv.AppendInt(p.buf, int64(n), 10)
}

func (p *printer) end() {
	p.buf = append(p.buf, '\n')
	p.begun = false
}

func (p *printer) line(pieces ...string) {
	p.put(pieces...)
	p.end()
}

// bodyPrinter is the inside of a braced element: it knows whether a block stands there already.
type bodyPrinter struct {
	p     *printer
	begun bool
}

func (p *printer) open(pieces ...string) *bodyPrinter {
	p.put(pieces...)
	p.put(" {")
	p.depth++
	return &bodyPrinter{p: p}
}

// first ends the line of the opening brace; later calls do nothing.
func (b *bodyPrinter) first() {
	if !b.begun {
		b.begun = true
		b.p.end()
	}
}

// block starts a block: after the first one there is a blank line with the indentation of the element itself.
func (b *bodyPrinter) block() {
	if !b.begun {
		b.first()
		return
	}
	b.p.indent(b.p.depth - 1)
	b.p.end()
}

func (b *bodyPrinter) close() {
	b.p.depth--
	b.p.line("}")
}

func (p *printer) file(f *file) {
	if f.syntax != "" {
		p.line(`syntax = "`, f.syntax, `";`)
	}
	if f.pkg != "" {
		p.line("package ", f.pkg, ";")
	}
	p.blankIf(len(f.imports)+len(f.publicImports) > 0)
	for _, name := range f.imports {
		p.line(`import "`, name, `";`)
	}
	for _, name := range f.publicImports {
		p.line(`import public "`, name, `";`)
	}
	p.blankIf(len(f.options) > 0)
	p.declarations(f.options)
	p.blankIf(len(f.messages)+len(f.enums) > 0)
	p.types(f.messages, f.enums)
	p.blankIf(len(f.extends) > 0)
	p.extends(f.extends)
	p.blankIf(len(f.services) > 0)
	for _, s := range f.services {
		p.service(s)
	}
}

func (p *printer) blankIf(yes bool) {
	if yes {
		p.end()
	}
}

func (p *printer) types(messages []*message, enums []*enum) {
	for _, m := range messages {
		p.message(m)
	}
	for _, e := range enums {
		p.enum(e)
	}
}

func (p *printer) message(m *message) {
	b := p.open("message ", m.name)
	if len(m.reserved) > 0 {
		b.block()
		p.statements("reserved ", m.reserved)
	}
	if len(m.options) > 0 {
		b.block()
		p.declarations(m.options)
	}
	if len(m.fields) > 0 {
		b.block()
		p.fields(m.fields)
	}
	if len(m.oneofs) > 0 {
		b.block()
		for _, o := range m.oneofs {
			p.oneof(o)
		}
	}
	if len(m.groups) > 0 {
		b.block()
		p.groups(m.groups)
	}
	if len(m.extensions) > 0 {
		b.block()
		p.statements("extensions ", m.extensions)
	}
	if len(m.extends) > 0 {
		b.block()
		p.extends(m.extends)
	}
	if len(m.messages)+len(m.enums) > 0 {
		b.block()
		p.types(m.messages, m.enums)
	}
	b.close()
}

func (p *printer) statements(word string, all []ranges) {
	for _, statement := range all {
		p.put(word)
		for i, r := range statement {
			if i > 0 {
				p.put(", ")
			}
			p.numberRange(r)
		}
		p.line(";")
	}
}

func (p *printer) numberRange(r numberRange) {
	if r.named {
		p.put(`"`, reservedName(r.name), `"`)
		return
	}
	p.number(r.first)
	switch {
	case !r.span:
	case r.last >= maxNumber:
		p.put(" to max")
	default:
		p.put(" to ")
		p.number(r.last)
	}
}

// reservedName leaves a name as it is, as the reference does, unless it could not be read again.
func reservedName(s string) string {
	if strings.ContainsAny(s, "\\\"\n") {
		return escaped(s)
	}
	return s
}

func (p *printer) enum(e *enum) {
	b := p.open("enum ", e.name)
	if len(e.reserved)+len(e.options)+len(e.values) > 0 {
		b.first()
	}
	p.statements("reserved ", e.reserved)
	p.declarations(e.options)
	for _, v := range e.values {
		p.put(v.name, " = ")
		p.number(v.number)
		p.bracketed(v.options)
		p.line(";")
	}
	b.close()
}

func (p *printer) oneof(o *oneof) {
	b := p.open("oneof ", o.name)
	if len(o.options) > 0 {
		b.block()
		p.declarations(o.options)
	}
	if len(o.fields) > 0 {
		b.block()
		p.fields(o.fields)
	}
	if len(o.groups) > 0 {
		b.block()
		p.groups(o.groups)
	}
	b.close()
}

func (p *printer) groups(all []*group) {
	for _, g := range all {
		p.label(g.label)
		b := p.open("group ", g.name, " = ", strconv.Itoa(int(g.number)))
		if len(g.fields) > 0 {
			b.block()
			p.fields(g.fields)
		}
		b.close()
	}
}

func (p *printer) extends(all []*extend) {
	for _, e := range all {
		b := p.open("extend ", e.name)
		if len(e.fields) > 0 {
			b.block()
			p.fields(e.fields)
		}
		b.close()
	}
}

func (p *printer) label(l label) {
	if l != noLabel {
		p.put(labelNames[l], " ")
	}
}

func (p *printer) fields(all []*field) {
	for _, f := range all {
		p.label(f.label)
		p.put(f.typ, " ", f.name, " = ")
		p.number(f.number)
		p.bracketed(f.allOptions())
		p.line(";")
	}
}

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

func (p *printer) service(s *service) {
	b := p.open("service ", s.name)
	if len(s.options) > 0 {
		b.block()
		p.declarations(s.options)
	}
	if len(s.rpcs) > 0 {
		b.block()
		for _, r := range s.rpcs {
			p.rpc(r)
		}
	}
	b.close()
}

func (p *printer) rpc(r *rpc) {
	p.put("rpc ", r.name, " (", streamWord(r.streamIn), r.request, ") returns (", streamWord(r.streamOut), r.response, ")")
	if len(r.options) > 0 {
		p.line(" {")
		p.depth++
		p.declarations(r.options)
		p.depth--
		p.put("}")
	}
	p.line(";")
}

func streamWord(stream bool) string {
	if stream {
		return "stream "
	}
	return ""
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
