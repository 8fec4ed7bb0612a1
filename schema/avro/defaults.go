package avro

import "strconv"

// Bounds of one judgement of all defaults of a text: a default of a record can lean on the defaults of its fields, and those
// on others, without end.
const (
	maxJudgement    = 1 << 20 // values looked at
	maxDefaultDepth = 512
)

// judge decides whether defaults fit their types, by the rules of Java's Schema.isValidDefault: texts are not compared with
// symbols or sizes, and a union takes a value of any of its branches.
type judge struct {
	spent  int
	unsure bool // met a type that is not defined yet
	open   bool // met a record whose fields are still being read
}

func (j *judge) fits(t *node, v *value, depth int) bool {
	if j.spent++; j.spent > maxJudgement || depth > maxDefaultDepth || v == nil {
		return false
	}
	if t == nil {
		j.unsure = true
		return v.kind == jsonObject
	}
	switch t.kind {
	case kindNull:
		return v.kind == jsonNull
	case kindBoolean:
		return v.kind == jsonBool
	case kindInt:
		return fitsInt(v, 32)
	case kindLong:
		return fitsInt(v, 64)
	case kindFloat, kindDouble:
		return v.kind == jsonInt || v.kind == jsonFloat
	case kindBytes, kindString, kindFixed, kindEnum:
		return v.kind == jsonString
	case kindArray:
		return v.kind == jsonArray && j.all(t.items, v, depth)
	case kindMap:
		return v.kind == jsonObject && j.all(t.items, v, depth)
	case kindRecord:
		return v.kind == jsonObject && j.record(t.named, v, depth)
	}
	for _, b := range t.branches {
		if j.fits(b, v, depth+1) {
			return true
		}
	}
	return false
}

func fitsInt(v *value, bits int) bool {
	if v.kind != jsonInt {
		return false
	}
	_, err := strconv.ParseInt(v.text, 10, bits)
	return err == nil
}

func (j *judge) all(items *node, v *value, depth int) bool {
	for i := range v.elems {
		if !j.fits(items, &v.elems[i].val, depth+1) {
			return false
		}
	}
	return true
}

func (j *judge) record(r *named, v *value, depth int) bool {
	if r.open {
		j.open = true
		return false
	}
	for i := range r.fields {
		f := &r.fields[i]
		fv := v.get(f.name)
		if fv == nil {
			fv = f.def
		}
		if !j.fits(f.typ, fv, depth+1) {
			return false
		}
	}
	return true
}
