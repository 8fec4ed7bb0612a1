package broker_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/logtest"
	"github.com/pawl-registry/pawl/fault"
)

func brokerConfig(t *testing.T, all []broker.Config, name string) broker.Config {
	t.Helper()
	i := slices.IndexFunc(all, func(c broker.Config) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no configuration %s", name)
	}
	return all[i]
}

func set(name, value string) []broker.Alteration {
	return []broker.Alteration{{Name: name, Op: broker.Set, Value: value}}
}

func TestDefaultsOfTopicsChangeWhileTheBrokerRuns(t *testing.T) {
	logs := logtest.NewMemory()
	opts := broker.Options{Logs: logs, NodeID: 3, Configs: map[string]string{"log.retention.hours": "1"}}
	b := open(t, opts)
	topic, own := create(t, b, "t", 1, nil), create(t, b, "own", 1, map[string]string{"retention.ms": "5"})
	alter := func(scope broker.ConfigSource, all []broker.Alteration) {
		t.Helper()
		wantCode(t, b.AlterBrokerConfigs(t.Context(), scope, all, broker.Apply), nil)
	}
	expect := func(value string, source broker.ConfigSource) {
		t.Helper()
		if got := config(t, topic, "retention.ms"); got.Value != value || got.Source != source {
			t.Errorf("the topic has %s from %d, want %s from %d", got.Value, got.Source, value, source)
		}
		if got := brokerConfig(t, b.Configs(), "log.retention.ms"); got.Value != value || got.Source != source || got.Fixed {
			t.Errorf("the broker has %+v", got)
		}
		if got := config(t, own, "retention.ms"); got.Value != "5" || got.Source != broker.FromTopic {
			t.Errorf("a topic's own value gave way: %+v", got)
		}
	}
	expect("3600000", broker.FromStatic)
	alter(broker.FromCluster, set("log.retention.ms", "7"))
	expect("7", broker.FromCluster)
	alter(broker.FromBroker, set("log.retention.ms", "8"))
	expect("8", broker.FromBroker)
	want := []broker.Synonym{{Name: "retention.ms", Value: "5", Source: broker.FromTopic}, {Name: "log.retention.ms", Value: "8", Source: broker.FromBroker},
		{Name: "log.retention.ms", Value: "7", Source: broker.FromCluster}, {Name: "log.retention.ms", Value: "3600000", Source: broker.FromStatic},
		{Name: "log.retention.ms", Value: "604800000", Source: broker.FromDefault}}
	if diff := cmp.Diff(want, config(t, own, "retention.ms").Synonyms); diff != "" {
		t.Error(diff)
	}

	b = open(t, broker.Options{Logs: logs.Reopen(), NodeID: 3, Configs: opts.Configs})
	topic, _ = b.Topic("t")
	own, _ = b.Topic("own")
	expect("8", broker.FromBroker)
	if got := b.ClusterConfigs(); len(got) != 1 || got[0].Name != "log.retention.ms" || got[0].Value != "7" {
		t.Errorf("of all brokers: %+v", got)
	}
	alter(broker.FromBroker, []broker.Alteration{{Name: "log.retention.ms", Op: broker.Unset}})
	expect("7", broker.FromCluster)
	wantCode(t, b.ReplaceBrokerConfigs(t.Context(), broker.FromCluster, nil, broker.Apply), nil)
	expect("3600000", broker.FromStatic)
}

func TestListsOfBrokersAreAppendedTo(t *testing.T) {
	b := open(t, broker.Options{})
	topic := create(t, b, "t", 1, nil)
	add := []broker.Alteration{{Name: "log.cleanup.policy", Op: broker.Append, Value: "compact"}}
	wantCode(t, b.AlterBrokerConfigs(t.Context(), broker.FromCluster, add, broker.CheckOnly), nil)
	if got := config(t, topic, "cleanup.policy").Value; got != "delete" {
		t.Errorf("a check changed the policy to %s", got)
	}
	wantCode(t, b.AlterBrokerConfigs(t.Context(), broker.FromCluster, add, broker.Apply), nil)
	if got := config(t, topic, "cleanup.policy").Value; got != "delete,compact" {
		t.Errorf("the policy is %s", got)
	}
}

func TestConfigurationsOfBrokersThatAreRefused(t *testing.T) {
	b := open(t, broker.Options{})
	for _, c := range []struct {
		name, value string
		want        *fault.Code
	}{
		{"log.retention.ms", "soon", broker.ErrInvalidConfig},
		{"log.retention.ms", "-2", broker.ErrInvalidConfig},
		{"no.such.config", "1", broker.ErrInvalidConfig},
		{"num.partitions", "4", broker.ErrInvalidRequest},
		{"broker.id", "4", broker.ErrInvalidRequest},
	} {
		err := b.AlterBrokerConfigs(t.Context(), broker.FromBroker, set(c.name, c.value), broker.Apply)
		if !errors.Is(err, c.want) {
			t.Errorf("%s=%s: %v", c.name, c.value, err)
		}
	}
	twice := append(set("log.retention.ms", "1"), set("log.retention.ms", "2")...)
	wantCode(t, b.AlterBrokerConfigs(t.Context(), broker.FromBroker, twice, broker.Apply), broker.ErrInvalidRequest)
	for name, value := range map[string]string{"no.such.config": "1", "broker.id": "7", "num.partitions": "0", "log.retention.hours": "long",
		"log.retention.minutes": "9223372036854775807", "log.cleanup.policy": "burn", "auto.create.topics.enable": "perhaps"} {
		_, err := broker.Open(t.Context(), broker.Options{Logs: logtest.NewMemory(), Configs: map[string]string{name: value}})
		if !errors.Is(err, broker.ErrInvalidConfig) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

func TestABrokerIsConfiguredByKafkasNames(t *testing.T) {
	b := open(t, broker.Options{AutoCreate: true, Configs: map[string]string{"num.partitions": "3", "auto.create.topics.enable": "false",
		"message.max.bytes": "2000", "log.roll.hours": "2", "log.roll.ms": "9000", "offsets.retention.minutes": "60"}})
	topic, err := b.CreateTopic(t.Context(), broker.NewTopic{Name: "t", Partitions: -1, Replicas: -1}, broker.Apply)
	if err != nil || len(topic.Partitions()) != 3 || b.AutoCreates() {
		t.Errorf("%v, %d partitions, creates topics: %v", err, len(topic.Partitions()), b.AutoCreates())
	}
	for name, want := range map[string]string{"max.message.bytes": "2000", "segment.ms": "9000"} {
		if got := config(t, topic, name).Value; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	for name, want := range map[string]string{"num.partitions": "3", "offsets.retention.minutes": "60", "group.max.size": "2147483647", "log.roll.ms": "9000"} {
		if got := brokerConfig(t, b.Configs(), name); got.Value != want {
			t.Errorf("%s is %s, want %s", name, got.Value, want)
		}
	}
	if !slices.IsSortedFunc(b.Configs(), func(x, y broker.Config) int { return strings.Compare(x.Name, y.Name) }) {
		t.Error("the configurations are not in order")
	}
}
