package jsonschema

import (
	"sort"
	"unicode/utf16"
)

type valueKind uint8

const (
	jsonNull valueKind = iota
	jsonBool
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

var valueKindNames = [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}

func (k valueKind) String() string { return valueKindNames[k] }

// value is one JSON value of a schema text with the order of its keys, its exact numbers and its place in the text. Values are
// immutable once read; loaders use their addresses as identities.
type value struct {
	kind    valueKind
	truth   bool   // of a boolean
	integer bool   // a number literal without fraction and exponent
	text    string // a string's contents, a number's canonical text
	pos     int    // byte offset in its document's text
	items   []*value
	members []member
	index   map[string]int // of members, from indexedFrom members on
}

type member struct {
	key   string
	value *value
}

// indexedFrom is the number of members from which a lookup by hash beats a scan.
const indexedFrom = 9

// get returns the member of a key, or nil.
func (v *value) get(key string) *value {
	if v.index != nil {
		if i, ok := v.index[key]; ok {
			return v.members[i].value
		}
		return nil
	}
	for i := range v.members {
		if v.members[i].key == key {
			return v.members[i].value
		}
	}
	return nil
}

// finite reports whether v is a number within the range of a double.
func (v *value) finite() bool {
	return v.kind == jsonNumber && v.text != infinity && v.text != negativeInfinity
}

// set keeps the position of a key's first occurrence and the value of its last.
func (v *value) set(key string, x *value) {
	if v.index != nil {
		if i, ok := v.index[key]; ok {
			v.members[i].value = x
			return
		}
		v.index[key] = len(v.members)
	} else {
		for i := range v.members {
			if v.members[i].key == key {
				v.members[i].value = x
				return
			}
		}
	}
	v.members = append(v.members, member{key, x})
	if v.index == nil && len(v.members) >= indexedFrom {
		v.index = make(map[string]int, 2*len(v.members))
		for i := range v.members {
			v.index[v.members[i].key] = i
		}
	}
}

// appendValue prints v compactly. Sorted prints object keys in UTF-16 order, which is what Java's string order is.
func appendValue(dst []byte, v *value, sorted bool) []byte {
	switch v.kind {
	case jsonNull:
		return append(dst, "null"...)
	case jsonBool:
		if v.truth {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case jsonNumber:
		return append(dst, v.text...)
	case jsonString:
		return appendString(dst, v.text)
	case jsonArray:
		dst = append(dst, '[')
		for i, x := range v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, x, sorted)
		}
		return append(dst, ']')
	}
	return appendObject(dst, v, sorted)
}

func appendObject(dst []byte, v *value, sorted bool) []byte {
	members := v.members
	if sorted {
		members = sortedMembers(members)
	}
	dst = append(dst, '{')
	for i := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, members[i].key)
		dst = append(dst, ':')
		dst = appendValue(dst, members[i].value, sorted)
	}
	return append(dst, '}')
}

func sortedMembers(in []member) []member {
	out := append([]member(nil), in...)
	sort.Slice(out, func(i, j int) bool { return lessUTF16(out[i].key, out[j].key) })
	return out
}

// lessUTF16 orders strings by UTF-16 code units.
func lessUTF16(a, b string) bool {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			// Code units and bytes order alike except between surrogate pairs (lead byte F0-F4) and U+E000-U+FFFF (EE, EF).
			if a[i] >= 0xee && b[i] >= 0xee {
				return lessUnits(a[i:], b[i:])
			}
			return a[i] < b[i]
		}
	}
	return len(a) < len(b)
}

func lessUnits(a, b string) bool {
	x, y := utf16.Encode([]rune(a[:min(len(a), 4)])), utf16.Encode([]rune(b[:min(len(b), 4)]))
	return x[0] < y[0]
}

// appendString escapes only what JSON requires: the quote, the backslash and control characters.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// sameValue is the equality of enum, const and default: deep, blind to key order, and strict about how a number is written
// (1, 1.0 and 1.00 are three values), as Confluent's is.
func sameValue(a, b *value) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.kind != b.kind || a.truth != b.truth || a.integer != b.integer || a.text != b.text ||
		len(a.items) != len(b.items) || len(a.members) != len(b.members) {
		return false
	}
	for i := range a.items {
		if !sameValue(a.items[i], b.items[i]) {
			return false
		}
	}
	for i := range a.members {
		if x := b.get(a.members[i].key); x == nil || !sameValue(a.members[i].value, x) {
			return false
		}
	}
	return true
}
