package kafka

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/internal/scram"
)

// AlterUserScramCredentials, key 51, version 0. What one request asks for a user is done together or not at all; connections
// that are open stay open, as with Kafka.

var (
	errUnknownMechanism = fault.NewCode(fault.Invalid, "unsupported_sasl_mechanism")
	errNoCredential     = fault.NewCode(fault.NotFound, "no_such_credential")
	errTwice            = fault.NewCode(fault.Invalid, "altered_twice")
)

// The bounds of users.
const (
	maxUsers    = 100_000
	maxUserName = 1 << 10 // bytes
)

// alteration is what a request asks for one user.
type alteration struct {
	user     string
	settings []broker.Setting
	seen     []userKey
	err      error
}

func alterUserSCRAM(c *call) message {
	req := c.request.(*kmsg.AlterUserSCRAMCredentialsRequest)
	a := c.server.opts.Access
	if a == nil {
		return scramFailures(req, securityDisabled, noUsersText)
	}
	r := kmsg.NewPtrAlterUserSCRAMCredentialsResponse()
	for _, one := range a.alterUsers(c.ctx, req) {
		v := kmsg.NewAlterUserSCRAMCredentialsResponseResult()
		v.User, v.ErrorCode, v.ErrorMessage = one.user, c.server.numberOf(one.err), textOf(one.err)
		r.Results = append(r.Results, v)
	}
	return r
}

// alterUsers carries out a request and returns what came of it for each user.
func (a *Access) alterUsers(ctx context.Context, req *kmsg.AlterUserSCRAMCredentialsRequest) []*alteration {
	a.changes.Lock()
	defer a.changes.Unlock()
	var all []*alteration
	byUser := make(map[string]*alteration)
	of := func(user string) *alteration {
		if byUser[user] == nil {
			byUser[user] = &alteration{user: user}
			all = append(all, byUser[user])
		}
		return byUser[user]
	}
	for _, d := range req.Deletions {
		of(d.Name).add(a, d.Mechanism, nil)
	}
	for _, u := range req.Upsertions {
		of(u.Name).add(a, u.Mechanism, &u)
	}
	var settings []broker.Setting
	for _, one := range all {
		if one.err == nil {
			settings = append(settings, one.settings...)
		}
	}
	if err := a.change(ctx, settings); err != nil {
		for _, one := range all {
			if one.err == nil {
				one.err = err
			}
		}
	}
	return all
}

// add adds the deletion of a credential, or, with upsertion, a new one.
func (one *alteration) add(a *Access, number int8, upsertion *kmsg.AlterUserSCRAMCredentialsRequestUpsertion) {
	if one.err != nil {
		return
	}
	key := userKey{one.user, nameOf(mechanismNumbers, number)}
	_, known := a.credential(key.User, key.Mechanism)
	var value any
	if upsertion != nil {
		c, err := scram.FromSalted(key.Mechanism, upsertion.Salt, int(upsertion.Iterations), upsertion.SaltedPassword)
		value, one.err = c, err
	}
	const op = "kafka.AlterUserScramCredentials"
	switch {
	case mechanismNumbers[key.Mechanism] == 0:
		one.err = fault.New(errUnknownMechanism, op, "mechanism %d is not known", number)
	case one.user == "" || len(one.user) > maxUserName:
		one.err = fault.New(scram.ErrCredential, op, "a user's name has from 1 to %d bytes", maxUserName)
	case slices.Contains(one.seen, key):
		one.err = fault.New(errTwice, op, "the request alters the same credential twice")
	case upsertion == nil && !known:
		one.err = fault.New(errNoCredential, op, "there is no such credential")
	case upsertion != nil && !known && len(*a.users.Load()) >= maxUsers:
		one.err = fault.New(scram.ErrCredential, op, "there are %d credentials; no more are kept", maxUsers)
	}
	if one.err != nil {
		return
	}
	one.seen = append(one.seen, key)
	s, err := setting(kindUser, key, value)
	one.settings, one.err = append(one.settings, s), err
}

// scramFailures answers for every user of a request with one error.
func scramFailures(req *kmsg.AlterUserSCRAMCredentialsRequest, number int16, text string) *kmsg.AlterUserSCRAMCredentialsResponse {
	r := kmsg.NewPtrAlterUserSCRAMCredentialsResponse()
	var users []string
	for _, d := range req.Deletions {
		users = append(users, d.Name)
	}
	for _, u := range req.Upsertions {
		users = append(users, u.Name)
	}
	slices.Sort(users)
	for _, user := range slices.Compact(users) {
		v := kmsg.NewAlterUserSCRAMCredentialsResponseResult()
		v.User, v.ErrorCode, v.ErrorMessage = user, number, &text
		r.Results = append(r.Results, v)
	}
	return r
}
