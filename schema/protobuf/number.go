package protobuf

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// plainNumber rewrites a number of an option the way normalization prints it: integers in decimal (0x is hexadecimal, a leading 0
// octal), others with at most three decimals, half to even, never an exponent. What is no number stays as it is. The readings are
// those of Java's NumberUtils.createNumber and DecimalFormat, which Confluent Schema Registry uses.
func plainNumber(s string) string {
	digits, negative := strings.CutPrefix(s, "-")
	if hex, ok := cutHex(digits); ok {
		return plainInteger(hex, 16, negative, s)
	}
	if onlyDigits(digits) {
		base := 10
		if len(digits) > 1 && digits[0] == '0' {
			base = 8
		}
		return plainInteger(digits, base, negative, s)
	}
	return plainDecimal(s)
}

func cutHex(s string) (string, bool) {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		return s[2:], true
	}
	return s, false
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func plainInteger(digits string, base int, negative bool, s string) string {
	if len(digits) > maxDigits || strings.ContainsAny(digits, "+-_") {
		return s
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return s
	}
	if negative {
		n.Neg(n)
	}
	return n.String()
}

// maxDigits and maxExponent keep numbers from growing into megabytes; longer ones stay as they are.
const (
	maxDigits   = 1000
	maxExponent = 400
)

func plainDecimal(s string) string {
	body, bits := s, 0
	if body != "" {
		switch body[len(body)-1] {
		case 'l', 'L':
			if rest := body[:len(body)-1]; onlyDigits(strings.TrimPrefix(rest, "-")) {
				return plainNumber(rest)
			}
			return s
		case 'f', 'F':
			body, bits = body[:len(body)-1], 32
		case 'd', 'D':
			body, bits = body[:len(body)-1], 64
		}
	}
	if !decimalShape(body) {
		return s
	}
	wide, err := strconv.ParseFloat(body, 64)
	if err != nil {
		return s
	}
	narrow, _ := strconv.ParseFloat(body, 32)
	if bits == 32 || bits == 0 && shortest(narrow, 32) == shortest(wide, 64) {
		wide = narrow
	}
	if math.Abs(wide) >= 1<<53 {
		return exactDecimal(body, s)
	}
	return trimZeros(strconv.FormatFloat(wide, 'f', 3, 64))
}

func shortest(f float64, bits int) string { return strconv.FormatFloat(f, 'e', -1, bits) }

// decimalShape reports whether s is digits with at most one point and one small exponent.
func decimalShape(s string) bool {
	s = strings.TrimPrefix(s, "-")
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], strings.TrimPrefix(s[i+1:], "-")
		n, err := strconv.Atoi(exponent)
		if err != nil || !onlyDigits(exponent) || n > maxExponent {
			return false
		}
	}
	whole, part, _ := strings.Cut(mantissa, ".")
	return len(mantissa) <= maxDigits && whole+part != "" && onlyDigits(whole+part)
}

func exactDecimal(body, s string) string {
	r, ok := new(big.Rat).SetString(body)
	if !ok {
		return s
	}
	return trimZeros(r.FloatString(3))
}

func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
