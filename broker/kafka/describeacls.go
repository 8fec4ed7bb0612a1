package kafka

import (
	"cmp"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/acl"
)

// DescribeAcls, key 29, versions 1 to 3. Where access is not decided on, ACLs are answered with SECURITY_DISABLED, as by a Kafka
// without an authorizer.

// authorizer returns what holds the ACLs, or nil if none are kept.
func (c *call) authorizer() *Access {
	if a := c.server.opts.Access; a != nil && a.opts.Authorize {
		return a
	}
	return nil
}

const disabledText = "access is not decided on by ACLs here"

func describeACLs(c *call) message {
	r := kmsg.NewPtrDescribeACLsResponse()
	a := c.authorizer()
	if a == nil {
		text := disabledText
		r.ErrorCode, r.ErrorMessage = securityDisabled, &text
		return r
	}
	req := c.request.(*kmsg.DescribeACLsRequest)
	f, err := filter(req.ResourceType, req.ResourceName, req.ResourcePatternType, req.Principal, req.Host, req.Operation, req.PermissionType)
	if err != nil {
		r.ErrorCode, r.ErrorMessage = c.server.numberOf(err), textOf(err)
		return r
	}
	for _, b := range a.matching(f) {
		n := len(r.Resources)
		if n == 0 || !sameResource(&r.Resources[n-1], b) {
			v := kmsg.NewDescribeACLsResponseResource()
			v.ResourceType, v.ResourceName, v.ResourcePatternType = typeNumbers[b.Type], b.Name, patternNumbers[acl.FilterPattern(b.Pattern)]
			r.Resources = append(r.Resources, v)
			n++
		}
		v := kmsg.NewDescribeACLsResponseResourceACL()
		v.Principal, v.Host, v.Operation, v.PermissionType = b.Principal, b.Host, operationNumbers[b.Operation], permissionNumbers[b.Permission]
		r.Resources[n-1].ACLs = append(r.Resources[n-1].ACLs, v)
	}
	return r
}

func sameResource(r *kmsg.DescribeACLsResponseResource, b acl.Binding) bool {
	return r.ResourceType == typeNumbers[b.Type] && r.ResourceName == b.Name && r.ResourcePatternType == patternNumbers[acl.FilterPattern(b.Pattern)]
}

// matching returns the bindings that a filter chooses, those of one resource together.
func (a *Access) matching(f acl.Filter) []acl.Binding {
	var all []acl.Binding
	for b := range a.acls.Load().Bindings() {
		if f.Matches(b) {
			all = append(all, b)
		}
	}
	slices.SortFunc(all, func(x, y acl.Binding) int {
		return cmp.Or(cmp.Compare(x.Type, y.Type), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Pattern, y.Pattern), cmp.Compare(x.Principal, y.Principal),
			cmp.Compare(x.Host, y.Host), cmp.Compare(x.Operation, y.Operation), cmp.Compare(x.Permission, y.Permission))
	})
	return all
}

// filter reads a filter off the wire. Numbers that are not Kafka's are refused.
func filter(t kmsg.ACLResourceType, name *string, p kmsg.ACLResourcePatternType, principal, host *string, op kmsg.ACLOperation, allow kmsg.ACLPermissionType) (acl.Filter, error) {
	f := acl.Filter{
		Type: filterOf(typeNumbers, t), Name: name, Pattern: nameOf(patternNumbers, p), Principal: principal, Host: host,
		Operation: filterOf(operationNumbers, op), Permission: filterOf(permissionNumbers, allow),
	}
	if f.Type == "UNKNOWN" || f.Pattern == "UNKNOWN" || f.Operation == "UNKNOWN" || f.Permission == "UNKNOWN" {
		return f, fault.New(acl.ErrInvalid, "kafka.filter", "the filter has a type, pattern, operation or permission that is not known")
	}
	return f, nil
}
