package jsonschema

// keyword translates one keyword.
func (o *modernObject) keyword(name string, v *value) {
	switch name {
	case "type":
		o.types()
	case "enum":
		if e := o.typed(name, jsonArray); e != nil {
			o.yield(&node{kind: kindEnum, values: e.items})
		}
	case "const":
		o.yield(&node{kind: kindConst, values: []*value{v}})
	case "not":
		o.yield(&node{kind: kindNot, inner: o.sub(v)})
	case allOf, anyOf, oneOf:
		o.combination(name)
	case "$ref":
		o.ref(v)
	case "$dynamicRef":
		if o.typed(name, jsonString) != nil {
			o.dynamic = v
		}
	case "$defs":
		o.byName(name)
	case "if":
		n := &node{kind: kindConditional}
		for i, part := range [...]string{"if", "then", "else"} {
			if x := o.obj.get(part); x != nil {
				n.parts[i] = o.sub(x)
			}
		}
		o.yield(n)
	case "then", "else":
		if o.obj.get("if") == nil {
			o.sub(v)
		}
	case "default":
	case "format":
		if o.typed(name, jsonString) != nil {
			o.yield(generatedAllOf())
		}
	case "readOnly", "writeOnly":
		if is, _ := o.truth(name); is {
			o.yield(generatedAllOf())
		}
	default:
		o.facet(name, v)
	}
}

// facet translates the keywords of strings and numbers.
func (o *modernObject) facet(name string, v *value) {
	str := func(f stringFacets) { o.yield(&node{kind: kindString, str: &f}) }
	num := func(f numberFacets) { o.yield(&node{kind: kindNumber, num: &f}) }
	switch name {
	case "minLength":
		str(stringFacets{minLength: o.count(name)})
	case "maxLength":
		str(stringFacets{maxLength: o.count(name)})
	case "pattern":
		str(stringFacets{pattern: o.patternText()})
	case "minimum":
		num(numberFacets{minimum: o.num(name)})
	case "maximum":
		num(numberFacets{maximum: o.num(name)})
	case "exclusiveMinimum":
		num(numberFacets{exclusiveMinimum: o.num(name)})
	case "exclusiveMaximum":
		num(numberFacets{exclusiveMaximum: o.num(name)})
	case "multipleOf":
		num(numberFacets{multipleOf: o.num(name)})
	default:
		o.objectFacet(name, v)
	}
}

func (o *modernObject) objectFacet(name string, v *value) {
	obj := func(f objectFacets) *node { return &node{kind: kindObject, obj: &f} }
	switch name {
	case "properties":
		for _, p := range o.byName(name) {
			o.props = join(o.props, obj(objectFacets{properties: []property{p}}))
		}
	case "patternProperties":
		for _, p := range o.byName(name) {
			re := o.regex(v, p.name)
			o.patterns = join(o.patterns, obj(objectFacets{patterns: []patternProperty{{re, p.node}}}))
		}
	case "unevaluatedProperties":
		o.unevalPrs = obj(objectFacets{unevaluated: o.sub(v)})
	case "required":
		o.yield(obj(objectFacets{required: o.strings(name)}))
	case "minProperties":
		o.yield(obj(objectFacets{min: o.count(name)}))
	case "maxProperties":
		o.yield(obj(objectFacets{max: o.count(name)}))
	case "propertyNames":
		o.yield(obj(objectFacets{names: o.sub(v)}))
	case "additionalProperties":
		closed, n := o.additional(v)
		o.yield(obj(objectFacets{closed: closed, additional: n}))
	case "dependentRequired":
		o.yield(obj(objectFacets{propertyDeps: o.dependentRequired(name)}))
	case "dependentSchemas":
		o.yield(obj(objectFacets{schemaDeps: o.byName(name)}))
	default:
		o.arrayFacet(name, v)
	}
}

// additional reads a schema whose boolean forms mean open and closed.
func (o *modernObject) additional(v *value) (closed bool, n *node) {
	if v.kind == jsonBool {
		return !v.truth, nil
	}
	return false, o.sub(v)
}

func (o *modernObject) dependentRequired(name string) []propertyDep {
	v := o.typed(name, jsonObject)
	if v == nil {
		return nil
	}
	var out []propertyDep
	for _, m := range v.members {
		if m.value.kind != jsonArray {
			o.fail(m.value, "%s must hold arrays of strings, not %s", name, m.value.kind)
			return nil
		}
		if names := o.stringItems(name, m.value); len(names) > 0 {
			out = append(out, propertyDep{m.key, setOf(names)})
		}
	}
	return out
}

func (o *modernObject) arrayFacet(name string, v *value) {
	arr := func(f arrayFacets) *node { return &node{kind: kindArray, arr: &f} }
	switch name {
	case "items":
		o.items(v)
	case "prefixItems":
		o.yield(arr(arrayFacets{tuple: o.list(name)}))
	case "contains":
		o.contains(v)
	case "minItems":
		o.yield(arr(arrayFacets{min: o.count(name)}))
	case "maxItems":
		o.yield(arr(arrayFacets{max: o.count(name)}))
	case "uniqueItems":
		unique, _ := o.truth(name)
		o.yield(arr(arrayFacets{unique: unique}))
	case "unevaluatedItems":
		o.unevalIts = arr(arrayFacets{unevaluated: o.sub(v)})
	case "minContains", "maxContains":
		o.count(name) // counts only beside contains
	default:
		if want, silent := silentKeywords[name]; silent {
			o.typed(name, want)
			return
		}
		o.unknown = append(o.unknown, member{name, v})
	}
}

func (o *modernObject) items(v *value) {
	if v.kind == jsonArray {
		o.fail(v, "items must be one schema in this draft; describe the items of a tuple in prefixItems")
		return
	}
	f := arrayFacets{}
	closed, n := o.additional(v)
	prefix := o.obj.get("prefixItems")
	switch {
	case closed:
		f.closed = true
	case n != nil && prefix != nil && len(prefix.items) > 0:
		f.additional = n
	default:
		f.all = n
	}
	o.yield(&node{kind: kindArray, arr: &f})
}

func (o *modernObject) contains(v *value) {
	f := arrayFacets{contains: o.sub(v), minContains: numberOf(1)}
	if x := o.obj.get("minContains"); x != nil && x.finite() {
		f.minContains = newNumber(x.text).truncated()
	}
	if x := o.obj.get("maxContains"); x != nil && x.finite() {
		f.maxContains = newNumber(x.text).truncated()
	}
	o.yield(&node{kind: kindArray, arr: &f})
}

func (o *modernObject) types() {
	v := o.take("type")
	switch v.kind {
	case jsonString:
		if n := o.ofType(v); n != nil {
			o.yield(n)
		}
	case jsonArray:
		n := &node{kind: kindCombined, criterion: anyOf, generated: true}
		for _, x := range v.items {
			if m := o.ofType(x); m != nil {
				n.members = append(n.members, m)
			}
		}
		o.yield(n)
	default:
		o.fail(v, "type must be a string or an array of strings, not %s", v.kind)
	}
}

func (o *modernObject) ofType(v *value) *node {
	if v.kind == jsonString {
		switch v.text {
		case "string":
			return &node{kind: kindString, typed: true, str: &stringFacets{}}
		case "number", "integer":
			return &node{kind: kindNumber, typed: true, num: &numberFacets{integer: v.text == "integer"}}
		case "object":
			return &node{kind: kindObject, typed: true, obj: &objectFacets{}}
		case "array":
			return &node{kind: kindArray, typed: true, arr: &arrayFacets{}}
		case "boolean":
			return &node{kind: kindBoolean, typed: true}
		case "null":
			return &node{kind: kindNull, typed: true}
		}
	}
	o.fail(v, "unknown type %s", appendValue(nil, v, false))
	return nil
}

// combination translates allOf, anyOf and oneOf. A member that is itself a generated allOf is replaced by its parts, whatever
// the criterion: an accident that Confluent's verdicts depend on.
func (o *modernObject) combination(name string) {
	n := &node{kind: kindCombined, criterion: name}
	for _, m := range o.list(name) {
		if m != nil && m.generated && m.criterion == allOf {
			n.members = append(n.members, m.members...)
			continue
		}
		n.members = append(n.members, m)
	}
	o.yield(n)
}
