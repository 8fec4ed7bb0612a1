package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// Heartbeat, key 12, versions 0 to 4.

func heartbeat(c *call) message {
	req := c.request.(*kmsg.HeartbeatRequest)
	r := kmsg.NewPtrHeartbeatResponse()
	r.ErrorCode = c.server.numberOf(c.server.broker.Heartbeat(req.Group, req.MemberID, str(req.InstanceID), req.Generation))
	return r
}
