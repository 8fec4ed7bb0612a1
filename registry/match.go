package registry

import (
	"slices"
	"strconv"

	"github.com/pawl-registry/pawl/schema"
)

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
	if sum, ok := j.sums.get(parsedKey{text: s.key.with(refs), rigor: s.rigor, normal: c.normalize}); ok {
		return c.among(rows, sum, s.refs)
	}
	if c.normalize {
		return nil
	}
	return c.among(rows, s.key, s.refs) // a canonical text is its own canonical text
}

// among returns the newest of rows that has a text, references, and the candidate's metadata and rules; or nil.
func (c *candidate) among(rows []*row, text parseKey, refs []schema.Reference) *row {
	for _, r := range slices.Backward(rows) {
		if r.key == text && slices.Equal(r.References, refs) && c.carries(r) {
			return r
		}
	}
	return nil
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
