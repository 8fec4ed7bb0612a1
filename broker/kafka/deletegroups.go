package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// DeleteGroups, key 42, versions 0 to 2.

func deleteGroups(c *call) message {
	req := c.request.(*kmsg.DeleteGroupsRequest)
	r := kmsg.NewPtrDeleteGroupsResponse()
	for _, id := range req.Groups {
		v := kmsg.NewDeleteGroupsResponseGroup()
		v.Group, v.ErrorCode = id, c.server.numberOf(c.server.broker.DeleteGroup(c.ctx, id))
		r.Groups = append(r.Groups, v)
	}
	return r
}
