package rest

import (
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/auth"
	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
)

var lifecycles = []string{"", string(registry.Strong), string(registry.Weak)}

// bonds reads the association filters of GET /schemas; nil is none.
func (x *exchange) bonds() (*registry.AssociationFilter, error) {
	f := registry.AssociationFilter{ResourceType: x.query.Get("resourceType"), Types: x.query["associationType"]}
	for _, text := range x.query["lifecycle"] {
		if text == "" {
			continue
		}
		if oneOf("lifecycle", text, append(lifecycles, string(registry.NoLifecycle))) != nil {
			return nil, notFound()
		}
		f.Lifecycles = append(f.Lifecycles, registry.Lifecycle(text))
	}
	if f.ResourceType == "" && len(f.Types) == 0 && len(f.Lifecycles) == 0 {
		return nil, nil
	}
	return &f, nil
}

// associationFilter reads the filters of the association lists.
func (x *exchange) associationFilter() (registry.AssociationFilter, error) {
	f := registry.AssociationFilter{ResourceType: x.query.Get("resourceType"), Types: x.query["associationType"]}
	text := x.query.Get("lifecycle")
	if oneOf("lifecycle", text, lifecycles) != nil {
		return f, notFound()
	}
	if text != "" {
		f.Lifecycles = []registry.Lifecycle{registry.Lifecycle(text)}
	}
	return f, nil
}

func associationsOut(list []registry.Association) []openapi.Association {
	var out []openapi.Association
	for _, a := range list {
		out = append(out, associationOut(a))
	}
	return out
}

// associationOut names frozen only where it is not what the lifecycle implies.
func associationOut(a registry.Association) openapi.Association {
	out := openapi.Association{
		Subject: a.Subject, GUID: a.GUID, ResourceName: a.ResourceName, ResourceNamespace: a.ResourceNamespace,
		ResourceID: a.ResourceID, ResourceType: a.ResourceType, AssociationType: a.Type, Lifecycle: string(a.Lifecycle),
		Created: a.Created, Updated: a.Updated,
	}
	if a.Frozen != (a.Lifecycle == registry.Strong) {
		out.Frozen = &a.Frozen
	}
	return out
}

func (x *exchange) listAssociations(ask func(registry.AssociationFilter) ([]registry.Association, error)) (reply, error) {
	f, err := x.associationFilter()
	if err != nil {
		return reply{}, err
	}
	return list(x, maxSchemas, func() ([]openapi.Association, error) {
		found, err := ask(f)
		return associationsOut(seen(x, found, subjectOf)), err
	})
}

func subjectOf(a registry.Association) string { return a.Subject }

// associationsOfSubject answers GET /associations/subjects/{subject}.
func (s *server) associationsOfSubject(x *exchange) (reply, error) {
	subject, err := x.subject()
	if err != nil {
		return reply{}, err
	}
	return x.listAssociations(func(f registry.AssociationFilter) ([]registry.Association, error) {
		return s.reg.AssociationsOfSubject(x.ctx(), subject, f)
	})
}

// associationsOfResource answers GET /associations/resources/{resource}.
func (s *server) associationsOfResource(x *exchange) (reply, error) {
	return x.listAssociations(func(f registry.AssociationFilter) ([]registry.Association, error) {
		return s.reg.AssociationsOfResource(x.ctx(), x.param("resource"), f)
	})
}

// associationsOfName answers GET /associations/resources/{namespace}/{name}, which serializers ask for every topic.
func (s *server) associationsOfName(x *exchange) (reply, error) {
	return x.listAssociations(func(f registry.AssociationFilter) ([]registry.Association, error) {
		return s.reg.AssociationsOfName(x.ctx(), x.param("namespace"), x.param("name"), f)
	})
}

// associate answers POST /associations.
func (s *server) associate(x *exchange) (reply, error) {
	var body openapi.AssociationRequest
	if err := x.decode(&body); err != nil {
		return reply{}, err
	}
	return s.makeAssociations(x, body, false)
}

// upsertAssociations answers PUT /associations/resources/{resource}.
func (s *server) upsertAssociations(x *exchange) (reply, error) {
	var body openapi.AssociationRequest
	if err := x.decode(&body); err != nil {
		return reply{}, err
	}
	if body.ResourceID != x.param("resource") {
		return reply{}, fault.New(registry.ErrInvalidAssociation, "rest.upsertAssociations",
			"The association specified an invalid value for property: 'resourceId', detail: the body and the path differ")
	}
	return s.makeAssociations(x, body, true)
}

func (s *server) makeAssociations(x *exchange, body openapi.AssociationRequest, upsert bool) (reply, error) {
	a, err := x.associateIn(body, upsert)
	if err != nil {
		return reply{}, err
	}
	made, err := s.associateBy(x, a)
	if err != nil {
		return reply{}, err
	}
	return ok(associatedOut(a.Resource, made))
}

// associateBy makes associations for a caller who may change their subjects.
func (s *server) associateBy(x *exchange, a registry.Associate) ([]registry.Associated, error) {
	for i, subject := range a.Subjects() {
		if err := x.may(subject); err != nil {
			return nil, err
		}
		sub := a.Bonds[i].Schema
		if sub == nil {
			continue
		}
		sub.Subject = subject
		if err := x.mayRefer(*sub); err != nil {
			return nil, err
		}
	}
	return s.reg.Associate(x.ctx(), a)
}

// dissociateBy ends associations for a caller who may change their subjects.
func (s *server) dissociateBy(x *exchange, d registry.Dissociate) error {
	found, err := s.reg.AssociationsOfResource(x.ctx(), d.ResourceID, registry.AssociationFilter{ResourceType: d.ResourceType, Types: d.Types})
	if err != nil {
		return err
	}
	for _, a := range found {
		if err := x.may(a.Subject); err != nil {
			return err
		}
		if d.Cascade && x.policy != nil && !x.policy.Allows(x.who, auth.Admin, a.Subject) {
			return x.denied("subject " + a.Subject + ", which a cascade removes,")
		}
	}
	return s.reg.Dissociate(x.ctx(), d)
}

func (x *exchange) associateIn(body openapi.AssociationRequest, upsert bool) (registry.Associate, error) {
	a := registry.Associate{
		Resource: registry.Resource{Name: body.ResourceName, Namespace: body.ResourceNamespace, ID: body.ResourceID, Type: body.ResourceType},
		Context:  x.query.Get("context"), Upsert: upsert, DryRun: x.flag("dryRun"),
	}
	for _, b := range body.Associations {
		bond, err := bondIn(b)
		if err != nil {
			return a, err
		}
		a.Bonds = append(a.Bonds, bond)
	}
	return a, nil
}

func bondIn(b openapi.AssociationChange) (registry.Bond, error) {
	out := registry.Bond{Subject: b.Subject, Type: b.AssociationType, Lifecycle: registry.Lifecycle(b.Lifecycle), Frozen: b.Frozen}
	if err := oneOf("lifecycle", b.Lifecycle, lifecycles); err != nil || b.Schema == nil {
		return out, err
	}
	sub, err := submission(b.Subject, *b.Schema)
	sub.Normalize = b.Normalize
	out.Schema = &sub
	return out, err
}

func associatedOut(of registry.Resource, made []registry.Associated) openapi.AssociationResponse {
	if of.Type == "" {
		of.Type = registry.TopicResource
	}
	out := openapi.AssociationResponse{ResourceName: of.Name, ResourceNamespace: of.Namespace, ResourceID: of.ID, ResourceType: of.Type}
	for _, a := range made {
		out.Associations = append(out.Associations, associationInfo(a.Association, a.Schema))
	}
	return out
}

func associationInfo(a registry.Association, v *registry.Version) openapi.AssociationInfo {
	out := openapi.AssociationInfo{Subject: a.Subject, AssociationType: a.Type, Lifecycle: string(a.Lifecycle), Frozen: a.Frozen}
	if v != nil {
		schema := schemaOut(*v)
		out.Schema = &schema
	}
	return out
}

// dissociate answers DELETE /associations/resources/{resource}.
func (s *server) dissociate(x *exchange) (reply, error) {
	return done, s.dissociateBy(x, registry.Dissociate{
		ResourceID: x.param("resource"), ResourceType: x.query.Get("resourceType"), Types: x.query["associationType"],
		Cascade: x.flag("cascadeLifecycle"), DryRun: x.flag("dryRun"),
	})
}
