package jsonschema

func (l *classicObject) stringNode() *node {
	return &node{kind: kindString, str: &stringFacets{
		minLength: l.count32("minLength"), maxLength: l.count32("maxLength"), pattern: l.patternText(), format: l.str("format"),
	}}
}

func (l *classicObject) numberNode(integer bool) *node {
	f := &numberFacets{integer: integer, minimum: l.num("minimum"), maximum: l.num("maximum")}
	if l.scope.draft == draft04 {
		f.strictMinimum, _ = l.truth("exclusiveMinimum")
		f.strictMaximum, _ = l.truth("exclusiveMaximum")
	} else {
		f.exclusiveMinimum, f.exclusiveMaximum = l.num("exclusiveMinimum"), l.num("exclusiveMaximum")
	}
	at := l.obj.get("multipleOf")
	if f.multipleOf = l.num("multipleOf"); f.multipleOf != nil && f.multipleOf.unscaled.Sign() == 0 {
		l.fail(at, "multipleOf must not be 0")
	}
	return &node{kind: kindNumber, num: f}
}

func (l *classicObject) sub(v *value) *node {
	if l.err != nil {
		return nil
	}
	n, err := l.load(v, l.scope)
	if err != nil && l.err == nil {
		l.err = err
	}
	return n
}

func (l *classicObject) optional(name string) *node {
	if v := l.take(name); v != nil {
		return l.sub(v)
	}
	return nil
}

func (l *classicObject) list(v *value) []*node {
	out := make([]*node, 0, len(v.items))
	for _, x := range v.items {
		out = append(out, l.sub(x))
	}
	return out
}

// additional reads additionalProperties or additionalItems.
func (l *classicObject) additional(name string) (closed bool, n *node) {
	v := l.take(name)
	switch {
	case v == nil:
		return false, nil
	case v.kind == jsonBool:
		return !v.truth, nil
	case v.kind == jsonObject:
		return false, l.sub(v)
	}
	l.fail(v, "%s must be a schema or a boolean, not %s", name, v.kind)
	return false, nil
}

func (l *classicObject) array() *node {
	f := &arrayFacets{min: l.count32("minItems"), max: l.count32("maxItems")}
	f.unique, _ = l.truth("uniqueItems")
	f.closed, f.additional = l.additional("additionalItems")
	if v := l.take("items"); v != nil {
		switch {
		case v.kind == jsonObject, v.kind == jsonBool && l.scope.draft != draft04:
			f.all, f.closed = l.sub(v), false
		case v.kind == jsonArray:
			f.tuple = l.list(v)
		default:
			l.fail(v, "items must be a schema or an array of schemas, not %s", v.kind)
		}
	}
	if l.scope.draft != draft04 {
		f.contains = l.optional("contains")
	}
	return &node{kind: kindArray, arr: f}
}

func (l *classicObject) objectNode() *node {
	f := &objectFacets{min: l.count32("minProperties"), max: l.count32("maxProperties"), required: l.strings("required")}
	f.closed, f.additional = l.additional("additionalProperties")
	if v := l.typed("properties", jsonObject); v != nil {
		for _, m := range v.members {
			if m.key == l.scope.draft.idKeyword() && m.value.kind != jsonObject {
				continue
			}
			f.properties = append(f.properties, property{m.key, l.sub(m.value)})
		}
	}
	if v := l.typed("patternProperties", jsonObject); v != nil {
		for _, m := range v.members {
			f.patterns = append(f.patterns, patternProperty{l.regex(m.value, m.key), l.sub(m.value)})
		}
	}
	l.dependencies(f)
	if l.scope.draft != draft04 {
		f.names = l.optional("propertyNames")
	}
	return &node{kind: kindObject, obj: f}
}

func (l *classicObject) dependencies(f *objectFacets) {
	v := l.typed("dependencies", jsonObject)
	if v == nil {
		return
	}
	for _, m := range v.members {
		if m.value.kind != jsonArray {
			f.schemaDeps = append(f.schemaDeps, property{m.key, l.sub(m.value)})
			continue
		}
		if names := l.stringItems("dependencies", m.value); len(names) > 0 {
			f.propertyDeps = append(f.propertyDeps, propertyDep{m.key, setOf(names)})
		}
	}
}

func setOf(names []string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = true
	}
	return out
}
