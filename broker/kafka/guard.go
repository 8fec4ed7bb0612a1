package kafka

import (
	"fmt"
	"slices"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/internal/acl"
)

// A guard stands before the handler of a key. It withholds from the handler what the client may not do, and adds to the answer
// that it may not; handlers know nothing of it. Without authorization guards are not called at all.
type guard func(c *call, next func(*call) message) message

// guards has one for every key but Produce, which is decoded in another way, and those of SASL.
func guards() map[int16]guard {
	return map[int16]guard{
		1: guardFetch, 2: guardListOffsets, 3: guardMetadata, 8: guardOffsetCommit, 9: guardOffsetFetch, 10: guardFindCoordinator,
		11: guardJoinGroup, 12: guardHeartbeat, 13: guardLeaveGroup, 14: guardSyncGroup, 15: guardDescribeGroups, 16: guardListGroups,
		18: open, 19: guardCreateTopics, 20: guardDeleteTopics, 21: guardDeleteRecords, 22: guardInitProducerID,
		23: guardOffsetForLeaderEpoch, 24: guardAddPartitionsToTxn, 25: guardAddOffsetsToTxn, 26: guardEndTxn, 28: guardTxnOffsetCommit,
		29: guardDescribeACLs, 30: guardCreateACLs, 31: guardDeleteACLs, 32: guardDescribeConfigs, 33: guardAlterConfigs,
		35: guardDescribeLogDirs, 37: guardCreatePartitions, 42: guardDeleteGroups, 43: guardElectLeaders,
		44: guardIncrementalAlterConfigs, 45: guardAlterReassignments, 46: guardListReassignments, 47: guardOffsetDelete,
		48: guardDescribeClientQuotas, 49: guardAlterClientQuotas, 50: guardDescribeUserSCRAM, 51: guardAlterUserSCRAM,
		57: guardUpdateFeatures,
		60: guardDescribeCluster, 61: guardDescribeProducers, 65: guardDescribeTransactions, 66: guardListTransactions,
		68: guardConsumerGroupHeartbeat, 69: guardConsumerGroupDescribe, 74: guardListConfigResources, 75: guardDescribeTopicPartitions,
	}
}

// open is the guard of what everyone may do.
func open(c *call, next func(*call) message) message { return next(c) }

// serve calls the handler of a key, behind its guard if access is decided on. A key without a guard is not served then.
func (c *call) serve(a *api) (message, error) {
	handle := a.handle
	if access := c.server.opts.Access; access != nil && access.opts.Authorize {
		g := c.server.guards[a.key]
		if g == nil {
			return nil, fmt.Errorf("%s has no guard: it is not served where access is decided on", a.name)
		}
		handle = func(c *call) message { return g(c, a.handle) }
	}
	if a.key == fetchKey {
		return c.inSession(func(c *call) message { return c.throttled(handle) }), nil
	}
	return handle(c), nil
}

// may reports whether the client may do op to a resource.
func (c *conn) may(op acl.Operation, t acl.Type, name string) bool {
	a := c.server.opts.Access
	if a == nil || !a.opts.Authorize {
		return true
	}
	if a.acls.Load().Allows(&a.policy, c.subject(), op, t, name) {
		return true
	}
	a.opts.Logger.Debug("denied", "principal", c.session.principal, "host", c.subject().Host, "operation", string(op), "type", string(t), "name", name)
	return false
}

func (c *conn) subject() acl.Subject {
	return acl.Subject{Principal: c.session.principal, Host: c.host[1:]} // which begins with a slash, as Kafka shows hosts
}

func (c *call) may(op acl.Operation, t acl.Type, name string) bool { return c.conn.may(op, t, name) }

func (c *call) mayCluster(op acl.Operation) bool { return c.may(op, acl.Cluster, acl.ClusterName) }

// mayTopic asks for a topic that is named, or, if it is not, known by its id. What there is not, nobody may be denied.
func (c *call) mayTopic(op acl.Operation, byID bool, name string, id broker.ID) bool {
	if byID {
		t, err := c.server.broker.TopicByID(id)
		if err != nil {
			return true
		}
		name = t.Name()
	}
	return c.may(op, acl.Topic, name)
}

// mayAny asks whether there may be a resource of the type that the client may do op to.
func (c *call) mayAny(op acl.Operation, t acl.Type) bool {
	a := c.server.opts.Access
	return a.acls.Load().AllowsAny(&a.policy, c.conn.subject(), op, t)
}

// operations returns what the client may do to a resource, as a bit for each of Kafka's numbers.
func (c *call) operations(t acl.Type, name string) int32 {
	a := c.server.opts.Access
	bits := int32(0)
	for _, op := range acl.Operations(t) {
		if a.acls.Load().Allows(&a.policy, c.conn.subject(), op, t, name) {
			bits |= 1 << operationNumbers[op]
		}
	}
	return bits
}

// withhold takes the elements that are not allowed out of all, and returns them. A list of none stays different from no list.
func withhold[T any](all *[]T, allowed func(*T) bool) (denied []T) {
	*all = slices.DeleteFunc(*all, func(one T) bool {
		if allowed(&one) {
			return false
		}
		denied = append(denied, one)
		return true
	})
	return denied
}
