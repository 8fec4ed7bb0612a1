package jsonschema

// objects compares two objects in the order in which Confluent lists their differences.
func (c *comparer) objects(r *result, o, u *objectFacets) {
	c.required(r, o, u)
	c.properties(r, o, u)
	c.dependencies(r, o, u)
	c.additional(r, side{o.closed, o.additional}, side{u.closed, u.additional}, "ADDITIONAL_PROPERTIES", "additionalProperties")
	c.unevaluated(r, o.unevaluated, u.unevaluated, "UNEVALUATED_PROPERTIES", "unevaluatedProperties")
	c.bound(r, o.max, u.max, "MAX_PROPERTIES", "maxProperties")
	c.bound(r, o.min, u.min, "MIN_PROPERTIES", "minProperties")
}

// required compares the demand for properties that both sides describe; other required names are not compared.
func (c *comparer) required(r *result, o, u *objectFacets) {
	for _, p := range u.properties {
		if o.property(p.name) == nil {
			continue
		}
		switch was, is := o.requires(p.name), u.requires(p.name); {
		case was && !is:
			c.addAt(r, "REQUIRED_ATTRIBUTE_REMOVED", "required/", p.name)
		case !was && is && p.node.def != nil:
			c.addAt(r, "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED", "required/", p.name)
		case !was && is:
			c.addAt(r, "REQUIRED_ATTRIBUTE_ADDED", "required/", p.name)
		}
	}
}

// properties walks both sorted lists at once.
func (c *comparer) properties(r *result, o, u *objectFacets) {
	i, j := 0, 0
	for i < len(o.properties) || j < len(u.properties) {
		switch {
		case j == len(u.properties) || i < len(o.properties) && o.properties[i].name < u.properties[j].name:
			c.propertyRemoved(r, o.properties[i], u)
			i++
		case i == len(o.properties) || u.properties[j].name < o.properties[i].name:
			c.propertyAdded(r, o, u, u.properties[j])
			j++
		default:
			c.child(r, o.properties[i].node, u.properties[j].node, "properties/", u.properties[j].name)
			i++
			j++
		}
	}
}

func (c *comparer) propertyRemoved(r *result, p property, u *objectFacets) {
	const at = "properties/"
	if u.open() {
		c.addAt(r, "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", at, p.name)
		return
	}
	if cover := u.cover(p.name); cover != nil {
		c.covered(r, p.node, cover, at, p.name, "PROPERTY_REMOVED")
		return
	}
	if p.node.kind == kindFalse {
		c.addAt(r, "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", at, p.name)
		return
	}
	c.addAt(r, "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", at, p.name)
}

// covered compares with the schema that stands in for an absent property or item, and says which way it went.
func (c *comparer) covered(r *result, o, u *node, prefix, name, what string) {
	below := c.compare(o, u)
	c.graft(r, below, prefix, name)
	if below.ok() {
		c.addAt(r, what+"_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", prefix, name)
	} else {
		c.addAt(r, what+"_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", prefix, name)
	}
}

func (c *comparer) propertyAdded(r *result, o, u *objectFacets, p property) {
	const at = "properties/"
	model := "_ADDED_TO_OPEN_CONTENT_MODEL"
	if o.open() {
		if p.node.empty() {
			c.addAt(r, "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", at, p.name)
			return
		}
	} else {
		if cover := o.cover(p.name); cover != nil {
			c.covered(r, cover, p.node, at, p.name, "PROPERTY_ADDED")
		}
		model = "_ADDED_TO_UNOPEN_CONTENT_MODEL"
	}
	switch {
	case !u.requires(p.name):
		c.addAt(r, "OPTIONAL_PROPERTY"+model, at, p.name)
	case p.node.def != nil:
		c.addAt(r, "REQUIRED_PROPERTY_WITH_DEFAULT"+model, at, p.name)
	default:
		c.addAt(r, "REQUIRED_PROPERTY"+model, at, p.name)
	}
}

// open reports whether the object takes any further property.
func (o *objectFacets) open() bool {
	return !o.closed && o.additional == nil && len(o.patterns) == 0 && (o.unevaluated == nil || o.unevaluated.empty())
}

// cover returns the schema that a property without its own would meet, or nil. The first pattern that matches decides; one
// that cannot be matched in time covers nothing.
func (o *objectFacets) cover(name string) *node {
	for _, p := range o.patterns {
		if found, err := p.pattern.find(name); found && err == nil {
			return p.node
		}
	}
	return coverOf(o.closed, o.additional, o.unevaluated)
}

func coverOf(closed bool, additional, unevaluated *node) *node {
	if additional != nil {
		return additional
	}
	if !closed && unevaluated != nil && unevaluated.kind != kindFalse && !unevaluated.empty() {
		return unevaluated
	}
	return nil
}

func (c *comparer) dependencies(r *result, o, u *objectFacets) {
	was, is := dependencyMap(o.propertyDeps), dependencyMap(u.propertyDeps)
	for _, d := range o.propertyDeps {
		if is[d.name] == nil {
			c.addAt(r, "DEPENDENCY_ARRAY_REMOVED", "dependencies/", d.name)
		}
	}
	for _, d := range u.propertyDeps {
		old := was[d.name]
		if old == nil {
			c.addAt(r, "DEPENDENCY_ARRAY_ADDED", "dependencies/", d.name)
			continue
		}
		switch grown, shrunk := !subset(is[d.name], old), !subset(old, is[d.name]); {
		case grown && shrunk:
			c.addAt(r, "DEPENDENCY_ARRAY_CHANGED", "dependencies/", d.name)
		case grown:
			c.addAt(r, "DEPENDENCY_ARRAY_EXTENDED", "dependencies/", d.name)
		case shrunk:
			c.addAt(r, "DEPENDENCY_ARRAY_NARROWED", "dependencies/", d.name)
		}
	}
	c.schemaDependencies(r, o, u)
}

func dependencyMap(list []propertyDep) map[string]map[string]bool {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]map[string]bool, len(list))
	for _, d := range list {
		out[d.name] = d.names
	}
	return out
}

func (c *comparer) schemaDependencies(r *result, o, u *objectFacets) {
	for _, d := range o.schemaDeps {
		if lookup(u.schemaDeps, d.name) == nil {
			c.addAt(r, "DEPENDENCY_SCHEMA_REMOVED", "dependencies/", d.name)
		}
	}
	for _, d := range u.schemaDeps {
		if old := lookup(o.schemaDeps, d.name); old == nil {
			c.addAt(r, "DEPENDENCY_SCHEMA_ADDED", "dependencies/", d.name)
		} else {
			c.child(r, old, d.node, "dependencies/", d.name)
		}
	}
}

// side is one side's additionalProperties or additionalItems.
type side struct {
	closed bool
	node   *node
}

func (c *comparer) additional(r *result, o, u side, name, keyword string) {
	switch {
	case o.closed && !u.closed:
		c.add(r, name+"_ADDED", keyword)
	case u.closed && !o.closed:
		c.add(r, name+"_REMOVED", keyword)
	case o.node == nil && u.node != nil:
		c.add(r, name+"_NARROWED", keyword)
	case u.node == nil && o.node != nil:
		c.add(r, name+"_EXTENDED", keyword)
	default:
		c.child(r, o.node, u.node, keyword, "")
	}
}

func (c *comparer) unevaluated(r *result, o, u *node, name, keyword string) {
	no := func(n *node) bool { return n.kind == kindFalse }
	switch {
	case o == nil && u == nil:
	case o == nil && no(u):
		c.add(r, name+"_REMOVED", keyword)
	case o == nil:
		c.add(r, name+"_NARROWED", keyword)
	case u == nil && no(o):
		c.add(r, name+"_ADDED", keyword)
	case u == nil:
		c.add(r, name+"_EXTENDED", keyword)
	case no(o) && !no(u):
		c.add(r, name+"_ADDED", keyword)
	case no(u) && !no(o):
		c.add(r, name+"_REMOVED", keyword)
	case o.empty() && !u.empty():
		c.add(r, name+"_NARROWED", keyword)
	case u.empty() && !o.empty():
		c.add(r, name+"_EXTENDED", keyword)
	default:
		c.child(r, o, u, keyword, "")
	}
}
