package avro

import (
	"fmt"
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// The changes that resolution takes although values do not survive them.
const (
	warnRounds = "UNSOUND_PROMOTION_ROUNDS"
	warnSymbol = "UNSOUND_ENUM_DEFAULT"
	warnAlias  = "UNSOUND_FIELD_ALIAS"
)

var warningRules = []schema.Rule{
	{
		ID:      warnRounds,
		Purpose: "A number keeps its digits: float holds 24 bits and double 53, fewer than the integers promoted to them.",
		Remedy:  "Widen int to long or double, or add a new field; if values stay below 2^24 or 2^53, nothing is lost.",
	},
	{
		ID:      warnSymbol,
		Purpose: "A symbol means what was written: one that the reader lacks reads as its default, and nothing tells the two apart.",
		Remedy:  "Keep the symbol in the reader's enum, or let the default be a symbol that nobody writes, such as UNKNOWN.",
	},
	{
		ID:      warnAlias,
		Purpose: "A field keeps its meaning: by an alias it takes the values of a field of another name as they are.",
		Remedy:  "Make sure that both fields mean the same, unit included; else add a new field with a default and no alias.",
	},
}

// WarningRules lists the rules of Warnings, in the order of docs/unsound.md.
func (format) WarningRules() []schema.Rule { return append([]schema.Rule(nil), warningRules...) }

// Warnings looks at all pairs of types that resolution leads to, each once, and not at those that do not resolve.
func (s *Schema) Warnings(writer schema.Schema, q schema.Question) []schema.Difference {
	w, ok := writer.(*Schema)
	if !ok {
		return nil
	}
	x := &warner{resolver: newResolver(q), met: map[[2]*node]struct{}{}}
	x.visit(s.root, w.root, nil)
	return x.list()
}

// warner walks the pairs that the resolver takes. It stops where the resolver meets its limits.
type warner struct {
	*resolver
	met   map[[2]*node]struct{}
	depth int
	found []*finding
}

func (x *warner) list() []schema.Difference {
	var out []schema.Difference
	text := 0
	for _, f := range x.found {
		d := f.difference()
		d.Message = ""
		if text += len(d.Path) + len(d.Detail); text > maxFindText {
			break
		}
		out = append(out, d)
	}
	return out
}

func (x *warner) warn(rule string, at *path, detail func(at string) string) {
	if len(x.found) < maxFindings {
		x.found = append(x.found, &finding{rule: rule, at: at, text: func(at string) (string, string) { return "", detail(at) }})
	}
}

func (x *warner) visit(rd, wr *node, at *path) {
	if x.spend(1); x.fatal != nil || x.depth >= maxComparing {
		return
	}
	if rd.kind.primitive() && wr.kind.primitive() {
		x.number(rd.kind, wr.kind, at)
		return
	}
	pair := [2]*node{rd, wr}
	if _, met := x.met[pair]; met || len(x.met) >= maxPairs {
		return
	}
	x.met[pair] = struct{}{}
	x.depth++
	defer func() { x.depth-- }()
	switch {
	case wr.kind == kindUnion:
		for _, b := range wr.branches {
			x.visit(rd, b, at)
		}
	case rd.kind == kindUnion:
		p := planner{resolver: x.resolver}
		if i := p.choose(rd, wr); i >= 0 && x.fatal == nil {
			x.visit(rd.branches[i], wr, at.index(i))
		}
	case rd.kind == wr.kind:
		x.inside(rd, wr, at)
	}
}

// inside looks into two types of one kind.
func (x *warner) inside(rd, wr *node, at *path) {
	switch rd.kind {
	case kindArray:
		x.visit(rd.items, wr.items, at.add("items"))
	case kindMap:
		x.visit(rd.items, wr.items, at.add("values"))
	case kindEnum:
		x.symbols(rd.named, wr.named, at)
	case kindRecord:
		if !rd.named.reads(wr.named) {
			return
		}
		for i := range rd.named.fields {
			x.field(&rd.named.fields[i], wr.named, at, i)
		}
	}
}

func (x *warner) number(rd, wr kind, at *path) {
	if wr != kindLong && wr != kindInt || rd != kindFloat && (rd != kindDouble || wr == kindInt) {
		return
	}
	x.warn(warnRounds, at, func(at string) string {
		return fmt.Sprintf("the type at path '%s' is %s in the %s schema and %s in the %s schema: large values are rounded",
			at, kindWords[rd], x.reader, kindWords[wr], x.writer)
	})
}

func (x *warner) symbols(rd, wr *named, at *path) {
	x.spend(len(wr.symbols))
	if rd.fallback < 0 || !rd.reads(wr) {
		return
	}
	var hidden []string
	for _, s := range wr.symbols {
		if rd.symbol(s) < 0 {
			hidden = append(hidden, s)
		}
	}
	if len(hidden) == 0 {
		return
	}
	x.warn(warnSymbol, at.add("symbols"), func(at string) string {
		return fmt.Sprintf("the symbols [%s] of the %s schema read as the default '%s' of the enum '%s' at path '%s' in the %s schema",
			strings.Join(hidden, ", "), x.writer, rd.symbols[rd.fallback], rd.name.full(), at, x.reader)
	})
}

func (x *warner) field(f *field, wr *named, record *path, i int) {
	x.spend(1 + len(f.aliases))
	first, several := candidateOf(f, wr, i)
	if first < 0 || several {
		return
	}
	w := &wr.fields[first]
	if w.name != f.name {
		x.warn(warnAlias, record.field(i), func(at string) string {
			return fmt.Sprintf("the field '%s' at path '%s' of the %s schema takes the values of the field '%s' of the %s schema by an alias",
				f.name, at, x.reader, w.name, x.writer)
		})
	}
	x.visit(f.typ, w.typ, record.fieldType(i))
}
