package jsonschema

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// number is an exact decimal: unscaled * 10^-scale.
type number struct {
	text     string // canonical: two numbers of one text are equal, but 5 and 5.0 are two texts
	unscaled *big.Int
	scale    int64
}

// The canonical texts of decimals beyond the range of a double: strings, because that is how Confluent's JSON library prints
// an infinite double.
const (
	infinity         = `"Infinity"`
	negativeInfinity = `"-Infinity"`
)

// canonicalNumber returns a literal as Confluent stores it: integers as they are, others as Java's BigDecimal prints them,
// except that decimals beyond the range of a double become infinite. ok is false if the exponent does not fit BigDecimal's
// 32-bit scale.
func canonicalNumber(literal string) (text string, integer, ok bool) {
	if !strings.ContainsAny(literal, ".eE") {
		if literal == "-0" {
			return "0", true, true
		}
		return literal, true, true
	}
	sign, digits, scale, ok := splitDecimal(literal)
	if !ok {
		return "", false, false
	}
	if f, err := strconv.ParseFloat(literal, 64); err != nil && math.IsInf(f, 0) {
		if f < 0 {
			return negativeInfinity, false, true
		}
		return infinity, false, true
	}
	return printDecimal(sign, digits, scale), false, true
}

// splitDecimal takes a literal apart: digits without leading zeros ("0" for zero) and the scale.
func splitDecimal(literal string) (sign, digits string, scale int64, ok bool) {
	body := literal
	if strings.HasPrefix(body, "-") {
		sign, body = "-", body[1:]
	}
	var exponent int64
	if i := strings.IndexAny(body, "eE"); i >= 0 {
		n, err := strconv.ParseInt(body[i+1:], 10, 64)
		if err != nil {
			return "", "", 0, false
		}
		exponent, body = n, body[:i]
	}
	whole, fraction, _ := strings.Cut(body, ".")
	digits = strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		sign, digits = "", "0"
	}
	scale = int64(len(fraction)) - exponent
	return sign, digits, scale, scale >= math.MinInt32 && scale <= math.MaxInt32 && exponent >= math.MinInt32 && exponent <= math.MaxInt32
}

// printDecimal follows the contract of java.math.BigDecimal.toString.
func printDecimal(sign, digits string, scale int64) string {
	adjusted := int64(len(digits)) - 1 - scale
	if scale == 0 {
		return sign + digits
	}
	if scale > 0 && adjusted >= -6 {
		if missing := int(scale) - len(digits) + 1; missing > 0 {
			digits = strings.Repeat("0", missing) + digits
		}
		point := len(digits) - int(scale)
		return sign + digits[:point] + "." + digits[point:]
	}
	mantissa := digits[:1]
	if len(digits) > 1 {
		mantissa += "." + digits[1:]
	}
	if adjusted > 0 {
		return sign + mantissa + "E+" + strconv.FormatInt(adjusted, 10)
	}
	if adjusted == 0 {
		return sign + mantissa
	}
	return sign + mantissa + "E" + strconv.FormatInt(adjusted, 10)
}

// newNumber returns the number of a literal that the reader has taken.
func newNumber(text string) *number {
	sign, digits, scale, _ := splitDecimal(text)
	n := &number{text: text, scale: scale}
	n.unscaled, _ = new(big.Int).SetString(sign+digits, 10)
	return n
}

func numberOf(i int64) *number { return newNumber(strconv.FormatInt(i, 10)) }

// adjusted is the exponent of the number in scientific notation.
func (n *number) adjusted() int64 {
	digits := n.unscaled.Text(10)
	if n.unscaled.Sign() < 0 {
		digits = digits[1:]
	}
	return int64(len(digits)) - 1 - n.scale
}

// compare orders two numbers exactly. It never expands an exponent: magnitudes are compared first, so that what is left to
// align is no longer than the literals.
func (n *number) compare(m *number) int {
	s, t := n.unscaled.Sign(), m.unscaled.Sign()
	if s != t || s == 0 {
		return s - t
	}
	if n.scale == m.scale {
		return n.unscaled.Cmp(m.unscaled)
	}
	if a, b := n.adjusted(), m.adjusted(); a != b {
		if (a > b) == (s > 0) {
			return 1
		}
		return -1
	}
	x, y := n.unscaled, m.unscaled
	if d := n.scale - m.scale; d > 0 {
		y = new(big.Int).Mul(y, pow10(d))
	} else {
		x = new(big.Int).Mul(x, pow10(-d))
	}
	return x.Cmp(y)
}

// multipleOf reports whether n is a whole multiple of m. Zero is a multiple of everything, and the only multiple of zero.
func (n *number) multipleOf(m *number) bool {
	if n.unscaled.Sign() == 0 || m.unscaled.Sign() == 0 {
		return n.unscaled.Sign() == 0
	}
	d := m.scale - n.scale
	divisor := new(big.Int).Abs(m.unscaled)
	if d >= 0 { // n/m = n.unscaled * 10^d / m.unscaled
		rest := new(big.Int).Exp(big.NewInt(10), big.NewInt(d), divisor)
		rest.Mul(rest, n.unscaled)
		return rest.Rem(rest, divisor).Sign() == 0
	}
	if -d > int64(len(n.unscaled.Text(10))) {
		return false // n's digits end before the divisor's power of ten does
	}
	divisor.Mul(divisor, pow10(-d))
	return new(big.Int).Rem(n.unscaled, divisor).Sign() == 0
}

// integral reports whether the number has no fraction, as JSON Schema means it: 1.0 is an integer.
func (n *number) integral() bool {
	if n.scale <= 0 || n.unscaled.Sign() == 0 {
		return true
	}
	if n.scale > int64(len(n.unscaled.Text(10))) {
		return false
	}
	return new(big.Int).Rem(n.unscaled, pow10(n.scale)).Sign() == 0
}

// truncated drops the fraction, as Java's Number.intValue does for numbers in its range.
func (n *number) truncated() *number {
	if n.scale <= 0 {
		return n
	}
	if n.scale > int64(len(n.unscaled.Text(10))) {
		return numberOf(0)
	}
	return newNumber(new(big.Int).Quo(n.unscaled, pow10(n.scale)).Text(10))
}

func pow10(n int64) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil) }
