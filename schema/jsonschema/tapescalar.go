package jsonschema

import "bytes"

func (t *tape) number() bool {
	start, src := t.pos, t.src
	i := start
	if src[i] == '-' {
		i++
	}
	first := i
	for i < len(src) && src[i]-'0' <= 9 {
		i++
	}
	if i < len(src) && (src[i] == '.' || src[i]|0x20 == 'e') {
		end := scanNumber(src, start)
		if end < 0 {
			return t.fail("a malformed number")
		}
		t.pos = end
		return t.numberFits(start, bytes.ContainsAny(src[i:end], "eE")) && t.add(jsonNumber, start, end, flagFraction)
	}
	if i == first || src[first] == '0' && i > first+1 {
		return t.fail("a malformed number")
	}
	t.pos = i
	return t.numberFits(start, false) && t.add(jsonNumber, start, i, 0)
}

// numberFits bounds a number by the limits that schema texts have too, so that comparing it stays cheap.
func (t *tape) numberFits(start int, exponent bool) bool {
	if t.pos-start > maxNumberLength {
		return t.fail("a number of too many digits")
	}
	if !exponent {
		return true
	}
	if _, _, _, ok := splitDecimal(string(t.src[start:t.pos])); !ok {
		return t.fail("a number whose exponent is out of range")
	}
	return true
}

// plain marks the bytes that a string may hold as they are and that need no flag.
var plain = func() (out [256]bool) {
	for c := 0x20; c < 0x80; c++ {
		out[c] = c != '"' && c != '\\'
	}
	return out
}()

func (t *tape) str() bool {
	start, src := t.pos+1, t.src
	var flags uint8
	i := start
	for {
		for i < len(src) && plain[src[i]] {
			i++
		}
		if i >= len(src) {
			return t.fail("a string without end")
		}
		switch c := src[i]; {
		case c == '"':
			t.pos = i + 1
			return t.add(jsonString, start, i, flags)
		case c >= 0x80:
			flags |= flagWide
			i++
		case c == '\\':
			n := escapeLength(src[i:])
			if n == 0 {
				t.pos = i
				return t.fail("a malformed escape")
			}
			flags |= flagEscaped
			i += n
		default:
			t.pos = i
			return t.fail("a control character in a string")
		}
	}
}

// escapeLength returns the length of the escape at the start of s, 0 if it is malformed.
func escapeLength(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(s) < 6 {
			return 0
		}
		for _, c := range s[2:6] {
			if c-'0' > 9 && c|0x20-'a' > 5 {
				return 0
			}
		}
		return 6
	}
	return 0
}
