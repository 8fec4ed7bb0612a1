package serve

import (
	"strings"

	"github.com/pawl-registry/pawl/broker"
	"github.com/pawl-registry/pawl/broker/commitlog/local"
	"github.com/pawl-registry/pawl/broker/kafka"
	"github.com/pawl-registry/pawl/internal/metrics"
	"github.com/pawl-registry/pawl/registry"
)

// requestNames are those that dashboards for Confluent Schema Registry read, where there is an equal.
var requestNames = metrics.Names{
	Latency:   "kafka_schema_registry_request_latency_seconds",
	Succeeded: "kafka_schema_registry_api_success_count",
	Failed:    "kafka_schema_registry_api_failure_count",
}

// measureRegistry adds the numbers of the registry, under the names that Confluent's rules for its JMX exporter give them.
func measureRegistry(set *metrics.Set, reg *registry.Registry) {
	byType := []string{"schema_type"}
	set.Read([]metrics.Family{
		{Name: "kafka_schema_registry_registered_count", Help: "Versions of subjects that are registered and not deleted.", Kind: metrics.Gauge},
		{Name: "kafka_schema_registry_deleted_count", Help: "Versions deleted, as far back as the store remembers.", Kind: metrics.Counter},
		{Name: "kafka_schema_registry_schemas_created", Help: "Versions registered, by format, as far back as the store remembers.", Kind: metrics.Counter, Labels: byType},
		{Name: "kafka_schema_registry_schemas_deleted", Help: "Versions deleted, by format, as far back as the store remembers.", Kind: metrics.Counter, Labels: byType},
	}, func(emit metrics.Emit) {
		tallies := reg.Tallies()
		var live, deleted int
		for _, format := range reg.Formats().Names() {
			t := tallies[format]
			live, deleted = live+t.Live, deleted+t.Deleted
			emit(2, float64(t.Created), strings.ToLower(format))
			emit(3, float64(t.Deleted), strings.ToLower(format))
		}
		emit(0, float64(live))
		emit(1, float64(deleted))
	})
}

// maxLags bounds the pairs of groups and topics whose lag is told.
const maxLags = 1000

// measureBroker adds the numbers of the broker, of its logs and of its listener. Topics, groups, and subjects where validation is
// on, are the only names in labels that clients choose; the broker bounds them.
func measureBroker(set *metrics.Set, b *broker.Broker, logs *local.Engine, srv *kafka.Server) {
	count := func(name, help string, labels ...string) metrics.Family {
		return metrics.Family{Name: name, Help: help, Kind: metrics.Counter, Labels: labels}
	}
	gauge := func(name, help string) metrics.Family {
		return metrics.Family{Name: name, Help: help, Kind: metrics.Gauge}
	}
	set.Read([]metrics.Family{
		count("pawl_broker_produced_batches_total", "Batches that got their offsets."),
		count("pawl_broker_produced_bytes_total", "Bytes of the batches that got their offsets."),
		count("pawl_broker_fetched_bytes_total", "Bytes of batches read for consumers."),
		count("pawl_broker_refused_batches_total", "Batches refused, by topic and reason.", "topic", "reason"),
		gauge("pawl_broker_topics", "Topics."),
		gauge("pawl_broker_partitions", "Partitions of all topics."),
		gauge("pawl_broker_groups", "Consumer groups."),
		count("pawl_log_appends_total", "Batches appended to the logs on this disk."),
		count("pawl_log_syncs_total", "Syncs of the write-ahead log; each makes a group of batches durable."),
		gauge("pawl_log_open", "Logs that are open."),
		gauge("pawl_kafka_connections", "Kafka connections that are open."),
		count("pawl_kafka_refused_connections_total", "Kafka connections refused because there were too many."),
		count("pawl_kafka_requests_total", "Kafka requests, by the name of the API key.", "api"),
		count("pawl_validation_failed_records_total", "Records that did not pass schema validation, by topic, expected subject, reason, and what became of them: reject, report or dlq. Of a rejected batch, a hundred at most are counted.", "topic", "subject", "reason", "action"),
		metrics.Family{Name: "pawl_group_lag", Help: "Offsets between what a consumer group committed and the ends of the partitions, by group and topic; beyond a thousand, the sum of the others as *.", Kind: metrics.Gauge, Labels: []string{"group", "topic"}},
	}, func(emit metrics.Emit) {
		c, l, k := b.Counts(), logs.Counts(), srv.Counts()
		emit(0, float64(c.ProducedBatches))
		emit(1, float64(c.ProducedBytes))
		emit(2, float64(c.FetchedBytes))
		for r, n := range c.Refused {
			emit(3, float64(n), r.Topic, r.Reason)
		}
		emit(4, float64(c.Topics))
		emit(5, float64(c.Partitions))
		emit(6, float64(c.Groups))
		emit(7, float64(l.Appends))
		emit(8, float64(l.Syncs))
		emit(9, float64(l.Logs))
		emit(10, float64(k.Connections))
		emit(11, float64(k.RefusedConnections))
		for api, n := range k.Requests {
			emit(12, float64(n), api)
		}
		for f, n := range c.Failed {
			emit(13, float64(n), f.Topic, f.Subject, f.Cause, f.Action.String())
		}
		for _, l := range b.Lags(maxLags) {
			emit(14, float64(l.Offsets), l.Group, l.Topic)
		}
	})
}
