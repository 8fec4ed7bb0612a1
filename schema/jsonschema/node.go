package jsonschema

import "sort"

// kind is a node's kind in the model that comparisons see. Whether a text wrote "type" or only implied it by its keywords
// makes no difference to the kind.
type kind uint8

const (
	kindEmpty kind = iota
	kindTrue
	kindFalse
	kindString
	kindNumber
	kindBoolean
	kindNull
	kindObject
	kindArray
	kindCombined
	kindNot
	kindConst
	kindEnum
	kindConditional
	kindRef
)

// The criteria of combined nodes; they are keywords and path parts too.
const (
	allOf = "allOf"
	anyOf = "anyOf"
	oneOf = "oneOf"
)

// node is one schema of the model. The pointers that belong to other kinds are nil. Nodes are immutable once loaded and are
// compared by identity in memos.
type node struct {
	kind        kind
	typed       bool // the text wrote "type"; only duplicate detection sees it
	generated   bool // a combination that no keyword wrote, made of the parts of one object
	title       *string
	description *string
	id          *string
	def         *value
	extra       []member // unknown keywords

	str *stringFacets
	num *numberFacets
	obj *objectFacets
	arr *arrayFacets

	criterion string  // of a combination
	members   []*node // as written
	distinct  []*node // without repetitions

	inner  *node    // of not
	parts  [3]*node // if, then, else
	values []*value // of enum; of const, the only one
	ref    string   // of a ref: its resolved text

	print     fingerprint
	hasNoRefs bool // nothing below leads elsewhere, so equal prints mean equal schemas

	target *node // of a ref
}

type stringFacets struct {
	minLength, maxLength *number
	pattern              *string
	format               *string
}

type numberFacets struct {
	minimum, maximum                   *number
	exclusiveMinimum, exclusiveMaximum *number
	multipleOf                         *number
	integer                            bool
	strictMinimum, strictMaximum       bool // the boolean limits of draft-04, which comparisons do not see
}

type objectFacets struct {
	properties   []property // sorted by name once sealed
	required     []string   // sorted once sealed
	patterns     []patternProperty
	closed       bool // additional properties are not allowed
	additional   *node
	min, max     *number
	propertyDeps []propertyDep // sorted by name once sealed
	schemaDeps   []property    // sorted by name once sealed
	names        *node
	unevaluated  *node // modern drafts only
}

type property struct {
	name string
	node *node
}

type patternProperty struct {
	pattern *pattern
	node    *node
}

type propertyDep struct {
	name  string
	names map[string]bool
}

type arrayFacets struct {
	all                      *node
	tuple                    []*node
	closed                   bool
	additional               *node
	min, max                 *number
	minContains, maxContains *number
	unique                   bool
	contains                 *node
	unevaluated              *node
}

// empty reports whether the node takes anything: {} or true.
func (n *node) empty() bool { return n.kind == kindEmpty || n.kind == kindTrue }

// property returns the node of a property, or nil. The facets must be sealed.
func (o *objectFacets) property(name string) *node { return lookup(o.properties, name) }

func (o *objectFacets) requires(name string) bool {
	i := sort.SearchStrings(o.required, name)
	return i < len(o.required) && o.required[i] == name
}

func lookup(list []property, name string) *node {
	i := sort.Search(len(list), func(i int) bool { return list[i].name >= name })
	if i < len(list) && list[i].name == name {
		return list[i].node
	}
	return nil
}

// seal sorts what comparisons search. Of properties of one name the last stays.
func (o *objectFacets) seal() {
	o.properties = sortedProperties(o.properties)
	o.schemaDeps = sortedProperties(o.schemaDeps)
	sort.Strings(o.required)
	sort.SliceStable(o.propertyDeps, func(i, j int) bool { return o.propertyDeps[i].name < o.propertyDeps[j].name })
}

func sortedProperties(list []property) []property {
	sort.SliceStable(list, func(i, j int) bool { return list[i].name < list[j].name })
	out := list[:0]
	for i := range list {
		if i+1 < len(list) && list[i+1].name == list[i].name {
			continue
		}
		out = append(out, list[i])
	}
	return out
}

// children calls visit for each node directly below n, except a ref's target.
func (n *node) children(visit func(*node)) {
	for _, x := range [...]*node{n.inner, n.parts[0], n.parts[1], n.parts[2]} {
		if x != nil {
			visit(x)
		}
	}
	for _, x := range n.members {
		visit(x)
	}
	if n.obj != nil {
		n.obj.children(visit)
	}
	if n.arr != nil {
		n.arr.children(visit)
	}
}

func (o *objectFacets) children(visit func(*node)) {
	for _, p := range o.properties {
		visit(p.node)
	}
	for _, p := range o.patterns {
		visit(p.node)
	}
	for _, p := range o.schemaDeps {
		visit(p.node)
	}
	for _, x := range [...]*node{o.additional, o.names, o.unevaluated} {
		if x != nil {
			visit(x)
		}
	}
}

func (a *arrayFacets) children(visit func(*node)) {
	for _, x := range a.tuple {
		visit(x)
	}
	for _, x := range [...]*node{a.all, a.additional, a.contains, a.unevaluated} {
		if x != nil {
			visit(x)
		}
	}
}
