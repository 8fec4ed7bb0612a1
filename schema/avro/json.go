package avro

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Limits of the reader. They are those of Jackson's StreamReadConstraints, through which the Java implementation reads
// schemas, so that both refuse the same texts.
const (
	maxNesting = 1000 // open arrays and objects
	maxDigits  = 1000 // characters of one number
)

type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonInt   // a number without fraction and exponent
	jsonFloat // any other number
	jsonString
	jsonArray
	jsonObject
)

// value is one JSON value with its place in the text. Objects keep the order of their members; a key that comes twice keeps
// its first place and its last value, as in Jackson's tree.
type value struct {
	kind  jsonKind
	pos   int32    // offset of the first byte
	text  string   // content of a string, digits of a number, "true" or "false"
	elems []member // of an array (without keys) or an object
}

type member struct {
	key string
	val value
}

// get returns the member of that key, or nil.
func (v *value) get(key string) *value {
	if v.kind != jsonObject {
		return nil
	}
	for i := range v.elems {
		if v.elems[i].key == key {
			return &v.elems[i].val
		}
	}
	return nil
}

// str returns the content of a string member and whether there is one.
func (v *value) str(key string) (string, bool) {
	if m := v.get(key); m != nil && m.kind == jsonString {
		return m.text, true
	}
	return "", false
}

// jsonReader reads JSON with the comments that Jackson's ALLOW_COMMENTS allows. Strings without escapes alias the text.
type jsonReader struct {
	text     string
	pos      int
	depth    int
	comments bool
	stack    []member // of the arrays and objects being read
	arena    []member // room for those that are complete
}

// readJSON reads one value. Only white space may follow it.
func readJSON(text string, comments bool) (*value, error) {
	r := jsonReader{text: text, comments: comments}
	if i := invalidUTF8(text); i >= 0 {
		return nil, r.fail(i, "the text is not valid UTF-8")
	}
	var first [48]member
	r.stack = first[:0]
	if err := r.skip(); err != nil {
		return nil, err
	}
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	for r.pos < len(text) && isSpace(text[r.pos]) {
		r.pos++
	}
	if r.pos < len(text) {
		return nil, r.fail(r.pos, "unexpected text after the end of the JSON value")
	}
	return &v, nil
}

func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, c := range s {
		if c == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return i
		}
	}
	return -1
}

func (r *jsonReader) fail(pos int, format string, args ...any) error {
	return failAt(r.text, pos, format, args...)
}

// failAt returns an error that names the line and the column (in characters, from 1) of an offset.
func failAt(text string, pos int, format string, args ...any) error {
	line, column := schema.Position(text, pos)
	return fault.New(schema.ErrInvalid, "avro.Parse", "line %d, column %d: %s", line, column, fmt.Sprintf(format, args...))
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// skip passes white space and comments.
func (r *jsonReader) skip() error {
	for r.pos < len(r.text) {
		switch c := r.text[r.pos]; {
		case isSpace(c):
			r.pos++
		case c == '/' && r.comments:
			if err := r.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (r *jsonReader) comment() error {
	rest := r.text[r.pos:]
	switch {
	case strings.HasPrefix(rest, "//"):
		end := strings.IndexAny(rest, "\r\n")
		if end < 0 {
			end = len(rest)
		}
		r.pos += end
		return nil
	case strings.HasPrefix(rest, "/*"):
		end := strings.Index(rest[2:], "*/")
		if end < 0 {
			return r.fail(r.pos, "the comment has no end; close it with */")
		}
		r.pos += end + 4
		return nil
	}
	return r.fail(r.pos, "unexpected '/'")
}

func (r *jsonReader) value() (value, error) {
	if r.pos >= len(r.text) {
		return value{}, r.fail(r.pos, "unexpected end of the text; a JSON value is missing")
	}
	v := value{pos: int32(min(r.pos, 1<<31-1))}
	var err error
	switch c := r.text[r.pos]; {
	case c == '{':
		v.kind = jsonObject
		v.elems, err = r.object()
	case c == '[':
		v.kind = jsonArray
		v.elems, err = r.array()
	case c == '"':
		v.kind = jsonString
		v.text, err = r.string()
	case c == '-' || c >= '0' && c <= '9':
		v.kind, v.text, err = r.number()
	default:
		v.kind, v.text, err = r.word()
	}
	return v, err
}

func (r *jsonReader) word() (jsonKind, string, error) {
	for _, w := range [...]string{"null", "true", "false"} {
		if !strings.HasPrefix(r.text[r.pos:], w) {
			continue
		}
		r.pos += len(w)
		if w == "null" {
			return jsonNull, "", nil
		}
		return jsonBool, w, nil
	}
	c, _ := utf8.DecodeRuneInString(r.text[r.pos:])
	return 0, "", r.fail(r.pos, "unexpected %q where a JSON value should stand; names and strings need double quotes", c)
}

func (r *jsonReader) enter() error {
	if r.depth++; r.depth > maxNesting {
		return r.fail(r.pos, "the text nests deeper than %d levels", maxNesting)
	}
	r.pos++
	return r.skip()
}

// next passes a comma or the closing byte and reports whether the list goes on.
func (r *jsonReader) next(shut byte) (bool, error) {
	if err := r.skip(); err != nil {
		return false, err
	}
	if r.pos >= len(r.text) {
		return false, r.fail(r.pos, "unexpected end of the text; %q is missing", shut)
	}
	switch r.text[r.pos] {
	case shut:
		r.pos++
		return false, nil
	case ',':
		r.pos++
		return true, r.skip()
	}
	return false, r.fail(r.pos, "unexpected %q; ',' or %q should stand here", r.text[r.pos], shut)
}

func (r *jsonReader) array() ([]member, error) {
	base := len(r.stack)
	if err := r.enter(); err != nil {
		return nil, err
	}
	more := true
	if r.pos < len(r.text) && r.text[r.pos] == ']' {
		r.pos++
		more = false
	}
	for more {
		v, err := r.value()
		if err == nil {
			r.stack = append(r.stack, member{val: v})
			more, err = r.next(']')
		}
		if err != nil {
			return nil, err
		}
	}
	return r.take(base), nil
}

func (r *jsonReader) object() ([]member, error) {
	base := len(r.stack)
	if err := r.enter(); err != nil {
		return nil, err
	}
	more := true
	if r.pos < len(r.text) && r.text[r.pos] == '}' {
		r.pos++
		more = false
	}
	var seen map[string]int // built once the object is large
	for more {
		key, err := r.key()
		var v value
		if err == nil {
			v, err = r.value()
		}
		if err == nil {
			seen = r.put(base, seen, member{key, v})
			more, err = r.next('}')
		}
		if err != nil {
			return nil, err
		}
	}
	return r.take(base), nil
}

// key reads the name of a member and the colon.
func (r *jsonReader) key() (string, error) {
	if r.pos >= len(r.text) || r.text[r.pos] != '"' {
		return "", r.fail(r.pos, "a member name in double quotes should stand here")
	}
	key, err := r.string()
	if err != nil {
		return "", err
	}
	if err := r.skip(); err != nil {
		return "", err
	}
	if r.pos >= len(r.text) || r.text[r.pos] != ':' {
		return "", r.fail(r.pos, "':' should stand here")
	}
	r.pos++
	return key, r.skip()
}

// put adds a member to the object that begins at base. Large objects are searched through a map, so that the cost stays
// linear.
func (r *jsonReader) put(base int, seen map[string]int, m member) map[string]int {
	const large = 24
	if seen == nil && len(r.stack)-base >= large {
		seen = make(map[string]int, 2*large)
		for i := base; i < len(r.stack); i++ {
			seen[r.stack[i].key] = i
		}
	}
	at := -1
	if seen != nil {
		if i, twice := seen[m.key]; twice {
			at = i
		} else {
			seen[m.key] = len(r.stack)
		}
	} else {
		for i := base; i < len(r.stack); i++ {
			if r.stack[i].key == m.key {
				at = i
			}
		}
	}
	if at >= 0 {
		r.stack[at].val = m.val
	} else {
		r.stack = append(r.stack, m)
	}
	return seen
}

// take moves the members from base on into a slice of their own.
func (r *jsonReader) take(base int) []member {
	r.depth--
	n := len(r.stack) - base
	if n == 0 {
		return nil
	}
	if n > cap(r.arena)-len(r.arena) {
		const least, most = 16, 1024
		r.arena = make([]member, 0, max(n, least, min(most, (len(r.text)-r.pos)/12)))
	}
	start := len(r.arena)
	r.arena = append(r.arena, r.stack[base:]...)
	r.stack = r.stack[:base]
	return r.arena[start:len(r.arena):len(r.arena)]
}
