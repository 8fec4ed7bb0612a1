package avro

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// unionForm says how the value of a union is written in JSON.
type unionForm uint8

const (
	// tagged takes null, {"branch": value} and a plain value that fits one branch only.
	tagged unionForm = iota
	// anyBranch takes a plain value for the first branch that it fits: defaults since Avro 1.12.
	anyBranch
)

// maxEncoding bounds the values looked at for one text: unions try their branches, and defaults lean on defaults.
const maxEncoding = 1 << 20

// encoder turns JSON values into Avro's binary form.
type encoder struct {
	text  string // for the place of a failure
	form  unionForm
	steps int
	depth int
	quiet int // above 0 while branches are tried: failures need no text
}

var errQuiet = errors.New("the value does not fit")

func (e *encoder) fail(v *value, format string, args ...any) error {
	if e.quiet > 0 {
		return errQuiet
	}
	err := failAt(e.text, int(v.pos), format, args...)
	return fault.New(schema.ErrPayload, "avro.Message", "%s", fault.DetailOf(err))
}

func (e *encoder) encode(dst []byte, n *node, v *value) ([]byte, error) {
	e.depth++
	defer func() { e.depth-- }()
	if e.steps++; e.steps > maxEncoding || e.depth > maxPayloadDepth {
		return dst, e.fail(v, "the value is too deep or has too many readings")
	}
	switch n.kind {
	case kindNull:
		if v.kind == jsonNull {
			return dst, nil
		}
	case kindBoolean:
		if v.kind == jsonBool {
			if v.text == "true" {
				return append(dst, 1), nil
			}
			return append(dst, 0), nil
		}
	case kindInt:
		return e.integer(dst, n, v, 32)
	case kindLong:
		return e.integer(dst, n, v, 64)
	case kindFloat, kindDouble:
		return e.float(dst, n, v)
	case kindString:
		if v.kind == jsonString {
			return append(appendLong(dst, int64(len(v.text))), v.text...), nil
		}
	case kindBytes, kindFixed:
		return e.latin1(dst, n, v)
	case kindEnum:
		return e.enum(dst, n, v)
	case kindUnion:
		return e.union(dst, n, v)
	default:
		return e.inner(dst, n, v)
	}
	return dst, e.mismatch(n, v)
}

var jsonWords = [...]string{"null", "a boolean", "an integer", "a number", "a string", "an array", "an object"}

func (e *encoder) mismatch(n *node, v *value) error {
	return e.fail(v, "%s is no value of type %s", jsonWords[v.kind], n.typeText())
}

func appendLong(dst []byte, n int64) []byte { return binary.AppendVarint(dst, n) }

func (e *encoder) integer(dst []byte, n *node, v *value, bits int) ([]byte, error) {
	if v.kind != jsonInt {
		return dst, e.mismatch(n, v)
	}
	i, err := strconv.ParseInt(v.text, 10, bits)
	if err != nil {
		return dst, e.fail(v, "the number does not fit the type %s", n.typeText())
	}
	return appendLong(dst, i), nil
}

func (e *encoder) float(dst []byte, n *node, v *value) ([]byte, error) {
	number := v.kind == jsonInt || v.kind == jsonFloat
	var f float64
	switch {
	case number:
		f = parseDouble(v.text)
	case v.kind == jsonString && (v.text == "Infinity" || v.text == "-Infinity" || v.text == "NaN"):
		f = parseDouble(v.text)
	default:
		return dst, e.mismatch(n, v)
	}
	if n.kind == kindFloat {
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f))), nil
	}
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), nil
}

// latin1 encodes bytes and fixed: each character is one byte.
func (e *encoder) latin1(dst []byte, n *node, v *value) ([]byte, error) {
	if v.kind != jsonString {
		return dst, e.mismatch(n, v)
	}
	count := utf8.RuneCountInString(v.text)
	if n.kind == kindFixed && count != n.named.size {
		return dst, e.fail(v, "the fixed %s has %d bytes, not %d", n.typeText(), n.named.size, count)
	}
	if n.kind == kindBytes {
		dst = appendLong(dst, int64(count))
	}
	for _, c := range v.text {
		if c > 0xFF {
			return dst, e.fail(v, "the character %q is no byte; bytes are written as characters up to U+00FF", c)
		}
		dst = append(dst, byte(c))
	}
	return dst, nil
}

func (e *encoder) enum(dst []byte, n *node, v *value) ([]byte, error) {
	if v.kind != jsonString {
		return dst, e.mismatch(n, v)
	}
	i := n.named.symbol(v.text)
	if i < 0 {
		return dst, e.fail(v, "%q is no symbol of the enum %s", v.text, n.typeText())
	}
	return appendLong(dst, int64(i)), nil
}

func (e *encoder) union(dst []byte, n *node, v *value) ([]byte, error) {
	if e.form == tagged {
		if out, done, err := e.taggedUnion(dst, n, v); done {
			return out, err
		}
	}
	best, found := []byte(nil), 0
	start := len(dst)
	for i, b := range n.branches {
		e.quiet++
		out, err := e.encode(appendLong(dst[:start:start], int64(i)), b, v)
		e.quiet--
		if err != nil {
			continue
		}
		if e.form == anyBranch {
			return out, nil
		}
		best = out
		if found++; found > 1 {
			return dst, e.fail(v, `the value fits several branches of the union; name the branch, as in {"%s": ...}`, b.typeText())
		}
	}
	if found == 0 {
		return dst, e.fail(v, "the value fits no branch of the union")
	}
	return best, nil
}

// taggedUnion encodes null and an object whose only member names a branch. It is done if the value is of that form.
func (e *encoder) taggedUnion(dst []byte, n *node, v *value) ([]byte, bool, error) {
	name := "null"
	inner := v
	switch {
	case v.kind == jsonNull:
	case v.kind == jsonObject && len(v.elems) == 1:
		name, inner = v.elems[0].key, &v.elems[0].val
	default:
		return dst, false, nil
	}
	for i, b := range n.branches {
		if b.called(name) {
			out, err := e.encode(appendLong(dst, int64(i)), b, inner)
			return out, true, err
		}
	}
	return dst, false, nil
}

func (e *encoder) inner(dst []byte, n *node, v *value) ([]byte, error) {
	switch {
	case n.kind == kindArray && v.kind == jsonArray, n.kind == kindMap && v.kind == jsonObject:
		return e.items(dst, n, v)
	case n.kind == kindRecord && v.kind == jsonObject:
		return e.record(dst, n.named, v)
	}
	return dst, e.mismatch(n, v)
}

func (e *encoder) items(dst []byte, n *node, v *value) ([]byte, error) {
	if len(v.elems) > 0 {
		dst = appendLong(dst, int64(len(v.elems)))
	}
	for i := range v.elems {
		m := &v.elems[i]
		if n.kind == kindMap {
			dst = append(appendLong(dst, int64(len(m.key))), m.key...)
		}
		var err error
		if dst, err = e.encode(dst, n.items, &m.val); err != nil {
			return dst, err
		}
	}
	return append(dst, 0), nil
}

// record encodes the fields in the order of the type. A field that is absent has its default.
func (e *encoder) record(dst []byte, r *named, v *value) ([]byte, error) {
	given := make([]*value, len(r.fields))
	for i := range v.elems {
		at := r.field(v.elems[i].key)
		if at < 0 {
			return dst, e.fail(&v.elems[i].val, "the record %s has no field %q", r.name.full(), v.elems[i].key)
		}
		given[at] = &v.elems[i].val
	}
	for i, fv := range given {
		var err error
		if dst, err = e.field(dst, &r.fields[i], fv, v); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func (e *encoder) field(dst []byte, f *field, given, record *value) ([]byte, error) {
	if given != nil {
		return e.encode(dst, f.typ, given)
	}
	if f.def == nil {
		return dst, e.fail(record, "the field %q is missing and has no default", f.name)
	}
	form := e.form
	if form == tagged {
		e.form = anyBranch
	}
	dst, err := e.encode(dst, f.typ, f.def)
	e.form = form
	if err != nil {
		return dst, e.fail(record, "the field %q is missing and its default is no value of its type", f.name)
	}
	return dst, nil
}
