package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/internal/acl"
)

// The guards of the cluster, its configurations, and of access itself.

func guardDescribeCluster(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.DescribeClusterRequest)
	r := next(c).(*kmsg.DescribeClusterResponse)
	if req.IncludeClusterAuthorizedOperations && c.mayCluster(acl.Describe) {
		r.ClusterAuthorizedOperations = c.operations(acl.Cluster, acl.ClusterName)
	}
	return r
}

// configDenied returns the number of a refusal to do op to the configurations of a resource, or none.
func (c *call) configDenied(op acl.Operation, kind kmsg.ConfigResourceType, name string) int16 {
	switch kind {
	case kmsg.ConfigResourceTypeTopic:
		if !c.may(op, acl.Topic, name) {
			return topicAuthorizationFailed
		}
	case kmsg.ConfigResourceTypeGroupConfig:
		if !c.may(op, acl.Group, name) {
			return groupAuthorizationFailed
		}
	default:
		if !c.mayCluster(op) {
			return clusterAuthorizationFailed
		}
	}
	return none
}

func guardDescribeConfigs(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.DescribeConfigsRequest)
	denied := withhold(&req.Resources, func(x *kmsg.DescribeConfigsRequestResource) bool {
		return c.configDenied(acl.DescribeConfigs, x.ResourceType, x.ResourceName) == none
	})
	r := next(c).(*kmsg.DescribeConfigsResponse)
	for _, x := range denied {
		v := kmsg.NewDescribeConfigsResponseResource()
		v.ResourceType, v.ResourceName, v.ErrorMessage = x.ResourceType, x.ResourceName, deniedMessage()
		v.ErrorCode = c.configDenied(acl.DescribeConfigs, x.ResourceType, x.ResourceName)
		r.Resources = append(r.Resources, v)
	}
	return r
}

func guardAlterConfigs(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.AlterConfigsRequest)
	denied := withhold(&req.Resources, func(x *kmsg.AlterConfigsRequestResource) bool {
		return c.configDenied(acl.AlterConfigs, x.ResourceType, x.ResourceName) == none
	})
	r := next(c).(*kmsg.AlterConfigsResponse)
	for _, x := range denied {
		v := kmsg.NewAlterConfigsResponseResource()
		v.ResourceType, v.ResourceName, v.ErrorMessage = x.ResourceType, x.ResourceName, deniedMessage()
		v.ErrorCode = c.configDenied(acl.AlterConfigs, x.ResourceType, x.ResourceName)
		r.Resources = append(r.Resources, v)
	}
	return r
}

func guardIncrementalAlterConfigs(c *call, next func(*call) message) message {
	req := c.request.(*kmsg.IncrementalAlterConfigsRequest)
	denied := withhold(&req.Resources, func(x *kmsg.IncrementalAlterConfigsRequestResource) bool {
		return c.configDenied(acl.AlterConfigs, x.ResourceType, x.ResourceName) == none
	})
	r := next(c).(*kmsg.IncrementalAlterConfigsResponse)
	for _, x := range denied {
		v := kmsg.NewIncrementalAlterConfigsResponseResource()
		v.ResourceType, v.ResourceName, v.ErrorMessage = x.ResourceType, x.ResourceName, deniedMessage()
		v.ErrorCode = c.configDenied(acl.AlterConfigs, x.ResourceType, x.ResourceName)
		r.Resources = append(r.Resources, v)
	}
	return r
}

func guardListConfigResources(c *call, next func(*call) message) message {
	if c.mayCluster(acl.DescribeConfigs) {
		return next(c)
	}
	r := kmsg.NewPtrListConfigResourcesResponse()
	r.ErrorCode = clusterAuthorizationFailed
	return r
}

func guardDescribeLogDirs(c *call, next func(*call) message) message {
	if c.mayCluster(acl.Describe) {
		return next(c)
	}
	r := kmsg.NewPtrDescribeLogDirsResponse()
	r.ErrorCode = clusterAuthorizationFailed
	return r
}

func guardDescribeACLs(c *call, next func(*call) message) message {
	if c.mayCluster(acl.Describe) {
		return next(c)
	}
	r := kmsg.NewPtrDescribeACLsResponse()
	r.ErrorCode, r.ErrorMessage = clusterAuthorizationFailed, deniedMessage()
	return r
}

func guardCreateACLs(c *call, next func(*call) message) message {
	if c.mayCluster(acl.Alter) {
		return next(c)
	}
	r := kmsg.NewPtrCreateACLsResponse()
	for range c.request.(*kmsg.CreateACLsRequest).Creations {
		v := kmsg.NewCreateACLsResponseResult()
		v.ErrorCode, v.ErrorMessage = clusterAuthorizationFailed, deniedMessage()
		r.Results = append(r.Results, v)
	}
	return r
}

func guardDeleteACLs(c *call, next func(*call) message) message {
	if c.mayCluster(acl.Alter) {
		return next(c)
	}
	r := kmsg.NewPtrDeleteACLsResponse()
	for range c.request.(*kmsg.DeleteACLsRequest).Filters {
		v := kmsg.NewDeleteACLsResponseResult()
		v.ErrorCode, v.ErrorMessage = clusterAuthorizationFailed, deniedMessage()
		r.Results = append(r.Results, v)
	}
	return r
}

func guardDescribeClientQuotas(c *call, next func(*call) message) message {
	if c.mayCluster(acl.DescribeConfigs) {
		return next(c)
	}
	r := kmsg.NewPtrDescribeClientQuotasResponse()
	r.ErrorCode, r.ErrorMessage = clusterAuthorizationFailed, deniedMessage()
	return r
}

func guardAlterClientQuotas(c *call, next func(*call) message) message {
	if c.mayCluster(acl.AlterConfigs) {
		return next(c)
	}
	return quotaFailures(c.request.(*kmsg.AlterClientQuotasRequest), clusterAuthorizationFailed, deniedText)
}

func guardDescribeUserSCRAM(c *call, next func(*call) message) message {
	if c.mayCluster(acl.Describe) {
		return next(c)
	}
	r := kmsg.NewPtrDescribeUserSCRAMCredentialsResponse()
	r.ErrorCode, r.ErrorMessage = clusterAuthorizationFailed, deniedMessage()
	return r
}

func guardAlterUserSCRAM(c *call, next func(*call) message) message {
	if c.mayCluster(acl.Alter) {
		return next(c)
	}
	return scramFailures(c.request.(*kmsg.AlterUserSCRAMCredentialsRequest), clusterAuthorizationFailed, deniedText)
}
