package avro

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// Limits of one comparison. Beyond them the answer is incompatible, never a guess.
const (
	maxComparing = 2000    // pairs in progress
	maxPairs     = 1 << 20 // pairs and union branches looked at
	maxFindings  = 10_000  // differences reported
)

// Differences resolves the writer's schema against the receiver by the rules of Java's SchemaCompatibility. Avro knows one
// policy only.
func (s *Schema) Differences(writer schema.Schema, q schema.Question) []schema.Difference {
	w, ok := writer.(*Schema)
	if !ok {
		return nil
	}
	r := resolver{memo: map[[2]*node]*answer{}}
	r.reader, r.writer = q.Words()
	found := r.check(s.root, w.root, nil)
	if r.fatal != nil {
		return []schema.Difference{*r.fatal}
	}
	return found
}

// resolver answers one question. Its memo is keyed by the identity of the two nodes: a pair in progress counts as
// compatible, a finished pair gives its list again with the paths of its first visit.
type resolver struct {
	reader, writer string
	memo           map[[2]*node]*answer
	depth, pairs   int
	fatal          *schema.Difference // ends the comparison and stands alone
}

type answer struct {
	found []schema.Difference
}

func (r *resolver) check(rd, wr *node, at *path) []schema.Difference {
	if rd.kind.primitive() && wr.kind.primitive() {
		return r.primitives(rd, wr, at) // such a pair has one parent, so it needs no memo
	}
	pair := [2]*node{rd, wr}
	if a, met := r.memo[pair]; met {
		return a.found
	}
	if !r.enter() {
		return nil
	}
	a := &answer{}
	r.memo[pair] = a
	a.found = r.bound(r.calculate(rd, wr, at))
	r.depth--
	return a.found
}

func (r *resolver) enter() bool {
	r.depth++
	r.pairs++
	if r.depth > maxComparing || r.pairs > maxPairs {
		r.limit("their types lead to one another over too many steps")
	}
	return r.fatal == nil
}

func (r *resolver) bound(found []schema.Difference) []schema.Difference {
	if len(found) > maxFindings {
		return found[:maxFindings:maxFindings]
	}
	return found
}

func (r *resolver) primitives(rd, wr *node, at *path) []schema.Difference {
	if r.pairs++; r.pairs > maxPairs {
		r.limit("their unions have too many branches")
	}
	if rd.kind == wr.kind || promotes(wr.kind, rd.kind) {
		return nil
	}
	return r.typeMismatch(rd, wr, at)
}

// promotes reports whether a writer's primitive is read as another (Avro specification, Schema Resolution).
func promotes(w, r kind) bool {
	switch r {
	case kindLong:
		return w == kindInt
	case kindFloat:
		return w == kindInt || w == kindLong
	case kindDouble:
		return w == kindInt || w == kindLong || w == kindFloat
	case kindBytes:
		return w == kindString
	case kindString:
		return w == kindBytes
	}
	return false
}

func (r *resolver) calculate(rd, wr *node, at *path) []schema.Difference {
	switch {
	case rd.kind == kindUnion && wr.kind == kindUnion:
		return r.unions(rd, wr, at)
	case rd.kind == wr.kind && rd.kind == kindArray:
		return r.check(rd.items, wr.items, at.add("items"))
	case rd.kind == wr.kind && rd.kind == kindMap:
		return r.check(rd.items, wr.items, at.add("values"))
	case rd.kind == wr.kind:
		return r.namedTypes(rd, wr, at)
	case wr.kind == kindUnion:
		var found []schema.Difference
		for i, b := range wr.branches {
			found = r.bound(append(found, r.check(rd, b, at.index(i))...))
		}
		return found
	case rd.kind == kindUnion:
		for _, b := range rd.branches {
			if len(r.check(b, wr, nil)) == 0 {
				return nil
			}
		}
		return r.missingBranch(wr, at)
	}
	return r.typeMismatch(rd, wr, at)
}

func (r *resolver) unions(rd, wr *node, at *path) []schema.Difference {
	var found []schema.Difference
	for i, b := range wr.branches {
		if len(r.check(rd, b, nil)) > 0 {
			found = append(found, r.missingBranch(b, at.index(i))...)
		}
	}
	return found
}

func (r *resolver) namedTypes(rd, wr *node, at *path) []schema.Difference {
	var found []schema.Difference
	if !rd.named.reads(wr.named) {
		want := wr.named.name.full()
		found = r.one(ruleName, at.add("name"), "expected: "+want,
			"the %s type '%s' at path '%s' is called '%s' in the %s schema, which is neither its name nor an alias of it",
			r.reader, rd.named.name.full(), at.add("name"), want, r.writer)
	}
	switch rd.kind {
	case kindFixed:
		return append(found, r.sizes(rd.named, wr.named, at)...)
	case kindEnum:
		return append(found, r.symbols(rd.named, wr.named, at)...)
	}
	for i := range rd.named.fields {
		found = r.bound(append(found, r.field(&rd.named.fields[i], wr, at.add("fields").index(i))...))
		if r.fatal != nil {
			break
		}
	}
	return found
}

// reads reports whether the reader's name is the writer's: equal simple names, or the writer's full name among the aliases.
func (t *named) reads(w *named) bool {
	if t.name.simple == w.name.simple {
		return true
	}
	for _, a := range t.aliases {
		// Java spells an alias without namespace on a type with one as ".X", which equals no full name.
		if a == w.name && (a.space != "" || t.name.space == "") {
			return true
		}
	}
	return false
}

func (r *resolver) sizes(rd, wr *named, at *path) []schema.Difference {
	if rd.size == wr.size {
		return nil
	}
	return r.one(ruleSize, at.add("size"), fmt.Sprintf("expected: %d, found: %d", wr.size, rd.size),
		"the fixed '%s' at path '%s' has %d bytes in the %s schema and %d in the %s schema",
		rd.name.full(), at.add("size"), rd.size, r.reader, wr.size, r.writer)
}

func (r *resolver) symbols(rd, wr *named, at *path) []schema.Difference {
	if rd.fallback >= 0 {
		return nil
	}
	var missing []string
	for _, s := range wr.symbols {
		if rd.symbol(s) < 0 {
			missing = append(missing, s)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.SortFunc(missing, compareUTF16)
	list := "[" + strings.Join(missing, ", ") + "]"
	return r.one(ruleSymbols, at.add("symbols"), list,
		"the enum '%s' at path '%s' in the %s schema lacks the symbols %s of the %s schema and has no default",
		rd.name.full(), at.add("symbols"), r.reader, list, r.writer)
}

func (r *resolver) field(f *field, wr *node, at *path) []schema.Difference {
	candidates := candidatesOf(f, wr.named)
	switch {
	case len(candidates) > 1:
		r.ambiguous(f, wr.named, candidates, at)
		return nil
	case len(candidates) == 1:
		return r.check(f.typ, wr.named.fields[candidates[0]].typ, at.add("type"))
	case f.def != nil:
		return nil
	case f.typ.kind == kindEnum && f.typ.named.fallback >= 0:
		return r.check(f.typ, wr, at.add("type")) // as Java does; never compatible
	}
	return r.one(ruleDefault, at, f.name,
		"the field '%s' at path '%s' of the %s schema has no default and is absent from the %s schema",
		f.name, at, r.reader, r.writer)
}

// candidatesOf returns the writer's fields that a reader's field stands for: by its name, then by its aliases. A field with
// its own name among its aliases counts twice, as in Java.
func candidatesOf(f *field, wr *named) []int {
	var found []int
	if i := wr.field(f.name); i >= 0 {
		found = append(found, i)
	}
	for _, a := range f.aliases {
		if i := wr.field(a); i >= 0 {
			found = append(found, i)
		}
	}
	return found
}

func (r *resolver) typeMismatch(rd, wr *node, at *path) []schema.Difference {
	info := fmt.Sprintf("reader type: %s not compatible with writer type: %s", kindWords[rd.kind], kindWords[wr.kind])
	return r.one(ruleType, at, info,
		"the type at path '%s' is %s in the %s schema, which does not read the %s of the %s schema",
		at, kindWords[rd.kind], r.reader, kindWords[wr.kind], r.writer)
}

func (r *resolver) missingBranch(wr *node, at *path) []schema.Difference {
	return r.one(ruleBranch, at, "reader union lacking writer type: "+kindWords[wr.kind],
		"no branch of the union at path '%s' in the %s schema reads the %s of the %s schema",
		at, r.reader, kindWords[wr.kind], r.writer)
}

// ambiguous ends the comparison. Confluent reports an unexpected failure here and nothing else.
func (r *resolver) ambiguous(f *field, wr *named, candidates []int, at *path) {
	if r.fatal != nil {
		return
	}
	names := make([]string, len(candidates))
	for i, c := range candidates {
		names[i] = wr.fields[c].name
	}
	list := "[" + strings.Join(names, ", ") + "]"
	d := r.one(ruleAmbiguous, nil, list,
		"the field '%s' at path '%s' of the %s schema stands for several fields %s of the %s schema by its name and aliases",
		f.name, at, r.reader, list, r.writer)[0]
	d.Path = ""
	d.Message = "Unexpected failure during the compatibility check: " + d.Message
	r.fatal = &d
}

func (r *resolver) limit(why string) {
	if r.fatal != nil {
		return
	}
	d := r.one(ruleLimit, nil, why, "the %s and the %s schema cannot be compared: %s", r.reader, r.writer, why)[0]
	d.Path = ""
	r.fatal = &d
}

func (r *resolver) one(rule string, at *path, info, format string, args ...any) []schema.Difference {
	detail := fmt.Sprintf(format, args...)
	return []schema.Difference{{
		Rule:    rule,
		Path:    at.String(),
		Detail:  detail,
		Message: "{errorType:'" + rule + "', description:'" + detail + "', additionalInfo:'" + info + "'}",
	}}
}

// path is a place in the reader's schema; nil is the root.
type path struct {
	up    *path
	token string
}

func (p *path) add(token string) *path { return &path{up: p, token: token} }

func (p *path) index(i int) *path { return p.add(strconv.Itoa(i)) }

// String prints the path as a JSON pointer; the root is "/". No token holds a character that needs escaping.
func (p *path) String() string {
	if p == nil {
		return "/"
	}
	if p.up == nil {
		return "/" + p.token
	}
	return p.up.String() + "/" + p.token
}
