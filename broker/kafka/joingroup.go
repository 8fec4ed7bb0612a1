package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/group"
)

// JoinGroup, key 11, versions 0 to 9. Version 0 has no rebalance time-out: the session's stands in. The reason of version 8 is
// not kept.

func joinGroup(c *call) message {
	req := c.request.(*kmsg.JoinGroupRequest)
	session := time.Duration(req.SessionTimeoutMillis) * time.Millisecond
	rebalance := time.Duration(req.RebalanceTimeoutMillis) * time.Millisecond
	if c.version == 0 {
		rebalance = session
	}
	j := group.Join{
		Member: req.MemberID, Instance: str(req.InstanceID), Client: c.client, Host: c.conn.host, Session: session, Rebalance: rebalance,
		ProtocolType: req.ProtocolType, RequireID: c.version >= 4, SkipAssignment: c.version >= 9,
	}
	for _, p := range req.Protocols {
		j.Protocols = append(j.Protocols, group.Protocol{Name: p.Name, Metadata: p.Metadata})
	}
	joined, err := c.server.broker.JoinGroup(c.ctx, req.Group, j)
	r := kmsg.NewPtrJoinGroupResponse()
	r.ErrorCode, r.Generation, r.MemberID, r.LeaderID = c.server.numberOf(err), joined.Generation, joined.Member, joined.Leader
	r.Protocol = &joined.Protocol
	if err != nil {
		r.Generation = -1
		if c.version >= 7 {
			r.Protocol = nil
		}
		return r
	}
	r.ProtocolType, r.SkipAssignment = &joined.ProtocolType, joined.SkipAssignment
	for _, m := range joined.Members {
		v := kmsg.NewJoinGroupResponseMember()
		v.MemberID, v.InstanceID, v.ProtocolMetadata = m.Member, ptr(m.Instance), m.Metadata
		r.Members = append(r.Members, v)
	}
	return r
}

// str reads a nullable string: null is empty.
func str(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// ptr writes a nullable string: empty is null.
func ptr(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
