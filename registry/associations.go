package registry

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/pawl-registry/pawl/fault"
)

const opAssociate = "registry.Associate"

// Lifecycle says what a resource and a subject are to each other.
type Lifecycle string

// The lifecycles of Confluent Schema Registry.
const (
	Strong Lifecycle = "STRONG" // the resource owns the subject, alone
	Weak   Lifecycle = "WEAK"   // the resource uses the subject, as others may
	// NoLifecycle selects subjects without an association, in an AssociationFilter.
	NoLifecycle Lifecycle = "NONE"
)

// The one type of resources, and what a subject can be to one.
const (
	TopicResource = "topic"
	keyType       = "key"
	valueType     = "value"
)

// Resource is what subjects are associated with: a topic.
type Resource struct {
	Name      string
	Namespace string // such as the ID of a cluster
	ID        string // tells resources of one name apart that followed each other
	Type      string // empty is TopicResource
}

// Association ties a subject to a resource. Values are shared and must not be changed.
type Association struct {
	Subject           string    `json:"subject"` // qualified unless in the default context
	GUID              string    `json:"guid"`
	ResourceName      string    `json:"resourceName"`
	ResourceNamespace string    `json:"resourceNamespace"`
	ResourceID        string    `json:"resourceId"`
	ResourceType      string    `json:"resourceType"`
	Type              string    `json:"type"` // "key" or "value"
	Lifecycle         Lifecycle `json:"lifecycle"`
	Frozen            bool      `json:"frozen,omitempty"`
	Created           int64     `json:"-"` // milliseconds since the Unix epoch
	Updated           int64     `json:"-"`
}

// associationPlace names an association: of one type a resource has one.
type associationPlace struct {
	ResourceType string `json:"resourceType"`
	ResourceID   string `json:"resourceId"`
	Type         string `json:"type"`
}

// bondRecord is an association in a change. Times are given where they differ from that of the change.
type bondRecord struct {
	Association
	Created *int64 `json:"created,omitempty"`
	Updated *int64 `json:"updated,omitempty"`
}

func (r bondRecord) stored(at int64) *Association {
	a := r.Association
	a.Created, a.Updated = timeOf(r.Created, at), timeOf(r.Updated, at)
	return &a
}

func (a *Association) place() associationPlace {
	return associationPlace{a.ResourceType, a.ResourceID, a.Type}
}

// bonds is the associations of a View. Lists and values are replaced, never altered.
type bonds struct {
	all        map[associationPlace]*Association
	bySubject  map[string][]*Association
	byResource map[string][]*Association // by name of the resource
}

func newBonds() bonds {
	return bonds{all: map[associationPlace]*Association{}, bySubject: map[string][]*Association{}, byResource: map[string][]*Association{}}
}

// apply folds the associations of a change.
func (b *bonds) apply(c *change) {
	for _, p := range c.RemoveAssociations {
		b.remove(p)
	}
	for _, a := range c.PutAssociations {
		b.put(a.stored(c.Time))
	}
}

func (b *bonds) put(a *Association) {
	b.remove(a.place())
	b.all[a.place()] = a
	b.bySubject[a.Subject] = append(slices.Clone(b.bySubject[a.Subject]), a)
	b.byResource[a.ResourceName] = append(slices.Clone(b.byResource[a.ResourceName]), a)
}

func (b *bonds) remove(p associationPlace) {
	a := b.all[p]
	if a == nil {
		return
	}
	delete(b.all, p)
	without(b.bySubject, a.Subject, a)
	without(b.byResource, a.ResourceName, a)
}

func without(index map[string][]*Association, key string, a *Association) {
	list := slices.DeleteFunc(slices.Clone(index[key]), func(x *Association) bool { return x == a })
	if len(list) == 0 {
		delete(index, key)
	} else {
		index[key] = list
	}
}

func (b *bonds) snapshot(c *change) {
	for _, a := range slices.SortedFunc(maps.Values(b.all), compareAssociations) {
		c.PutAssociations = append(c.PutAssociations, bondRecord{*a, &a.Created, &a.Updated})
	}
}

func compareAssociations(a, b *Association) int {
	return cmp.Or(compareUTF16(a.ResourceName, b.ResourceName), compareUTF16(a.ResourceNamespace, b.ResourceNamespace),
		compareUTF16(a.ResourceType, b.ResourceType), compareUTF16(a.Type, b.Type), compareUTF16(a.ResourceID, b.ResourceID))
}

// associated returns the associations of a subject.
func (v *view) associated(n Name) []*Association {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.bonds.bySubject[n.String()]
}

// association returns what a resource has of one type, or nil.
func (v *view) association(p associationPlace) *Association {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.bonds.all[p]
}

// named returns the associations of the resources of a name.
func (v *view) named(name string) []*Association {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.bonds.byResource[name]
}

// associations returns all that f takes, sorted.
func (v *view) associations(f func(*Association) bool) []*Association {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var out []*Association
	for _, a := range v.bonds.all {
		if f(a) {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, compareAssociations)
	return out
}

// strong reports whether a subject is owned by a resource.
func (v *view) strong(n Name) bool {
	return slices.ContainsFunc(v.associated(n), func(a *Association) bool { return a.Lifecycle == Strong })
}

// ofResource returns what a resource has: the one or two types, looked up by their place.
func (v *view) ofResource(resourceType, id string) []*Association {
	var out []*Association
	for _, t := range []string{keyType, valueType} {
		if a := v.association(associationPlace{resourceType, id, t}); a != nil {
			out = append(out, a)
		}
	}
	return out
}

// AssociationFilter selects associations; empty fields select all.
type AssociationFilter struct {
	ResourceType string
	Types        []string
	Lifecycles   []Lifecycle
}

func (f *AssociationFilter) takes(a *Association) bool {
	return (f.ResourceType == "" || f.ResourceType == a.ResourceType) &&
		(len(f.Types) == 0 || slices.Contains(f.Types, a.Type)) &&
		(len(f.Lifecycles) == 0 || slices.Contains(f.Lifecycles, a.Lifecycle))
}

func (f *AssociationFilter) pick(list []*Association) []Association {
	var out []Association
	for _, a := range slices.SortedFunc(slices.Values(list), compareAssociations) {
		if f.takes(a) {
			out = append(out, *a)
		}
	}
	return out
}

// AssociationsOfSubject lists the associations of a subject by resource and type.
func (r *Registry) AssociationsOfSubject(ctx context.Context, subject string, f AssociationFilter) ([]Association, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	return f.pick(r.view.associated(ParseName(subject))), nil
}

// AssociationsOfResource lists the associations of the resource with an ID by type.
func (r *Registry) AssociationsOfResource(ctx context.Context, id string, f AssociationFilter) ([]Association, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	return f.pick(r.view.ofResource(TopicResource, id)), nil
}

// anyName stands for every namespace or name of a resource.
const anyName = "-"

// AssociationsOfName lists the associations of resources by namespace and name, by resource and type. "-" is any.
func (r *Registry) AssociationsOfName(ctx context.Context, namespace, name string, f AssociationFilter) ([]Association, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	takes := func(a *Association) bool { return namespace == anyName || a.ResourceNamespace == namespace }
	if name == anyName {
		return f.pick(r.view.associations(takes)), nil
	}
	return f.pick(slices.DeleteFunc(slices.Clone(r.view.named(name)), func(a *Association) bool { return !takes(a) })), nil
}

func associationNotFound(resource string) error {
	return fault.New(ErrAssociationNotFound, opAssociate, "Association for '%s' not found.", resource)
}

func subjectAssociated(op string, n Name) error {
	return fault.New(ErrSubjectAssociated, op, "An association already exists for subject '%s'", n)
}

func noActiveVersion(op string, n Name) error {
	return fault.New(ErrNoActiveVersion, op, "No active (non-deleted) version exists for subject '%s'", n)
}
