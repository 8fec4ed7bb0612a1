package kafka

import (
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/fault"
)

// ListConfigResources, key 74, versions 0 and 1. Version 0 asks for client metrics alone, of which there are none; in version 1
// topics and the broker can be listed (KIP-1142).

func listConfigResources(c *call) message {
	req := c.request.(*kmsg.ListConfigResourcesRequest)
	r := kmsg.NewPtrListConfigResourcesResponse()
	if c.version == 0 {
		return r
	}
	known := []int8{int8(kmsg.ConfigResourceTypeTopic), int8(kmsg.ConfigResourceTypeBroker), int8(kmsg.ConfigResourceTypeBrokerLogger),
		int8(kmsg.ConfigResourceTypeClientMetrics), int8(kmsg.ConfigResourceTypeGroupConfig)}
	asks := func(kind kmsg.ConfigResourceType) bool {
		return len(req.ResourceTypes) == 0 || slices.Contains(req.ResourceTypes, int8(kind))
	}
	for _, kind := range req.ResourceTypes {
		if !slices.Contains(known, kind) {
			r.ErrorCode = c.server.numberOf(fault.New(errPosition, "kafka.ListConfigResources", "unknown resource type %d", kind))
			return r
		}
	}
	add := func(kind kmsg.ConfigResourceType, name string) {
		v := kmsg.NewListConfigResourcesResponseConfigResource()
		v.Name, v.Type = name, int8(kind)
		r.ConfigResources = append(r.ConfigResources, v)
	}
	if asks(kmsg.ConfigResourceTypeTopic) {
		for _, t := range c.server.broker.Topics() {
			add(kmsg.ConfigResourceTypeTopic, t.Name())
		}
	}
	if asks(kmsg.ConfigResourceTypeBroker) {
		add(kmsg.ConfigResourceTypeBroker, strconv.Itoa(int(c.server.broker.NodeID())))
	}
	return r
}
