package avro

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// Limits of one comparison. Beyond the first three the answer is incompatible, never a guess; beyond the others it is shortened.
const (
	maxComparing = 2000     // pairs in progress
	maxPairs     = 1 << 20  // pairs remembered
	maxSteps     = 1 << 24  // fields, symbols and union branches looked at
	maxFindings  = 10_000   // differences reported
	maxFindText  = 16 << 20 // bytes of their texts
)

// Differences resolves the writer's schema against the receiver by the rules of Java's SchemaCompatibility. Avro knows one
// policy only.
func (s *Schema) Differences(writer schema.Schema, q schema.Question) []schema.Difference {
	w, ok := writer.(*Schema)
	if !ok {
		return nil
	}
	r := newResolver(q)
	return r.list(r.check(s.root, w.root, nil))
}

// resolver answers one question. Its memo is keyed by the identity of the two nodes: a pair in progress counts as
// compatible, a finished pair gives its findings again with the paths of its first visit.
type resolver struct {
	reader, writer string
	memo           map[[2]*node]*answer
	depth, pairs   int
	steps          int
	fatal          *finding // ends the comparison and stands alone
}

func newResolver(q schema.Question) *resolver {
	r := &resolver{}
	r.reader, r.writer = q.Words()
	return r
}

func (r *resolver) check(rd, wr *node, at *path) *answer {
	if rd.kind.primitive() && wr.kind.primitive() {
		return r.primitives(rd, wr, at) // such a pair has one parent, so it needs no memo
	}
	if r.alike(rd, wr) {
		return nil
	}
	pair := [2]*node{rd, wr}
	if a, met := r.memo[pair]; met {
		return a // nil while in progress
	}
	if !r.enter() {
		return nil
	}
	if r.memo == nil {
		r.memo = map[[2]*node]*answer{}
	}
	r.memo[pair] = nil
	a := r.calculate(rd, wr, at)
	r.memo[pair] = a
	r.depth--
	return a
}

func (r *resolver) enter() bool {
	r.depth++
	r.pairs++
	if r.depth > maxComparing || r.pairs > maxPairs {
		r.limit("their types lead to one another over too many steps")
	}
	return r.fatal == nil
}

// spend counts steps that need no pair.
func (r *resolver) spend(steps int) {
	if r.steps += steps; r.steps > maxSteps {
		r.limit("their records, enums and unions have too much to compare")
	}
}

func (r *resolver) primitives(rd, wr *node, at *path) *answer {
	r.spend(1)
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

func (r *resolver) calculate(rd, wr *node, at *path) *answer {
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
		var a *answer
		for i, b := range wr.branches {
			a = a.and(r.check(rd, b, at.index(i)))
		}
		return a
	case rd.kind == kindUnion:
		for _, b := range rd.branches {
			if r.check(b, wr, nil) == nil {
				return nil
			}
		}
		return r.missingBranch(wr, at)
	}
	return r.typeMismatch(rd, wr, at)
}

func (r *resolver) unions(rd, wr *node, at *path) *answer {
	var a *answer
	for i, b := range wr.branches {
		if r.check(rd, b, nil) != nil {
			a = a.and(r.missingBranch(b, at.index(i)))
		}
	}
	return a
}

func (r *resolver) namedTypes(rd, wr *node, at *path) *answer {
	var a *answer
	if !rd.named.reads(wr.named) {
		a = r.one(ruleName, at.add("name"), func(at string) (string, string) {
			want := wr.named.name.full()
			return "expected: " + want, fmt.Sprintf(
				"the %s type '%s' at path '%s' is called '%s' in the %s schema, which is neither its name nor an alias of it",
				r.reader, rd.named.name.full(), at, want, r.writer)
		})
	}
	r.spend(len(rd.named.fields) + len(wr.named.symbols))
	switch rd.kind {
	case kindFixed:
		return a.and(r.sizes(rd.named, wr.named, at))
	case kindEnum:
		return a.and(r.symbols(rd.named, wr.named, at))
	}
	theirs, shared := wr.named.fields, sharedHead(rd.named, wr.named) // shared counts the fields at the head that both have
	for i := shared; i < len(rd.named.fields); i++ {
		f := &rd.named.fields[i]
		if shared == len(theirs) && f.def != nil && len(f.aliases) == 0 {
			continue // it was added after all that the writer has
		}
		if shared == i && i < len(theirs) && theirs[i].name == f.name {
			shared++
		}
		a = a.and(r.field(f, wr, at, i))
		if r.fatal != nil {
			break
		}
	}
	return a
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

func (r *resolver) sizes(rd, wr *named, at *path) *answer {
	if rd.size == wr.size {
		return nil
	}
	return r.one(ruleSize, at.add("size"), func(at string) (string, string) {
		return fmt.Sprintf("expected: %d, found: %d", wr.size, rd.size), fmt.Sprintf(
			"the fixed '%s' at path '%s' has %d bytes in the %s schema and %d in the %s schema",
			rd.name.full(), at, rd.size, r.reader, wr.size, r.writer)
	})
}

func (r *resolver) symbols(rd, wr *named, at *path) *answer {
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
	return r.one(ruleSymbols, at.add("symbols"), func(at string) (string, string) {
		slices.SortFunc(missing, compareUTF16)
		list := "[" + strings.Join(missing, ", ") + "]"
		return list, fmt.Sprintf("the enum '%s' at path '%s' in the %s schema lacks the symbols %s of the %s schema and has no default",
			rd.name.full(), at, r.reader, list, r.writer)
	})
}

func (r *resolver) field(f *field, wr *node, record *path, i int) *answer {
	first, several := candidateOf(f, wr.named, i)
	switch {
	case several:
		r.ambiguous(f, wr.named, candidatesOf(f, wr.named), record.field(i))
		return nil
	case first >= 0:
		w := wr.named.fields[first].typ
		if f.typ.kind == w.kind && w.kind.primitive() || r.alike(f.typ, w) {
			return nil
		}
		return r.check(f.typ, w, record.fieldType(i))
	case f.def != nil:
		return nil
	case f.typ.kind == kindEnum && f.typ.named.fallback >= 0:
		return r.check(f.typ, wr, record.fieldType(i)) // as Java does; never compatible
	}
	return r.one(ruleDefault, record.field(i), func(at string) (string, string) {
		return f.name, fmt.Sprintf("the field '%s' at path '%s' of the %s schema has no default and is absent from the %s schema",
			f.name, at, r.reader, r.writer)
	})
}

// candidateOf returns the first of the candidates, or -1, and whether there are others. Most are at the place that the field has
// in its own record, which is looked at first.
func candidateOf(f *field, wr *named, place int) (first int, several bool) {
	if first = place; place >= len(wr.fields) || wr.fields[place].name != f.name {
		first = wr.field(f.name)
	}
	for _, a := range f.aliases {
		if i := wr.field(a); i >= 0 && first >= 0 {
			return first, true
		} else if i >= 0 {
			first = i
		}
	}
	return first, false
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

func (r *resolver) typeMismatch(rd, wr *node, at *path) *answer {
	return r.one(ruleType, at, func(at string) (string, string) {
		rk, wk := kindWords[rd.kind], kindWords[wr.kind]
		return "reader type: " + rk + " not compatible with writer type: " + wk, fmt.Sprintf(
			"the type at path '%s' is %s in the %s schema, which does not read the %s of the %s schema", at, rk, r.reader, wk, r.writer)
	})
}

func (r *resolver) missingBranch(wr *node, at *path) *answer {
	return r.one(ruleBranch, at, func(at string) (string, string) {
		wk := kindWords[wr.kind]
		return "reader union lacking writer type: " + wk, fmt.Sprintf(
			"no branch of the union at path '%s' in the %s schema reads the %s of the %s schema", at, r.reader, wk, r.writer)
	})
}

// ambiguous ends the comparison. Confluent reports an unexpected failure here and nothing else.
func (r *resolver) ambiguous(f *field, wr *named, candidates []int, at *path) {
	if r.fatal != nil {
		return
	}
	r.fatal = &finding{rule: ruleAmbiguous, at: at, text: func(at string) (string, string) {
		names := make([]string, len(candidates))
		for i, c := range candidates {
			names[i] = wr.fields[c].name
		}
		list := "[" + strings.Join(names, ", ") + "]"
		return list, fmt.Sprintf("the field '%s' at path '%s' of the %s schema stands for several fields %s of the %s schema by its name and aliases",
			f.name, at, r.reader, list, r.writer)
	}}
}

func (r *resolver) limit(why string) {
	if r.fatal != nil {
		return
	}
	r.fatal = &finding{rule: ruleLimit, text: func(string) (string, string) {
		return why, fmt.Sprintf("the %s and the %s schema cannot be compared: %s", r.reader, r.writer, why)
	}}
}
