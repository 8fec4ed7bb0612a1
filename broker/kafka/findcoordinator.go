package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// FindCoordinator, key 10, versions 0 to 6. This broker coordinates all groups and transactions. Left out: coordinators of share
// groups (type 2), which are refused with INVALID_REQUEST.

// The kinds of coordinators.
const (
	groupCoordinator       = 0
	transactionCoordinator = 1
)

func findCoordinator(c *call) message {
	req := c.request.(*kmsg.FindCoordinatorRequest)
	r := kmsg.NewPtrFindCoordinatorResponse()
	if c.version < 4 {
		one := c.coordinator(req.CoordinatorType, req.CoordinatorKey)
		r.NodeID, r.Host, r.Port, r.ErrorCode, r.ErrorMessage = one.NodeID, one.Host, one.Port, one.ErrorCode, one.ErrorMessage
		return r
	}
	for _, key := range req.CoordinatorKeys {
		r.Coordinators = append(r.Coordinators, c.coordinator(req.CoordinatorType, key))
	}
	return r
}

func (c *call) coordinator(kind int8, key string) kmsg.FindCoordinatorResponseCoordinator {
	v := kmsg.NewFindCoordinatorResponseCoordinator()
	v.Key, v.NodeID, v.Port = key, -1, -1
	if kind != groupCoordinator && kind != transactionCoordinator {
		err := fault.New(broker.ErrInvalidRequest, "kafka.FindCoordinator", "coordinators of type %d are not served", kind)
		v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		return v
	}
	v.NodeID = c.server.broker.NodeID()
	v.Host, v.Port = c.server.address()
	return v
}
