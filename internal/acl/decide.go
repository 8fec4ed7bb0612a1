package acl

import "strings"

// Policy is what holds beside the bindings.
type Policy struct {
	Super     map[string]bool // principals that may do everything
	OpenWorld bool            // a resource with no binding at all is open to everyone (allow.everyone.if.no.acl.found)
}

// Subject is who asks.
type Subject struct {
	Principal string // such as User:alice
	Host      string // address
}

// anyone is what stands for every principal of a type, by the type of principals that exist here.
const anyone = "User:" + Everyone

func (s Subject) is(b Binding) bool {
	return (b.Principal == s.Principal || (b.Principal == anyone && strings.HasPrefix(s.Principal, "User:"))) &&
		(b.Host == Everyone || b.Host == s.Host)
}

// implies says which permissions include others (KIP-11; Kafka's AclAuthorizer). Denials include nothing.
func implies(allowed, asked Operation) bool {
	switch {
	case allowed == All, allowed == asked:
		return true
	case asked == Describe:
		return allowed == Read || allowed == Write || allowed == Delete || allowed == Alter
	case asked == DescribeConfigs:
		return allowed == AlterConfigs
	}
	return false
}

func denies(b Binding, asked Operation) bool {
	return b.Permission == Deny && (b.Operation == asked || b.Operation == All)
}

// Allows reports whether the subject may do op to a resource.
func (l *List) Allows(p *Policy, s Subject, op Operation, t Type, name string) bool {
	if p.Super[s.Principal] {
		return true
	}
	allowed, guarded := false, false
	for b := range l.matching(t, name) {
		guarded = true
		switch {
		case !s.is(b):
		case denies(b, op):
			return false
		case b.Permission == Allow && implies(b.Operation, op):
			allowed = true
		}
	}
	return allowed || (p.OpenWorld && !guarded)
}

// AllowsAny reports whether there may be a resource of the type to which the subject may do op, whatever its name (Kafka's
// Authorizer.authorizeByResourceType): an allowance counts unless a denial covers all that it covers.
func (l *List) AllowsAny(p *Policy, s Subject, op Operation, t Type) bool {
	if p.Super[s.Principal] {
		return true
	}
	var denials []Binding
	for b := range l.ofType(t) {
		if s.is(b) && denies(b, op) {
			if b.Pattern == Literal && b.Name == Everyone {
				return false
			}
			denials = append(denials, b)
		}
	}
	if p.OpenWorld {
		return true
	}
	for b := range l.ofType(t) {
		if b.Permission == Allow && s.is(b) && implies(b.Operation, op) && !covered(b, denials) {
			return true
		}
	}
	return false
}

// covered reports whether some denial holds for every name that b holds for.
func covered(b Binding, denials []Binding) bool {
	for _, d := range denials {
		switch {
		case d.Pattern == Prefixed && (b.Pattern == Prefixed || b.Name != Everyone) && strings.HasPrefix(b.Name, d.Name):
			return true
		case d.Pattern == Literal && b.Pattern == Literal && d.Name == b.Name:
			return true
		}
	}
	return false
}

func (l *List) ofType(t Type) func(yield func(Binding) bool) {
	return func(yield func(Binding) bool) {
		x := l.types[t]
		if x == nil {
			return
		}
		for _, names := range []map[string][]Binding{x.literal, x.prefixed} {
			for _, bindings := range names {
				for _, b := range bindings {
					if !yield(b) {
						return
					}
				}
			}
		}
	}
}
