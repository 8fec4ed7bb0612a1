package registry

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// judge decides requests by a View. Its decide methods are functions of the View and the request alone: they read no clock and
// write nothing. Parsed schemas and compared pairs are kept beside it, which changes how long an answer takes and not what it is.
type judge struct {
	view *View
	*parser
	opts  *Options
	draft *draft // nil unless several registrations are decided together
}

// subjectName reads the name of a subject and judges whether it may be used for one (Confluent: QualifiedSubject.isValidSubject).
func subjectName(op, s string) (Name, error) {
	n := ParseName(s)
	if n.Context == globalContext {
		return n, badSubject(op, s)
	}
	return n, checkName(op, s, n)
}

// scopeName is subjectName for configurations and modes, which have one more level.
func scopeName(op, s string) (Name, error) {
	n := ParseName(s)
	return n, checkName(op, s, n)
}

func checkName(op, s string, n Name) error {
	if n.Subject == "__GLOBAL" || n.Subject == "__EMPTY" || strings.ContainsFunc(s, unicode.IsControl) || !utf8.ValidString(s) {
		return badSubject(op, s)
	}
	return nil
}

func badSubject(op, s string) error {
	return fault.New(ErrInvalidSubject, op, "The specified subject '%s' is not a valid.", s)
}

// candidate is a submission on its way to a version.
type candidate struct {
	name      Name
	config    Config
	mode      Mode
	normalize bool
	Submission
}

// candidate reads a submission in the light of what is in force for its subject.
func (j judge) candidate(n Name, s Submission) candidate {
	c := candidate{name: n, Submission: s}
	c.config = configInForce(j.view, n, j.opts.Level)
	c.mode = modeInForce(j.view, n)
	c.normalize = (s.Normalize || orDefault(c.config.Normalize, false)) && !c.mode.importing()
	c.Metadata, c.RuleSet = s.Metadata.normal(), s.RuleSet.normal()
	return c
}

// rigorOfNew returns how strictly the subject's configuration judges new schemas.
func (j judge) rigorOfNew(c *candidate) schema.Rigor {
	switch {
	case c.ID > 0 || c.mode.importing() || !orDefault(c.config.ValidateNewSchemas, !j.opts.SkipValidation):
		return schema.AsStored
	case orDefault(c.config.ValidateFields, j.opts.ValidateFields):
		return schema.WithFields
	}
	return schema.AsNew
}

// source returns how the text of a candidate is parsed. Latest versions in its references are pinned.
func (j judge) source(c *candidate, rigor schema.Rigor) (source, error) {
	f, err := j.formats.Lookup(c.Format)
	if err != nil {
		return source{}, fault.Wrap(ErrInvalidSchema, "registry.source", err, "%s", fault.DetailOf(err))
	}
	s := source{name: c.name, format: f.Name(), text: c.Text, rigor: rigor, key: textKey(f.Name(), c.Text)}
	if s.refs, err = pin(j.view, c.name.Context, c.References); err != nil {
		return s, s.refuse("registry.source", err)
	}
	if c.normalize {
		s.refs = sortReferences(s.refs)
	}
	return s, nil
}

// read parses the text of a candidate. Its format, text and references are replaced by those of the parsed and, if asked for,
// normalized schema.
func (j judge) read(c *candidate, rigor schema.Rigor) (*parsed, error) {
	s, err := j.source(c, rigor)
	if err != nil {
		return nil, err
	}
	next, err := j.parse(j.view, s)
	if err != nil {
		return nil, err
	}
	if c.normalize {
		if next, err = j.normalized(next); err != nil {
			return nil, s.refuse("registry.read", err)
		}
	}
	j.sums.put(next.key, next.sum, 1)
	c.Format, c.Text, c.References = next.Format(), next.text, s.refs
	return next, nil
}

// recall finds a candidate among rows by content without parsing, if its text came in before. Nil says nothing.
func (j judge) recall(c *candidate, rows []*row) *row {
	s, err := j.source(c, schema.AsStored)
	if err != nil {
		return nil
	}
	refs, err := j.resolve(j.view, s)
	if err != nil {
		return nil
	}
	sum, ok := j.sums.get(parsedKey{text: s.key.with(refs), rigor: s.rigor, normal: c.normalize})
	if !ok {
		return nil
	}
	for _, r := range slices.Backward(rows) {
		if r.key == sum && slices.Equal(r.References, s.refs) && c.carries(r) {
			return r
		}
	}
	return nil
}

// normalized returns the normalized form of a schema, kept like a parsed one.
func (p *parser) normalized(s *parsed) (*parsed, error) {
	key := s.key
	key.normal = true
	return p.schemas.do(key, func() (*parsed, int64, error) {
		sch := s.Normalize()
		text := sch.Canonical()
		return &parsed{sch, text, key, textKey(sch.Format(), text)}, int64(len(text)), nil
	})
}

func sortReferences(refs []schema.Reference) []schema.Reference {
	refs = slices.Clone(refs)
	slices.SortStableFunc(refs, func(a, b schema.Reference) int {
		if d := compareUTF16(a.Subject, b.Subject); d != 0 {
			return d
		}
		return a.Version - b.Version
	})
	return slices.Compact(refs)
}

// find looks for a candidate's schema among rows, which are ascending: the newest of the same content, else the newest that is
// equivalent. c must have been read.
func (j judge) find(c *candidate, next *parsed, rows []*row) (*row, error) {
	guid := contentGUID(c.Text, c.References, c.Metadata, c.RuleSet)
	for _, r := range slices.Backward(rows) {
		if r.GUID == guid && c.content(r) {
			return r, nil
		}
	}
	for _, r := range slices.Backward(rows) {
		if same, err := j.matches(c, next, r); err != nil || same {
			return r, err
		}
	}
	return nil, nil
}

// content reports whether a candidate's content is that of a version, byte for byte.
func (c *candidate) content(r *row) bool {
	return r.Format == c.Format && r.Text == c.Text && slices.Equal(r.References, c.References) && c.carries(r)
}

// carries reports whether a candidate's metadata and rules are those of a version; none and empty ones differ.
func (c *candidate) carries(r *row) bool {
	return (c.Metadata == nil) == (r.Metadata == nil) && (c.RuleSet == nil) == (r.RuleSet == nil) &&
		equalMetadata(c.Metadata, r.Metadata) && equalRuleSets(c.RuleSet, r.RuleSet)
}

// matches is the equivalence of lookups (Confluent: ParsedSchema.canLookup).
func (j judge) matches(c *candidate, next *parsed, r *row) (bool, error) {
	inlined := len(c.References) == 0 && len(r.References) > 0
	if !inlined && !slices.Equal(c.References, r.References) {
		return false, nil
	}
	if !sameMetadata(c.Metadata, r.Metadata, r.Number) || !equalRuleSets(c.RuleSet, r.RuleSet) {
		return false, nil
	}
	return j.equivalent(j.view, next, r)
}

// lookup finds a submission among the versions of a subject that f selects, in two attempts: as it is, then with the metadata
// and rules that registering it would give it. Nil means that there is none.
func (j judge) lookup(n Name, s Submission, f Filter) (*row, error) {
	rows := j.view.rows(n)
	c := j.candidate(n, s)
	if blank(c.Text) {
		return nil, nil
	}
	picked := rows
	if f == Live {
		picked = live(rows)
	}
	if r := j.recall(&c, picked); r != nil {
		return r, nil
	}
	given := c
	next, err := j.read(&c, schema.AsStored)
	if err != nil {
		return nil, err
	}
	found, err := j.find(&c, next, picked)
	newest := latest(rows)
	if found != nil || err != nil || newest == nil {
		return found, err
	}
	c.populate(newest, 0)
	if equalMetadata(c.Metadata, given.Metadata) && equalRuleSets(c.RuleSet, given.RuleSet) {
		return nil, nil
	}
	return j.find(&c, next, picked)
}

// populate gives a candidate its metadata and rules: its own, else those of the latest version, between the defaults and the
// overrides of the configuration. number is the version to be, or 0 to leave confluent:version alone.
func (c *candidate) populate(newest *row, number int) {
	m, rs := c.Metadata, c.RuleSet
	if newest != nil {
		if m == nil {
			m = newest.Metadata
		}
		if rs == nil {
			rs = newest.RuleSet
		}
	}
	m = mergeMetadata(mergeMetadata(c.config.DefaultMetadata, m), c.config.OverrideMetadata)
	rs = mergeRuleSets(mergeRuleSets(c.config.DefaultRuleSet, rs), c.config.OverrideRuleSet)
	if _, has := m.property(versionProperty); number > 0 && (has || c.Version != 0) {
		m = m.with(versionProperty, strconv.Itoa(number))
	}
	c.Metadata, c.RuleSet = m.normal(), rs.normal()
}

// check compares a candidate with earlier versions, ascending, at the level in force.
func (j judge) check(c *candidate, next *parsed, earlier []*row) (Check, error) {
	out := Check{ValidateFields: orDefault(c.config.ValidateFields, j.opts.ValidateFields)}
	if out.ValidateFields {
		out.Reserved = reservedFindings(c.Metadata, next, earlier)
	}
	if g := c.config.Group; g != "" {
		earlier = sameGroup(c.Metadata, g, earlier)
	}
	if !c.config.Level.Transitive() && len(earlier) > 1 {
		earlier = earlier[len(earlier)-1:]
	}
	history := make([]compat.Version, len(earlier))
	for i, r := range earlier {
		history[i] = compat.Version{Number: r.Number, Schema: &old{row: r, judge: j}}
	}
	d := differ{judge: j, next: next}
	checker := compat.Checker{Differ: d.differences}
	if c.config.Policy == policyLenient {
		checker.Policy = schema.Lenient
	}
	out.Verdict = checker.Check(c.config.Level, next, history)
	for i := range out.Verdict.Findings {
		f := &out.Verdict.Findings[i]
		stored, err := j.parse(j.view, f.Old.Schema.(*old).row.source())
		if err != nil {
			return out, err
		}
		f.Old.Schema = stored.Schema
	}
	return out, d.err
}

// sameGroup keeps the versions of the candidate's compatibility group; no group is a group too.
func sameGroup(m *Metadata, group string, earlier []*row) []*row {
	want, has := m.property(group)
	return slices.DeleteFunc(slices.Clone(earlier), func(r *row) bool {
		got, ok := r.Metadata.property(group)
		return ok != has || got != want
	})
}

func reservedFindings(m *Metadata, next *parsed, earlier []*row) []string {
	var out []string
	names := m.reserved()
	if len(earlier) > 0 {
		for _, name := range earlier[len(earlier)-1].Metadata.reserved() {
			if !slices.Contains(names, name) {
				out = append(out, "{errorType:'RESERVED_FIELD_REMOVED', description:'The new schema no longer reserves the field "+name+", which the old schema reserves.', additionalInfo:'"+name+"'}")
			}
		}
	}
	fielder, ok := next.Schema.(schema.Fielder)
	if !ok || len(names) == 0 {
		return out
	}
	fields := fielder.Fields()
	for _, name := range names {
		if slices.Contains(fields, name) {
			out = append(out, "{errorType:'FIELD_CONFLICTS_WITH_RESERVED_FIELD', description:'The new schema has a field named "+name+", which its metadata reserves.', additionalInfo:'"+name+"'}")
		}
	}
	return out
}
