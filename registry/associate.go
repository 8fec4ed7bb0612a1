package registry

import (
	"cmp"
	"context"
	"crypto/md5"
	"fmt"
	"slices"
	"unicode"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

// Bond is an association that somebody asks for.
type Bond struct {
	Subject   string    // empty is the subject that is named after the resource
	Type      string    // empty is "value"
	Lifecycle Lifecycle // empty is Strong with a schema and Weak without
	Frozen    *bool     // nil is true for Strong and false for Weak
	Schema    *Submission
}

// Association requests: all bonds of one are made, or none.
type (
	// Associate asks for associations of one resource.
	Associate struct {
		Resource
		Context string // of the subjects that name none; empty is the default one
		Upsert  bool   // associations that exist may be repeated and may change
		DryRun  bool   // judge only
		Bonds   []Bond
	}
	// Dissociate asks for the end of associations of one resource.
	Dissociate struct {
		ResourceID   string
		ResourceType string   // empty is TopicResource
		Types        []string // empty is all
		Cascade      bool     // frozen ones too, and with a strong one its subject
		DryRun       bool
	}
)

// Associated is an association that was made or found, with the version that its schema was registered as.
type Associated struct {
	Association
	Schema *Version // nil if no schema was given
}

// Associate makes associations and registers the schemas that come with them. Errors: ErrInvalidAssociation,
// ErrAssociationExists, ErrSubjectAssociated, ErrStronglyAssociated, ErrNoActiveVersion, ErrAssociationFrozen,
// ErrReferenceExists, and those of Register.
func (r *Registry) Associate(ctx context.Context, a Associate) (made []Associated, err error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	for i, b := range a.Bonds {
		if b.Schema == nil {
			continue
		}
		a.Bonds[i].Schema.Subject = a.subject(b).String()
		if _, err := admit(&r.opts, a.Bonds[i].Schema); err != nil {
			return nil, err
		}
	}
	decide := func(j judge) (c *change, err error) {
		c, made, err = j.associate(a)
		return c, err
	}
	if a.DryRun {
		return nil, r.dry(ctx, decide)
	}
	_, _ = decide(r.judge()) // outside of the turn, so that schemas are parsed and compared while others write
	if err := r.write(ctx, opAssociate, decide); err != nil {
		return nil, err
	}
	for i := range made {
		if x := r.view.association(made[i].place()); x != nil {
			made[i].Association = *x
		}
		if v := made[i].Schema; v != nil {
			if x := r.view.row(ParseName(v.Subject), v.Number); x != nil {
				made[i].Schema = &x.Version
			}
		}
	}
	return made, nil
}

// dry judges what would be decided now.
func (r *Registry) dry(ctx context.Context, decide func(judge) (*change, error)) error {
	if err := r.current(ctx); err != nil {
		return err
	}
	_, err := decide(r.judge())
	return err
}

// Dissociate ends associations. Errors: ErrAssociationNotFound, ErrAssociationFrozen, and with Cascade those of DeleteSubject.
func (r *Registry) Dissociate(ctx context.Context, d Dissociate) error {
	if d.ResourceType == "" {
		d.ResourceType = TopicResource
	}
	decide := func(j judge) (*change, error) { return j.dissociate(d) }
	if d.DryRun {
		return r.dry(ctx, decide)
	}
	return r.write(ctx, opAssociate, decide)
}

// check judges a request by itself, and fills in what it leaves out.
func (a *Associate) check() error {
	if a.Type == "" {
		a.Type = TopicResource
	}
	switch {
	case !resourceName(a.Name):
		return invalidBond("resourceName", "must be 1 to 256 letters, digits, '_' and '-'")
	case !resourceName(a.Namespace):
		return invalidBond("resourceNamespace", "must be 1 to 256 letters, digits, '_' and '-'")
	case a.ID == "" && !a.DryRun:
		return invalidBond("resourceId", "cannot be null or empty")
	case a.Type != TopicResource:
		return invalidBond("resourceType", "must be '"+TopicResource+"'")
	case len(a.Bonds) == 0:
		return invalidBond("associations", "cannot be null or empty")
	}
	a.Bonds = slices.Clone(a.Bonds)
	seen := map[string]bool{}
	for i := range a.Bonds {
		b := &a.Bonds[i]
		if err := b.check(); err != nil {
			return err
		}
		if seen[b.Type] {
			return invalidBond("associationType", "'"+b.Type+"' is given twice")
		}
		seen[b.Type] = true
		if b.Lifecycle != a.Bonds[0].Lifecycle {
			return invalidBond("lifecycle", "all associations of a resource must have the same")
		}
	}
	return nil
}

func (b *Bond) check() error {
	if b.Type == "" {
		b.Type = valueType
	}
	if b.Type != keyType && b.Type != valueType {
		return invalidBond("associationType", "must be '"+keyType+"' or '"+valueType+"'")
	}
	if b.Lifecycle == "" {
		b.Lifecycle = Weak
		if b.Schema != nil {
			b.Lifecycle = Strong
		}
	}
	if b.Schema != nil {
		s := *b.Schema
		b.Schema = &s
	}
	switch {
	case b.Lifecycle == Weak && b.Schema != nil:
		return invalidBond("schema", "cannot be given for a WEAK association")
	case b.Frozen != nil && *b.Frozen && b.Lifecycle == Weak:
		return invalidBond("frozen", "association with lifecycle of WEAK cannot be frozen")
	}
	return nil
}

func invalidBond(property, detail string) error {
	return fault.New(ErrInvalidAssociation, opAssociate, "The association specified an invalid value for property: '%s', detail: %s", property, detail)
}

func resourceName(s string) bool {
	n := 0
	for _, c := range s {
		if n++; c != '_' && c != '-' && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return n > 0 && n <= longestName
}

// subject returns the subject that a bond means.
func (a *Associate) subject(b Bond) Name {
	if b.Subject == "" {
		return a.own(b)
	}
	context := DefaultContext
	if a.Context != "" {
		context = ParseContext(a.Context)
	}
	return in(context, b.Subject)
}

// Subjects returns the subjects of the bonds, in their order and usual form.
func (a *Associate) Subjects() []string {
	var out []string
	for _, b := range a.Bonds {
		out = append(out, a.subject(b).String())
	}
	return out
}

// own returns the subject that is named after the resource.
func (a *Associate) own(b Bond) Name {
	return Name{"." + a.Namespace, a.Name + "-" + cmp.Or(b.Type, valueType)}
}

// associate decides a request for associations. Schemas of several bonds are decided one after the other, as for a batch.
func (j judge) associate(a Associate) (*change, []Associated, error) {
	c := &change{}
	j.draft = newDraft()
	var made []Associated
	for _, b := range a.Bonds {
		if err := j.uniform(&a, b); err != nil {
			return nil, nil, err
		}
		x, err := j.bond(&a, b, c)
		if err != nil {
			return nil, nil, err
		}
		made = append(made, x)
	}
	return c, made, nil
}

// uniform judges that what the resource has besides a bond has the same lifecycle, and that its name and ID belong together.
func (j judge) uniform(a *Associate, b Bond) error {
	for _, x := range j.view.ofResource(a.Type, a.ID) {
		switch {
		case x.ResourceName != a.Name:
			return invalidBond("resourceName", "the resource is called '"+x.ResourceName+"'")
		case x.ResourceNamespace != a.Namespace:
			return invalidBond("resourceNamespace", "the resource is in '"+x.ResourceNamespace+"'")
		case x.Type != b.Type && x.Lifecycle != b.Lifecycle:
			return invalidBond("lifecycle", "all associations of a resource must have the same")
		}
	}
	for _, x := range j.view.named(a.Name) {
		if x.ResourceNamespace == a.Namespace && x.Type == b.Type && x.ResourceID != a.ID && a.ID != "" {
			return associationExists(b.Type, a.Name)
		}
	}
	return nil
}

func associationExists(kind, resource string) error {
	return fault.New(ErrAssociationExists, opAssociate, "An association of type '%s' already exists for resource '%s'", kind, resource)
}

// bond decides one association and adds what it does to a change.
func (j judge) bond(a *Associate, b Bond, c *change) (Associated, error) {
	n := a.subject(b)
	if _, err := subjectName(opAssociate, n.String()); err != nil {
		return Associated{}, err
	}
	if old := j.view.association(associationPlace{a.Type, a.ID, b.Type}); old != nil {
		return j.rebond(a, b, n, old)
	}
	mode := modeInForce(j.view, n)
	if err := j.permits(a, b, n, mode); err != nil {
		return Associated{}, err
	}
	if err := j.free(n, b); err != nil {
		return Associated{}, err
	}
	made := Associated{Association: a.association(b, n, j.view.end())}
	if b.Schema != nil {
		v, err := j.enrol(n, *b.Schema, c)
		if err != nil {
			return made, err
		}
		made.Schema = &v
	} else if latest(j.view.rows(n)) == nil {
		return made, noActiveVersion(opAssociate, n)
	}
	if b.Lifecycle == Strong {
		j.draft.subjects[n] = true
	}
	c.PutAssociations = append(c.PutAssociations, bondRecord{Association: made.Association})
	return made, nil
}

// permits judges whether a bond may be made at all.
func (j judge) permits(a *Associate, b Bond, n Name, mode Mode) error {
	strong, own := b.Lifecycle == Strong, n == a.own(b)
	switch {
	case mode.readOnly():
		return readOnly(opAssociate, n)
	case b.Schema != nil && mode.importing():
		return invalidBond("schema", "cannot be given in "+string(mode)+" mode")
	case strong && a.Upsert && !mode.importing():
		return invalidBond("lifecycle", "a STRONG association is made by creating it")
	case strong && b.Schema == nil && !mode.importing():
		return invalidBond("schema", "must be given for a STRONG association")
	case strong && b.Frozen != nil && !*b.Frozen:
		return invalidBond("frozen", "a STRONG association is frozen")
	case strong && !own:
		return invalidBond("subject", "frozen associations must use subject '"+a.own(b).String()+"'")
	case !strong && own:
		return invalidBond("subject", "a WEAK association needs a subject that is not named after the resource")
	}
	return nil
}

// free judges whether a subject takes another association.
func (j judge) free(n Name, b Bond) error {
	others := j.view.associated(n)
	if b.Lifecycle == Strong && (len(others) > 0 || j.draft.subjects[n]) {
		return subjectAssociated(opAssociate, n)
	}
	if j.view.strong(n) {
		return fault.New(ErrStronglyAssociated, opAssociate, "A strong association already exists for subject '%s'", n)
	}
	if b.Lifecycle != Strong {
		return nil
	}
	for _, r := range j.view.rows(n) {
		if j.view.referred(n, r.Number, func(by *row) bool { return by.name != n }) {
			return referenceExists(n, r.Number)
		}
	}
	return nil
}

// enrol decides the registration of the schema of a bond.
func (j judge) enrol(n Name, s Submission, c *change) (Version, error) {
	known, err := j.known(n, s)
	if err != nil {
		return Version{}, err
	}
	if known != nil {
		return known.Version, nil
	}
	out, err := j.register(n, s)
	if err != nil {
		return Version{}, err
	}
	if out.existing != nil {
		return out.existing.Version, nil
	}
	j.draft.add(&out.record)
	c.Remove = append(c.Remove, out.replaced...)
	c.Put = append(c.Put, out.record)
	return newRow(&out.record, 0, 0, &subject{name: n, full: n.String()}).Version, nil
}

// association returns what is stored for a bond. Its GUID follows from the change that makes it.
func (a *Associate) association(b Bond, n Name, after Seq) Association {
	sum := md5.Sum(fmt.Appendf(nil, "%d %q %q %q %q", after, a.Type, a.ID, b.Type, n))
	return Association{
		Subject: n.String(), GUID: schema.GUID(sum).String(), ResourceName: a.Name, ResourceNamespace: a.Namespace,
		ResourceID: a.ID, ResourceType: a.Type, Type: b.Type, Lifecycle: b.Lifecycle, Frozen: b.Lifecycle == Strong,
	}
}

// rebond decides a bond of a type that the resource has already: the same again is no change, and anything else is refused.
func (j judge) rebond(a *Associate, b Bond, n Name, old *Association) (Associated, error) {
	out := Associated{Association: *old}
	same := n.String() == old.Subject && b.Lifecycle == old.Lifecycle && (b.Frozen == nil || *b.Frozen == old.Frozen)
	if same && b.Schema != nil {
		known, err := j.known(n, *b.Schema)
		if err != nil {
			return out, err
		}
		if same = known != nil; same {
			out.Schema = &known.Version
		}
	}
	switch {
	case same:
		return out, nil
	case !a.Upsert:
		return out, associationExists(b.Type, a.ID)
	case n.String() != old.Subject:
		return out, invalidBond("subject", "subject of association cannot be changed")
	case b.Frozen != nil && *b.Frozen != old.Frozen:
		return out, invalidBond("frozen", "frozen attribute of association cannot be changed")
	case old.Frozen:
		return out, frozen(old)
	}
	return out, invalidBond("lifecycle", "a WEAK association cannot become STRONG")
}

func frozen(a *Association) error {
	return fault.New(ErrAssociationFrozen, opAssociate, "The association of type  '%s' is frozen for subject '%s'", a.Type, a.Subject)
}

// dissociate decides the end of associations.
func (j judge) dissociate(d Dissociate) (*change, error) {
	c := &change{}
	for _, a := range j.view.ofResource(d.ResourceType, d.ResourceID) {
		if len(d.Types) > 0 && !slices.Contains(d.Types, a.Type) {
			continue
		}
		if err := j.part(a, d.Cascade, c); err != nil {
			return nil, err
		}
	}
	if len(c.RemoveAssociations) == 0 {
		return nil, associationNotFound(d.ResourceID)
	}
	return c, nil
}

// part adds the end of an association to a change: with it, a cascade ends the subject that the resource owned.
func (j judge) part(a *Association, cascade bool, c *change) error {
	n := ParseName(a.Subject)
	switch {
	case a.Frozen && !cascade:
		return frozen(a)
	case modeInForce(j.view, n).readOnly():
		return readOnly(opAssociate, n)
	}
	c.RemoveAssociations = append(c.RemoveAssociations, a.place())
	if a.Lifecycle != Strong {
		return nil
	}
	rows := j.view.rows(n)
	for _, r := range rows {
		if j.view.referred(n, r.Number, func(by *row) bool { return by.name != n }) {
			return referenceExists(n, r.Number)
		}
	}
	gone, _ := erase(rows, Permanent)
	c.Remove = append(c.Remove, gone.Remove...)
	j.forget(n, c)
	return nil
}
