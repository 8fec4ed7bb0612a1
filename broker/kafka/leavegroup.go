package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// LeaveGroup, key 13, versions 0 to 5; from version 3 for several members at once. The reason of version 5 is not kept.

func leaveGroup(c *call) message {
	req := c.request.(*kmsg.LeaveGroupRequest)
	r := kmsg.NewPtrLeaveGroupResponse()
	if c.version < 3 {
		r.ErrorCode = c.server.numberOf(c.server.broker.LeaveGroup(req.Group, req.MemberID, ""))
		return r
	}
	for _, m := range req.Members {
		v := kmsg.NewLeaveGroupResponseMember()
		v.MemberID, v.InstanceID = m.MemberID, m.InstanceID
		v.ErrorCode = c.server.numberOf(c.server.broker.LeaveGroup(req.Group, m.MemberID, str(m.InstanceID)))
		r.Members = append(r.Members, v)
	}
	return r
}
