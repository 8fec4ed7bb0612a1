package registry

import (
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

const opTags = "registry.EditTags"

// retag edits the inline tags of a candidate's text: those of the latest version come first if they are to be kept, then the
// submission's own additions and removals.
func (j judge) retag(c *candidate, newest *row) error {
	edits := len(c.AddTags) > 0 || len(c.RemoveTags) > 0
	propagates := c.PropagateTags && newest != nil
	if !edits && !propagates {
		return nil
	}
	plain := *c
	plain.normalize = false
	next, err := j.read(&plain, schema.AsStored)
	if err != nil {
		return err
	}
	tagged := next.Schema
	if propagates {
		if tagged, err = j.keepTags(tagged, newest); err != nil {
			return err
		}
	}
	if edits {
		if tagged, err = editTags(tagged, c.AddTags, c.RemoveTags); err != nil {
			return source{name: c.name, format: plain.Format}.refuse(opTags, err)
		}
		if c.Version == 0 {
			c.Version = Latest
		}
	}
	c.Format, c.Text, c.References = plain.Format, tagged.Canonical(), plain.References
	return nil
}

// keepTags adds the tags of an earlier version wherever s still has the place that carried them.
func (j judge) keepTags(s schema.Schema, earlier *row) (schema.Schema, error) {
	p, err := j.parse(j.view, earlier.source())
	if err != nil {
		return nil, err
	}
	t, ok := p.Schema.(schema.Tagger)
	if !ok || p.Format() != s.Format() {
		return s, nil
	}
	tags := t.Tags()
	next, ok := s.(schema.Tagger)
	if !ok || len(tags) == 0 {
		return s, nil
	}
	return next.KeepTags(tags)
}

func editTags(s schema.Schema, add, remove []schema.EntityTags) (schema.Schema, error) {
	t, ok := s.(schema.Tagger)
	if !ok {
		return nil, fault.New(schema.ErrInvalid, opTags, "schemas of type %s carry no tags", s.Format())
	}
	return t.EditTags(add, remove)
}

// tagEdit turns an edit of a live version into a submission.
func (j judge) tagEdit(n Name, number int, e TagEdit) (Submission, error) {
	rows := j.view.rows(n)
	r := pick(rows, number)
	if r == nil || r.Deleted {
		return Submission{}, absent(opTags, n, number, holds(rows, Live))
	}
	rules, err := j.editedRules(rows, e)
	if err != nil {
		return Submission{}, err
	}
	m := e.Metadata
	if m == nil {
		m = r.Metadata
	}
	sch, err := j.parse(j.view, r.source())
	if err != nil {
		return Submission{}, err
	}
	text := r.Text
	if len(e.Add) > 0 || len(e.Remove) > 0 {
		tagged, err := editTags(sch.Schema, e.Add, e.Remove)
		if err != nil {
			return Submission{}, r.source().refuse(opTags, err)
		}
		text = tagged.Canonical()
	}
	return Submission{
		Subject: n.String(), Format: r.Format, Text: text, References: r.References,
		// Its presence makes registration set the property to the number of the new version.
		Metadata: m.with(versionProperty, "0"), RuleSet: rules, Version: e.NewVersion,
	}, nil
}

// editedRules returns the rules that an edit asks for; nil leaves them to be inherited.
func (j judge) editedRules(rows []*row, e TagEdit) (*RuleSet, error) {
	if e.MergeRules == nil && len(e.RemoveRules) == 0 {
		return e.RuleSet, nil
	}
	if e.RuleSet != nil {
		return nil, fault.New(ErrInvalidRuleSet, opTags, "A ruleSet excludes rulesToMerge and rulesToRemove")
	}
	base := latest(rows)
	if e.NewVersion > 1 {
		base = find(rows, e.NewVersion-1)
	}
	var rules *RuleSet
	if base != nil && !base.Deleted {
		rules = base.RuleSet
	}
	return dropRules(mergeRuleSets(rules, e.MergeRules), e.RemoveRules), nil
}
