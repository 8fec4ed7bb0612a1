package broker

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/pawl-registry/pawl/fault"
)

// brokerConfigKind is the kind of the settings that hold configurations of brokers, by the broker's number, or "" for all. The
// value is a JSON object of strings, by Kafka's names. It reaches disks: frozen.
const brokerConfigKind = "broker-config"

// settleDefaults puts the defaults of topics together: from the options and from what was set while the broker ran. The caller
// holds b.admin, or is alone.
func (b *Broker) settleDefaults() {
	d := defaults{FromStatic: b.opts.TopicDefaults}
	for _, scope := range []ConfigSource{FromCluster, FromBroker} {
		d[scope] = make(map[string]string)
		for name, value := range b.altered(scope) {
			if known, ok := brokerDefinitionOf(name); ok && known.topic != "" && known.check(value) == "" {
				d[scope][known.topic] = value
			} else {
				b.logger.Warn("a configuration of brokers that was set has no effect in this version", "name", name, "value", value)
			}
		}
	}
	b.defaults.Store(&d)
}

func (b *Broker) scopeKey(scope ConfigSource) settingKey {
	if scope == FromCluster {
		return settingKey{brokerConfigKind, ""}
	}
	return settingKey{brokerConfigKind, strconv.Itoa(int(b.opts.NodeID))}
}

// altered returns a copy of what was set in a scope.
func (b *Broker) altered(scope ConfigSource) map[string]string {
	all := make(map[string]string)
	if raw, ok := b.state.Settings[b.scopeKey(scope)]; ok {
		if err := json.Unmarshal(raw, &all); err != nil {
			b.logger.Error("the configurations of brokers cannot be read", "error", err)
		}
	}
	return all
}

// AlterBrokerConfigs changes configurations of all brokers (FromCluster) or of this one (FromBroker) and leaves the others alone.
// They are in force, in every topic that does not set its own, when it returns. Those that are read when the broker starts are
// refused (ErrInvalidRequest).
func (b *Broker) AlterBrokerConfigs(ctx context.Context, scope ConfigSource, alterations []Alteration, mode Mode) error {
	return b.alterBroker(ctx, scope, mode, func(all map[string]string) error {
		seen := make(map[string]bool)
		for _, a := range alterations {
			if seen[a.Name] {
				return fault.New(ErrInvalidRequest, "broker.AlterBrokerConfigs", "configuration %s is altered twice", a.Name)
			}
			seen[a.Name] = true
			d, err := dynamic(a.Name)
			if err != nil {
				return err
			}
			inForce, _ := b.defaults.Load().find(d.topic)
			if err := a.apply(d.definition, all, inForce); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReplaceBrokerConfigs sets the configurations of a scope to these alone.
func (b *Broker) ReplaceBrokerConfigs(ctx context.Context, scope ConfigSource, configs map[string]string, mode Mode) error {
	return b.alterBroker(ctx, scope, mode, func(all map[string]string) error {
		clear(all)
		maps.Copy(all, configs)
		return nil
	})
}

func (b *Broker) alterBroker(ctx context.Context, scope ConfigSource, mode Mode, edit func(map[string]string) error) error {
	const op = "broker.AlterBrokerConfigs"
	b.admin.Lock()
	defer b.admin.Unlock()
	all := b.altered(scope)
	if err := edit(all); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		d, err := dynamic(name)
		if err != nil {
			return err
		}
		if what := d.check(all[name]); what != "" {
			return fault.New(ErrInvalidConfig, op, "value %q of broker configuration %s: %s", all[name], name, what)
		}
	}
	if mode == CheckOnly {
		return nil
	}
	value, err := json.Marshal(all)
	if err != nil {
		return fault.Wrap(ErrStorage, op, err, "cannot encode the configurations")
	}
	key := b.scopeKey(scope)
	if err := b.commit(ctx, change{Setting: &Setting{Kind: key.kind, Key: key.key, Value: value}}); err != nil {
		return err
	}
	b.settleDefaults()
	for _, t := range b.Topics() {
		t.configure(b.values(t.values.Load().own))
	}
	return nil
}

// dynamic returns a configuration that can be changed while the broker runs.
func dynamic(name string) (brokerDefinition, error) {
	const op = "broker.AlterBrokerConfigs"
	d, ok := brokerDefinitionOf(name)
	switch {
	case !ok:
		return d, fault.New(ErrInvalidConfig, op, "unknown broker configuration %q", name)
	case d.topic == "":
		return d, fault.New(ErrInvalidRequest, op, "broker configuration %s is read when the broker starts: set it there", name)
	}
	return d, nil
}
