package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/acl"
)

// CreateAcls, key 30, versions 1 to 3. Those of a request that are right are made durable together. One that is there already
// is no error.

// maxACLs bounds how many ACLs are kept.
const maxACLs = 100_000

func createACLs(c *call) message {
	req := c.request.(*kmsg.CreateACLsRequest)
	r := kmsg.NewPtrCreateACLsResponse()
	r.Results = make([]kmsg.CreateACLsResponseResult, len(req.Creations))
	a := c.authorizer()
	var bindings []acl.Binding
	for i, asked := range req.Creations {
		v := &r.Results[i]
		v.Default()
		if a == nil {
			text := disabledText
			v.ErrorCode, v.ErrorMessage = securityDisabled, &text
			continue
		}
		b := acl.Binding{
			Type: nameOf(typeNumbers, asked.ResourceType), Name: asked.ResourceName, Pattern: acl.Pattern(nameOf(patternNumbers, asked.ResourcePatternType)),
			Principal: asked.Principal, Host: asked.Host, Operation: nameOf(operationNumbers, asked.Operation), Permission: nameOf(permissionNumbers, asked.PermissionType),
		}
		if err := b.Check(); err != nil {
			v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
			continue
		}
		bindings = append(bindings, b)
	}
	if len(bindings) == 0 {
		return r
	}
	if err := a.add(c.ctx, bindings); err != nil {
		for i := range r.Results {
			if v := &r.Results[i]; v.ErrorCode == none {
				v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
			}
		}
	}
	return r
}

// add makes bindings.
func (a *Access) add(ctx context.Context, bindings []acl.Binding) error {
	a.changes.Lock()
	defer a.changes.Unlock()
	now := a.acls.Load()
	var settings []broker.Setting
	for _, b := range bindings {
		if now.Has(b) {
			continue
		}
		s, err := setting(kindACL, b, true)
		if err != nil {
			return err
		}
		settings = append(settings, s)
	}
	if now.Len()+len(settings) > maxACLs {
		return fault.New(acl.ErrInvalid, "kafka.CreateAcls", "there are %d ACLs; at most %d are kept", now.Len(), maxACLs)
	}
	return a.change(ctx, settings)
}
