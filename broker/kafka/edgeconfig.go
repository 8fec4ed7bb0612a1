package kafka

import (
	"cmp"
	"maps"
	"strconv"
	"time"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/fault"
)

// edgeConfig is a configuration of Kafka that is the listener's rather than the broker's. All are read when the server starts.
type edgeConfig struct {
	name  string
	kind  broker.ConfigType
	least int64
	doc   string
	get   func(*Options) int64
	set   func(*Options, int64)
}

func edgeConfigs() []edgeConfig {
	number := func(name string, least int64, doc string, field func(*Options) *int) edgeConfig {
		return edgeConfig{name, broker.Int, least, doc,
			func(o *Options) int64 { return int64(*field(o)) }, func(o *Options, n int64) { *field(o) = int(n) }}
	}
	return []edgeConfig{
		{"connections.max.idle.ms", broker.Long, 1, "How long a connection may be without a request.",
			func(o *Options) int64 { return o.IdleTimeout.Milliseconds() },
			func(o *Options, n int64) { o.IdleTimeout = time.Duration(n) * time.Millisecond }},
		number("fetch.max.bytes", 1024, "The most records of one answer to a Fetch, in bytes.", func(o *Options) *int { return &o.MaxFetchBytes }),
		number("max.connections", 1, "Connections at once.", func(o *Options) *int { return &o.MaxConnections }),
		number("max.connections.per.ip", 1, "Connections at once from one address.", func(o *Options) *int { return &o.MaxPerHost }),
		{"max.incremental.fetch.session.cache.slots", broker.Int, 0, "Fetch sessions at once.",
			func(o *Options) int64 { return int64(max(o.MaxSessions, 0)) },
			func(o *Options, n int64) { o.MaxSessions = cmp.Or(int(n), -1) }},
		number("socket.request.max.bytes", 1024, "The largest request, in bytes.", func(o *Options) *int { return &o.MaxRequestBytes }),
	}
}

// Configure sets the options that Kafka has configurations for, by Kafka's names, and returns the configurations that are not the
// listener's. A value out of range is an error.
func (o *Options) Configure(configs map[string]string) (rest map[string]string, err error) {
	rest = maps.Clone(configs)
	for _, e := range edgeConfigs() {
		value, ok := rest[e.name]
		if !ok {
			continue
		}
		delete(rest, e.name)
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < e.least || n > 1<<31-1 {
			return nil, fault.New(broker.ErrInvalidConfig, "kafka.Configure", "value %q of broker configuration %s: it must be a whole number of at least %d", value, e.name, e.least)
		}
		e.set(o, n)
	}
	return rest, nil
}

// configs lists them as they are in force.
func (o *Options) configs() []broker.Config {
	var all []broker.Config
	otherwise := Options{}.withDefaults()
	for _, e := range edgeConfigs() {
		value := e.get(o)
		c := broker.Config{Name: e.name, Value: strconv.FormatInt(value, 10), Fixed: true, Type: e.kind, Doc: e.doc}
		if value != e.get(&otherwise) {
			c.Source = broker.FromStatic
		}
		c.Synonyms = []broker.Synonym{{Name: c.Name, Value: c.Value, Source: c.Source}}
		all = append(all, c)
	}
	return all
}
