package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"log/slog"
	"math"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// parseKey identifies a text of a format, alone or with all it refers to.
type parseKey [sha256.Size]byte

func textKey(format, text string) parseKey {
	if len(text) < 2*pieceBytes {
		b := make([]byte, 0, len(format)+1+len(text))
		return sha256.Sum256(append(append(append(b, format...), 0), text...))
	}
	h := hasher{sha256.New()}
	h.text(format)
	h.Write([]byte{0})
	h.text(text)
	return parseKey(h.Sum(nil))
}

// with returns the key of k's text together with its resolved references.
func (k parseKey) with(refs []resolved) parseKey {
	if len(refs) == 0 {
		return k
	}
	b := append(make([]byte, 0, 64*(len(refs)+1)), k[:]...)
	for _, r := range refs {
		b = binary.AppendUvarint(b, uint64(len(r.ref.Name)))
		b = append(append(b, r.ref.Name...), r.key[:]...)
	}
	return sha256.Sum256(b)
}

// resolved is a reference with what it leads to.
type resolved struct {
	ref  schema.Reference
	row  *row
	refs []resolved
	key  parseKey
}

// parsed is a schema with what is often asked of it.
type parsed struct {
	schema.Schema
	text string // canonical
	key  parsedKey
	sum  parseKey // of format and canonical text, as rows have it
}

type parsedKey struct {
	text   parseKey
	rigor  schema.Rigor
	normal bool
}

// stored returns the key of the same schema as it is parsed once it is stored. Rigor refuses texts and changes none.
func (k parsedKey) stored() parsedKey {
	k.rigor = schema.AsStored
	return k
}

// pairKey identifies a question to a pair of schemas.
type pairKey struct {
	reader, writer parsedKey
	question       schema.Question
}

// parser parses the schemas of a View. A text is parsed once as long as it is kept, however it came in.
type parser struct {
	formats  *schema.Formats
	strict   bool // Options.StrictReferences
	maxDepth int
	maxRefs  int
	schemas  *lru[parsedKey, *parsed]
	sums     *lru[parsedKey, parseKey] // of canonical texts that are not what came in: small, and so kept for longer than schemas
	pairs    *lru[pairKey, []schema.Difference]
	equals   *lru[[2]parsedKey, bool]
}

func newParser(o *Options) *parser {
	return &parser{
		formats: o.Formats, strict: o.StrictReferences, maxDepth: o.MaxReferenceDepth, maxRefs: o.MaxReferencedSchemas,
		schemas: newLRU[parsedKey, *parsed](o.CachedSchemas, o.CachedSchemaBytes),
		sums:    newLRU[parsedKey, parseKey](o.CachedTexts, math.MaxInt64),
		pairs:   newLRU[pairKey, []schema.Difference](o.CachedPairs, o.CachedSchemaBytes),
		equals:  newLRU[[2]parsedKey, bool](o.CachedPairs, math.MaxInt64),
	}
}

// source is a text on its way to a schema.
type source struct {
	name   Name // of the subject
	format string
	text   string
	refs   []schema.Reference // with concrete versions
	rigor  schema.Rigor
	key    parseKey // of format and text, if known
	steps  steps
}

// source returns how a stored version is parsed.
func (r *row) source() source {
	return source{name: r.name, format: r.Format, text: r.Text, refs: r.References, rigor: schema.AsStored, key: r.key}
}

// parse returns the schema of a source. New sources may refer to live versions only. Every failure is ErrInvalidSchema.
func (p *parser) parse(v *view, s source) (*parsed, error) {
	const op = "registry.parse"
	f, err := p.formats.Lookup(s.format)
	if err != nil {
		return nil, fault.Wrap(ErrInvalidSchema, op, err, "%s", fault.DetailOf(err))
	}
	s.format = f.Name()
	refs, err := p.resolve(v, s)
	if err != nil {
		return nil, s.refuse(op, err)
	}
	if s.key == (parseKey{}) {
		s.key = textKey(s.format, s.text)
	}
	out, err := p.build(f, s, refs, map[parsedKey]*parsed{})
	if err != nil {
		return nil, s.refuse(op, err)
	}
	return out, nil
}

// refuse words the failure of a parse as Confluent does.
func (s source) refuse(op string, err error) error {
	detail := fault.DetailOf(err)
	if detail == "" {
		detail = "the text cannot be read"
	}
	return fault.Wrap(ErrInvalidSchema, op, err, "Invalid schema for subject '%s' of type %s, details: %s", s.name, s.format, detail)
}

// build parses a source whose references are resolved, bottom up. done holds what this parse already built, so that its cost
// stays linear even if nothing can be kept.
func (p *parser) build(f schema.Format, s source, refs []resolved, done map[parsedKey]*parsed) (*parsed, error) {
	key := parsedKey{text: s.key.with(refs), rigor: s.rigor}
	if out := done[key]; out != nil {
		return out, nil
	}
	var cost int64
	out, err := p.schemas.do(key, func() (*parsed, int64, error) {
		deps := make([]schema.Dep, len(refs))
		for i, r := range refs {
			from := r.row.source()
			from.rigor, from.steps = s.rigor, s.steps
			dep, err := p.build(f, from, r.refs, done)
			if err != nil {
				return nil, 0, fault.Wrap(schema.ErrInvalid, "registry.build", err, "in reference \"%s\": %s", r.ref.Name, fault.DetailOf(err))
			}
			deps[i] = schema.Dep{Reference: r.ref, Schema: dep.Schema}
		}
		sch, err := s.read(f, deps)
		if err != nil {
			return nil, 0, err
		}
		text := sch.Canonical()
		cost = int64(len(s.text) + len(text))
		return &parsed{sch, text, key, textKey(sch.Format(), text)}, cost, nil
	})
	if err != nil {
		return nil, err
	}
	if cost > 0 && key != key.stored() { // it is about to be stored
		p.schemas.put(key.stored(), &parsed{out.Schema, out.text, key.stored(), out.sum}, cost)
	}
	done[key] = out
	return out, nil
}

// read parses the text alone, and tells of it.
func (s source) read(f schema.Format, deps []schema.Dep) (schema.Schema, error) {
	ended := s.steps.begin(StepParse)
	sch, err := f.Parse(schema.Source{Text: s.text, References: s.refs, Rigor: s.rigor}, deps)
	if ended != nil {
		ended(err, slog.String("pawl.schema.format", s.format), slog.String("pawl.schema.subject", s.name.String()), slog.Int("pawl.schema.bytes", len(s.text)))
	}
	return sch, err
}

// resolution walks the references of one source.
type resolution struct {
	*parser
	view  *view
	new   bool
	seen  map[place]*resolved // nil while its own references are being resolved
	names map[string]place    // in strict mode
}

// resolve returns the references of a source with all they lead to. Its failures say what is missing.
func (p *parser) resolve(v *view, s source) ([]resolved, error) {
	if len(s.refs) == 0 {
		return nil, nil
	}
	w := resolution{parser: p, view: v, new: s.rigor != schema.AsStored, seen: map[place]*resolved{}, names: map[string]place{}}
	return w.walk(s.name.Context, s.format, s.refs, 1)
}

func (w *resolution) walk(context, format string, refs []schema.Reference, depth int) ([]resolved, error) {
	if depth > w.maxDepth {
		return nil, fault.New(schema.ErrInvalid, "registry.resolve", "References are nested more than %d deep", w.maxDepth)
	}
	out := make([]resolved, 0, len(refs))
	for _, ref := range refs {
		r, err := w.visit(in(context, ref.Subject), format, ref, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func (w *resolution) visit(target Name, format string, ref schema.Reference, depth int) (resolved, error) {
	const op = "registry.resolve"
	at := place{target.String(), ref.Version}
	if other, ok := w.names[ref.Name]; w.strict && ok && other != at {
		return resolved{}, fault.New(schema.ErrInvalid, op, "Conflicting reference versions for name \"%s\": subject \"%s\" version %d and subject \"%s\" version %d",
			ref.Name, other.Subject, other.Version, at.Subject, at.Version)
	}
	w.names[ref.Name] = at
	if r, ok := w.seen[at]; ok {
		if r == nil {
			return resolved{}, cycle(at)
		}
		again := *r
		again.ref = ref
		return again, nil
	}
	if len(w.seen) >= w.maxRefs {
		return resolved{}, fault.New(schema.ErrInvalid, op, "References lead to more than %d schemas", w.maxRefs)
	}
	x := w.view.row(target, ref.Version)
	if x == nil || w.new && x.Deleted {
		return resolved{}, fault.New(schema.ErrInvalid, op, "No schema reference found for subject \"%s\" and version %d", ref.Subject, ref.Version)
	}
	if x.Format != format {
		return resolved{}, fault.New(schema.ErrInvalid, op, "The reference to subject \"%s\" and version %d is of type %s, not %s", ref.Subject, ref.Version, x.Format, format)
	}
	w.seen[at] = nil
	below, err := w.walk(target.Context, format, x.References, depth+1)
	if err != nil {
		return resolved{}, err
	}
	r := &resolved{ref: ref, row: x, refs: below, key: x.key.with(below)}
	w.seen[at] = r
	return *r, nil
}

func cycle(at place) error {
	return fault.New(schema.ErrInvalid, "registry.resolve", "References form a cycle through subject \"%s\" and version %d", at.Subject, at.Version)
}

// leadTo reports whether references lead to a version, directly or through others. seen holds what was looked at.
func leadTo(refs []resolved, at place, seen map[place]bool) bool {
	for _, r := range refs {
		to := place{r.row.Subject, r.row.Number}
		if to == at {
			return true
		}
		if !seen[to] {
			seen[to] = true
			if leadTo(r.refs, at, seen) {
				return true
			}
		}
	}
	return false
}

// pin returns the references with Latest replaced by a number, after judging that nothing is missing. Its failures have the
// code schema.ErrInvalid.
func pin(v *view, context string, refs []schema.Reference) ([]schema.Reference, error) {
	const op = "registry.pin"
	var out []schema.Reference
	for _, ref := range refs {
		if ref.Name == "" || ref.Subject == "" || ref.Version == 0 || ref.Version < Latest {
			return nil, fault.New(schema.ErrInvalid, op, "A reference needs a name, a subject and a version; got name \"%s\", subject \"%s\", version %d", ref.Name, ref.Subject, ref.Version)
		}
		if ref.Version == Latest {
			newest := latest(v.rows(in(context, ref.Subject)))
			if newest == nil {
				return nil, fault.New(schema.ErrInvalid, op, "No schema reference found for subject \"%s\" and version %d", ref.Subject, ref.Version)
			}
			ref.Version = newest.Number
		}
		out = append(out, ref)
	}
	return out, nil
}

// equivalent reports whether a new schema says the same as a stored version.
func (p *parser) equivalent(v *view, next *parsed, old *row) (bool, error) {
	if next.Format() != old.Format {
		return false, nil
	}
	if next.text == old.Text {
		return true, nil
	}
	if _, ok := next.Schema.(schema.Equaler); !ok {
		return false, nil
	}
	refs, err := p.resolve(v, old.source())
	if err != nil {
		return false, old.source().refuse("registry.equivalent", err)
	}
	return p.equals.do([2]parsedKey{next.key.stored(), {text: old.key.with(refs)}}, func() (bool, int64, error) {
		stored, err := p.parse(v, old.source())
		if err != nil {
			return false, 0, err
		}
		return schema.Equal(next.Schema, stored.Schema), 1, nil
	})
}

// blank reports whether a text counts as no schema at all.
func blank(text string) bool { return strings.TrimSpace(text) == "" }
