package protobuf

import "strings"

// reader reads declarations into a tree. It follows Wire's ProtoParser, because the texts that Confluent Schema Registry takes
// and stores are the texts that Wire takes: what a declaration may hold is decided by its scope, and whatever is no keyword of a
// scope starts a field there.
type reader struct {
	scanner
	file   *file
	count  int // declarations so far, nested ones included
	marked int // offset and position of the latest mark
	mark   position

	types     map[string]position // top-level types by name
	services  map[string]bool
	scope     int // length of the names of the messages around
	nameBytes int // length of the full names of all types
}

// Limits of one text. They lie far beyond what people write, and keep what a text costs in proportion to its length.
const (
	maxDeclarations = 200_000
	maxNameBytes    = 64 << 20
)

type scope uint8

const (
	inFile scope = iota
	inMessage
	inEnum
	inRPC
	inExtend
	inService
)

// read parses a text of the dialect.
func read(text string) (*file, error) {
	r := &reader{
		scanner: scanner{text: text}, file: &file{}, mark: position{1, 1},
		types: map[string]position{}, services: map[string]bool{},
	}
	top := &body{}
	for !r.atEnd() {
		r.declaration(inFile, top)
	}
	r.file.options = top.options
	if r.err != nil {
		return nil, r.err
	}
	return r.file, nil
}

// here is the position of the scanner; marks only move forward, so all of them together cost one pass over the text.
func (r *reader) here() position {
	r.skip()
	step := r.text[r.marked:r.pos]
	if n := strings.Count(step, "\n"); n > 0 {
		r.mark.line += int32(n)
		r.mark.column = int32(len(step) - strings.LastIndexByte(step, '\n'))
	} else {
		r.mark.column += int32(len(step))
	}
	r.marked = r.pos
	return r.mark
}

// body collects what the declarations of one scope leave behind. Scopes ignore what they have no use for, as Wire does.
type body struct {
	message
	values []*enumValue
	rpcs   []*rpc
}

func (r *reader) declaration(in scope, b *body) {
	if r.count++; r.count > maxDeclarations {
		r.fail(r.pos, "more than %d declarations", maxDeclarations)
	}
	if r.accept(';') {
		return
	}
	start, at := r.pos, r.here()
	var word string
	if in == inEnum {
		word = r.wordNoDigit()
	} else {
		word = r.word()
	}
	if word == "" || r.err != nil {
		return
	}
	switch {
	case word == "option":
		b.options = append(b.options, r.option('='))
		r.require(';')
	case word == "reserved":
		b.reserved = append(b.reserved, r.reservedStatement())
	case in == inFile && r.fileWord(word, start):
	case (in == inFile || in == inMessage) && r.typeWord(word, in, at, b):
	case in == inService && word == "rpc":
		b.rpcs = append(b.rpcs, r.rpc(at))
	case in == inMessage && word == "oneof":
		b.oneofs = append(b.oneofs, r.oneof(at))
	case in == inMessage && word == "extensions":
		b.extensions = append(b.extensions, r.extensionsStatement())
	case in == inMessage || in == inExtend:
		r.fieldOrGroup(word, start, at, b)
	case in == inEnum:
		b.values = append(b.values, r.enumValue(word))
	default:
		r.fail(start, "unexpected label: %s", word)
	}
}

// fileWord reads the declarations that only a file holds.
func (r *reader) fileWord(word string, start int) bool {
	switch word {
	case "package":
		r.file.pkgAt = r.mark
		r.file.pkg, _ = r.name()
		r.require(';')
	case "import":
		r.importStatement()
	case "syntax":
		r.syntax(start)
	case "service":
		r.service(start)
	case "edition":
		r.fail(start, "editions are not supported in texts; use syntax = \"proto3\" or send a serialized descriptor")
	default:
		return false
	}
	return true
}

// typeWord reads the declarations that files and messages share.
func (r *reader) typeWord(word string, in scope, at position, b *body) bool {
	start := r.pos
	switch word {
	case "message":
		m := r.message(at)
		if in == inFile {
			r.unique(m.name, at, start)
			r.file.messages = append(r.file.messages, m)
			break
		}
		b.messages = append(b.messages, m)
	case "enum":
		e := r.enum(at)
		if in == inFile {
			r.unique(e.name, at, start)
			r.file.enums = append(r.file.enums, e)
			break
		}
		b.enums = append(b.enums, e)
	case "extend":
		e := r.extend(at)
		if in == inFile {
			r.file.extends = append(r.file.extends, e)
			break
		}
		b.extends = append(b.extends, e)
	default:
		return false
	}
	return true
}

// unique refuses a second type of one name at the top level. Nested types are free to repeat themselves, as in Wire.
func (r *reader) unique(name string, at position, start int) {
	if r.err != nil {
		return
	}
	if first, twice := r.types[name]; twice {
		r.fail(start, "%s is already defined at line %d", name, first.line)
	}
	r.types[name] = at
}

func (r *reader) importStatement() {
	switch c := r.peek(); c {
	case '"', '\'':
		r.file.imports = append(r.file.imports, r.quoted())
	default:
		switch start, word := r.pos, r.word(); word {
		case "public":
			r.file.publicImports = append(r.file.publicImports, r.quoted())
		case "weak": // taken and lost, as in the reference
			r.quoted()
		default:
			r.fail(start, "expected quoted string")
		}
	}
	r.require(';')
}

func (r *reader) syntax(start int) {
	if r.file.syntax != "" {
		r.fail(start, "too many syntax definitions")
	}
	r.require('=')
	if r.count != 1 {
		r.fail(start, "'syntax' element must be the first declaration in a file")
	}
	s := r.quoted()
	if s != "proto2" && s != "proto3" {
		r.fail(start, "unexpected syntax: %s", s)
	}
	r.require(';')
	r.file.syntax = s
}

// block reads declarations up to the closing brace.
func (r *reader) block(in scope) *body {
	b := &body{}
	r.require('{')
	r.enter()
	for r.err == nil && !r.accept('}') {
		r.declaration(in, b)
	}
	r.leave()
	return b
}

// typeName reads the name of a message or enum and counts what its full name will cost.
func (r *reader) typeName() string {
	name, _ := r.name()
	if r.nameBytes += r.scope + len(name); r.nameBytes > maxNameBytes {
		r.fail(r.pos, "the full names of all types are longer than %d bytes", maxNameBytes)
	}
	return name
}

func (r *reader) message(at position) *message {
	name := r.typeName()
	r.scope += len(name)
	b := r.block(inMessage)
	r.scope -= len(name)
	b.name, b.at = name, at
	return &b.message
}

func (r *reader) enum(at position) *enum {
	name := r.typeName()
	b := r.block(inEnum)
	return &enum{name: name, options: b.options, reserved: b.reserved, values: b.values, at: at}
}

func (r *reader) extend(at position) *extend {
	name, _ := r.name()
	return &extend{name: name, fields: r.block(inExtend).fields, at: at}
}

func (r *reader) service(start int) {
	name, _ := r.name()
	b := r.block(inService)
	if r.services[name] {
		r.fail(start, "%s is already defined", name)
	}
	r.services[name] = true
	r.file.services = append(r.file.services, &service{name: name, options: b.options, rpcs: b.rpcs})
}

func (r *reader) rpc(at position) *rpc {
	p := &rpc{at: at}
	p.name, _ = r.name()
	p.request, p.streamIn = r.rpcType()
	if start := r.pos; r.word() != "returns" {
		r.fail(start, "expected 'returns'")
	}
	p.response, p.streamOut = r.rpcType()
	if r.accept('{') {
		b := &body{}
		for r.err == nil && !r.accept('}') {
			r.declaration(inRPC, b)
		}
		p.options = b.options
		return p
	}
	r.require(';')
	return p
}

func (r *reader) rpcType() (typ string, stream bool) {
	r.require('(')
	word := r.word()
	if stream = word == "stream"; stream {
		word = r.word()
	}
	typ = r.continued(r.dataType(word))
	r.require(')')
	return typ, stream
}

func (r *reader) enumValue(name string) *enumValue {
	r.require('=')
	v := &enumValue{name: name, number: r.integer(), options: r.options()}
	r.require(';')
	r.trailing()
	return v
}
