package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// DescribeGroups, key 15, versions 0 to 6. A group that does not exist, or is no classic one, is Dead, and from version 6 an error
// (KIP-1043). Left out: authorized operations.

func describeGroups(c *call) message {
	req := c.request.(*kmsg.DescribeGroupsRequest)
	r := kmsg.NewPtrDescribeGroupsResponse()
	for _, id := range req.Groups {
		r.Groups = append(r.Groups, c.describeGroup(id))
	}
	return r
}

func (c *call) describeGroup(id string) kmsg.DescribeGroupsResponseGroup {
	v := kmsg.NewDescribeGroupsResponseGroup()
	v.Group, v.AuthorizedOperations = id, noOperations
	d, err := c.server.broker.DescribeGroup(id)
	if err != nil {
		v.State = "Dead"
		code := fault.CodeOf(err)
		if (code != broker.ErrUnknownGroup && code != broker.ErrOtherProtocol) || c.version >= 6 {
			v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		}
		return v
	}
	v.State, v.ProtocolType, v.Protocol = d.State.String(), d.ProtocolType, d.Protocol
	for _, m := range d.Members {
		w := kmsg.NewDescribeGroupsResponseGroupMember()
		w.MemberID, w.InstanceID, w.ClientID, w.ClientHost = m.ID, ptr(m.Instance), m.Client, m.Host
		w.ProtocolMetadata, w.MemberAssignment = m.Metadata, m.Assignment
		v.Members = append(v.Members, w)
	}
	return v
}
