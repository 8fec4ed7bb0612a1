package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/internal/scram"
)

// DescribeUserScramCredentials, key 50, version 0. It tells which mechanisms a user has, and never what they prove.

// mechanismNumbers are Kafka's numbers (KIP-554). Frozen.
var mechanismNumbers = map[scram.Mechanism]int8{scram.SHA256: 1, scram.SHA512: 2}

func describeUserSCRAM(c *call) message {
	req := c.request.(*kmsg.DescribeUserSCRAMCredentialsRequest)
	r := kmsg.NewPtrDescribeUserSCRAMCredentialsResponse()
	a := c.server.opts.Access
	if a == nil {
		text := noUsersText
		r.ErrorCode, r.ErrorMessage = securityDisabled, &text
		return r
	}
	if len(req.Users) == 0 {
		for _, name := range a.Users() {
			r.Results = append(r.Results, a.describeUser(name))
		}
		return r
	}
	named := make(map[string]int)
	for _, u := range req.Users {
		named[u.Name]++
	}
	for _, u := range req.Users {
		switch n := named[u.Name]; {
		case n == 1:
			r.Results = append(r.Results, a.describeUser(u.Name))
		case n > 1:
			text := "the request names this user twice"
			v := kmsg.NewDescribeUserSCRAMCredentialsResponseResult()
			v.User, v.ErrorCode, v.ErrorMessage = u.Name, duplicateResource, &text
			r.Results = append(r.Results, v)
			named[u.Name] = 0
		}
	}
	return r
}

const noUsersText = "no users are kept here"

func (a *Access) describeUser(name string) kmsg.DescribeUserSCRAMCredentialsResponseResult {
	v := kmsg.NewDescribeUserSCRAMCredentialsResponseResult()
	v.User = name
	for _, m := range []scram.Mechanism{scram.SHA256, scram.SHA512} {
		if c, ok := a.credential(name, m); ok {
			w := kmsg.NewDescribeUserSCRAMCredentialsResponseResultCredentialInfo()
			w.Mechanism, w.Iterations = mechanismNumbers[m], int32(c.Iterations)
			v.CredentialInfos = append(v.CredentialInfos, w)
		}
	}
	if len(v.CredentialInfos) == 0 {
		text := "there is no such user"
		v.ErrorCode, v.ErrorMessage = resourceNotFound, &text
	}
	return v
}
