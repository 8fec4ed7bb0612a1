package jsonschema

import "math"

// objectCompiler compiles one schema object.
type objectCompiler struct {
	*compiler
	*keywords
	scope scope
	check *check
}

func (o *objectCompiler) modernDraft() bool { return o.dialect.draft == modernDraft }

// from reports whether the subschema's draft knows the keywords that a draft introduced.
func (o *objectCompiler) from(d draft) bool { return o.scope.draft >= d }

func (o *objectCompiler) compile() {
	if v := o.typed("$ref", jsonString); v != nil {
		o.check.ref = o.reference(v)
		if !o.modernDraft() {
			return // the classic drafts ignore what stands beside $ref
		}
	}
	if o.modernDraft() {
		o.dynamicReferences()
	}
	o.types()
	o.enums()
	o.combinations()
	o.check.number = o.number()
	o.check.str = o.str()
	o.check.object = o.object()
	o.check.array = o.array()
	if !o.modernDraft() {
		o.check.format = o.format()
	}
}

func (o *objectCompiler) reference(at *value) *check {
	if o.err != nil {
		return nil
	}
	x, _, err := o.target(at, o.scope)
	if err != nil && o.err == nil {
		o.err = err
	}
	return x
}

// dynamicReferences compiles $dynamicRef and, in 2019-09, $recursiveRef. Either is a plain reference unless its target is an
// anchor of the same kind.
func (o *objectCompiler) dynamicReferences() {
	if v := o.typed("$dynamicRef", jsonString); v != nil {
		o.dynamicReference(v, "$dynamicAnchor", fragmentOf(v.text))
	}
	if v := o.obj.get("$recursiveRef"); v != nil && v.kind == jsonString && o.dialect.recursive {
		o.dynamicReference(v, "$recursiveAnchor", "")
	}
}

func (o *objectCompiler) dynamicReference(at *value, keyword, anchor string) {
	if o.err != nil {
		return
	}
	x, target, err := o.target(at, o.scope)
	if err != nil {
		o.err = err
		return
	}
	d := &dynamicCheck{static: x, anchor: anchor, recursive: anchor == ""}
	mark := target.get(keyword)
	if mark != nil && (mark.kind == jsonString && mark.text == anchor || mark.kind == jsonBool && mark.truth) {
		o.dynamic = true
	} else {
		d.recursive, d.anchor = false, ""
	}
	o.check.dynamic = d
}

func (o *objectCompiler) types() {
	v := o.take("type")
	if v == nil {
		return
	}
	list := v.items
	if v.kind == jsonString {
		list = []*value{v}
	}
	for _, x := range list {
		set, known := typeSets[x.text]
		if !known || x.kind != jsonString {
			o.fail(x, "unknown type")
			return
		}
		o.check.types |= set
	}
	if len(list) == 0 {
		o.check.never = true // a value of no type
	}
}

func (o *objectCompiler) enums() {
	if v := o.typed("enum", jsonArray); v != nil {
		o.check.enum = newEnum("enum", v.items)
	}
	if v := o.take("const"); v != nil && o.from(draft06) {
		constant := newEnum("const", []*value{v})
		if o.check.enum == nil {
			o.check.enum = constant
		} else {
			o.check.all = append(o.check.all, &check{enum: constant})
		}
	}
}

func newEnum(keyword string, values []*value) *enumCheck {
	e := &enumCheck{keyword: keyword, strings: map[string]bool{}}
	for _, v := range values {
		if v.kind == jsonString {
			e.strings[v.text] = true
		} else {
			e.others = append(e.others, v)
		}
	}
	return e
}

func (o *objectCompiler) combinations() {
	o.check.all = append(o.check.all, o.list(allOf)...)
	o.check.any, o.check.one = o.list(anyOf), o.list(oneOf)
	o.check.not = o.optional("not")
	if o.from(draft07) {
		if o.check.cond = o.optional("if"); o.check.cond != nil {
			o.check.then, o.check.otherwise = o.optional("then"), o.optional("else")
		}
	}
}

func (o *objectCompiler) sub(v *value) *check {
	if o.err != nil {
		return nil
	}
	x, err := o.compiler.compile(v, o.scope)
	if err != nil && o.err == nil {
		o.err = err
	}
	return x
}

func (o *objectCompiler) optional(name string) *check {
	if v := o.take(name); v != nil {
		return o.sub(v)
	}
	return nil
}

func (o *objectCompiler) list(name string) []*check {
	v := o.typed(name, jsonArray)
	if v == nil {
		return nil
	}
	out := make([]*check, 0, len(v.items))
	for _, x := range v.items {
		out = append(out, o.sub(x))
	}
	return out
}

// limit reads a count; -1 is none. A limit beyond what a payload can hold is as good as the largest.
func (o *objectCompiler) limit(name string) int {
	n := o.count(name)
	if n == nil {
		return -1
	}
	if n.compare(numberOf(0)) < 0 {
		return 0
	}
	if n.compare(numberOf(math.MaxInt32)) > 0 {
		return math.MaxInt32
	}
	small := n.unscaled.Int64()
	for range -n.scale {
		small *= 10 // 1e2
	}
	return int(small)
}

func (o *objectCompiler) bound(name string) *bound {
	if n := o.num(name); n != nil {
		return newBound(n)
	}
	return nil
}

func (o *objectCompiler) number() *numberCheck {
	f := numberCheck{minimum: o.bound("minimum"), maximum: o.bound("maximum"), multipleOf: o.bound("multipleOf")}
	if o.scope.draft == draft04 {
		if is, _ := o.truth("exclusiveMinimum"); is {
			f.minimum, f.exclusiveMinimum = nil, f.minimum
		}
		if is, _ := o.truth("exclusiveMaximum"); is {
			f.maximum, f.exclusiveMaximum = nil, f.maximum
		}
	} else {
		f.exclusiveMinimum, f.exclusiveMaximum = o.bound("exclusiveMinimum"), o.bound("exclusiveMaximum")
	}
	if f == (numberCheck{}) {
		return nil
	}
	return &f
}

func (o *objectCompiler) str() *stringCheck {
	f := stringCheck{min: o.limit("minLength"), max: o.limit("maxLength")}
	if v := o.typed("pattern", jsonString); v != nil {
		f.pattern = o.regex(v, v.text)
	}
	if f == (stringCheck{min: -1, max: -1}) {
		return nil
	}
	return &f
}
