package protobuf

// typeKind is the coarse class of a field's type.
type typeKind uint8

const (
	scalarKind typeKind = iota
	messageKind
	mapKind
)

var kindWords = [...]string{"a scalar or enum", "a message", "a map"}

// fieldType is a type as one side of a comparison sees it.
type fieldType struct {
	kind     typeKind
	written  string
	group    string  // of scalars and enums
	found    located // of messages
	resolved bool
	key, val string // of maps
}

// scalarGroups are the scalars that can be read for each other; floats and doubles only for themselves.
var scalarGroups = map[string]string{
	"int32": "int", "int64": "int", "uint32": "int", "uint64": "int", "bool": "int", "sint32": "sint", "sint64": "sint",
	"string": "string", "bytes": "string", "fixed32": "fixed32", "sfixed32": "fixed32", "fixed64": "fixed64", "sfixed64": "fixed64",
	"float": "float", "double": "double",
}

func (u *universe) fieldType(scope, written string) fieldType {
	if g, ok := scalarGroups[written]; ok {
		return fieldType{kind: scalarKind, written: written, group: g}
	}
	t := fieldType{kind: messageKind, written: written}
	if !isMap(written) {
		if t.found, t.resolved = u.resolve(scope, written); !t.resolved {
			return t
		}
		if t.found.message == nil {
			t.kind, t.group = scalarKind, "int"
			return t
		}
		if t.found.mapType == "" {
			return t
		}
		written = t.found.mapType
	}
	t.kind = mapKind
	t.key, t.val = mapParts(written)
	return t
}

// typePair compares two types at the current path. Parts of maps come without labels.
func (c *comparison) typePair(oTyp, uTyp string, oLabel, uLabel label) {
	o := c.o.fieldType(c.here.oScope, oTyp)
	u := c.u.fieldType(c.here.uScope, uTyp)
	switch {
	case o.kind != u.kind:
		c.report(fieldKindChanged, "the field is "+kindWords[u.kind]+" ("+u.written+") in the "+c.u.word+" schema and "+kindWords[o.kind]+" ("+o.written+") in the "+c.o.word+" schema")
	case o.kind == mapKind:
		c.typePair(o.key, u.key, noLabel, noLabel)
		c.typePair(o.val, u.val, noLabel, noLabel)
	case o.kind == scalarKind:
		c.scalarPair(o, u, oLabel, uLabel)
	default:
		c.messagePair(o, u)
	}
}

func (c *comparison) scalarPair(o, u fieldType, oLabel, uLabel label) {
	switch {
	case o.group != u.group:
		c.report(fieldScalarKindChanged, "the field is "+u.written+" in the "+c.u.word+" schema and "+o.written+" in the "+c.o.word+" schema, which are encoded differently")
	case o.group != "string" && oLabel != noLabel && uLabel != noLabel && oLabel != uLabel:
		c.report(fieldNumericLabelChanged, "the field is "+labelNames[uLabel]+" in the "+c.u.word+" schema and "+labelNames[oLabel]+" in the "+c.o.word+" schema")
	}
}

// messagePair compares two message types: by name alone if both sides know them from the same place, else by their fields, too.
func (c *comparison) messagePair(o, u fieldType) {
	if !o.resolved || !u.resolved {
		if o.written != u.written {
			c.namedTypeChanged(o, u)
		}
		return
	}
	if o.found.local != u.found.local {
		c.namedTypeChanged(o, u)
		return
	}
	if o.found.origin == u.found.origin && o.found.origin != (origin{}) {
		return
	}
	found := c.foreign(o.found, u.found)
	c.diffs = append(c.diffs, found[:min(len(found), max(0, maxDifferences-len(c.diffs)))]...)
	if len(found) > 0 {
		c.report(fieldNamedTypeChanged, "the message type "+u.written+" of the "+c.u.word+" schema cannot read that of the "+c.o.word+" schema")
	}
}

func (c *comparison) namedTypeChanged(o, u fieldType) {
	c.report(fieldNamedTypeChanged, "the message type is "+u.written+" in the "+c.u.word+" schema and "+o.written+" in the "+c.o.word+" schema")
}
