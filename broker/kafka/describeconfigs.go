package kafka

import (
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// DescribeConfigs, key 32, versions 1 to 4, for topics and this broker. Left out: loggers, client metrics and group
// configurations, which do not exist here.

func describeConfigs(c *call) message {
	req := c.request.(*kmsg.DescribeConfigsRequest)
	r := kmsg.NewPtrDescribeConfigsResponse()
	for _, asked := range req.Resources {
		v := kmsg.NewDescribeConfigsResponseResource()
		v.ResourceType, v.ResourceName = asked.ResourceType, asked.ResourceName
		configs, err := c.configsOf(asked.ResourceType, asked.ResourceName)
		v.ErrorCode, v.ErrorMessage = c.server.numberOf(err), textOf(err)
		for _, one := range configs {
			if asked.ConfigNames == nil || slices.Contains(asked.ConfigNames, one.Name) {
				v.Configs = append(v.Configs, describeConfig(one, req))
			}
		}
		r.Resources = append(r.Resources, v)
	}
	return r
}

var errResource = fault.NewCode(fault.Invalid, "unknown_config_resource")

func (c *call) configsOf(kind kmsg.ConfigResourceType, name string) ([]broker.Config, error) {
	const op = "kafka.DescribeConfigs"
	switch kind {
	case kmsg.ConfigResourceTypeTopic:
		t, err := c.server.broker.Topic(name)
		if err != nil {
			if bad := broker.CheckTopicName(name); bad != nil {
				return nil, bad
			}
			return nil, err
		}
		return t.Configs(), nil
	case kmsg.ConfigResourceTypeBroker:
		scope, err := c.scope(name)
		if err != nil {
			return nil, err
		}
		if scope == broker.FromCluster {
			return c.server.broker.ClusterConfigs(), nil
		}
		return append(c.server.broker.Configs(), c.server.opts.configs()...), nil
	}
	return nil, fault.New(errResource, op, "resources of type %d have no configurations here", kind)
}

// scope says which brokers a resource names: "" is all of them.
func (c *call) scope(name string) (broker.ConfigSource, error) {
	switch name {
	case "":
		return broker.FromCluster, nil
	case strconv.Itoa(int(c.server.broker.NodeID())):
		return broker.FromBroker, nil
	}
	return 0, fault.New(errResource, "kafka.scope", "this is broker %d, not %q", c.server.broker.NodeID(), name)
}

// configSources are Kafka's numbers for who set a value. Frozen.
var configSources = map[broker.ConfigSource]kmsg.ConfigSource{
	broker.FromDefault: kmsg.ConfigSourceDefaultConfig, broker.FromStatic: kmsg.ConfigSourceStaticBrokerConfig,
	broker.FromCluster: kmsg.ConfigSourceDynamicDefaultBrokerConfig, broker.FromBroker: kmsg.ConfigSourceDynamicBrokerConfig,
	broker.FromTopic: kmsg.ConfigSourceDynamicTopicConfig,
}

// configTypes are Kafka's numbers for the types of configurations. Frozen.
var configTypes = map[broker.ConfigType]kmsg.ConfigType{
	broker.Bool: kmsg.ConfigTypeBoolean, broker.String: kmsg.ConfigTypeString, broker.Int: kmsg.ConfigTypeInt, broker.Long: kmsg.ConfigTypeLong,
	broker.Double: kmsg.ConfigTypeDouble, broker.List: kmsg.ConfigTypeList, broker.Class: kmsg.ConfigTypeClass,
}

func describeConfig(one broker.Config, req *kmsg.DescribeConfigsRequest) kmsg.DescribeConfigsResponseResourceConfig {
	v := kmsg.NewDescribeConfigsResponseResourceConfig()
	v.Name, v.Value, v.Source, v.ConfigType = one.Name, &one.Value, configSources[one.Source], configTypes[one.Type]
	v.IsDefault, v.ReadOnly = one.Source == broker.FromDefault, one.Fixed
	if req.IncludeDocumentation {
		v.Documentation = &one.Doc
	}
	if !req.IncludeSynonyms {
		return v
	}
	for _, from := range one.Synonyms {
		s := kmsg.NewDescribeConfigsResponseResourceConfigConfigSynonym()
		s.Name, s.Value, s.Source = from.Name, &from.Value, configSources[from.Source]
		v.ConfigSynonyms = append(v.ConfigSynonyms, s)
	}
	return v
}
