package kafka

import (
	"cmp"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/internal/quota"
)

// DescribeClientQuotas, key 48, versions 0 and 1, for users and client ids.

// The types of entities (KIP-546). Frozen.
const (
	userEntity   = "user"
	clientEntity = "client-id"
)

// entity is whom a quota is for, as settings keep it: null is the default.
type entity struct {
	User     *string `json:"user,omitempty"`
	Client   *string `json:"client_id,omitempty"`
	Defaults string  `json:"defaults,omitempty"` // the types, of user and client-id, of which it is the default
}

func (e entity) quota() quota.Entity {
	q := quota.Entity{User: str(e.User), Client: str(e.Client)}
	if e.Defaults == userEntity || e.Defaults == bothDefaults {
		q.User = quota.Default
	}
	if e.Defaults == clientEntity || e.Defaults == bothDefaults {
		q.Client = quota.Default
	}
	return q
}

const bothDefaults = userEntity + "," + clientEntity

// entityOf is the inverse of quota.
func entityOf(q quota.Entity) (e entity) {
	switch {
	case q.User == quota.Default && q.Client == quota.Default:
		e.Defaults = bothDefaults
	case q.User == quota.Default:
		e.Defaults, e.Client = userEntity, ptr(q.Client)
	case q.Client == quota.Default:
		e.Defaults, e.User = clientEntity, ptr(q.User)
	default:
		e.User, e.Client = ptr(q.User), ptr(q.Client)
	}
	return e
}

func describeClientQuotas(c *call) message {
	req := c.request.(*kmsg.DescribeClientQuotasRequest)
	r := kmsg.NewPtrDescribeClientQuotasResponse()
	r.Entries = []kmsg.DescribeClientQuotasResponseEntry{}
	a := c.server.opts.Access
	fail := func(number int16, text string) message {
		r.ErrorCode, r.ErrorMessage, r.Entries = number, &text, nil
		return r
	}
	if a == nil {
		return fail(securityDisabled, noQuotasText)
	}
	asked := make(map[string]*kmsg.DescribeClientQuotasRequestComponent)
	for i := range req.Components {
		one := &req.Components[i]
		switch {
		case one.EntityType != userEntity && one.EntityType != clientEntity && one.EntityType != "ip":
			return fail(unsupportedVersion, "entities are of type user, client-id or ip")
		case asked[one.EntityType] != nil:
			return fail(invalidRequest, "the filter names an entity type twice")
		case one.MatchType < 0 || one.MatchType > kmsg.QuotasMatchTypeAny || (one.MatchType == kmsg.QuotasMatchTypeExact && one.Match == nil):
			return fail(invalidRequest, "the filter has a match type that is not known, or nothing to match")
		}
		asked[one.EntityType] = one
	}
	table := *a.quotas.Load()
	for _, e := range slices.SortedFunc(maps.Keys(table), func(x, y quota.Entity) int {
		return cmp.Or(cmp.Compare(x.User, y.User), cmp.Compare(x.Client, y.Client))
	}) {
		if asked["ip"] == nil && chosen(asked[userEntity], e.User, req.Strict) && chosen(asked[clientEntity], e.Client, req.Strict) {
			r.Entries = append(r.Entries, describeQuota(e, table[e]))
		}
	}
	return r
}

const noQuotasText = "no quotas are kept here"

// chosen reports whether a filter's component lets a part of an entity through; strict filters let no parts through that they
// do not name.
func chosen(one *kmsg.DescribeClientQuotasRequestComponent, name string, strict bool) bool {
	if one == nil {
		return name == "" || !strict
	}
	switch one.MatchType {
	case kmsg.QuotasMatchTypeExact:
		return name == *one.Match && name != ""
	case kmsg.QuotasMatchTypeDefault:
		return name == quota.Default
	}
	return name != ""
}

func describeQuota(e quota.Entity, limits map[quota.Kind]float64) kmsg.DescribeClientQuotasResponseEntry {
	v := kmsg.NewDescribeClientQuotasResponseEntry()
	add := func(kind, name string) {
		if name == "" {
			return
		}
		w := kmsg.NewDescribeClientQuotasResponseEntryEntity()
		w.Type = kind
		if name != quota.Default {
			w.Name = &name
		}
		v.Entity = append(v.Entity, w)
	}
	add(userEntity, e.User)
	add(clientEntity, e.Client)
	for _, k := range slices.Sorted(maps.Keys(limits)) {
		w := kmsg.NewDescribeClientQuotasResponseEntryValue()
		w.Key, w.Value = string(k), limits[k]
		v.Values = append(v.Values, w)
	}
	return v
}
