package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// IncrementalAlterConfigs, key 44, versions 0 and 1, for topics and brokers.

func incrementalAlterConfigs(c *call) message {
	req := c.request.(*kmsg.IncrementalAlterConfigsRequest)
	r := kmsg.NewPtrIncrementalAlterConfigsResponse()
	for _, asked := range req.Resources {
		v := kmsg.NewIncrementalAlterConfigsResponseResource()
		v.ResourceType, v.ResourceName = asked.ResourceType, asked.ResourceName
		err := c.alterConfigs(asked, broker.Mode(req.ValidateOnly))
		v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		r.Resources = append(r.Resources, v)
	}
	return r
}

// alterOps are Kafka's numbers for the kinds of alteration. Frozen.
var alterOps = map[kmsg.IncrementalAlterConfigOp]broker.AlterOp{
	kmsg.IncrementalAlterConfigOpSet: broker.Set, kmsg.IncrementalAlterConfigOpDelete: broker.Unset,
	kmsg.IncrementalAlterConfigOpAppend: broker.Append, kmsg.IncrementalAlterConfigOpSubtract: broker.Subtract,
}

func (c *call) alterConfigs(asked kmsg.IncrementalAlterConfigsRequestResource, mode broker.Mode) error {
	const op = "kafka.IncrementalAlterConfigs"
	var alterations []broker.Alteration
	for _, one := range asked.Configs {
		kind, ok := alterOps[one.Op]
		if !ok {
			return fault.New(broker.ErrInvalidRequest, op, "unknown operation %d on configuration %s", one.Op, one.Name)
		}
		if one.Value == nil && kind != broker.Unset {
			return fault.New(broker.ErrInvalidConfig, op, "configuration %s has no value", one.Name)
		}
		alterations = append(alterations, broker.Alteration{Name: one.Name, Op: kind, Value: str(one.Value)})
	}
	return c.configurable(asked.ResourceType, asked.ResourceName,
		func(t *broker.Topic) error { return c.server.broker.AlterConfigs(c.ctx, t, alterations, mode) },
		func(scope broker.ConfigSource) error {
			return c.server.broker.AlterBrokerConfigs(c.ctx, scope, alterations, mode)
		})
}
