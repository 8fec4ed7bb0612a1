package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// AlterConfigs, key 33, versions 0 to 2, for topics and brokers: it replaces all configurations that the resource sets.

func alterConfigs(c *call) message {
	req := c.request.(*kmsg.AlterConfigsRequest)
	r := kmsg.NewPtrAlterConfigsResponse()
	for _, asked := range req.Resources {
		v := kmsg.NewAlterConfigsResponseResource()
		v.ResourceType, v.ResourceName = asked.ResourceType, asked.ResourceName
		err := c.replaceConfigs(asked, broker.Mode(req.ValidateOnly))
		v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		r.Resources = append(r.Resources, v)
	}
	return r
}

func (c *call) replaceConfigs(asked kmsg.AlterConfigsRequestResource, mode broker.Mode) error {
	configs := make(map[string]string)
	for _, one := range asked.Configs {
		if one.Value == nil {
			return fault.New(broker.ErrInvalidConfig, "kafka.AlterConfigs", "configuration %s has no value", one.Name)
		}
		configs[one.Name] = *one.Value
	}
	return c.configurable(asked.ResourceType, asked.ResourceName,
		func(t *broker.Topic) error { return c.server.broker.ReplaceConfigs(c.ctx, t, configs, mode) },
		func(scope broker.ConfigSource) error {
			return c.server.broker.ReplaceBrokerConfigs(c.ctx, scope, configs, mode)
		})
}

// configurable calls what alters the configurations of a resource of its type.
func (c *call) configurable(kind kmsg.ConfigResourceType, name string, topic func(*broker.Topic) error, brokers func(broker.ConfigSource) error) error {
	switch kind {
	case kmsg.ConfigResourceTypeTopic:
		t, err := c.server.broker.Topic(name)
		if err != nil {
			return err
		}
		return topic(t)
	case kmsg.ConfigResourceTypeBroker:
		scope, err := c.scope(name)
		if err != nil {
			return err
		}
		return brokers(scope)
	}
	return fault.New(errResource, "kafka.AlterConfigs", "the configurations of topics and brokers can be altered, not those of resource type %d", kind)
}
