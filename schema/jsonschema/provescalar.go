package jsonschema

import (
	"math/big"
	"strconv"
	"strings"
)

// maxSampleLength bounds the strings, and the arrays and objects, that are made to exceed a limit.
const maxSampleLength = 300

// plainStrings are tried where a pattern or a format asks for something.
var plainStrings = []string{
	"a", "A", "1", "ab", "AB", "12", "abc", "ABC", "123", "a1", "A1", "a-b", "x_y", "abcd", "1234", "12345", "abcdef", "0.1", "1.2.3", "$x", "#a", "/a", "/a/b",
	"2024-05-06", "2024-05-06T07:08:09Z", "07:08:09Z", "a@example.org", "example.org", "https://example.org/a", "192.0.2.1", "2001:db8::1",
	"123e4567-e89b-12d3-a456-426614174000", "arn:aws:iam::123456789012:role/a", "EUR", "en-US",
}

// samples adds strings of the lengths around the limits, and plain ones that the pattern finds something in.
func (f *stringFacets) samples(out *sampleList) {
	if f.pattern != nil {
		if re, err := compilePattern(*f.pattern); err == nil {
			for _, s := range plainStrings {
				if found, err := re.find(s); found && err == nil {
					out.add(strconv.Quote(s))
				}
			}
		}
	}
	if f.format != nil {
		for _, s := range plainStrings {
			out.add(strconv.Quote(s))
		}
	}
	for _, length := range around(f.minLength, f.maxLength) {
		out.add(`"` + strings.Repeat("x", length) + `"`)
	}
	out.add(`"not like that"`)
}

// around returns the sizes at two limits and next to them; the first is within both.
func around(least, most *number) []int {
	low, hasLow := sizeOf(least)
	high, hasHigh := sizeOf(most)
	var sizes []int
	switch {
	case hasLow && hasHigh:
		sizes = []int{low, high, high + 1, low - 1}
	case hasLow:
		sizes = []int{low, low + 1, low - 1}
	case hasHigh:
		sizes = []int{min(high, 1), high, high + 1}
	default:
		sizes = []int{1, 0}
	}
	kept := sizes[:0]
	for _, n := range sizes {
		if n >= 0 && n <= maxSampleLength {
			kept = append(kept, n)
		}
	}
	return kept
}

func sizeOf(n *number) (size int, ok bool) {
	if n == nil {
		return 0, false
	}
	size, err := strconv.Atoi(n.text)
	return size, err == nil && size >= 0 && size <= maxSampleLength
}

// samples adds the numbers at the limits, between and next to them, and small multiples.
func (f *numberFacets) samples(out *sampleList) {
	limits := [...]*number{f.minimum, f.maximum, f.exclusiveMinimum, f.exclusiveMaximum, f.multipleOf}
	var at []*big.Rat
	for _, n := range limits {
		if r := rational(n); r != nil {
			at = append(at, r)
		}
	}
	between := func(a, b *big.Rat) *big.Rat { return new(big.Rat).Quo(new(big.Rat).Add(a, b), big.NewRat(2, 1)) }
	one, half := big.NewRat(1, 1), big.NewRat(1, 2)
	out.add("1")
	for _, r := range at {
		for _, x := range []*big.Rat{r, new(big.Rat).Add(r, one), new(big.Rat).Sub(r, one), new(big.Rat).Add(r, half), new(big.Rat).Sub(r, half), new(big.Rat).Mul(r, big.NewRat(2, 1))} {
			addRational(out, x)
		}
	}
	if len(at) > 1 {
		addRational(out, between(at[0], at[1]))
	}
	for _, text := range [...]string{"0", "0.5", "7", "-7"} {
		out.add(text)
	}
}

// rational converts a limit of ordinary size.
func rational(n *number) *big.Rat {
	if n == nil || len(n.text) > 30 || strings.ContainsAny(n.text, "eE") {
		return nil
	}
	r, ok := new(big.Rat).SetString(n.text)
	if !ok {
		return nil
	}
	return r
}

func addRational(out *sampleList, r *big.Rat) {
	if r.IsInt() {
		out.add(r.Num().String())
		return
	}
	text := strings.TrimRight(r.FloatString(12), "0")
	out.add(strings.TrimSuffix(text, "."))
}
