package avro

import (
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// appendString prints a string as Jackson does: only quotes, backslashes and control characters are escaped.
func appendString[T string | []byte](dst []byte, s T) []byte {
	return append(appendEscaped(append(dst, '"'), s), '"')
}

// appendEscaped is appendString without the quotes.
func appendEscaped[T string | []byte](dst []byte, s T) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, c)
		start = i + 1
	}
	return append(dst, s[start:]...)
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendValue prints a JSON value compactly. Integers keep their digits; other numbers are doubles, as in Jackson's tree.
func appendValue(dst []byte, v *value, sorted bool) []byte {
	switch v.kind {
	case jsonNull:
		return append(dst, "null"...)
	case jsonString:
		return appendString(dst, v.text)
	case jsonFloat:
		return appendDouble(dst, parseDouble(v.text))
	case jsonArray:
		dst = append(dst, '[')
		for i := range v.elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, &v.elems[i].val, sorted)
		}
		return append(dst, ']')
	case jsonObject:
		elems := v.elems
		if sorted {
			elems = byKey(elems)
		}
		dst = append(dst, '{')
		for i := range elems {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, elems[i].key), ':')
			dst = appendValue(dst, &elems[i].val, sorted)
		}
		return append(dst, '}')
	}
	return append(dst, v.text...)
}

// byKey returns the members in the order of Java's String.compareTo.
func byKey(elems []member) []member {
	out := slices.Clone(elems)
	slices.SortFunc(out, func(a, b member) int { return compareUTF16(a.key, b.key) })
	return out
}

// compareUTF16 orders strings by their UTF-16 code units, as Java does.
func compareUTF16(a, b string) int {
	for len(a) > 0 && len(b) > 0 {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra != rb {
			return int(utf16Order(ra)) - int(utf16Order(rb))
		}
		a, b = a[na:], b[nb:]
	}
	return len(a) - len(b)
}

// utf16Order moves characters outside the basic plane below U+E000, where their surrogates stand.
func utf16Order(r rune) rune {
	switch {
	case r >= 0x10000:
		return r - 0x10000 + 0xD800
	case r >= 0xE000:
		return r + 0x200000
	}
	return r
}

// parseDouble reads the digits of a JSON number; what is too large is infinite, as in Java.
func parseDouble(text string) float64 {
	f, _ := strconv.ParseFloat(text, 64) // the grammar was checked by the reader; only a range error remains
	return f
}

// appendDouble prints a double as Java's Double.toString does; values that are no numbers are quoted, as in Jackson.
func appendDouble(dst []byte, f float64) []byte { return appendFloat(dst, f, 64) }

// appendFloat is appendDouble for a number of 32 or 64 bits.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	if a := math.Abs(f); a == 0 || a >= 1e-3 && a < 1e7 {
		start := len(dst)
		dst = strconv.AppendFloat(dst, f, 'f', -1, bits)
		if slices.Index(dst[start:], '.') < 0 {
			dst = append(dst, ".0"...)
		}
		return dst
	}
	var room [32]byte
	text := strconv.AppendFloat(room[:0], f, 'e', -1, bits)
	if text[1] == 'e' || text[2] == 'e' { // one digit: Java takes the nearest number of two
		text = nearestOfTwo(text, f, bits)
	}
	return appendScientific(dst, text)
}

// nearestOfTwo returns the nearest number of two digits if it still is f, else the text of one digit. They differ for the
// smallest numbers only, such as 4.9E-324.
func nearestOfTwo(text []byte, f float64, bits int) []byte {
	two := strconv.FormatFloat(f, 'e', 1, bits)
	if back, err := strconv.ParseFloat(two, bits); err == nil && back == f {
		return []byte(two)
	}
	return text
}

// appendScientific turns Go's 1e+07 into Java's 1.0E7.
func appendScientific(dst, text []byte) []byte {
	e := slices.Index(text, 'e')
	dst = append(dst, text[:e]...)
	if slices.Index(text[:e], '.') < 0 {
		dst = append(dst, ".0"...)
	}
	dst = append(dst, 'E')
	exp := text[e+1:]
	if exp[0] == '-' {
		dst = append(dst, '-')
	}
	exp = exp[1:]
	for len(exp) > 1 && exp[0] == '0' {
		exp = exp[1:]
	}
	return append(dst, exp...)
}
