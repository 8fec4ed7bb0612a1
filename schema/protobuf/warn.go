package protobuf

import (
	"maps"
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// The changes that the rules tolerate although values do not survive them.
const (
	warnSingular = "UNSOUND_REPEATED_TO_SINGULAR"
	warnNarrowed = "UNSOUND_INTEGER_NARROWED"
	warnSign     = "UNSOUND_INTEGER_SIGN"
	warnBool     = "UNSOUND_INTEGER_TO_BOOL"
	warnText     = "UNSOUND_BYTES_TO_STRING"
	warnRenamed  = "UNSOUND_FIELD_RENAMED"
)

var warningRules = []schema.Rule{
	{
		ID:      warnSingular,
		Purpose: "Every value of a repeated field is read: a reader of one value drops packed numbers, keeps the last string and merges messages.",
		Remedy:  "Keep the field repeated, or add a singular field with a new number.",
	},
	{
		ID:      warnNarrowed,
		Purpose: "An integer fits its reader: what is too large is cut off.",
		Remedy:  "Keep the width, or add a field with a new number; if all values fit, nothing is lost.",
	},
	{
		ID:      warnSign,
		Purpose: "An integer keeps its sign: signed and unsigned integers of one encoding read each other's bits.",
		Remedy:  "Keep the type, or add a field with a new number; if all values lie in both ranges, nothing changes.",
	},
	{
		ID:      warnBool,
		Purpose: "An integer keeps its value: as a bool, everything but zero is true.",
		Remedy:  "Add a bool field with a new number.",
	},
	{
		ID:      warnText,
		Purpose: "A string of proto3 is UTF-8: decoders refuse bytes that are not.",
		Remedy:  "Keep bytes, or add a string field with a new number.",
	},
	{
		ID:      warnRenamed,
		Purpose: "A number keeps its meaning: values are read under whatever name the number has now.",
		Remedy:  "If the meaning changed as well, add a field with a new number and reserve the old one.",
	},
}

// WarningRules lists the rules of Warnings, in the order of docs/unsound.md.
func (format) WarningRules() []schema.Rule { return slices.Clone(warningRules) }

// maxWarned bounds how deep messages lead to one another.
const maxWarned = 1000

// Warnings looks at all pairs of messages that a comparison leads to, each once.
func (s *parsed) Warnings(writer schema.Schema, q schema.Question) []schema.Difference {
	w, ok := writer.(*parsed)
	if !ok || s == w {
		return nil
	}
	readerWord, writerWord := q.Words()
	x := &warner{comparison: &comparison{o: side{w.universe, writerWord}, u: side{s.universe, readerWord}}, met: map[pair]bool{}}
	o, u := x.o.main.file, x.u.main.file
	x.here = place{oScope: o.pkg, uScope: u.pkg}
	x.types(o.messages, u.messages)
	return x.diffs
}

// warner walks the pairs of a comparison, whose sides, place and report it borrows.
type warner struct {
	*comparison
	met map[pair]bool
}

func (x *warner) warn(rule, why string) {
	before := len(x.diffs)
	x.report(rule, why)
	if len(x.diffs) > before {
		x.diffs[before].Message = ""
	}
}

func (x *warner) types(o, u []*message) {
	if len(o) == 0 {
		return
	}
	olds, news := byName(o), byName(u)
	for _, name := range slices.Sorted(maps.Keys(olds)) {
		if news[name] == nil {
			continue
		}
		outer := x.here
		x.here = outer.inside(name)
		x.messages(olds[name], news[name])
		x.here = outer
	}
}

// messages looks at the fields of a pair and at the types inside, unless the pair was met.
func (x *warner) messages(o, u *message) {
	key := pair{o, u}
	if x.met[key] || x.depth >= maxWarned {
		return
	}
	x.met[key] = true
	x.depth++
	old := membersOf(o)
	for _, is := range membersOf(u) {
		if was, ok := old.find(is.number); ok {
			x.field(was, is)
		}
	}
	x.types(o.messages, u.messages)
	x.depth--
}

func (x *warner) field(was, is member) {
	outer := x.here
	defer func() { x.here = outer }()
	if is.in {
		x.here.path = &step{up: x.here.path, name: is.oneof}
	}
	x.here.path = &step{up: x.here.path, number: is.number}
	if was.name != is.name {
		x.warn(warnRenamed, "the number is field "+is.name+" in the "+x.u.word+" schema and "+was.name+" in the "+x.o.word+" schema")
	}
	x.typePair(was.typ, is.typ, was.label, is.label)
}

func (x *warner) typePair(oTyp, uTyp string, oLabel, uLabel label) {
	o, u := x.o.fieldType(x.here.oScope, oTyp), x.u.fieldType(x.here.uScope, uTyp)
	switch {
	case o.kind != u.kind || o.group != u.group:
	case o.kind == mapKind:
		x.typePair(o.key, u.key, noLabel, noLabel)
		x.typePair(o.val, u.val, noLabel, noLabel)
	case o.kind == scalarKind:
		x.scalars(o, u, oLabel, uLabel)
	default:
		x.singular(messageWords, oLabel, uLabel)
		x.messagePair(o, u)
	}
}

// What a reader of one value makes of several.
const (
	numberWords  = "packed numbers are put aside as unknown, of others the last one stays"
	stringWords  = "of several values the last one stays"
	messageWords = "several values are merged into one"
)

func (x *warner) singular(outcome string, oLabel, uLabel label) {
	if oLabel == repeated && uLabel != repeated {
		x.warn(warnSingular, "the field is repeated in the "+x.o.word+" schema and single in the "+x.u.word+" schema: "+outcome)
	}
}

func (x *warner) scalars(o, u fieldType, oLabel, uLabel label) {
	if o.group == "string" {
		x.singular(stringWords, oLabel, uLabel)
		if o.written == "bytes" && u.written == "string" {
			x.warn(warnText, "the field is string in the "+x.u.word+" schema and bytes in the "+x.o.word+" schema, which need not be UTF-8")
		}
		return
	}
	if oLabel == noLabel || uLabel == noLabel { // else the rules refuse the change
		x.singular(numberWords, oLabel, uLabel)
	}
	if rule, outcome := integerChange(o, u); rule != "" {
		x.warn(rule, "the field is "+u.written+" in the "+x.u.word+" schema and "+o.written+" in the "+x.o.word+" schema: "+outcome)
	}
}

// integerChange says what becomes of an integer that is read as another type of its group.
func integerChange(o, u fieldType) (rule, outcome string) {
	was, is := rangeOf(o), rangeOf(u)
	switch {
	case was.bits == 0 || is.bits == 0 || was == is || was.bits == 1:
		return "", ""
	case is.bits == 1:
		return warnBool, "everything but zero reads as true"
	case was.bits > is.bits:
		return warnNarrowed, "what does not fit is cut off"
	case was.signed && !is.signed:
		return warnSign, "negative values read as large ones"
	case !was.signed && is.signed && was.bits == is.bits:
		return warnSign, "large values read as negative ones"
	}
	return "", ""
}

type integerRange struct {
	bits   int
	signed bool
}

var integerRanges = map[string]integerRange{
	"int32": {32, true}, "int64": {64, true}, "uint32": {32, false}, "uint64": {64, false}, "bool": {1, false}, "sint32": {32, true}, "sint64": {64, true},
	"fixed32": {32, false}, "sfixed32": {32, true}, "fixed64": {64, false}, "sfixed64": {64, true},
}

// rangeOf returns the range of an integer or an enum; other scalars have none.
func rangeOf(t fieldType) integerRange {
	if t.resolved {
		return integerRanges["int32"] // an enum
	}
	return integerRanges[t.written]
}

// messagePair looks into two message types where a comparison does: those of the main files have their turn on their own.
func (x *warner) messagePair(o, u fieldType) {
	if !o.resolved || !u.resolved || o.found.local != u.found.local || o.found.origin == u.found.origin && o.found.origin != (origin{}) {
		return
	}
	outer := x.here
	x.here = place{oScope: o.found.pkg, uScope: u.found.pkg}
	for name := range strings.SplitSeq(o.found.local, ".") {
		x.here = x.here.inside(name)
	}
	x.messages(o.found.message, u.found.message)
	x.here = outer
}
