package jsonschema

import "math/bits"

// number applies the limits of a number.
func (r *run) number(c *numberCheck, i int) bool {
	n := r.t.decimal(i)
	switch {
	case c.minimum != nil && n.compare(c.minimum) < 0:
		return r.fail("minimum", "%s is less than %s", r.t.raw(i), c.minimum.exact.text)
	case c.maximum != nil && n.compare(c.maximum) > 0:
		return r.fail("maximum", "%s is more than %s", r.t.raw(i), c.maximum.exact.text)
	case c.exclusiveMinimum != nil && n.compare(c.exclusiveMinimum) <= 0:
		return r.fail("exclusiveMinimum", "%s is not more than %s", r.t.raw(i), c.exclusiveMinimum.exact.text)
	case c.exclusiveMaximum != nil && n.compare(c.exclusiveMaximum) >= 0:
		return r.fail("exclusiveMaximum", "%s is not less than %s", r.t.raw(i), c.exclusiveMaximum.exact.text)
	case c.multipleOf != nil && !n.multipleOf(c.multipleOf):
		return r.fail("multipleOf", "%s is no multiple of %s", r.t.raw(i), c.multipleOf.exact.text)
	}
	return true
}

// decimal is a payload's number: small * 10^-scale if fast, else the literal.
type decimal struct {
	literal []byte
	small   int64
	scale   int
	fast    bool
}

// decimal reads a number without allocating if it has at most 18 digits, 9 of them behind the point, and no exponent.
func (t *tape) decimal(i int) decimal {
	d := decimal{literal: t.raw(i)}
	negative, point, digits := false, -1, 0
	for j, c := range d.literal {
		switch {
		case c == '-':
			negative = true
		case c == '.':
			point = j
		case c-'0' > 9:
			return d // an exponent
		default:
			d.small = d.small*10 + int64(c-'0')
			if digits++; digits > 18 {
				return d
			}
		}
	}
	if point >= 0 {
		d.scale = len(d.literal) - point - 1
	}
	if negative {
		d.small = -d.small
	}
	d.fast = d.scale <= 9
	return d
}

var powers = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// aligned scales both numbers to one scale; ok is false if they do not fit.
func (d *decimal) aligned(b *bound) (x, y int64, ok bool) {
	if !d.fast || !b.fast {
		return 0, 0, false
	}
	x, y = d.small, b.small
	if d.scale < b.scale {
		x, ok = times(x, powers[b.scale-d.scale])
		return x, y, ok
	}
	y, ok = times(y, powers[d.scale-b.scale])
	return x, y, ok
}

func times(x, factor int64) (int64, bool) {
	abs := x
	if x < 0 {
		abs = -x
	}
	high, low := bits.Mul64(uint64(abs), uint64(factor))
	return x * factor, high == 0 && low < 1<<62
}

func (d *decimal) compare(b *bound) int {
	if x, y, ok := d.aligned(b); ok {
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return newNumber(string(d.literal)).compare(b.exact)
}

func (d *decimal) multipleOf(b *bound) bool {
	if x, y, ok := d.aligned(b); ok && y != 0 {
		return x%y == 0
	}
	return newNumber(string(d.literal)).multipleOf(b.exact)
}
