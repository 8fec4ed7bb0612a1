package protobuf

// The tree of one file, as the dialect of the registry sees it: comments dropped, options uninterpreted, names as written.
// A tree is never changed once it is built; normalization builds another one.

type file struct {
	syntax        string // "", "proto2" or "proto3"; empty if the file does not say
	pkg           string
	pkgAt         position
	imports       []string
	publicImports []string
	options       []option
	messages      []*message
	enums         []*enum
	extends       []*extend
	services      []*service
}

type message struct {
	name       string
	options    []option
	reserved   []ranges
	fields     []*field
	oneofs     []*oneof
	groups     []*group
	extensions []ranges
	extends    []*extend
	messages   []*message
	enums      []*enum
	at         position
}

type label uint8

const (
	noLabel label = iota
	optional
	required
	repeated
)

var labelNames = [...]string{"", "optional", "required", "repeated"}

type field struct {
	label    label
	typ      string // as written; maps as "map<K, V>"
	name     string
	number   int32
	options  []option
	def      *string // value of the default option
	jsonName *string
	at       position
}

type oneof struct {
	name    string
	options []option
	fields  []*field
	groups  []*group
	at      position
}

type group struct {
	label  label
	name   string
	number int32
	fields []*field
	at     position
}

type enum struct {
	name     string
	options  []option
	reserved []ranges
	values   []*enumValue
	at       position
}

type enumValue struct {
	name    string
	number  int32
	options []option
}

type extend struct {
	name   string
	fields []*field
	at     position
}

type service struct {
	name    string
	options []option
	rpcs    []*rpc
}

type rpc struct {
	name                string
	request, response   string
	streamIn, streamOut bool
	options             []option
	at                  position
}

// ranges is one reserved or extensions statement.
type ranges []numberRange

// numberRange is a single number, a range of numbers, or a reserved name.
type numberRange struct {
	first, last int32
	span        bool // written as "first to last"
	name        string
	named       bool
}

// maxNumber is the largest field number, printed as "max" at the end of a range.
const maxNumber = 1<<29 - 1

type kind uint8

const (
	kindString kind = iota
	kindBool
	kindNumber
	kindWord // an enum value, inf, nan: any bare word
	kindMap
	kindList
	kindSub // a dotted remainder of the option's name: (a).b = 1
)

// option is one option without interpretation. Parentheses around the name are not part of it.
type option struct {
	name  string
	paren bool
	value value
}

// value is what an option is set to, or one item within an aggregate.
type value struct {
	kind    kind
	text    string
	entries []entry
	items   []value
	sub     *option
}

type entry struct {
	key   string
	value value
}

type position struct{ line, column int32 }

// scalars holds the built-in types of the language.
var scalars = map[string]bool{
	"bool": true, "bytes": true, "double": true, "float": true, "fixed32": true, "fixed64": true, "int32": true, "int64": true,
	"sfixed32": true, "sfixed64": true, "sint32": true, "sint64": true, "string": true, "uint32": true, "uint64": true,
}
