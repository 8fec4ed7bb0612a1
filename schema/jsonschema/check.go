package jsonschema

// check is one subschema compiled for validation. Absent parts are nil, so that a payload pays for what its schema says.
type check struct {
	never     bool // the schema false
	anything  bool // the schema true, or nothing but annotations
	inPlace   bool // has keywords that apply other subschemas to the same value
	types     typeSet
	enum      *enumCheck
	format    *formatCheck
	number    *numberCheck
	str       *stringCheck
	object    *objectCheck
	array     *arrayCheck
	all       []*check
	any       []*check
	one       []*check
	not       *check
	cond      *check
	then      *check
	otherwise *check
	ref       *check
	dynamic   *dynamicCheck

	unevaluatedProperties *check
	unevaluatedItems      *check

	resource *resource // set if the schema has dynamic references
}

// resource is a schema resource as far as dynamic references care.
type resource struct {
	anchors   map[string]*check // $dynamicAnchor
	recursive *check            // the root, if it has $recursiveAnchor: true
}

// dynamicCheck is a $dynamicRef or $recursiveRef that the dynamic scope decides.
type dynamicCheck struct {
	anchor    string
	recursive bool
	static    *check
}

// typeSet is a set of JSON Schema types.
type typeSet uint8

const (
	typeNull typeSet = 1 << iota
	typeBoolean
	typeNumber
	typeInteger
	typeString
	typeArray
	typeObject
)

var typeSets = map[string]typeSet{
	"null": typeNull, "boolean": typeBoolean, "number": typeNumber, "integer": typeInteger, "string": typeString,
	"array": typeArray, "object": typeObject,
}

// typeOfKind is the type of each kind of token; a number may be an integer besides.
var typeOfKind = [...]typeSet{
	jsonNull: typeNull, jsonBool: typeBoolean, jsonNumber: typeNumber, jsonString: typeString, jsonArray: typeArray, jsonObject: typeObject,
}

// String lists the names for error texts.
func (s typeSet) String() string {
	out := ""
	for _, name := range [...]string{"null", "boolean", "number", "integer", "string", "array", "object"} {
		if s&typeSets[name] != 0 {
			if out != "" {
				out += " or "
			}
			out += name
		}
	}
	return out
}

// enumCheck is enum, or const with one value.
type enumCheck struct {
	keyword string
	strings map[string]bool
	others  []*value
}

type numberCheck struct {
	minimum, maximum                   *bound
	exclusiveMinimum, exclusiveMaximum *bound
	multipleOf                         *bound
}

// bound is a number with a fast form: small is its value times 10^scale, if fast.
type bound struct {
	exact *number
	small int64
	scale int
	fast  bool
}

type stringCheck struct {
	min, max int // characters; -1 is no limit
	pattern  *pattern
}

type objectCheck struct {
	props    []propertyCheck // described first, then those only required
	index    map[string]int
	required []uint64 // bits of props
	min, max int      // -1 is no limit
	patterns []patternCheck
	extra    *check // additionalProperties; nil takes anything
	names    *check
	needs    []dependency
	touched  bool // patterns, names or additionalProperties look at undescribed properties
}

type propertyCheck struct {
	name  string
	check *check // nil: only required
}

type patternCheck struct {
	pattern *pattern
	check   *check
}

// dependency is one entry of dependencies, dependentRequired or dependentSchemas.
type dependency struct {
	keyword string
	name    string
	names   []string
	check   *check
}

type arrayCheck struct {
	min, max  int
	unique    bool
	tuple     []*check
	rest      *check // items after the tuple; nil takes anything
	restName  string // the keyword of rest
	tupleName string
	contains  *check
	minimum   int // of contains
	maximum   int
	marks     bool // items that contains matches count as evaluated
}
