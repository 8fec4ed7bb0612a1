package jsonschema

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a quoted string.
func (r *reader) str() (string, error) {
	start := r.pos
	r.pos++
	for i := r.pos; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			s := r.text[r.pos:i]
			r.pos = i + 1
			return strings.ToValidUTF8(s, "\uFFFD"), nil
		case c == '\\':
			return r.escaped(start, i)
		case c < 0x20:
			return "", r.fail(i, "a control character in a string must be escaped")
		}
	}
	return "", r.fail(start, "the string does not end")
}

// escaped reads on from the first escape of a string. Half a surrogate pair becomes U+FFFD.
func (r *reader) escaped(start, at int) (string, error) {
	b := append(make([]byte, 0, at-r.pos+32), r.text[r.pos:at]...)
	for at < len(r.text) {
		c := r.text[at]
		switch {
		case c == '"':
			r.pos = at + 1
			return strings.ToValidUTF8(string(b), "\uFFFD"), nil
		case c < 0x20:
			return "", r.fail(at, "a control character in a string must be escaped")
		case c != '\\':
			b = append(b, c)
			at++
			continue
		}
		var n int
		if b, n = unescape(b, r.text[at:]); n == 0 {
			return "", r.fail(at, "malformed escape in a string")
		}
		at += n
	}
	return "", r.fail(start, "the string does not end")
}

// unescape appends the character of the escape sequence at the start of s and returns the length of the sequence, 0 if it is
// malformed.
func unescape(dst []byte, s string) ([]byte, int) {
	if len(s) < 2 {
		return dst, 0
	}
	if s[1] == 'u' {
		return unescapeUnit(dst, s)
	}
	const names, chars = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	i := strings.IndexByte(names, s[1])
	if i < 0 {
		return dst, 0
	}
	return append(dst, chars[i]), 2
}

func unescapeUnit(dst []byte, s string) ([]byte, int) {
	unit, ok := hexUnit(s)
	if !ok {
		return dst, 0
	}
	if !utf16.IsSurrogate(unit) {
		return utf8.AppendRune(dst, unit), 6
	}
	if low, ok := hexUnit(s[6:]); ok {
		if c := utf16.DecodeRune(unit, low); c != utf8.RuneError {
			return utf8.AppendRune(dst, c), 12
		}
	}
	return utf8.AppendRune(dst, utf8.RuneError), 6
}

func hexUnit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var n rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
