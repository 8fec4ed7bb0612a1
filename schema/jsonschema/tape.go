package jsonschema

import (
	"bytes"
	"sync"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

const (
	maxPayloadDepth = 1000    // nesting of arrays and objects in a payload
	maxPayloadSize  = 1 << 30 // bytes
)

// token is one value of a payload, or one key. A container's tokens follow it: an array's items, an object's keys and values
// in turn.
type token struct {
	start, end uint32 // offsets in the payload; of a string without its quotes
	next       uint32 // index of the token after this value
	count      uint32 // items or members
	kind       valueKind
	flags      uint8
}

const (
	flagEscaped  = 1 << iota // a string with escapes
	flagWide                 // a string with characters outside ASCII
	flagFraction             // a number with a point or an exponent
	flagTrue                 // a boolean
)

// tape is a payload taken apart in one pass, without a copy of any of it. Strict JSON: one value, nothing after it, valid
// UTF-8. Tapes are pooled; release gives one back.
type tape struct {
	src    []byte
	tokens []token
	pos    int
	why    string // of the first fault, found at pos

	scratch []byte // for strings with escapes
	run     run    // the state of the validation that walks this tape

}

var tapes = sync.Pool{New: func() any { return new(tape) }}

// keptTokens bounds what a pooled tape may hold on to.
const keptTokens = 1 << 16

// readPayload makes the tape of a payload. Errors have the code ErrPayload.
func readPayload(op string, payload []byte) (*tape, error) {
	t := tapes.Get().(*tape)
	t.src, t.tokens, t.pos, t.why = payload, t.tokens[:0], 0, ""
	if t.read() {
		return t, nil
	}
	line, column := t.place()
	err := fault.New(schema.ErrPayload, op, "the payload is no JSON: %s at line %d, column %d", t.why, line, column)
	t.release()
	return nil, err
}

func (t *tape) release() {
	t.src = nil

	if cap(t.tokens) <= keptTokens {
		tapes.Put(t)
	}
}

func (t *tape) place() (line, column int) {
	before := t.src[:min(t.pos, len(t.src))]
	return bytes.Count(before, []byte{'\n'}) + 1, len(before) - bytes.LastIndexByte(before, '\n')
}

func (t *tape) fail(why string) bool {
	if t.why == "" {
		t.why = why
	}
	return false
}

func (t *tape) read() bool {
	if len(t.src) > maxPayloadSize {
		return t.fail("more than a gigabyte")
	}
	if !utf8.Valid(t.src) {
		return t.fail("broken UTF-8")
	}
	t.space()
	if !t.value(0) {
		return false
	}
	t.space()
	if t.pos < len(t.src) {
		return t.fail("bytes after the value")
	}
	return true
}

func (t *tape) space() {
	for t.pos < len(t.src) {
		if c := t.src[t.pos]; c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return
		}
		t.pos++
	}
}

// peek returns the byte at pos, or 0 at the end, which starts nothing.
func (t *tape) peek() byte {
	if t.pos < len(t.src) {
		return t.src[t.pos]
	}
	return 0
}

func (t *tape) value(depth int) bool {
	switch c := t.peek(); c {
	case '"':
		return t.str()
	case '{':
		return t.object(depth + 1)
	case '[':
		return t.array(depth + 1)
	case 't':
		return t.word("true", jsonBool, flagTrue)
	case 'f':
		return t.word("false", jsonBool, 0)
	case 'n':
		return t.word("null", jsonNull, 0)
	default:
		if c == '-' || c >= '0' && c <= '9' {
			return t.number()
		}
	}
	if t.pos >= len(t.src) {
		return t.fail("an early end")
	}
	return t.fail("no value")
}

// open appends a container's token and returns its index.
func (t *tape) open(kind valueKind, depth int) int {
	t.tokens = append(t.tokens, token{start: uint32(t.pos), kind: kind})
	t.pos++
	if c := t.peek(); c <= ' ' {
		t.space()
	}
	if depth > maxPayloadDepth {
		t.fail("too deep a nesting")
		return -1
	}
	return len(t.tokens) - 1
}

func (t *tape) shut(at int, count uint32) bool {
	t.pos++
	x := &t.tokens[at]
	x.end, x.next, x.count = uint32(t.pos), uint32(len(t.tokens)), count
	return true
}

func (t *tape) object(depth int) bool {
	at := t.open(jsonObject, depth)
	if at < 0 {
		return false
	}
	if t.peek() == '}' {
		return t.shut(at, 0)
	}
	for count := uint32(1); ; count++ {
		if t.peek() != '"' {
			return t.fail("no name in quotes")
		}
		if !t.str() {
			return false
		}
		t.space()
		if t.peek() != ':' {
			return t.fail("no ':' after a name")
		}
		t.pos++
		t.space()
		if !t.value(depth) {
			return false
		}
		t.space()
		switch t.peek() {
		case '}':
			return t.shut(at, count)
		case ',':
			t.pos++
			t.space()
		default:
			return t.fail("neither ',' nor '}' after a member")
		}
	}
}

func (t *tape) array(depth int) bool {
	at := t.open(jsonArray, depth)
	if at < 0 {
		return false
	}
	if t.peek() == ']' {
		return t.shut(at, 0)
	}
	for count := uint32(1); ; count++ {
		if !t.value(depth) {
			return false
		}
		t.space()
		switch t.peek() {
		case ']':
			return t.shut(at, count)
		case ',':
			t.pos++
			t.space()
		default:
			return t.fail("neither ',' nor ']' after an item")
		}
	}
}

func (t *tape) add(kind valueKind, start, end int, flags uint8) bool {
	t.tokens = append(t.tokens, token{start: uint32(start), end: uint32(end), next: uint32(len(t.tokens) + 1), kind: kind, flags: flags})
	return true
}

func (t *tape) word(w string, kind valueKind, flags uint8) bool {
	end := t.pos + len(w)
	if end > len(t.src) || string(t.src[t.pos:end]) != w {
		return t.fail("an unknown word")
	}
	t.add(kind, t.pos, end, flags)
	t.pos = end
	return true
}
