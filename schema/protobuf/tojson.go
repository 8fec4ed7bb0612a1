package protobuf

import (
	"encoding/base64"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// object appends a message as JSON; false leaves the payload to the other way, whatever was appended.
func (x *transcoder) object(dst []byte, t *table, b []byte, depth int) ([]byte, bool) {
	if depth == 0 || t.form == formOther {
		return dst, false
	}
	base, ok := x.scan(t, b)
	if !ok {
		return dst, false
	}
	switch t.form {
	case formTimestamp:
		dst, ok = x.timestamp(dst, t, b, base)
	case formWrapper:
		at := x.spans[base]
		dst, ok = x.value(dst, t.ordered[0], b[at.from:at.to], depth)
	default:
		dst, ok = x.members(dst, t, b, base, depth)
	}
	x.spans = x.spans[:base]
	return dst, ok
}

func (x *transcoder) members(dst []byte, t *table, b []byte, base, depth int) ([]byte, bool) {
	dst = append(dst, '{')
	empty := len(dst)
	for i := range t.ordered {
		s, at := t.ordered[i], x.spans[base+i]
		if at.to == 0 || s.json.implicit && s.zero(b[at.from:at.to]) {
			continue
		}
		mark := len(dst)
		if mark > empty {
			dst = append(dst, ',')
		}
		dst = append(dst, s.json.key...)
		start := len(dst)
		var ok bool
		if dst, ok = x.field(dst, s, b[at.from:at.to], depth); !ok {
			return dst, false
		}
		if s.json.list && len(dst) == start+len("[]") {
			dst = dst[:mark]
		}
	}
	return append(dst, '}'), true
}

func (x *transcoder) field(dst []byte, s slot, b []byte, depth int) ([]byte, bool) {
	switch {
	case s.json.kind == jsonMap:
		return x.pairs(dst, s, b, depth)
	case !s.json.list:
		return x.value(dst, s, b, depth)
	}
	dst = append(dst, '[')
	start := len(dst)
	for it := (items{slot: s, rest: b}); ; {
		v, more, ok := it.next()
		if !more || !ok {
			return append(dst, ']'), ok
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		if dst, ok = x.value(dst, s, v, depth); !ok {
			return dst, false
		}
	}
}

func (x *transcoder) pairs(dst []byte, s slot, b []byte, depth int) ([]byte, bool) {
	base, ok := x.collect(s, b)
	if !ok {
		return dst, false
	}
	key, val := s.table.slot(1), s.table.slot(2)
	dst = append(dst, '{')
	for i := base; i < len(x.entries); i++ {
		e := x.entries[i]
		if i > base {
			dst = append(dst, ',')
		}
		if key.json.kind == jsonText {
			dst = appendQuoted(dst, e.text)
		} else {
			dst = appendKey(dst, key.json, e.key)
		}
		dst = append(dst, ':')
		if dst, ok = x.value(dst, val, e.val, depth); !ok {
			return dst, false
		}
	}
	x.entries = x.entries[:base]
	return append(dst, '}'), true
}

func appendKey(dst []byte, j *jsonField, v uint64) []byte {
	start := len(dst)
	dst = append(dst, '"')
	mark := len(dst)
	dst = appendNumber(dst, j, v)
	if dst[mark] == '"' {
		return append(dst[:start], dst[mark:]...) // 64-bit integers are quoted already
	}
	return append(dst, '"')
}

// value appends one value; no bytes at all are the zero value.
func (x *transcoder) value(dst []byte, s slot, b []byte, depth int) ([]byte, bool) {
	switch s.json.kind {
	case jsonText:
		if !utf8.Valid(b) {
			return dst, false
		}
		return appendQuoted(dst, b), true
	case jsonBytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, b)
		return append(dst, '"'), true
	case jsonMessage:
		return x.object(dst, s.table, b, depth-1)
	}
	var v uint64
	if len(b) > 0 {
		var ok bool
		if v, _, ok = s.number(b); !ok {
			return dst, false
		}
	}
	if s.json.kind == jsonEnum && s.json.enum == nil {
		return dst, false
	}
	return appendNumber(dst, s.json, v), true
}

func appendNumber(dst []byte, j *jsonField, v uint64) []byte {
	switch j.kind {
	case jsonBool:
		return strconv.AppendBool(dst, v != 0)
	case jsonFloat:
		return appendFloat(dst, float64(math.Float32frombits(uint32(v))), 32)
	case jsonDouble:
		return appendFloat(dst, math.Float64frombits(v), 64)
	case jsonUint32, jsonFixed32:
		return strconv.AppendUint(dst, uint64(uint32(v)), 10)
	case jsonUint64, jsonFixed64:
		return append(strconv.AppendUint(append(dst, '"'), v, 10), '"')
	case jsonInt64, jsonSint64, jsonSfixed64:
		return append(strconv.AppendInt(append(dst, '"'), j.signed(v), 10), '"')
	case jsonEnum:
		if name, ok := j.enum[int32(v)]; ok {
			return append(append(append(dst, '"'), name...), '"')
		}
	}
	return strconv.AppendInt(dst, j.signed(v), 10)
}

// appendFloat prints a float as encoding/json does, and what JSON has no number for as a string.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	form := byte('f')
	if a := math.Abs(f); a != 0 && (bits == 64 && (a < 1e-6 || a >= 1e21) || bits == 32 && (float32(a) < 1e-6 || float32(a) >= 1e21)) {
		form = 'e'
	}
	dst = strconv.AppendFloat(dst, f, form, -1, bits)
	if n := len(dst); form == 'e' && n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' && dst[n-2] == '0' {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// appendQuoted quotes valid UTF-8.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, text[start:]...), '"')
}

// timestamp appends RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second.
func (x *transcoder) timestamp(dst []byte, t *table, b []byte, base int) ([]byte, bool) {
	var parts [2]int64
	if len(t.ordered) != 2 {
		return dst, false
	}
	for i := range parts {
		at := x.spans[base+i]
		if at.to == 0 {
			continue
		}
		v, _, ok := t.ordered[i].number(b[at.from:at.to])
		if !ok {
			return dst, false
		}
		parts[i] = t.ordered[i].json.signed(v)
	}
	const first, last = -62135596800, 253402300799
	if parts[0] < first || parts[0] > last || parts[1] < 0 || parts[1] > 999999999 {
		return dst, false
	}
	dst = time.Unix(parts[0], parts[1]).UTC().AppendFormat(append(dst, '"'), "2006-01-02T15:04:05.000000000")
	for range 3 {
		if n := len(dst); string(dst[n-3:]) != "000" {
			break
		}
		dst = dst[:len(dst)-3]
	}
	if dst[len(dst)-1] == '.' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, 'Z', '"'), true
}
