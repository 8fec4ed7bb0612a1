package jsonschema

import "math"

func (o *objectCompiler) object() *objectCheck {
	f := &objectCheck{index: map[string]int{}, min: o.limit("minProperties"), max: o.limit("maxProperties")}
	if v := o.typed("properties", jsonObject); v != nil {
		for _, m := range v.members {
			if m.value.kind != jsonObject && m.value.kind != jsonBool && m.key == o.scope.draft.idKeyword() {
				continue // the classic loader skips it too
			}
			f.describe(m.key, o.sub(m.value))
		}
	}
	for _, name := range o.strings("required") {
		f.require(f.describe(name, nil))
	}
	if v := o.typed("patternProperties", jsonObject); v != nil {
		for _, m := range v.members {
			f.patterns = append(f.patterns, patternCheck{o.regex(m.value, m.key), o.sub(m.value)})
		}
	}
	f.extra = o.optional("additionalProperties")
	if o.from(draft06) {
		f.names = o.optional("propertyNames")
	}
	o.dependencies(f)
	if o.modernDraft() {
		o.check.unevaluatedProperties = o.optional("unevaluatedProperties")
	}
	f.touched = len(f.patterns) > 0 || f.extra != nil || f.names != nil
	if len(f.props) == 0 && !f.touched && f.min < 0 && f.max < 0 && len(f.needs) == 0 {
		return nil
	}
	return f
}

// describe returns the place of a property, making it if it is new.
func (f *objectCheck) describe(name string, x *check) int {
	i, known := f.index[name]
	if !known {
		i = len(f.props)
		f.index[name] = i
		f.props = append(f.props, propertyCheck{name: name, check: x})
	}
	return i
}

func (f *objectCheck) require(i int) {
	for len(f.required) <= i/64 {
		f.required = append(f.required, 0)
	}
	f.required[i/64] |= 1 << (i % 64)
}

func (o *objectCompiler) dependencies(f *objectCheck) {
	keywords := []string{"dependencies"}
	if o.modernDraft() {
		keywords = []string{"dependentRequired", "dependentSchemas"}
	}
	for _, keyword := range keywords {
		v := o.typed(keyword, jsonObject)
		if v == nil {
			continue
		}
		for _, m := range v.members {
			d := dependency{keyword: keyword, name: m.key}
			if m.value.kind == jsonArray {
				d.names = o.stringItems(keyword, m.value)
			} else {
				d.check = o.sub(m.value)
			}
			f.needs = append(f.needs, d)
		}
	}
}

func (o *objectCompiler) array() *arrayCheck {
	f := &arrayCheck{min: o.limit("minItems"), max: o.limit("maxItems"), minimum: -1, maximum: -1, restName: "items", tupleName: "items"}
	f.unique, _ = o.truth("uniqueItems")
	items := o.take("items")
	switch {
	case o.modernDraft():
		f.tuple, f.tupleName = o.list("prefixItems"), "prefixItems"
		if items != nil {
			f.rest = o.sub(items)
		}
	case items != nil && items.kind == jsonArray:
		for _, x := range items.items {
			f.tuple = append(f.tuple, o.sub(x))
		}
		f.rest, f.restName = o.optional("additionalItems"), "additionalItems"
	case items != nil:
		f.rest = o.sub(items)
	}
	o.contains(f)
	if o.modernDraft() {
		o.check.unevaluatedItems = o.optional("unevaluatedItems")
	}
	if f.min < 0 && f.max < 0 && !f.unique && len(f.tuple) == 0 && f.rest == nil && f.contains == nil {
		return nil
	}
	return f
}

func (o *objectCompiler) contains(f *arrayCheck) {
	if !o.from(draft06) {
		return
	}
	if f.contains = o.optional("contains"); f.contains == nil {
		return
	}
	f.minimum, f.maximum = 1, math.MaxInt32
	if !o.modernDraft() {
		return
	}
	f.marks = !o.dialect.recursive
	if n := o.limit("minContains"); n >= 0 {
		f.minimum = n
	}
	if n := o.limit("maxContains"); n >= 0 {
		f.maximum = n
	}
}
