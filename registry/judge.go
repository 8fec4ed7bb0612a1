package registry

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// judge decides requests by a View. Its decide methods are functions of the View and the request alone: they read no clock and
// write nothing. Parsed schemas and compared pairs are kept beside it, which changes how long an answer takes and not what it is.
type judge struct {
	view *view
	*parser
	opts  *Options
	draft *draft // nil unless several registrations are decided together
	steps steps
	gone  func() error // why nobody waits for the answer any more; nil: somebody always does
}

// left fails once nobody waits for the answer. It is asked before each costly step, so that work ends soon after its caller.
func (j judge) left(op string) error {
	if j.gone == nil {
		return nil
	}
	return storeFault(op, j.gone())
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
	s := source{name: c.name, format: f.Name(), text: c.Text, rigor: rigor, key: textKey(f.Name(), c.Text), steps: j.steps}
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
	if err := j.left("registry.read"); err != nil {
		return nil, err
	}
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
	if c.normalize || next.sum != s.key {
		j.sums.put(next.key.stored(), next.sum, 1)
	}
	c.Format, c.Text, c.References = next.Format(), next.text, s.refs
	return next, nil
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
