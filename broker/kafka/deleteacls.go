package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/internal/acl"
)

// DeleteAcls, key 31, versions 1 to 3. Each filter removes all that it chooses, or nothing.

func deleteACLs(c *call) message {
	req := c.request.(*kmsg.DeleteACLsRequest)
	r := kmsg.NewPtrDeleteACLsResponse()
	a := c.authorizer()
	for _, asked := range req.Filters {
		v := kmsg.NewDeleteACLsResponseResult()
		if a == nil {
			text := disabledText
			v.ErrorCode, v.ErrorMessage = securityDisabled, &text
			r.Results = append(r.Results, v)
			continue
		}
		f, err := filter(asked.ResourceType, asked.ResourceName, asked.ResourcePatternType, asked.Principal, asked.Host, asked.Operation, asked.PermissionType)
		var removed []acl.Binding
		if err == nil {
			removed, err = a.remove(c.ctx, f)
		}
		v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		for _, b := range removed {
			v.MatchingACLs = append(v.MatchingACLs, removedACL(b))
		}
		r.Results = append(r.Results, v)
	}
	return r
}

func removedACL(b acl.Binding) kmsg.DeleteACLsResponseResultMatchingACL {
	v := kmsg.NewDeleteACLsResponseResultMatchingACL()
	v.ResourceType, v.ResourceName, v.ResourcePatternType = typeNumbers[b.Type], b.Name, patternNumbers[acl.FilterPattern(b.Pattern)]
	v.Principal, v.Host, v.Operation, v.PermissionType = b.Principal, b.Host, operationNumbers[b.Operation], permissionNumbers[b.Permission]
	return v
}

// remove removes the bindings that a filter chooses, and returns them.
func (a *Access) remove(ctx context.Context, f acl.Filter) ([]acl.Binding, error) {
	a.changes.Lock()
	defer a.changes.Unlock()
	all := a.matching(f)
	var settings []broker.Setting
	for _, b := range all {
		s, err := setting(kindACL, b, nil)
		if err != nil {
			return nil, err
		}
		settings = append(settings, s)
	}
	return all, a.change(ctx, settings)
}
