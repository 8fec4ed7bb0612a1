package kafka

import (
	"context"
	"maps"
	"math"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/quota"
)

// AlterClientQuotas, key 49, versions 0 and 1, for users and client ids. Left out, and refused rather than kept without effect:
// quotas of addresses, of request time, and of changes to topics.

var errQuota = fault.NewCode(fault.Invalid, "invalid_quota")

// maxQuotas bounds how many entities have quotas.
const maxQuotas = 100_000

func alterClientQuotas(c *call) message {
	req := c.request.(*kmsg.AlterClientQuotasRequest)
	a := c.server.opts.Access
	if a == nil {
		return quotaFailures(req, securityDisabled, noQuotasText)
	}
	r := kmsg.NewPtrAlterClientQuotasResponse()
	for _, asked := range req.Entries {
		v := kmsg.NewAlterClientQuotasResponseEntry()
		err := a.alterQuota(c.ctx, asked, broker.Mode(req.ValidateOnly))
		v.ErrorCode, v.ErrorMessage, v.Entity = c.server.numberOf(err), textOf(err), echo(asked)
		r.Entries = append(r.Entries, v)
	}
	return r
}

func echo(asked kmsg.AlterClientQuotasRequestEntry) (all []kmsg.AlterClientQuotasResponseEntryEntity) {
	for _, e := range asked.Entity {
		v := kmsg.NewAlterClientQuotasResponseEntryEntity()
		v.Type, v.Name = e.Type, e.Name
		all = append(all, v)
	}
	return all
}

func (a *Access) alterQuota(ctx context.Context, asked kmsg.AlterClientQuotasRequestEntry, mode broker.Mode) error {
	a.changes.Lock()
	defer a.changes.Unlock()
	e, err := quotaEntity(asked)
	if err != nil {
		return err
	}
	table := *a.quotas.Load()
	limits := maps.Clone(table[e])
	if limits == nil {
		limits = make(map[quota.Kind]float64)
	}
	if err := alterLimits(limits, asked.Ops); err != nil {
		return err
	}
	if len(table) >= maxQuotas && table[e] == nil {
		return fault.New(errQuota, "kafka.AlterClientQuotas", "there are quotas for %d entities; no more are kept", maxQuotas)
	}
	if mode == broker.CheckOnly {
		return nil
	}
	var value any
	if len(limits) > 0 {
		value = limits
	}
	s, err := setting(kindQuota, entityOf(e), value)
	if err != nil {
		return err
	}
	return a.change(ctx, []broker.Setting{s})
}

func quotaEntity(asked kmsg.AlterClientQuotasRequestEntry) (e quota.Entity, err error) {
	const op = "kafka.AlterClientQuotas"
	for _, one := range asked.Entity {
		name := quota.Default
		if one.Name != nil {
			name = *one.Name
		}
		part := &e.User
		switch one.Type {
		case userEntity:
		case clientEntity:
			part = &e.Client
		default:
			return e, fault.New(errQuota, op, "quotas are kept for entities of type user and client-id, not %q", one.Type)
		}
		if *part != "" || name == "" || len(name) > maxUserName || (one.Name != nil && name == quota.Default) {
			return e, fault.New(errQuota, op, "an entity has each type once, with a name of 1 to %d bytes", maxUserName)
		}
		*part = name
	}
	if e == (quota.Entity{}) {
		return e, fault.New(errQuota, op, "the entity has no parts")
	}
	return e, nil
}

func alterLimits(limits map[quota.Kind]float64, ops []kmsg.AlterClientQuotasRequestEntryOp) error {
	const op = "kafka.AlterClientQuotas"
	for _, one := range ops {
		k := quota.Kind(one.Key)
		switch {
		case k != quota.Produce && k != quota.Fetch:
			return fault.New(errQuota, op, "quotas are %s and %s; %q is not enforced here", quota.Produce, quota.Fetch, one.Key)
		case one.Remove:
			delete(limits, k)
			continue
		case math.IsNaN(one.Value) || one.Value <= 0 || one.Value > math.MaxInt64:
			return fault.New(errQuota, op, "quota %s must be a positive number of bytes a second, not %v", k, one.Value)
		}
		limits[k] = one.Value
	}
	return nil
}

// quotaFailures answers for every entry of a request with one error.
func quotaFailures(req *kmsg.AlterClientQuotasRequest, number int16, text string) *kmsg.AlterClientQuotasResponse {
	r := kmsg.NewPtrAlterClientQuotasResponse()
	for _, asked := range req.Entries {
		v := kmsg.NewAlterClientQuotasResponseEntry()
		v.ErrorCode, v.ErrorMessage, v.Entity = number, &text, echo(asked)
		r.Entries = append(r.Entries, v)
	}
	return r
}
