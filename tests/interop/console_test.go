package interop

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The classes behind Kafka's scripts.
const (
	kafkaTopics          = "org.apache.kafka.tools.TopicCommand"
	kafkaConfigs         = "kafka.admin.ConfigCommand"
	kafkaGroups          = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
	kafkaTransactions    = "org.apache.kafka.tools.TransactionsCommand"
	kafkaConsoleProducer = "org.apache.kafka.tools.ConsoleProducer"
	kafkaConsoleConsumer = "org.apache.kafka.tools.consumer.ConsoleConsumer"
	kafkaGetOffsets      = "org.apache.kafka.tools.GetOffsetShell"
	kafkaDeleteRecords   = "org.apache.kafka.tools.DeleteRecordsCommand"
	kafkaLogDirs         = "org.apache.kafka.tools.LogDirsCommand"
)

// console runs one of Kafka's console tools and returns what it printed on standard output.
func console(ctx context.Context, t *testing.T, stdin, tool string, arguments ...string) string {
	t.Helper()
	cmd := java(t, tool, append([]string{"--bootstrap-server", server.Brokers}, arguments...)...)
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	var out, errs strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", tool, strings.Join(arguments, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// shows fails the test unless every expression is found.
func shows(t *testing.T, tool, out string, all ...string) {
	t.Helper()
	for _, e := range all {
		if !regexp.MustCompile(`(?m)` + e).MatchString(out) {
			t.Errorf("%s does not show %q:\n%s", tool, e, out)
		}
	}
}

func TestConsoleTopicsAndConfigs(t *testing.T) {
	t.Parallel()
	ctx, name := patient(t), "of-the-console"
	console(ctx, t, "", kafkaTopics, "--create", "--topic", name, "--partitions", "2", "--replication-factor", "1", "--config", "retention.ms=123456")
	console(ctx, t, "", kafkaTopics, "--alter", "--topic", name, "--partitions", "3")
	shows(t, "kafka-topics", console(ctx, t, "", kafkaTopics, "--describe", "--topic", name),
		`PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention\.ms=123456`, `Partition: 2\s+Leader: \d+\s+Replicas: \d+\s+Isr: \d+`)

	console(ctx, t, "", kafkaConfigs, "--alter", "--entity-type", "topics", "--entity-name", name, "--add-config", "cleanup.policy=[compact,delete],max.message.bytes=54321")
	shows(t, "kafka-configs", console(ctx, t, "", kafkaConfigs, "--describe", "--entity-type", "topics", "--entity-name", name),
		`cleanup\.policy=compact,delete .*DYNAMIC_TOPIC_CONFIG`, `max\.message\.bytes=54321 `, `retention\.ms=123456 `)
	console(ctx, t, "", kafkaConfigs, "--alter", "--entity-type", "topics", "--entity-name", name, "--delete-config", "max.message.bytes")
	all := console(ctx, t, "", kafkaConfigs, "--describe", "--all", "--entity-type", "topics", "--entity-name", name)
	shows(t, "kafka-configs --all", all, `max\.message\.bytes=1048588 .*DEFAULT_CONFIG`, `segment\.bytes=`)
	shows(t, "kafka-configs of the broker", console(ctx, t, "", kafkaConfigs, "--describe", "--all", "--entity-type", "brokers", "--entity-name", "1"), `node\.id=1 `)

	console(ctx, t, "", kafkaTopics, "--delete", "--topic", name)
	if list := strings.Fields(console(ctx, t, "", kafkaTopics, "--list")); slices.Contains(list, name) {
		t.Errorf("the topic is still listed: %q", list)
	}
}

func TestConsoleProducerConsumerAndGroups(t *testing.T) {
	t.Parallel()
	ctx, name := patient(t), topic(t, 2, nil)
	console(ctx, t, "a:1\nb:2\nc:3\nd:4\n", kafkaConsoleProducer, "--topic", name, "--reader-property", "parse.key=true",
		"--reader-property", "key.separator=:", "--compression-codec", "zstd")
	for _, protocol := range []string{"classic", "consumer"} {
		group := protocol + "-of-" + name
		got := strings.Fields(console(ctx, t, "", kafkaConsoleConsumer, "--topic", name, "--group", group, "--from-beginning", "--max-messages", "4",
			"--timeout-ms", "60000", "--formatter-property", "print.key=true", "--formatter-property", "key.separator=:", "--command-property", "group.protocol="+protocol))
		slices.Sort(got)
		if strings.Join(got, " ") != "a:1 b:2 c:3 d:4" {
			t.Errorf("kafka-console-consumer with %s read %q", protocol, got)
		}
		shows(t, "kafka-consumer-groups --describe", console(ctx, t, "", kafkaGroups, "--describe", "--group", group), group+`\s+`+name+`\s+1\s+\d\s+\d\s+0\s+-`)
		console(ctx, t, "", kafkaGroups, "--reset-offsets", "--group", group, "--topic", name, "--to-earliest", "--execute")
		shows(t, "kafka-consumer-groups after the reset", console(ctx, t, "", kafkaGroups, "--describe", "--group", group, "--offsets"), name+`\s+0\s+0\s+\d`, name+`\s+1\s+0\s+\d`)
		shows(t, "kafka-consumer-groups --state", console(ctx, t, "", kafkaGroups, "--describe", "--group", group, "--state"), group+`.*Empty\s+0`)
		shows(t, "kafka-consumer-groups --list", console(ctx, t, "", kafkaGroups, "--list"), `^`+group+`$`)
		console(ctx, t, "", kafkaGroups, "--delete-offsets", "--group", group, "--topic", name)
		console(ctx, t, "", kafkaGroups, "--delete", "--group", group)
	}
	shows(t, "kafka-get-offsets", console(ctx, t, "", kafkaGetOffsets, "--topic", name), `^`+name+`:0:\d$`, `^`+name+`:1:\d$`)
	before := filepath.Join(t.TempDir(), "before.json")
	if err := os.WriteFile(before, []byte(`{"version":1,"partitions":[{"topic":"`+name+`","partition":0,"offset":-1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	shows(t, "kafka-delete-records", console(ctx, t, "", kafkaDeleteRecords, "--offset-json-file", before), `partition: `+name+`-0\s+low_watermark: \d`)
	shows(t, "kafka-log-dirs", console(ctx, t, "", kafkaLogDirs, "--describe", "--topic-list", name), `"partition":"`+name+`-1","size":\d+`)
}

// A transactional producer of the Java client dies in the middle; kafka-transactions.sh finds what it left and ends it.
func TestConsoleTransactions(t *testing.T) {
	t.Parallel()
	ctx, name := patient(t), topic(t, 1, nil)
	id := "id-of-" + name
	d := foreigns[slices.IndexFunc(foreigns, func(f foreign) bool { return f.name == "java" })].start(ctx, t, &server)
	d.do(t, "begin", args{"id": id, "topic": name, "records": values(0, "left open")}, nil)
	d.kill()
	shows(t, "kafka-transactions list", console(ctx, t, "", kafkaTransactions, "list"), id+`\s+\d+\s+\d+\s+Ongoing`)
	shows(t, "kafka-transactions describe", console(ctx, t, "", kafkaTransactions, "describe", "--transactional-id", id), id+`.*Ongoing.*`+name+`-0`)
	producers := console(ctx, t, "", kafkaTransactions, "describe-producers", "--topic", name, "--partition", "0")
	shows(t, "kafka-transactions describe-producers", producers, `^\d+\s+\d+\s+-?\d+\s+0\s+\d+\s+0\s*$`)
	console(ctx, t, "", kafkaTransactions, "forceTerminateTransaction", "--transactionalId", id)
	shows(t, "kafka-transactions after the end", console(ctx, t, "", kafkaTransactions, "describe", "--transactional-id", id), id+`.*(CompleteAbort|PrepareAbort|Empty)`)
	console(ctx, t, "after\n", kafkaConsoleProducer, "--topic", name)
	if got := console(ctx, t, "", kafkaConsoleConsumer, "--topic", name, "--from-beginning", "--isolation-level", "read_committed", "--max-messages", "1", "--timeout-ms", "60000"); got != "after\n" {
		t.Errorf("read_committed shows %q, want what came after the transaction", got)
	}
}
