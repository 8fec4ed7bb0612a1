package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/internal/acl"
)

// Kafka's numbers of ACLs (AclOperation and its like). They reach the wire: frozen. 0 is unknown and 1 is any; filters say any.

var typeNumbers = map[acl.Type]kmsg.ACLResourceType{
	acl.Topic: kmsg.ACLResourceTypeTopic, acl.Group: kmsg.ACLResourceTypeGroup, acl.Cluster: kmsg.ACLResourceTypeCluster,
	acl.TransactionalID: kmsg.ACLResourceTypeTransactionalId, acl.DelegationToken: kmsg.ACLResourceTypeDelegationToken, acl.User: kmsg.ACLResourceTypeUser,
}

var patternNumbers = map[acl.FilterPattern]kmsg.ACLResourcePatternType{
	acl.AnyPattern: kmsg.ACLResourcePatternTypeAny, acl.Match: kmsg.ACLResourcePatternTypeMatch,
	acl.OnlyLiteral: kmsg.ACLResourcePatternTypeLiteral, acl.OnlyPrefixed: kmsg.ACLResourcePatternTypePrefixed,
}

var operationNumbers = map[acl.Operation]kmsg.ACLOperation{
	acl.All: kmsg.ACLOperationAll, acl.Read: kmsg.ACLOperationRead, acl.Write: kmsg.ACLOperationWrite, acl.Create: kmsg.ACLOperationCreate,
	acl.Delete: kmsg.ACLOperationDelete, acl.Alter: kmsg.ACLOperationAlter, acl.Describe: kmsg.ACLOperationDescribe,
	acl.ClusterAction: kmsg.ACLOperationClusterAction, acl.DescribeConfigs: kmsg.ACLOperationDescribeConfigs,
	acl.AlterConfigs: kmsg.ACLOperationAlterConfigs, acl.IdempotentWrite: kmsg.ACLOperationIdempotentWrite,
	acl.CreateTokens: kmsg.ACLOperationCreateTokens, acl.DescribeTokens: kmsg.ACLOperationDescribeTokens,
}

var permissionNumbers = map[acl.Permission]kmsg.ACLPermissionType{
	acl.Deny: kmsg.ACLPermissionTypeDeny, acl.Allow: kmsg.ACLPermissionTypeAllow,
}

// anyNumber stands in filters for any type, operation or permission.
const anyNumber = 1

// nameOf returns the name of a number; an unknown one has a name that nothing has.
func nameOf[K ~string, N ~int8](numbers map[K]N, number N) K {
	for name, n := range numbers {
		if n == number {
			return name
		}
	}
	return "UNKNOWN"
}

// filterOf returns the name of a number in a filter, empty for any.
func filterOf[K ~string, N ~int8](numbers map[K]N, number N) K {
	if number == anyNumber {
		return ""
	}
	return nameOf(numbers, number)
}
