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
