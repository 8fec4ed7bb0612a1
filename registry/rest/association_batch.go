package rest

import (
	"net/http"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
)

// okBatch answers 207: each request of the batch has a result or an error of its own.
func okBatch[R any](requests []R, answer func(R) (openapi.AssociationResponse, error)) (reply, error) {
	out := openapi.AssociationBatchResponse{Results: []openapi.AssociationBatchResult{}}
	for _, r := range requests {
		var entry openapi.AssociationBatchResult
		if res, err := answer(r); err != nil {
			e := errorOf(err)
			entry.Error = &e
		} else {
			entry.Result = &res
		}
		out.Results = append(out.Results, entry)
	}
	body, err := encode(out)
	return reply{status: http.StatusMultiStatus, body: body}, err
}

// batchGet answers POST /associations:batchGet.
func (s *server) batchGet(x *exchange) (reply, error) {
	var body openapi.AssociationBatchGet
	if err := x.decode(&body); err != nil {
		return reply{}, err
	}
	for _, r := range body.Requests {
		if err := oneOf("lifecycle", r.Lifecycle, lifecycles); err != nil {
			return reply{}, err
		}
	}
	return okBatch(body.Requests, func(r openapi.AssociationQuery) (openapi.AssociationResponse, error) {
		found, err := s.queried(x, r)
		found = seen(x, found, subjectOf)
		if err != nil {
			return openapi.AssociationResponse{}, err
		}
		of := registry.Resource{Name: r.ResourceName, Namespace: r.ResourceNamespace, ID: r.ResourceID, Type: r.ResourceType}
		if len(found) > 0 {
			of = registry.Resource{Name: found[0].ResourceName, Namespace: found[0].ResourceNamespace, ID: found[0].ResourceID}
		}
		out := associatedOut(of, nil)
		for _, a := range found {
			v, err := s.newest(x, a)
			if err != nil {
				return out, err
			}
			out.Associations = append(out.Associations, associationInfo(a, v))
		}
		return out, nil
	})
}

func (s *server) queried(x *exchange, r openapi.AssociationQuery) ([]registry.Association, error) {
	f := registry.AssociationFilter{ResourceType: r.ResourceType, Types: r.AssociationTypes}
	if r.Lifecycle != "" {
		f.Lifecycles = []registry.Lifecycle{registry.Lifecycle(r.Lifecycle)}
	}
	if r.ResourceID != "" {
		return s.reg.AssociationsOfResource(x.ctx(), r.ResourceID, f)
	}
	return s.reg.AssociationsOfName(x.ctx(), r.ResourceNamespace, r.ResourceName, f)
}

// newest returns the latest version of an associated subject if the query wants schemas.
func (s *server) newest(x *exchange, a registry.Association) (*registry.Version, error) {
	if !x.flag("includeSchemas") {
		return nil, nil
	}
	v, err := s.reg.Version(x.ctx(), a.Subject, registry.Latest, registry.Live)
	return &v, err
}

// The operations of a batch.
const (
	createOp = "CREATE"
	upsertOp = "UPSERT"
	deleteOp = "DELETE"
)

// batchMutate answers POST /associations:batchMutate. Within a request, operations of one kind that follow each other are one
// unit; units before one that fails stay done.
func (s *server) batchMutate(x *exchange) (reply, error) {
	var body openapi.AssociationBatchMutate
	if err := x.decode(&body); err != nil {
		return reply{}, err
	}
	for _, r := range body.Requests {
		for _, op := range r.Associations {
			if err := oneOf("opType", op.OpType, []string{"", createOp, upsertOp, deleteOp}); err != nil {
				return reply{}, err
			}
			if _, err := bondIn(op.Change()); err != nil {
				return reply{}, err
			}
		}
	}
	return okBatch(body.Requests, func(r openapi.AssociationOps) (openapi.AssociationResponse, error) { return s.mutate(x, r) })
}

func (s *server) mutate(x *exchange, r openapi.AssociationOps) (openapi.AssociationResponse, error) {
	head := openapi.AssociationRequest{ResourceName: r.ResourceName, ResourceNamespace: r.ResourceNamespace, ResourceID: r.ResourceID, ResourceType: r.ResourceType}
	of := registry.Resource{Name: r.ResourceName, Namespace: r.ResourceNamespace, ID: r.ResourceID, Type: r.ResourceType}
	out := associatedOut(of, nil)
	for ops := r.Associations; len(ops) > 0; {
		n := unit(ops)
		made, err := s.mutateUnit(x, head, ops[:n])
		if err != nil {
			return out, err
		}
		out.Associations = append(out.Associations, associatedOut(of, made).Associations...)
		ops = ops[n:]
	}
	return out, nil
}

// unit returns how many operations at the beginning belong together.
func unit(ops []openapi.AssociationOp) int {
	n := 1
	for ops[0].OpType != deleteOp && n < len(ops) && ops[n].OpType == ops[0].OpType {
		n++
	}
	return n
}

func (s *server) mutateUnit(x *exchange, head openapi.AssociationRequest, ops []openapi.AssociationOp) ([]registry.Associated, error) {
	if op := ops[0]; op.OpType == deleteOp {
		d := registry.Dissociate{ResourceID: head.ResourceID, ResourceType: head.ResourceType, Cascade: op.CascadeLifecycle, DryRun: x.flag("dryRun")}
		if op.AssociationType != "" {
			d.Types = []string{op.AssociationType}
		}
		return nil, s.dissociateBy(x, d)
	}
	for _, op := range ops {
		head.Associations = append(head.Associations, op.Change())
	}
	a, err := x.associateIn(head, ops[0].OpType == upsertOp)
	if err != nil {
		return nil, err
	}
	return s.associateBy(x, a)
}
