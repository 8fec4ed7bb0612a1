package protobuf

import (
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Generic values are written straight to the wire where they have the plain types that decoding gives them, or Go's integers.
// Everything else, and everything wrong, is left to the way through JSON, which knows all forms and words the errors.

// appendObject appends a message; false leaves the value to the other way, whatever was appended.
func appendObject(dst []byte, t *table, v any, depth int) ([]byte, bool) {
	switch {
	case depth == 0 || t.form == formOther:
		return dst, false
	case t.form == formTimestamp:
		return appendTimestamp(dst, t, v)
	case t.form == formWrapper:
		return appendMember(dst, t.ordered[0], v, depth)
	}
	object, ok := v.(map[string]any)
	if !ok || t.crowded {
		return dst, false
	}
	var seen, oneofs uint64
	used := 0
	for i := range t.rising {
		s := &t.rising[i]
		x, named := object[s.json.name]
		if s.json.proto != s.json.name {
			y, also := object[s.json.proto]
			if named && also {
				return dst, false
			}
			if also {
				x, named = y, true
			}
		}
		if !named {
			continue
		}
		used++
		if x == nil {
			continue
		}
		if oneofs&s.json.oneof != 0 || s.json.crowded {
			return dst, false
		}
		oneofs |= s.json.oneof
		seen |= s.required
		if dst, ok = appendMember(dst, *s, x, depth); !ok {
			return dst, false
		}
	}
	return dst, used == len(object) && seen == t.required
}

// appendMember appends a field with its tags.
func appendMember(dst []byte, s slot, v any, depth int) ([]byte, bool) {
	switch {
	case s.json.kind == jsonMap:
		return appendEntries(dst, s, v, depth)
	case s.json.list:
		return appendList(dst, s, v, depth)
	}
	mark := len(dst)
	dst = append(dst, s.json.tag...)
	start := len(dst)
	dst, ok := appendValue(dst, s, v, depth)
	if ok && s.json.implicit {
		content := dst[start:]
		if s.wire == wireBytes || s.wire == wireText {
			content = content[1:] // the zero value is a length of 0
		}
		if s.zero(content) {
			dst = dst[:mark]
		}
	}
	return dst, ok
}

func appendList(dst []byte, s slot, v any, depth int) ([]byte, bool) {
	list, ok := v.([]any)
	if !ok {
		return dst, false
	}
	packed := s.json.packed && s.packable
	start := 0
	if packed && len(list) > 0 {
		dst = append(dst, s.json.tag...)
		start = len(dst)
		dst = append(dst, 0)
	}
	for _, x := range list {
		if !packed {
			dst = append(dst, s.json.tag...)
		}
		if dst, ok = appendValue(dst, s, x, depth); !ok {
			return dst, false
		}
	}
	if packed && len(list) > 0 {
		dst = sized(dst, start)
	}
	return dst, true
}

// sized puts the length of what follows the byte at start in place of that byte.
func sized(dst []byte, start int) []byte {
	n := len(dst) - start - 1
	if n < 0x80 {
		dst[start] = byte(n)
		return dst
	}
	extra := protowire.SizeVarint(uint64(n)) - 1
	for range extra {
		dst = append(dst, 0)
	}
	copy(dst[start+1+extra:], dst[start+1:start+1+n])
	protowire.AppendVarint(dst[:start], uint64(n))
	return dst
}

func appendEntries(dst []byte, s slot, v any, depth int) ([]byte, bool) {
	object, ok := v.(map[string]any)
	if !ok {
		return dst, false
	}
	key, val := s.table.slot(1), s.table.slot(2)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		dst = append(dst, s.json.tag...)
		start := len(dst)
		dst = append(dst, 0)
		dst = append(dst, key.json.tag...)
		if dst, ok = appendKeyValue(dst, key, name); !ok {
			return dst, false
		}
		dst = append(dst, val.json.tag...)
		if dst, ok = appendValue(dst, val, object[name], depth); !ok {
			return dst, false
		}
		dst = sized(dst, start)
	}
	return dst, true
}

func appendKeyValue(dst []byte, key slot, name string) ([]byte, bool) {
	if key.json.kind == jsonBool {
		dst, ok := appendValue(dst, key, name == "true", 1)
		return dst, ok && (name == "true" || name == "false")
	}
	return appendValue(dst, key, name, 1)
}

// appendValue appends one value without its tag.
func appendValue(dst []byte, s slot, v any, depth int) ([]byte, bool) {
	switch s.json.kind {
	case jsonMessage:
		start := len(dst)
		dst, ok := appendObject(append(dst, 0), s.table, v, depth-1)
		if !ok {
			return dst, false
		}
		return sized(dst, start), true
	case jsonText:
		text, ok := v.(string)
		return protowire.AppendString(dst, text), ok && utf8.ValidString(text)
	case jsonBytes:
		return appendBase64(dst, v)
	case jsonBool:
		b, ok := v.(bool)
		return protowire.AppendVarint(dst, protowire.EncodeBool(b)), ok
	case jsonFloat, jsonDouble:
		return appendFloatBits(dst, s, v)
	case jsonEnum:
		if name, ok := v.(string); ok {
			n, known := s.json.numbers[name]
			return protowire.AppendVarint(dst, uint64(n)), known
		}
	case jsonUint64, jsonFixed64:
		n, ok := unsigned(v)
		return appendInteger(dst, s, n), ok
	}
	n, ok := integer(v, s.json.kind)
	return appendInteger(dst, s, n), ok && (s.json.kind != jsonEnum || s.json.numbers != nil)
}

func appendInteger(dst []byte, s slot, n uint64) []byte {
	switch s.wire {
	case wireFixed32:
		return protowire.AppendFixed32(dst, uint32(n))
	case wireFixed64:
		return protowire.AppendFixed64(dst, n)
	}
	if s.json.kind == jsonSint32 || s.json.kind == jsonSint64 {
		n = protowire.EncodeZigZag(int64(n))
	}
	return protowire.AppendVarint(dst, n)
}

// integer reads a number of any integer kind but the unsigned ones of 64 bits, and holds it to the range of the kind.
func integer(v any, kind jsonKind) (uint64, bool) {
	var n int64
	switch x := v.(type) {
	case float64:
		if n = int64(x); float64(n) != x || math.Abs(x) > 1<<53 {
			return 0, false
		}
	case int:
		n = int64(x)
	case int32:
		n = int64(x)
	case int64:
		n = x
	case string:
		var err error
		if n, err = strconv.ParseInt(x, 10, 64); err != nil || strconv.FormatInt(n, 10) != x {
			return 0, false
		}
	default:
		return 0, false
	}
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	switch kind {
	case jsonInt32, jsonSint32, jsonSfixed32, jsonEnum:
		low, high = math.MinInt32, math.MaxInt32
	case jsonUint32, jsonFixed32:
		low, high = 0, math.MaxUint32
	}
	return uint64(n), low <= n && n <= high
}

func unsigned(v any) (uint64, bool) {
	switch x := v.(type) {
	case string:
		n, err := strconv.ParseUint(x, 10, 64)
		return n, err == nil && strconv.FormatUint(n, 10) == x
	case uint64:
		return x, true
	}
	n, ok := integer(v, jsonInt64)
	return n, ok && int64(n) >= 0
}

func appendBase64(dst []byte, v any) ([]byte, bool) {
	switch x := v.(type) {
	case []byte:
		return protowire.AppendBytes(dst, x), x != nil
	case string:
		start := len(dst)
		dst, err := base64.StdEncoding.Strict().AppendDecode(append(dst, 0), []byte(x))
		if err != nil || strings.ContainsAny(x, "\r\n") {
			return dst, false
		}
		return sized(dst, start), true
	}
	return dst, false
}

func appendFloatBits(dst []byte, s slot, v any) ([]byte, bool) {
	var f float64
	switch x := v.(type) {
	case float64:
		f = x
	case int:
		f = float64(x)
	case string:
		switch x {
		case "NaN":
			f = math.NaN()
		case "Infinity":
			f = math.Inf(1)
		case "-Infinity":
			f = math.Inf(-1)
		default:
			return dst, false
		}
	default:
		return dst, false
	}
	if _, named := v.(string); !named && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return dst, false // no number of JSON
	}
	if s.json.kind == jsonDouble {
		return protowire.AppendFixed64(dst, math.Float64bits(f)), true
	}
	single := float32(f)
	if float64(single) != f && !math.IsNaN(f) {
		wide, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 64), 32) // round the decimal form once, as JSON does
		if err != nil {
			return dst, false
		}
		single = float32(wide)
	}
	return protowire.AppendFixed32(dst, math.Float32bits(single)), true
}

// appendTimestamp reads RFC 3339 with at most nine digits of a second.
func appendTimestamp(dst []byte, t *table, v any) ([]byte, bool) {
	text, ok := v.(string)
	if !ok || len(t.ordered) != 2 || len(text) > len("2006-01-02T15:04:05.000000000Z") || !strings.HasSuffix(text, "Z") {
		return dst, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() < 1 || at.Year() > 9999 {
		return dst, false
	}
	if seconds := at.Unix(); seconds != 0 {
		dst = protowire.AppendVarint(append(dst, t.ordered[0].json.tag...), uint64(seconds))
	}
	if nanos := at.Nanosecond(); nanos != 0 {
		dst = protowire.AppendVarint(append(dst, t.ordered[1].json.tag...), uint64(nanos))
	}
	return dst, true
}
