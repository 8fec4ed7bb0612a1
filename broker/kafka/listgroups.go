package kafka

import (
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ListGroups, key 16, versions 0 to 5.

func listGroups(c *call) message {
	req := c.request.(*kmsg.ListGroupsRequest)
	r := kmsg.NewPtrListGroupsResponse()
	for _, id := range c.server.broker.Groups() {
		l, err := c.server.broker.ListGroup(id)
		if err != nil {
			continue // it went in the meantime
		}
		if !wanted(req.StatesFilter, l.State) || !wanted(req.TypesFilter, string(l.Type)) {
			continue
		}
		v := kmsg.NewListGroupsResponseGroup()
		v.Group, v.ProtocolType, v.GroupState, v.GroupType = id, l.ProtocolType, l.State, string(l.Type)
		r.Groups = append(r.Groups, v)
	}
	return r
}

// wanted reports whether a filter lets a value through. An empty filter lets all.
func wanted(filter []string, value string) bool {
	return len(filter) == 0 || slices.ContainsFunc(filter, func(f string) bool { return strings.EqualFold(f, value) })
}
