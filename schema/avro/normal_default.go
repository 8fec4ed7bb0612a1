package avro

import (
	"math"
	"strconv"
)

// javaDefault returns a default as Confluent's normal form has it, or nil if it has none there. The normal form is made of
// Java objects (JacksonUtils.toObject): a union's default is read as its first branch, floats are rounded to 32 bits, and what
// has no Java object is dropped, such as the default of a later branch of another kind and integers that are no long below the largest.
func javaDefault(t *node, v *value) *value {
	if t != nil && t.kind == kindUnion {
		if len(t.branches) == 0 {
			return v
		}
		return javaDefault(t.branches[0], v)
	}
	switch v.kind {
	case jsonInt:
		return javaInteger(t, v)
	case jsonFloat:
		return javaFloat(t, v)
	case jsonString:
		return javaText(t, v)
	case jsonArray, jsonObject:
		return javaElements(t, v)
	}
	return v
}

func is(t *node, kinds ...kind) bool {
	for _, k := range kinds {
		if t != nil && t.kind == k {
			return true
		}
	}
	return false
}

func javaInteger(t *node, v *value) *value {
	n, err := strconv.ParseInt(v.text, 10, 64)
	switch {
	case err != nil || n == math.MaxInt64: // Confluent also loses the largest long
		return nil
	case t == nil || is(t, kindInt, kindLong):
		return v
	case is(t, kindFloat, kindDouble):
		return javaFloat(t, &value{kind: jsonFloat, pos: v.pos, text: v.text})
	}
	return nil
}

func javaFloat(t *node, v *value) *value {
	switch {
	case t == nil || is(t, kindDouble):
		return v
	case is(t, kindFloat):
		text := strconv.FormatFloat(float64(float32(parseDouble(v.text))), 'g', -1, 32)
		return &value{kind: jsonFloat, pos: v.pos, text: text}
	}
	return nil
}

func javaText(t *node, v *value) *value {
	switch {
	case t == nil || is(t, kindString, kindEnum):
		return v
	case is(t, kindBytes, kindFixed):
		return &value{kind: jsonString, pos: v.pos, text: latin1(v.text)}
	}
	return nil
}

// latin1 replaces the characters that ISO 8859-1 does not have by question marks.
func latin1(s string) string {
	out := []rune(s)
	for i, c := range out {
		if c > 0xFF {
			out[i] = '?'
		}
	}
	return string(out)
}

// javaElements converts each element. Those without a Java object stay as they are: Confluent fails there.
func javaElements(t *node, v *value) *value {
	out := *v
	out.elems = make([]member, len(v.elems))
	for i, m := range v.elems {
		out.elems[i] = m
		if e := javaDefault(elementType(t, m.key), &v.elems[i].val); e != nil {
			out.elems[i].val = *e
		}
	}
	return &out
}

func elementType(t *node, key string) *node {
	switch {
	case is(t, kindArray, kindMap):
		return t.items
	case is(t, kindRecord):
		if i := t.named.field(key); i >= 0 {
			return t.named.fields[i].typ
		}
	}
	return nil
}
