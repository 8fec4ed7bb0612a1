package jsonschema

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"strconv"
	"unicode/utf8"
)

// raw returns a token's text; of a string, what stands between the quotes.
func (t *tape) raw(i int) []byte { return t.src[t.tokens[i].start:t.tokens[i].end] }

// text returns a string's contents. They are only good until the next call.
func (t *tape) text(i int) []byte {
	if t.tokens[i].flags&flagEscaped == 0 {
		return t.raw(i)
	}
	t.scratch = appendUnescaped(t.scratch[:0], t.raw(i))
	return t.scratch
}

// length counts a string's characters.
func (t *tape) length(i int) int {
	x := &t.tokens[i]
	if x.flags == 0 {
		return int(x.end - x.start)
	}
	return utf8.RuneCount(t.text(i))
}

// appendUnescaped appends the characters of a string whose escapes are well formed.
func appendUnescaped(dst, s []byte) []byte {
	for len(s) > 0 {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		s = s[i:]
		var n int
		dst, n = unescape(dst, string(s[:min(len(s), 12)]))
		s = s[max(n, 1):]
	}
	return dst
}

// generic builds the value of a token as maps, slices and scalars; see the package comment for numbers. Nothing in it aliases
// the payload. Of repeated names the last counts.
func (t *tape) generic(i int) any {
	x := &t.tokens[i]
	switch x.kind {
	case jsonBool:
		return x.flags&flagTrue != 0
	case jsonNumber:
		return genericNumber(string(t.raw(i)), x.flags&flagFraction != 0)
	case jsonString:
		return string(t.text(i))
	case jsonArray:
		return t.genericArray(i)
	case jsonObject:
		return t.genericObject(i)
	}
	return nil
}

func (t *tape) genericArray(i int) []any {
	x := &t.tokens[i]
	out := make([]any, 0, x.count)
	for j := i + 1; j < int(x.next); j = int(t.tokens[j].next) {
		out = append(out, t.generic(j))
	}
	return out
}

func (t *tape) genericObject(i int) map[string]any {
	x := &t.tokens[i]
	out := make(map[string]any, x.count)
	for j := i + 1; j < int(x.next); j = int(t.tokens[j+1].next) {
		name := string(t.text(j))
		out[name] = t.generic(j + 1)
	}
	return out
}

// genericNumber keeps every digit: int64, else float64 if it says the same, else the literal.
func genericNumber(literal string, fraction bool) any {
	if !fraction {
		if n, err := strconv.ParseInt(literal, 10, 64); err == nil {
			return n
		}
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err == nil && (len(literal) <= 15 && !hasExponent(literal) || sameNumber(literal, strconv.FormatFloat(f, 'g', -1, 64))) {
		return f
	}
	return json.Number(literal)
}

func hasExponent(literal string) bool {
	for i := range len(literal) {
		if literal[i]|0x20 == 'e' {
			return true
		}
	}
	return false
}

// sameNumber compares two literals by value.
func sameNumber(a, b string) bool { return a == b || newNumber(a).compare(newNumber(b)) == 0 }

// compact appends the value of a token without insignificant space.
func (t *tape) compact(dst []byte, i int) []byte {
	x := &t.tokens[i]
	switch x.kind {
	case jsonString:
		return append(dst, t.src[x.start-1:x.end+1]...)
	case jsonArray:
		dst = append(dst, '[')
		for j := i + 1; j < int(x.next); j = int(t.tokens[j].next) {
			if j > i+1 {
				dst = append(dst, ',')
			}
			dst = t.compact(dst, j)
		}
		return append(dst, ']')
	case jsonObject:
		dst = append(dst, '{')
		for j := i + 1; j < int(x.next); j = int(t.tokens[j+1].next) {
			if j > i+1 {
				dst = append(dst, ',')
			}
			dst = append(t.compact(dst, j), ':')
			dst = t.compact(dst, j+1)
		}
		return append(dst, '}')
	}
	return append(dst, t.raw(i)...)
}

// member returns the index of the value of an object's member, the last of that name, or -1.
func (t *tape) member(i int, name string) int {
	found := -1
	x := &t.tokens[i]
	for j := i + 1; j < int(x.next); j = int(t.tokens[j+1].next) {
		if string(t.text(j)) == name {
			found = j + 1
		}
	}
	return found
}

// equals compares a token with a schema's value, numbers by value and objects without order, as JSON Schema does.
func (t *tape) equals(i int, v *value) bool {
	x := &t.tokens[i]
	if x.kind != v.kind {
		return false
	}
	switch x.kind {
	case jsonBool:
		return x.flags&flagTrue != 0 == v.truth
	case jsonNumber:
		return v.finite() && sameNumber(string(t.raw(i)), v.text)
	case jsonString:
		return string(t.text(i)) == v.text
	case jsonArray:
		if int(x.count) != len(v.items) {
			return false
		}
		j := i + 1
		for _, item := range v.items {
			if !t.equals(j, item) {
				return false
			}
			j = int(t.tokens[j].next)
		}
	case jsonObject:
		return t.equalsObject(i, v)
	}
	return true
}

func (t *tape) equalsObject(i int, v *value) bool {
	x := &t.tokens[i]
	if int(x.count) < len(v.members) {
		return false
	}
	for j := i + 1; j < int(x.next); j = int(t.tokens[j+1].next) {
		if v.get(string(t.text(j))) == nil {
			return false
		}
	}
	find := t.finder(i)
	for _, m := range v.members {
		if j := find(m.key); j < 0 || !t.equals(j, m.value) {
			return false
		}
	}
	return true
}

// same compares two tokens of the payload.
func (t *tape) same(i, j int) bool {
	x, y := &t.tokens[i], &t.tokens[j]
	if x.kind != y.kind {
		return false
	}
	switch x.kind {
	case jsonBool:
		return x.flags&flagTrue == y.flags&flagTrue
	case jsonNumber:
		return sameNumber(string(t.raw(i)), string(t.raw(j)))
	case jsonString:
		if (x.flags|y.flags)&flagEscaped == 0 {
			return bytes.Equal(t.raw(i), t.raw(j))
		}
		return bytes.Equal(bytes.Clone(t.text(i)), t.text(j)) // both may want the scratch
	case jsonArray:
		if x.count != y.count {
			return false
		}
		for a, b := i+1, j+1; a < int(x.next); a, b = int(t.tokens[a].next), int(t.tokens[b].next) {
			if !t.same(a, b) {
				return false
			}
		}
	case jsonObject:
		return t.sameObject(i, j)
	}
	return true
}

// sameObject compares two objects by name. Each value is compared once, the last of a repeated name: a second look at every
// level of nesting would double the work with each.
func (t *tape) sameObject(i, j int) bool {
	x, y := &t.tokens[i], &t.tokens[j]
	inI, inJ := t.finder(i), t.finder(j)
	for b := j + 1; b < int(y.next); b = int(t.tokens[b+1].next) {
		if inI(string(t.text(b))) < 0 {
			return false
		}
	}
	for a := i + 1; a < int(x.next); a = int(t.tokens[a+1].next) {
		name := string(t.text(a))
		if inI(name) != a+1 {
			continue
		}
		if b := inJ(name); b < 0 || !t.same(a+1, b) {
			return false
		}
	}
	return true
}

// scanned is the number of members up to which a scan finds one as fast as a map.
const scanned = 16

// finder returns a function like member that stays fast for objects of any size.
func (t *tape) finder(i int) func(name string) int {
	x := &t.tokens[i]
	if x.count <= scanned {
		return func(name string) int { return t.member(i, name) }
	}
	places := make(map[string]int, x.count)
	for j := i + 1; j < int(x.next); j = int(t.tokens[j+1].next) {
		places[string(t.text(j))] = j + 1
	}
	return func(name string) int {
		if j, ok := places[name]; ok {
			return j
		}
		return -1
	}
}

// hash gives equal values equal hashes.
func (t *tape) hash(seed maphash.Seed, i int) uint64 {
	x := &t.tokens[i]
	switch x.kind {
	case jsonNumber:
		return maphash.String(seed, plainNumber(string(t.raw(i))))
	case jsonString:
		return maphash.Bytes(seed, t.text(i)) ^ 1
	case jsonArray:
		h := uint64(x.kind)
		for j := i + 1; j < int(x.next); j = int(t.tokens[j].next) {
			h = h*1099511628211 ^ t.hash(seed, j)
		}
		return h
	case jsonObject:
		h := uint64(x.kind)
		for j := i + 1; j < int(x.next); j = int(t.tokens[j+1].next) {
			name := maphash.Bytes(seed, t.text(j))
			h += (name ^ t.hash(seed, j+1)) * 1099511628211 // a sum, for the order of members does not count
		}
		return h
	}
	return uint64(x.kind)<<8 | uint64(x.flags)
}

// plainNumber spells equal numbers alike: digits without zeros at their ends, and the exponent.
func plainNumber(literal string) string {
	sign, digits, scale, _ := splitDecimal(literal)
	n := len(digits)
	for n > 1 && digits[n-1] == '0' {
		n--
	}
	if digits == "0" {
		return "0"
	}
	return sign + digits[:n] + "e" + strconv.FormatInt(int64(len(digits)-n)-scale, 10)
}
