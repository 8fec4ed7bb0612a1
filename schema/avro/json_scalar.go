package avro

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

func (r *jsonReader) number() (jsonKind, string, error) {
	start := r.pos
	kind := jsonInt
	if r.text[r.pos] == '-' {
		r.pos++
	}
	first := r.pos
	if r.digits() == 0 {
		return 0, "", r.fail(start, "a number needs a digit here")
	}
	if r.text[first] == '0' && r.pos > first+1 {
		return 0, "", r.fail(start, "a number must not begin with 0")
	}
	if r.pos < len(r.text) && r.text[r.pos] == '.' {
		kind = jsonFloat
		r.pos++
		if r.digits() == 0 {
			return 0, "", r.fail(start, "a number needs a digit after the point")
		}
	}
	if r.pos < len(r.text) && r.text[r.pos]|0x20 == 'e' {
		kind = jsonFloat
		r.pos++
		if r.pos < len(r.text) && (r.text[r.pos] == '+' || r.text[r.pos] == '-') {
			r.pos++
		}
		if r.digits() == 0 {
			return 0, "", r.fail(start, "a number needs a digit in its exponent")
		}
	}
	if r.pos-start > maxDigits {
		return 0, "", r.fail(start, "the number has more than %d characters", maxDigits)
	}
	if text := r.text[start:r.pos]; text != "-0" {
		return kind, text, nil
	}
	return kind, "0", nil
}

func (r *jsonReader) digits() int {
	start := r.pos
	for r.pos < len(r.text) && r.text[r.pos] >= '0' && r.text[r.pos] <= '9' {
		r.pos++
	}
	return r.pos - start
}

// string reads a string; the reader stands at its opening quote.
func (r *jsonReader) string() (string, error) {
	start := r.pos
	r.pos++
	for i := r.pos; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			s := r.text[r.pos:i]
			r.pos = i + 1
			return s, nil
		case c == '\\':
			return r.escaped(start, i)
		case c < 0x20:
			return "", r.fail(i, "a control character in a string must be escaped")
		}
	}
	return "", r.fail(start, "the string has no end; close it with '\"'")
}

// escaped reads the rest of a string from its first escape at i on.
func (r *jsonReader) escaped(start, i int) (string, error) {
	buf := []byte(r.text[r.pos:i])
	for i < len(r.text) {
		switch c := r.text[i]; {
		case c == '"':
			r.pos = i + 1
			return string(buf), nil
		case c == '\\':
			n, ok := 0, false
			if buf, n, ok = unescape(buf, r.text[i:]); !ok {
				return "", r.fail(i, "unknown escape in a string")
			}
			i += n
		case c < 0x20:
			return "", r.fail(i, "a control character in a string must be escaped")
		default:
			buf = append(buf, c)
			i++
		}
	}
	return "", r.fail(start, "the string has no end; close it with '\"'")
}

// unescape appends the character of the escape that s begins with and returns how many bytes of s it takes. Half of a
// surrogate pair becomes U+FFFD.
func unescape(buf []byte, s string) ([]byte, int, bool) {
	if len(s) < 2 {
		return buf, 0, false
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return append(buf, "\"\\/\b\f\n\r\t"[i]), 2, true
	}
	c, ok := hex4(s)
	if !ok {
		return buf, 0, false
	}
	if c < 0xD800 || c > 0xDFFF {
		return utf8.AppendRune(buf, c), 6, true
	}
	if low, ok := hex4(s[6:]); ok && c < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF {
		return utf8.AppendRune(buf, 0x10000+(c-0xD800)<<10+(low-0xDC00)), 12, true
	}
	return utf8.AppendRune(buf, utf8.RuneError), 6, true
}

// hex4 reads an escape of the form \uXXXX.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
