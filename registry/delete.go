package registry

import "github.com/pawl-registry/pawl/fault"

const opDelete = "registry.Delete"

// deleteSubject decides the deletion of all versions of a subject.
func (j judge) deleteSubject(n Name, d Deletion) (*change, []int, error) {
	rows := j.view.rows(n)
	alive := live(rows)
	switch {
	case len(rows) == 0:
		return nil, nil, subjectNotFound(opDelete, n)
	case d == Soft && len(alive) == 0:
		return nil, nil, fault.New(ErrSubjectSoftDeleted, opDelete, "Subject '%s' was soft deleted.Set permanent=true to delete permanently", n)
	case modeInForce(j.view, n).readOnly():
		return nil, nil, readOnly(opDelete, n)
	case len(j.view.associated(n)) > 0:
		return nil, nil, subjectAssociated(opDelete, n)
	}
	doomed := rows
	if d == Soft {
		doomed = alive
	}
	for _, r := range doomed {
		if j.view.referred(n, r.Number, func(by *row) bool { return by.name != n && (d == Permanent || !by.Deleted) }) {
			return nil, nil, referenceExists(n, r.Number)
		}
	}
	if d == Permanent && len(alive) > 0 {
		return nil, nil, fault.New(ErrSubjectNotSoftDeleted, opDelete, "Subject '%s' was not deleted first before being permanently deleted", n)
	}
	c, numbers := erase(doomed, d)
	if d == Permanent {
		j.forget(n, c)
	}
	return c, numbers, nil
}

// deleteVersion decides the deletion of one version.
func (j judge) deleteVersion(n Name, number int, d Deletion) (*change, int, error) {
	rows := j.view.rows(n)
	r := pick(rows, number)
	switch {
	case r == nil:
		return nil, 0, absent(opDelete, n, number, len(rows) > 0)
	case d == Soft && r.Deleted:
		return nil, 0, fault.New(ErrVersionSoftDeleted, opDelete, "Subject '%s' Version %s was soft deleted.Set permanent=true to delete permanently", n, versionText(number))
	case modeInForce(j.view, n).readOnly():
		return nil, 0, readOnly(opDelete, n)
	case d == Soft && len(live(rows)) == 1 && len(j.view.associated(n)) > 0:
		return nil, 0, noActiveVersion(opDelete, n)
	case j.view.referred(n, r.Number, func(by *row) bool { return d == Permanent || !by.Deleted }):
		return nil, 0, referenceExists(n, r.Number)
	case d == Permanent && !r.Deleted:
		return nil, 0, fault.New(ErrVersionNotSoftDeleted, opDelete, "Subject '%s' Version %s was not deleted first before being permanently deleted", n, versionText(number))
	}
	c, _ := erase([]*row{r}, d)
	if d == Permanent && len(rows) == 1 {
		j.forget(n, c)
	}
	return c, r.Number, nil
}

// pick returns a version by number, deleted ones included, or the latest live one; or nil.
func pick(rows []*row, number int) *row {
	if number == Latest {
		return latest(rows)
	}
	return find(rows, number)
}

func erase(rows []*row, d Deletion) (c *change, numbers []int) {
	c = &change{}
	for _, r := range rows {
		numbers = append(numbers, r.Number)
		at := place{r.Subject, r.Number}
		if d == Permanent {
			c.Remove = append(c.Remove, at)
		} else {
			c.Hide = append(c.Hide, at)
		}
	}
	return c, numbers
}

// forget adds to a change that the subject's own configuration and mode go with its last version. What is stored for the
// registry as a whole shares its name with the empty subject and stays.
func (j judge) forget(n Name, c *change) {
	name := n.String()
	if n.Subject == "" {
		return
	}
	if j.view.config(name) != nil {
		if c.Config == nil {
			c.Config = map[string]*Config{}
		}
		c.Config[name] = nil
	}
	if j.view.mode(name) != "" {
		if c.Mode == nil {
			c.Mode = map[string]*Mode{}
		}
		c.Mode[name] = nil
	}
}

func subjectNotFound(op string, n Name) error {
	return fault.New(ErrSubjectNotFound, op, "Subject '%s' not found.", n)
}

// absent says that a version is missing, or its whole subject.
func absent(op string, n Name, number int, subjectExists bool) error {
	if !subjectExists {
		return subjectNotFound(op, n)
	}
	return fault.New(ErrVersionNotFound, op, "Version %d not found.", number)
}

func referenceExists(n Name, number int) error {
	return fault.New(ErrReferenceExists, opDelete, "One or more references exist to the schema {magic=1,keytype=SCHEMA,subject=%s,version=%d}.", n, number)
}

// deleteContext decides the deletion of a context.
func (j judge) deleteContext(context string) (*change, error) {
	for _, s := range j.view.list(prefix{context: context}) {
		if len(s.rows) > 0 {
			return nil, fault.New(ErrContextNotEmpty, opDelete, "The specified context '%s' is not empty.", ":"+context+":")
		}
	}
	if context == DefaultContext || !j.view.knows(context) {
		return nil, nil
	}
	return &change{Drop: []string{context}}, nil
}
