package acl

import (
	"strings"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/fault"
)

// Type is a type of resource.
type Type string

// The types of resources that can be guarded.
const (
	Topic           Type = "TOPIC"
	Group           Type = "GROUP"
	Cluster         Type = "CLUSTER"
	TransactionalID Type = "TRANSACTIONAL_ID"
	DelegationToken Type = "DELEGATION_TOKEN"
	User            Type = "USER"
)

// ClusterName is the name of the one resource of type Cluster.
const ClusterName = "kafka-cluster"

// Pattern says how the name of a binding stands for names of resources.
type Pattern string

// The patterns: the very name, or "*" for all; or every name that begins so.
const (
	Literal  Pattern = "LITERAL"
	Prefixed Pattern = "PREFIXED"
)

// Operation is what is to be done.
type Operation string

// The operations.
const (
	All             Operation = "ALL"
	Read            Operation = "READ"
	Write           Operation = "WRITE"
	Create          Operation = "CREATE"
	Delete          Operation = "DELETE"
	Alter           Operation = "ALTER"
	Describe        Operation = "DESCRIBE"
	ClusterAction   Operation = "CLUSTER_ACTION"
	DescribeConfigs Operation = "DESCRIBE_CONFIGS"
	AlterConfigs    Operation = "ALTER_CONFIGS"
	IdempotentWrite Operation = "IDEMPOTENT_WRITE"
	CreateTokens    Operation = "CREATE_TOKENS"
	DescribeTokens  Operation = "DESCRIBE_TOKENS"
)

// Permission is what a binding says.
type Permission string

// The permissions.
const (
	Allow Permission = "ALLOW"
	Deny  Permission = "DENY"
)

// Everyone is the name, host or principal's name that stands for all of them.
const Everyone = "*"

// Binding is one rule. It is comparable: two bindings are one if they are equal.
type Binding struct {
	Type       Type       `json:"type"`
	Name       string     `json:"name"`
	Pattern    Pattern    `json:"pattern"`
	Principal  string     `json:"principal"` // such as User:alice, or User:* for all
	Host       string     `json:"host"`      // an address, or * for all
	Operation  Operation  `json:"operation"`
	Permission Permission `json:"permission"`
}

// ErrInvalid marks a binding that cannot be.
var ErrInvalid = fault.NewCode(fault.Invalid, "invalid_acl")

// operations says what can be asked of each type (Kafka's AclEntry.supportedOperations).
var operations = map[Type][]Operation{
	Topic:           {Read, Write, Create, Describe, Delete, Alter, DescribeConfigs, AlterConfigs},
	Group:           {Read, Describe, Delete, DescribeConfigs, AlterConfigs},
	Cluster:         {Create, ClusterAction, DescribeConfigs, AlterConfigs, IdempotentWrite, Alter, Describe},
	TransactionalID: {Describe, Write},
	DelegationToken: {Describe},
	User:            {CreateTokens, DescribeTokens},
}

// Operations returns what can be done to a resource of a type. The caller must not change the slice.
func Operations(t Type) []Operation { return operations[t] }

var knownOperations = map[Operation]bool{
	All: true, Read: true, Write: true, Create: true, Delete: true, Alter: true, Describe: true, ClusterAction: true,
	DescribeConfigs: true, AlterConfigs: true, IdempotentWrite: true, CreateTokens: true, DescribeTokens: true,
}

// maxText bounds each text of a binding, in bytes: names of topics are shorter, and groups and principals seldom long.
const maxText = 4096

// Check reports what is wrong with a binding.
func (b Binding) Check() error {
	const op = "acl.Check"
	for _, text := range []string{b.Name, b.Principal, b.Host} {
		if text == "" || len(text) > maxText || !utf8.ValidString(text) {
			return fault.New(ErrInvalid, op, "the name, the principal and the host of an ACL must each have 1 to %d bytes of UTF-8", maxText)
		}
	}
	kind, name, ok := strings.Cut(b.Principal, ":")
	switch {
	case operations[b.Type] == nil:
		return fault.New(ErrInvalid, op, "an ACL cannot be for resource type %q", b.Type)
	case b.Pattern != Literal && b.Pattern != Prefixed:
		return fault.New(ErrInvalid, op, "the pattern of an ACL is LITERAL or PREFIXED, not %q", b.Pattern)
	case !knownOperations[b.Operation]:
		return fault.New(ErrInvalid, op, "an ACL cannot be for operation %q", b.Operation)
	case b.Permission != Allow && b.Permission != Deny:
		return fault.New(ErrInvalid, op, "the permission of an ACL is ALLOW or DENY, not %q", b.Permission)
	case !ok || kind == "" || name == "":
		return fault.New(ErrInvalid, op, "principal %q: use TYPE:NAME, such as User:alice", b.Principal)
	case b.Type == Cluster && (b.Name != ClusterName && b.Name != Everyone):
		return fault.New(ErrInvalid, op, "the resource of type CLUSTER is called %s, not %q", ClusterName, b.Name)
	}
	return nil
}
