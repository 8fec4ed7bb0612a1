package avro

import (
	"slices"
	"strings"
	"sync"
)

type kind uint8

const (
	kindNull kind = iota
	kindBoolean
	kindInt
	kindLong
	kindFloat
	kindDouble
	kindBytes
	kindString
	kindArray
	kindMap
	kindFixed
	kindEnum
	kindRecord
	kindUnion
	kindUnresolved // a name that is not defined yet; never seen outside the parser
)

var kindNames = [...]string{
	"null", "boolean", "int", "long", "float", "double", "bytes", "string", "array", "map", "fixed", "enum", "record", "union",
}

var kindWords = [...]string{
	"NULL", "BOOLEAN", "INT", "LONG", "FLOAT", "DOUBLE", "BYTES", "STRING", "ARRAY", "MAP", "FIXED", "ENUM", "RECORD", "UNION",
}

func (k kind) String() string  { return kindNames[k] }
func (k kind) primitive() bool { return k <= kindString }

// primitiveKind returns the kind of a primitive's name.
func primitiveKind(name string) (kind, bool) {
	for k := kindNull; k <= kindString; k++ {
		if kindNames[k] == name {
			return k, true
		}
	}
	return 0, false
}

// isKeyword reports whether a name is also the name of a kind; such a name is never printed short.
func isKeyword(name string) bool {
	for _, k := range kindNames {
		if k == name {
			return true
		}
	}
	return false
}

// typeName is the name of a record, enum or fixed, or an alias of one.
type typeName struct {
	space  string // empty: none
	simple string
}

// splitName splits a name at its last dot. A name without a dot gets the given namespace; a leading dot means none.
func splitName(text, space string) typeName {
	if dot := strings.LastIndexByte(text, '.'); dot >= 0 {
		return typeName{space: text[:dot], simple: text[dot+1:]}
	}
	return typeName{space: space, simple: text}
}

func (n typeName) full() string {
	if n.space == "" {
		return n.simple
	}
	return n.space + "." + n.simple
}

// within returns the shortest text that means n inside a namespace.
func (n typeName) within(space string) string {
	if n.space == space && (space == "" || !isKeyword(n.simple)) {
		return n.simple
	}
	return n.full()
}

// node is one type. A named type has one node for its definition, to which all its uses point; every other use of a type is
// a node of its own. The comparison depends on that identity.
type node struct {
	kind     kind
	logical  logical
	named    *named   // record, enum, fixed
	items    *node    // items of an array, values of a map
	branches []*node  // union
	props    []member // attributes without a meaning, in the order of the text
}

// named is what only records, enums and fixed types have.
type named struct {
	name     typeName
	aliases  []typeName
	doc      string
	hasDoc   bool
	isError  bool // the record was called "error"
	open     bool // the fields are being read; never seen outside the parser
	fields   []field
	index    map[string]int // fields or symbols by name; only where there are many
	symbols  []string
	fallback int // index of the enum's default symbol, or -1
	size     int // bytes of a fixed

	summed sync.Once
	sums   []sum // see head
}

type field struct {
	name    string
	typ     *node
	doc     string
	hasDoc  bool
	order   order
	def     *value // nil: none
	aliases []string
	props   []member
}

type order uint8

const (
	ascending order = iota
	descending
	ignored
)

var orderNames = [...]string{"ascending", "descending", "ignore"}

const many = 12 // fields or symbols from which on a type has an index

// field returns the index of a field, or -1.
func (n *named) field(name string) int {
	if n.index != nil {
		return n.indexed(name)
	}
	for i := range n.fields {
		if n.fields[i].name == name {
			return i
		}
	}
	return -1
}

// symbol returns the index of a symbol, or -1.
func (n *named) symbol(name string) int {
	if n.index != nil {
		return n.indexed(name)
	}
	return slices.Index(n.symbols, name)
}

func (n *named) indexed(name string) int {
	if i, ok := n.index[name]; ok {
		return i
	}
	return -1
}

// typeText is the full name of a named type, or the name of its kind. Unions tell their branches apart by it.
func (n *node) typeText() string {
	if n.named != nil {
		return n.named.name.full()
	}
	return n.kind.String()
}

// called reports whether text is what typeText returns.
func (n *node) called(text string) bool {
	if n.named == nil {
		return text == n.kind.String()
	}
	name := n.named.name
	if name.space == "" {
		return text == name.simple
	}
	dot := len(name.space)
	return len(text) == dot+1+len(name.simple) && text[dot] == '.' && text[:dot] == name.space && text[dot+1:] == name.simple
}

// appendTypeText appends what typeText returns as a JSON string.
func (n *node) appendTypeText(dst []byte) []byte {
	if n.named == nil || n.named.name.space == "" {
		return appendString(dst, n.simpleText())
	}
	dst = appendEscaped(append(dst, '"'), n.named.name.space)
	return append(appendEscaped(append(dst, '.'), n.named.name.simple), '"')
}

func (n *node) simpleText() string {
	if n.named != nil {
		return n.named.name.simple
	}
	return n.kind.String()
}
