package protobuf

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"
)

// The generic form of a payload is what encoding/json makes of its JSON form, built without the text between.

// generic builds a message; false leaves the payload to the other way.
func (x *transcoder) generic(t *table, b []byte, depth int) (any, bool) {
	if depth == 0 || t.form == formOther {
		return nil, false
	}
	base, ok := x.scan(t, b)
	if !ok {
		return nil, false
	}
	var v any
	switch t.form {
	case formTimestamp:
		v, ok = x.genericTimestamp(t, b, base)
	case formWrapper:
		at := x.spans[base]
		v, ok = x.genericValue(t.ordered[0], b[at.from:at.to], depth)
	default:
		v, ok = x.genericMembers(t, b, base, depth)
	}
	x.spans = x.spans[:base]
	return v, ok
}

func (x *transcoder) genericMembers(t *table, b []byte, base, depth int) (map[string]any, bool) {
	set := 0
	for _, at := range x.spans[base:] {
		if at.to != 0 {
			set++
		}
	}
	out := make(map[string]any, set)
	for i := range t.ordered {
		s, at := t.ordered[i], x.spans[base+i]
		if at.to == 0 || s.json.implicit && s.zero(b[at.from:at.to]) {
			continue
		}
		v, ok := x.genericField(s, b[at.from:at.to], depth)
		if !ok {
			return nil, false
		}
		if v != nil {
			out[s.json.name] = v
		}
	}
	return out, true
}

// genericField returns nil for a list without values.
func (x *transcoder) genericField(s slot, b []byte, depth int) (any, bool) {
	switch {
	case s.json.kind == jsonMap:
		return x.genericPairs(s, b, depth)
	case !s.json.list:
		return x.genericValue(s, b, depth)
	}
	var list []any
	for it := (items{slot: s, rest: b}); ; {
		raw, more, ok := it.next()
		if !ok {
			return nil, false
		}
		if !more {
			break
		}
		v, ok := x.genericValue(s, raw, depth)
		if !ok {
			return nil, false
		}
		list = append(list, v)
	}
	if list == nil {
		return nil, true
	}
	return list, true
}

func (x *transcoder) genericPairs(s slot, b []byte, depth int) (any, bool) {
	base, ok := x.collect(s, b)
	if !ok {
		return nil, false
	}
	key, val := s.table.slot(1), s.table.slot(2)
	out := make(map[string]any, len(x.entries)-base)
	for i := base; i < len(x.entries); i++ {
		e := x.entries[i]
		v, ok := x.genericValue(val, e.val, depth)
		if !ok {
			return nil, false
		}
		if key.json.kind == jsonText {
			out[string(e.text)] = v
		} else {
			var space [24]byte
			k := appendKey(space[:0], key.json, e.key)
			out[string(k[1:len(k)-1])] = v
		}
	}
	x.entries = x.entries[:base]
	return out, true
}

func (x *transcoder) genericValue(s slot, b []byte, depth int) (any, bool) {
	switch s.json.kind {
	case jsonText:
		return string(b), utf8.Valid(b)
	case jsonBytes:
		return base64.StdEncoding.EncodeToString(b), true
	case jsonMessage:
		return x.generic(s.table, b, depth-1)
	}
	var v uint64
	if len(b) > 0 {
		var ok bool
		if v, _, ok = s.number(b); !ok {
			return nil, false
		}
	}
	if s.json.kind == jsonEnum && s.json.enum == nil {
		return nil, false
	}
	return genericNumber(s.json, v), true
}

func genericNumber(j *jsonField, v uint64) any {
	switch j.kind {
	case jsonBool:
		return v != 0
	case jsonFloat:
		return genericFloat(float64(math.Float32frombits(uint32(v))), 32)
	case jsonDouble:
		return genericFloat(math.Float64frombits(v), 64)
	case jsonUint32, jsonFixed32:
		return float64(uint32(v))
	case jsonUint64, jsonFixed64:
		return strconv.FormatUint(v, 10)
	case jsonInt64, jsonSint64, jsonSfixed64:
		return strconv.FormatInt(j.signed(v), 10)
	case jsonEnum:
		if name, ok := j.enum[int32(v)]; ok {
			return name
		}
	}
	return float64(j.signed(v))
}

// genericFloat takes a float of 32 bits by its shortest decimal form, as its JSON form is read.
func genericFloat(f float64, bits int) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case bits == 32 && (f != math.Trunc(f) || math.Abs(f) >= 1<<24):
		var space [32]byte
		f, _ = strconv.ParseFloat(string(strconv.AppendFloat(space[:0], f, 'g', -1, 32)), 64)
	}
	return f
}

func (x *transcoder) genericTimestamp(t *table, b []byte, base int) (any, bool) {
	var space [48]byte
	text, ok := x.timestamp(space[:0], t, b, base)
	if !ok {
		return nil, false
	}
	return string(text[1 : len(text)-1]), true
}
