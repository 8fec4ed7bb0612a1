package registry

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

const opRegister = "registry.Register"

// outcome is a decision to register: a version that exists already, or one to be written together with what gives way to it.
type outcome struct {
	existing *row
	record   record
	replaced []place
}

// admit judges what can be judged without a View.
func admit(o *Options, s *Submission) (Name, error) {
	s.RuleSet = s.RuleSet.withKekNames()
	if err := s.RuleSet.normal().validate(opRegister); err != nil {
		return Name{}, err
	}
	n, err := subjectName(opRegister, s.Subject)
	if err != nil {
		return n, err
	}
	if o.RejectEmptySubject && (n.Subject == "" || n.Subject == "*") {
		return n, badSubject(opRegister, s.Subject)
	}
	if len(s.Text) > o.MaxSchemaBytes {
		return n, fault.New(ErrSchemaTooLarge, opRegister, "Register operation failed because schema is too large")
	}
	if !utf8.ValidString(s.Text) {
		return n, fault.New(ErrInvalidSchema, opRegister, "Invalid schema: the text is not UTF-8")
	}
	return n, nil
}

// known looks a submission up among the live versions before anything else is judged: what is registered already is answered in
// every mode. Nil means that it has to be registered.
func (j judge) known(n Name, s Submission) (*row, error) {
	c := j.candidate(n, s)
	if s.editsTags() || c.config.populates() || blank(s.Text) {
		return nil, nil
	}
	rows := live(j.view.rows(n))
	if s.Version == Latest && len(rows) > 0 {
		rows = rows[len(rows)-1:]
	}
	if r := j.recall(&c, rows); r != nil {
		return settle(s, r, rows), nil
	}
	next, err := j.read(&c, j.rigorOfNew(&c)) // most texts that are not known are new, and need no second parse then
	if err != nil {
		next, err = j.read(&c, schema.AsStored)
	}
	if err != nil {
		return nil, err
	}
	found, err := j.find(&c, next, rows)
	if found == nil || err != nil {
		return nil, err
	}
	return settle(s, found, rows), nil
}

// settle returns the version that answers a submission whose schema was found among live rows, or nil if it asks for another
// version or ID.
func settle(s Submission, found *row, rows []*row) *row {
	if s.Version <= 0 {
		if s.ID <= 0 || s.ID == found.ID {
			return found
		}
		return nil
	}
	if s.ID != found.ID {
		return nil
	}
	if s.Version == found.Number {
		return found
	}
	if r := find(rows, s.Version); r != nil && r.ID == found.ID && r.GUID == found.GUID {
		return r
	}
	return nil
}

func (s *Submission) editsTags() bool {
	return len(s.AddTags) > 0 || len(s.RemoveTags) > 0 || s.PropagateTags
}

// register decides what registering a submission does.
func (j judge) register(n Name, s Submission) (outcome, error) {
	c := j.candidate(n, s)
	if err := c.permitted(); err != nil {
		return outcome{}, err
	}
	rows := j.view.rows(n)
	alive := live(rows)
	number, err := nextVersion(rows)
	if err != nil {
		return outcome{}, err
	}
	if err := j.complete(&c, alive, number); err != nil {
		return outcome{}, err
	}
	if err := j.referable(&c); err != nil {
		return outcome{}, err
	}
	next, err := j.read(&c, j.rigorOfNew(&c))
	if err != nil {
		return outcome{}, err
	}
	id, existing, err := j.identify(&c, next, alive)
	if existing != nil || err != nil {
		return outcome{existing: existing}, err
	}
	if err := j.compatible(&c, next, alive); err != nil {
		return outcome{}, err
	}
	if err := c.number(number); err != nil {
		return outcome{}, err
	}
	if err := j.overwritable(&c, rows); err != nil {
		return outcome{}, err
	}
	if id, err = j.claim(&c, id); err != nil {
		return outcome{}, err
	}
	return outcome{record: c.record(id), replaced: j.replacedBy(&c, id, rows)}, nil
}

// permitted judges whether the mode in force takes the candidate.
func (c *candidate) permitted() error {
	lacks := ""
	switch {
	case c.mode.readOnly():
		return readOnly(opRegister, c.name)
	case c.ID > 0 && !c.mode.importing():
		lacks = "import"
	case c.ID <= 0 && c.mode != ReadWrite:
		lacks = "read-write"
	default:
		return nil
	}
	return fault.New(ErrNotPermitted, opRegister, "Subject %s in context %s is not in %s mode", c.name, c.name.inContext(), lacks)
}

func readOnly(op string, n Name) error {
	return fault.New(ErrNotPermitted, op, "Subject %s in context %s is in read-only mode", n, n.inContext())
}

// inContext is the context of a name as messages show it: empty for the default one.
func (n Name) inContext() string { return n.above() }

func nextVersion(rows []*row) (int, error) {
	if len(rows) == 0 {
		return 1, nil
	}
	highest := rows[len(rows)-1].Number
	if highest >= math.MaxInt32 {
		return 0, fault.New(ErrInvalidVersion, opRegister, "The subject holds version %d, after which there is none.", highest)
	}
	return highest + 1, nil
}

// complete fills in what the candidate takes over from the latest version and the configuration, and edits its tags.
func (j judge) complete(c *candidate, alive []*row, number int) error {
	if c.mode.importing() {
		return c.needText()
	}
	newest := latest(alive)
	if blank(c.Text) && newest != nil {
		c.Text, c.Format, c.References = newest.Text, newest.Format, newest.References
	}
	if err := c.needText(); err != nil {
		return err
	}
	if err := j.retag(c, newest); err != nil {
		return err
	}
	c.populate(newest, number)
	return nil
}

// referable judges that the candidate refers to no subject that a resource owns.
func (j judge) referable(c *candidate) error {
	for _, ref := range c.References {
		if n := in(c.name.Context, ref.Subject); n != c.name && j.view.strong(n) {
			return fault.New(ErrNotPermitted, opRegister, "Subject %s has a strong association and cannot be referenced", n)
		}
	}
	return nil
}

func (c *candidate) needText() error {
	if blank(c.Text) {
		return fault.New(ErrInvalidSchema, opRegister, "Empty schema")
	}
	return nil
}

// identify looks for the candidate's content in its context: the version that is the answer, or the ID to use again.
func (j judge) identify(c *candidate, next *parsed, alive []*row) (schema.ID, *row, error) {
	id := c.ID
	guid := contentGUID(c.Text, c.References, c.Metadata, c.RuleSet)
	for _, same := range j.candidates(c.name.Context, guid) {
		if c.ID > 0 && same.ID != c.ID || !c.content(same) {
			continue
		}
		if r := underSubject(alive, same.ID); c.Version == 0 && r != nil && r.GUID == guid {
			return 0, r, nil
		}
		id = same.ID
		break
	}
	if c.Version != 0 {
		return id, nil, nil
	}
	for _, r := range slices.Backward(alive) {
		if c.ID > 0 && r.ID != c.ID {
			continue
		}
		if same, err := j.matches(c, next, r); err != nil || same {
			return id, r, err
		}
	}
	return id, nil, nil
}

func (j judge) compatible(c *candidate, next *parsed, alive []*row) error {
	if c.mode.importing() || c.Force {
		return nil
	}
	verdict, err := j.check(c, next, alive)
	if err != nil || verdict.Compatible() {
		return err
	}
	cause := &Incompatible{Subject: c.name.String(), Check: verdict}
	return fault.Wrap(ErrIncompatible, opRegister, cause, "%s", cause.detail())
}

// number gives the candidate its version.
func (c *candidate) number(next int) error {
	switch {
	case c.Version <= 0:
		c.Version = next
	case c.Version != next && !c.mode.importing():
		return fault.New(ErrInvalidSchema, opRegister, "Version is not one more than previous version")
	}
	return nil
}

// overwritable judges whether the candidate may take the place of an existing version, which only imports do: unless it would
// refer to itself through others.
func (j judge) overwritable(c *candidate, rows []*row) error {
	if find(rows, c.Version) == nil {
		return nil
	}
	s := source{name: c.name, format: c.Format, refs: c.References, rigor: schema.AsStored}
	refs, err := j.resolve(j.view, s)
	at := place{c.name.String(), c.Version}
	if err == nil && leadTo(refs, at, map[place]bool{}) {
		err = cycle(at)
	}
	if err != nil {
		return s.refuse(opRegister, err)
	}
	return nil
}

// claim returns the ID to write: the one given or found, if its content is the candidate's, else the next of the context.
func (j judge) claim(c *candidate, id schema.ID) (schema.ID, error) {
	if id > 0 {
		if r := j.carrier(c.name.Context, id); r != nil && !c.content(r) {
			return 0, fault.New(ErrNotPermitted, opRegister, "Overwrite new schema with id %d in context %s is not permitted.", id, c.name.inContext())
		}
		return id, nil
	}
	last := j.lastID(c.name.Context)
	if last == math.MaxInt32 {
		return 0, fault.New(ErrNotPermitted, opRegister, "All IDs of context %s are given away.", c.name.Context)
	}
	return last + 1, nil
}

// replacedBy returns the soft-deleted versions that the new one makes pointless: those of the same ID and a lower number to
// which nothing refers.
func (j judge) replacedBy(c *candidate, id schema.ID, rows []*row) []place {
	var out []place
	for _, r := range rows {
		if r.Deleted && r.ID == id && r.Number < c.Version && !j.view.referred(c.name, r.Number, anyReferrer) {
			out = append(out, place{r.Subject, r.Number})
		}
	}
	return out
}

func anyReferrer(*row) bool { return true }

func (c *candidate) record(id schema.ID) record {
	return record{
		Subject: c.name.String(), Version: c.Version, ID: id, Type: c.Format, Schema: c.Text,
		References: c.References, Metadata: c.Metadata, RuleSet: c.RuleSet,
	}
}
