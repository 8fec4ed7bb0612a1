package kafka

import "github.com/twmb/franz-go/pkg/kmsg"

// DescribeCluster, key 60, versions 0 to 2, for endpoints of brokers (type 1). Left out: endpoints of controllers (type 2), which
// Kafka answers with MISMATCHED_ENDPOINT_TYPE here, and authorized operations.

const (
	brokerEndpoints        = 1
	mismatchedEndpointType = 114
)

func describeCluster(c *call) message {
	req := c.request.(*kmsg.DescribeClusterRequest)
	r := kmsg.NewPtrDescribeClusterResponse()
	r.ClusterAuthorizedOperations, r.EndpointType = noOperations, brokerEndpoints
	if c.version >= 1 && req.EndpointType != brokerEndpoints {
		text := "only the endpoints of brokers can be asked for"
		r.ErrorCode, r.ErrorMessage = mismatchedEndpointType, &text
		return r
	}
	v := kmsg.NewDescribeClusterResponseBroker()
	v.NodeID = c.server.broker.NodeID()
	v.Host, v.Port = c.server.address()
	r.ClusterID, r.ControllerID = c.server.broker.ClusterID(), v.NodeID
	r.Brokers = append(r.Brokers, v)
	return r
}
