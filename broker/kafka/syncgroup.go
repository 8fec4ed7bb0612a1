package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker/group"
)

// SyncGroup, key 14, versions 0 to 5.

func syncGroup(c *call) message {
	req := c.request.(*kmsg.SyncGroupRequest)
	s := group.Sync{
		Member: req.MemberID, Instance: str(req.InstanceID), Generation: req.Generation,
		ProtocolType: str(req.ProtocolType), Protocol: str(req.Protocol), Assignments: make(map[string][]byte),
	}
	for _, a := range req.GroupAssignment {
		s.Assignments[a.MemberID] = a.MemberAssignment
	}
	synced, err := c.server.broker.SyncGroup(c.ctx, req.Group, s)
	r := kmsg.NewPtrSyncGroupResponse()
	r.ErrorCode, r.MemberAssignment = c.server.numberOf(err), synced.Assignment
	if r.MemberAssignment == nil {
		r.MemberAssignment = []byte{}
	}
	if err == nil {
		r.ProtocolType, r.Protocol = &synced.ProtocolType, &synced.Protocol
	}
	return r
}
