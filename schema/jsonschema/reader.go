package jsonschema

import (
	"fmt"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

const (
	maxTextDepth    = 1000 // nesting of arrays and objects in a schema text; the limit of Confluent's JSON parser
	maxNumberLength = 1000 // characters of a number literal; likewise
)

// reader reads the first JSON value of a schema text. What follows it is ignored, as Confluent Schema Registry does.
type reader struct {
	text  string
	pos   int
	depth int
}

// readSchemaText returns the first value of text. Errors have the code ErrInvalid and name the line and column.
func readSchemaText(text string) (*value, error) {
	r := &reader{text: text}
	r.space()
	if r.pos == len(text) {
		return nil, r.fail(r.pos, "the schema is empty")
	}
	return r.value()
}

// fail makes an error that names the place of an offset.
func (r *reader) fail(pos int, format string, args ...any) error {
	return invalidAt(r.text, pos, format, args...)
}

func invalidAt(text string, pos int, format string, args ...any) error {
	line, column := schema.Position(text, pos)
	return fault.New(schema.ErrInvalid, "jsonschema.Parse", "line %d, column %d: %s", line, column, fmt.Sprintf(format, args...))
}

func (r *reader) space() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

func (r *reader) value() (*value, error) {
	if r.pos >= len(r.text) {
		return nil, r.fail(r.pos, "the text ends where a value is expected")
	}
	v := &value{pos: r.pos}
	switch c := r.text[r.pos]; {
	case c == '{':
		return v, r.nested(v, r.object)
	case c == '[':
		return v, r.nested(v, r.array)
	case c == '"':
		s, err := r.str()
		v.kind, v.text = jsonString, s
		return v, err
	case c == '-' || c >= '0' && c <= '9':
		return v, r.number(v)
	}
	return v, r.word(v)
}

func (r *reader) nested(v *value, read func(*value) error) error {
	if r.depth++; r.depth > maxTextDepth {
		return r.fail(r.pos, "nested deeper than %d levels", maxTextDepth)
	}
	r.pos++
	r.space()
	err := read(v)
	r.depth--
	return err
}

func (r *reader) object(v *value) error {
	v.kind = jsonObject
	if r.take('}') {
		return nil
	}
	for {
		if r.pos >= len(r.text) || r.text[r.pos] != '"' {
			return r.fail(r.pos, "expected a name in quotes")
		}
		key, err := r.str()
		if err != nil {
			return err
		}
		r.space()
		if !r.take(':') {
			return r.fail(r.pos, "expected ':' after the name %q", key)
		}
		r.space()
		x, err := r.value()
		if err != nil {
			return err
		}
		v.set(key, x)
		if done, err := r.next('}'); done || err != nil {
			return err
		}
	}
}

func (r *reader) array(v *value) error {
	v.kind = jsonArray
	if r.take(']') {
		return nil
	}
	for {
		x, err := r.value()
		if err != nil {
			return err
		}
		v.items = append(v.items, x)
		if done, err := r.next(']'); done || err != nil {
			return err
		}
	}
}

// next steps over a comma, or over the closing byte, which ends the list.
func (r *reader) next(closing byte) (bool, error) {
	r.space()
	if r.take(closing) {
		return true, nil
	}
	if !r.take(',') {
		return false, r.fail(r.pos, "expected ',' or '%c'", closing)
	}
	r.space()
	return false, nil
}

func (r *reader) take(c byte) bool {
	if r.pos < len(r.text) && r.text[r.pos] == c {
		r.pos++
		return true
	}
	return false
}

func (r *reader) word(v *value) error {
	for _, w := range [...]struct {
		text string
		kind valueKind
		b    bool
	}{{"true", jsonBool, true}, {"false", jsonBool, false}, {"null", jsonNull, false}} {
		if strings.HasPrefix(r.text[r.pos:], w.text) && !r.wordGoesOn(r.pos+len(w.text)) {
			v.kind, v.truth = w.kind, w.b
			r.pos += len(w.text)
			return nil
		}
	}
	return r.fail(r.pos, "expected a JSON value")
}

func (r *reader) wordGoesOn(pos int) bool {
	if pos >= len(r.text) {
		return false
	}
	c := r.text[pos]
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$' || c >= 0x80
}

func (r *reader) number(v *value) error {
	start := r.pos
	r.pos = scanNumber(r.text, start)
	if r.pos < 0 {
		r.pos = start
		return r.fail(start, "malformed number")
	}
	literal := r.text[start:r.pos]
	if len(literal) > maxNumberLength {
		return r.fail(start, "a number of more than %d characters", maxNumberLength)
	}
	text, integer, ok := canonicalNumber(literal)
	if !ok {
		return r.fail(start, "the exponent of %s is out of range", literal)
	}
	v.kind, v.text, v.integer = jsonNumber, text, integer
	return nil
}

// scanNumber returns the end of the JSON number that starts at pos, or -1.
func scanNumber[T string | []byte](s T, pos int) int {
	digits := func() bool {
		start := pos
		for pos < len(s) && s[pos] >= '0' && s[pos] <= '9' {
			pos++
		}
		return pos > start
	}
	if pos < len(s) && s[pos] == '-' {
		pos++
	}
	first := pos
	if !digits() || s[first] == '0' && pos > first+1 {
		return -1
	}
	if pos < len(s) && s[pos] == '.' {
		if pos++; !digits() {
			return -1
		}
	}
	if pos < len(s) && (s[pos] == 'e' || s[pos] == 'E') {
		pos++
		if pos < len(s) && (s[pos] == '+' || s[pos] == '-') {
			pos++
		}
		if !digits() {
			return -1
		}
	}
	return pos
}
