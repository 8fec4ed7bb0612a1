package avro

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
)

// validName reports whether s is a name by the Avro specification, section Names.
func validName(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if c >= 'a' && c <= 'z' || s[i] == '_' || i > 0 && s[i] >= '0' && s[i] <= '9' {
			continue
		}
		return false
	}
	return s != ""
}

// looseName is validName with the letters and digits of all scripts, as stored schemas may have them.
func looseName(s string) bool {
	for i, c := range s {
		if c == '_' || unicode.IsLetter(c) || i > 0 && unicode.IsDigit(c) {
			continue
		}
		return false
	}
	return s != ""
}

// javaDouble reads what Java's Double.valueOf reads: white space around, a type suffix, hexadecimal digits, NaN and Infinity.
func javaDouble(s string) (float64, bool) {
	s = strings.TrimFunc(s, func(c rune) bool { return c <= ' ' })
	switch strings.TrimLeft(s, "+-") {
	case "NaN", "Infinity":
		s = strings.TrimPrefix(s, "+")
		if strings.HasSuffix(s, "NaN") {
			s = "NaN"
		}
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil
	}
	hex := strings.HasPrefix(strings.ToLower(strings.TrimLeft(s, "+-")), "0x")
	if hex && !strings.ContainsAny(s, "pP") {
		return 0, false
	}
	if n := len(s); n > 1 && strings.ContainsRune("fFdD", rune(s[n-1])) {
		s = s[:n-1]
	}
	if !hex && strings.ContainsFunc(s, func(c rune) bool { return !strings.ContainsRune("0123456789.eE+-", c) }) || strings.Contains(s, "_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil || errors.Is(err, strconv.ErrRange) // beyond the range Java reads an infinity
}
