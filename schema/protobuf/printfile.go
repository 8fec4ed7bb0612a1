package protobuf

import (
	"strconv"
	"strings"
)

func (p *printer) file(f *file) {
	if f.syntax != "" {
		p.line(`syntax = "`, f.syntax, `";`)
	}
	if f.pkg != "" {
		p.line("package ", f.pkg, ";")
	}
	p.blankIf(len(f.imports)+len(f.publicImports) > 0)
	for _, name := range f.imports {
		p.line(`import "`, readable(name), `";`)
	}
	for _, name := range f.publicImports {
		p.line(`import public "`, readable(name), `";`)
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
		p.put(`"`, readable(r.name), `"`)
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

// readable leaves a reserved name or the path of an import as it is, as the reference does, unless it could not be read again.
func readable(s string) string {
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
