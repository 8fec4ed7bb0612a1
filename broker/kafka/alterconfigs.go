package kafka

import (
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// AlterConfigs, key 33, versions 0 to 2, for topics: it replaces all configurations that a topic sets. Left out: brokers, whose
// configurations are read when they start.

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
	t, err := c.alterable(asked.ResourceType, asked.ResourceName)
	if err != nil {
		return err
	}
	configs := make(map[string]string)
	for _, one := range asked.Configs {
		if one.Value == nil {
			return fault.New(broker.ErrInvalidConfig, "kafka.AlterConfigs", "configuration %s has no value", one.Name)
		}
		configs[one.Name] = *one.Value
	}
	return c.server.broker.ReplaceConfigs(c.ctx, t, configs, mode)
}

// alterable returns the topic whose configurations are to change.
func (c *call) alterable(kind kmsg.ConfigResourceType, name string) (*broker.Topic, error) {
	if kind != kmsg.ConfigResourceTypeTopic {
		return nil, fault.New(errResource, "kafka.AlterConfigs", "only the configurations of topics can be altered, not those of resource type %d", kind)
	}
	return c.server.broker.Topic(name)
}
