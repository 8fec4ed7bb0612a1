package jsonschema

import "strconv"

// widerFormats are the formats that take all that another takes.
var widerFormats = map[[2]string]bool{
	{"uri", "uri-reference"}: true, {"uri", "iri"}: true, {"uri", "iri-reference"}: true, {"uri-reference", "iri-reference"}: true,
	{"iri", "iri-reference"}: true,
}

func (x *warner) format(o, u *stringFacets, path string) {
	if u.format == nil || o.format != nil && (*o.format == *u.format || widerFormats[[2]string{*o.format, *u.format}]) {
		return
	}
	if since, known := formatSince[*u.format]; known && x.draft != modernDraft && since <= x.draft {
		x.warn(warnFormat, under(path, "format"))
	}
}

func (x *warner) numbers(o, u *numberFacets, path string) {
	was, is := o.exclusiveMaximum, u.exclusiveMaximum
	if was != nil && is != nil && u.maximum != nil && is.compare(was) < 0 && was.compare(u.maximum) <= 0 &&
		(o.maximum == nil || o.maximum.compare(is) >= 0) {
		x.warn(warnExclusive, under(path, "exclusiveMaximum"))
	}
	if u.strictMaximum && !o.strictMaximum && sameLimit(o.maximum, u.maximum) && (was == nil || was.compare(u.maximum) > 0) {
		x.warn(warnBoolean, under(path, "exclusiveMaximum"))
	}
	low := o.exclusiveMinimum
	if u.strictMinimum && !o.strictMinimum && sameLimit(o.minimum, u.minimum) && (low == nil || low.compare(u.minimum) < 0) {
		x.warn(warnBoolean, under(path, "exclusiveMinimum"))
	}
}

func sameLimit(o, u *number) bool { return o != nil && u != nil && o.compare(u) == 0 }

// condition compares then and else where if is the same, and distrusts every other change.
func (x *warner) condition(o, u [3]*node, path string) {
	if u[0] == nil {
		return // then and else alone say nothing
	}
	if x.reads(o[0], u[0]) && x.reads(u[0], o[0]) {
		for i, name := range [...]string{1: "then", 2: "else"} {
			if i > 0 && !x.reads(o[i], u[i]) {
				x.warn(warnCondition, under(path, name))
			} else if i > 0 {
				x.visit(o[i], u[i], under(path, name))
			}
		}
		return
	}
	if !x.reads(nil, u[1]) || !x.reads(nil, u[2]) {
		x.warn(warnCondition, under(path, "if"))
	}
}

func (x *warner) objects(o, u *objectFacets, path string) {
	x.required(o, u, path)
	if u.names != nil && !x.reads(o.names, u.names) {
		x.warn(warnNames, under(path, "propertyNames"))
	}
	for _, p := range u.patterns {
		x.pattern(o, p, path)
	}
	for _, p := range u.properties {
		if x.exceeded {
			return
		}
		x.visit(o.property(p.name), p.node, under(path, "properties/"+p.name))
	}
	for _, d := range u.schemaDeps {
		x.visit(lookup(o.schemaDeps, d.name), d.node, under(path, "dependencies/"+d.name))
	}
	x.visit(o.additional, u.additional, under(path, "additionalProperties"))
	x.visit(o.unevaluated, u.unevaluated, under(path, "unevaluatedProperties"))
}

// required looks at the names that the rules do not compare, and at those that they forgive for a default.
func (x *warner) required(o, u *objectFacets, path string) {
	for _, name := range u.required {
		if o.requires(name) {
			continue
		}
		was, is := o.property(name), u.property(name)
		at := under(path, "required/"+name)
		switch {
		case is == nil, was == nil && o.open() && is.empty():
			x.warn(warnRequired, at)
		case is.def != nil && (was != nil || !o.open() || tolerated("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL", x.policy)):
			x.warn(warnDefault, at)
		}
	}
}

// pattern compares a pattern's schema with all that stood where its names may stand.
func (x *warner) pattern(o *objectFacets, p patternProperty, path string) {
	at := under(path, "patternProperties/"+p.pattern.text)
	for _, was := range o.patterns {
		if was.pattern.text == p.pattern.text {
			if !x.reads(was.node, p.node) {
				x.warn(warnPatterns, at)
				return
			}
			x.visit(was.node, p.node, at)
			return
		}
	}
	if !o.closed && !x.reads(o.additional, p.node) || x.matched(o, p) {
		x.warn(warnPatterns, at)
	}
}

// matched reports whether a property that the original describes comes under the pattern and does not fit it.
func (x *warner) matched(o *objectFacets, p patternProperty) bool {
	for _, was := range o.properties {
		if !x.step(1) {
			return false
		}
		if found, err := p.pattern.find(was.name); found && err == nil && !x.reads(was.node, p.node) {
			return true
		}
	}
	return false
}

func (x *warner) arrays(o, u *arrayFacets, path string) {
	if u.contains != nil && !x.contained(o, u) {
		x.warn(warnContains, under(path, "contains"))
	}
	x.visit(o.all, u.all, under(path, "items"))
	for i := range min(len(o.tuple), len(u.tuple)) {
		x.visit(o.tuple[i], u.tuple[i], under(path, itemsAt+strconv.Itoa(i)))
	}
	x.visit(o.additional, u.additional, under(path, "additionalItems"))
	x.visit(o.unevaluated, u.unevaluated, under(path, "unevaluatedItems"))
}

// contained reports whether the update's contains asks for nothing new, or for what the rules refuse anyway.
func (x *warner) contained(o, u *arrayFacets) bool {
	switch {
	case x.draft == modernDraft && o.minContains == nil:
		return true // compared as minContains
	case x.draft == modernDraft && u.minContains != nil && u.minContains.unscaled.Sign() == 0:
		return true
	case o.contains == nil:
		return false
	}
	return x.reads(o.contains, u.contains)
}
