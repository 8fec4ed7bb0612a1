import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Drives the Java client. One order a line on standard input, one answer a line on standard output, both JSON. */
public final class Driver {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Map<String, Object> kafka = new HashMap<>();
    private final Map<String, Deque<KafkaProducer<String, String>>> open = new HashMap<>();
    private KafkaConsumer<String, String> member;
    private Admin admins;

    private Driver(JsonNode at) {
        kafka.put("bootstrap.servers", at.get("brokers").asText());
        if (at.hasNonNull("ca")) {
            kafka.put("security.protocol", "SASL_SSL");
            kafka.put("ssl.truststore.type", "PEM");
            kafka.put("ssl.truststore.location", at.get("ca").asText());
            String mechanism = at.get("mechanism").asText();
            kafka.put("sasl.mechanism", mechanism);
            String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
            kafka.put("sasl.jaas.config", String.format("org.apache.kafka.common.security.%s required username=\"%s\" password=\"%s\";",
                module, at.get("user").asText(), at.get("password").asText()));
        }
    }

    public static void main(String[] args) throws Exception {
        Driver driver = new Driver(JSON.readTree(args[0]));
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line; (line = in.readLine()) != null; ) {
            Map<String, Object> answer = new HashMap<>();
            try {
                answer.put("ok", driver.carryOut(JSON.readTree(line)));
            } catch (Throwable e) {
                StringWriter text = new StringWriter();
                e.printStackTrace(new PrintWriter(text));
                answer.put("error", text.toString());
            }
            out.println(JSON.writeValueAsString(answer));
        }
        System.exit(0);
    }

    private Object carryOut(JsonNode o) throws Exception {
        switch (o.get("do").asText()) {
            case "produce": return produce(o);
            case "consume": return consume(o);
            case "join": join(o); return null;
            case "poll": return poll();
            case "commit": member.commitSync(PATIENCE); return null;
            case "leave": member.close(); return null;
            case "begin": begin(o); return null;
            case "end": end(o); return null;
            default: return administer(o);
        }
    }

    // Records.

    private KafkaProducer<String, String> producer(Map<String, Object> own) {
        Map<String, Object> conf = new HashMap<>(kafka);
        conf.putAll(own);
        return new KafkaProducer<>(conf, new StringSerializer(), new StringSerializer());
    }

    private KafkaConsumer<String, String> consumer(Map<String, Object> own) {
        Map<String, Object> conf = new HashMap<>(kafka);
        conf.put("enable.auto.commit", false);
        conf.put("auto.offset.reset", "earliest");
        conf.putAll(own);
        return new KafkaConsumer<>(conf, new StringDeserializer(), new StringDeserializer());
    }

    private Object produce(JsonNode o) throws Exception {
        try (KafkaProducer<String, String> p = producer(Map.of("compression.type", o.path("codec").asText("none")))) {
            return send(p, o);
        }
    }

    private List<long[]> send(KafkaProducer<String, String> p, JsonNode o) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode r : o.get("records")) {
            ProducerRecord<String, String> record = new ProducerRecord<>(o.get("topic").asText(), r.get("partition").asInt(), text(r, "key"), text(r, "value"));
            r.path("headers").fields().forEachRemaining(h -> record.headers().add(h.getKey(), h.getValue().asText().getBytes(StandardCharsets.UTF_8)));
            sent.add(p.send(record));
        }
        p.flush();
        List<long[]> places = new ArrayList<>();
        for (Future<RecordMetadata> f : sent) {
            places.add(new long[] {f.get().partition(), f.get().offset()});
        }
        return places;
    }

    private static String text(JsonNode o, String name) {
        return o.hasNonNull(name) ? o.get(name).asText() : null;
    }

    private Object consume(JsonNode o) {
        try (KafkaConsumer<String, String> c = consumer(Map.of("isolation.level", o.path("isolation").asText("read_committed")))) {
            List<TopicPartition> all = new ArrayList<>();
            c.partitionsFor(o.get("topic").asText()).forEach(p -> all.add(new TopicPartition(p.topic(), p.partition())));
            c.assign(all);
            c.seekToBeginning(all);
            List<Object> got = new ArrayList<>();
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (got.size() < o.get("n").asInt() && System.nanoTime() < end) {
                c.poll(Duration.ofMillis(200)).forEach(r -> got.add(told(r)));
            }
            return got;
        }
    }

    private static Map<String, Object> told(ConsumerRecord<String, String> r) {
        Map<String, String> headers = new LinkedHashMap<>();
        r.headers().forEach(h -> headers.put(h.key(), new String(h.value(), StandardCharsets.UTF_8)));
        Map<String, Object> m = new HashMap<>();
        m.put("partition", r.partition());
        m.put("offset", r.offset());
        m.put("key", r.key());
        m.put("value", r.value());
        m.put("timestamp", r.timestamp());
        m.put("headers", headers);
        return m;
    }

    // Groups.

    private void join(JsonNode o) {
        Map<String, Object> conf = new HashMap<>();
        conf.put("group.id", o.get("group").asText());
        conf.put("group.protocol", o.get("protocol").asText());
        if (o.get("protocol").asText().equals("classic")) {
            conf.put("session.timeout.ms", 6000);
            conf.put("heartbeat.interval.ms", 1000);
        }
        member = consumer(conf);
        member.subscribe(List.of(o.get("topic").asText()));
    }

    private Object poll() {
        List<Object> got = new ArrayList<>();
        member.poll(Duration.ofMillis(200)).forEach(r -> got.add(told(r)));
        TreeSet<Integer> assigned = new TreeSet<>();
        member.assignment().forEach(p -> assigned.add(p.partition()));
        return Map.of("records", got, "assigned", assigned);
    }

    // Transactions.

    private void begin(JsonNode o) throws Exception {
        KafkaProducer<String, String> p = producer(Map.of("transactional.id", o.get("id").asText(), "transaction.timeout.ms", 600_000));
        p.initTransactions();
        p.beginTransaction();
        send(p, o);
        if (o.hasNonNull("offsets")) {
            JsonNode at = o.get("offsets");
            p.sendOffsetsToTransaction(Map.of(partition(at), new OffsetAndMetadata(at.get("offset").asLong())), new ConsumerGroupMetadata(at.get("group").asText()));
        }
        open.computeIfAbsent(o.get("id").asText(), id -> new ArrayDeque<>()).addLast(p);
    }

    private void end(JsonNode o) {
        Deque<KafkaProducer<String, String>> all = open.get(o.get("id").asText());
        try (KafkaProducer<String, String> p = o.path("oldest").asBoolean() ? all.removeFirst() : all.removeLast()) {
            if (o.get("commit").asBoolean()) {
                p.commitTransaction();
            } else {
                p.abortTransaction();
            }
        }
    }

    // Administration.

    private static TopicPartition partition(JsonNode o) {
        return new TopicPartition(o.get("topic").asText(), o.get("partition").asInt());
    }

    private static <T> T get(Future<T> f) throws Exception {
        return f.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private Object administer(JsonNode o) throws Exception {
        if (admins == null) {
            admins = Admin.create(kafka);
        }
        String topic = text(o, "topic");
        String group = text(o, "group");
        switch (o.get("do").asText()) {
            case "create_topic":
                Map<String, String> configs = new HashMap<>();
                o.get("configs").fields().forEachRemaining(c -> configs.put(c.getKey(), c.getValue().asText()));
                NewTopic made = new NewTopic(topic, Optional.of(o.get("partitions").asInt()), Optional.empty()).configs(configs);
                return get(admins.createTopics(List.of(made)).all());
            case "delete_topic":
                return get(admins.deleteTopics(List.of(topic)).all());
            case "topics":
                Map<String, Integer> counts = new HashMap<>();
                get(admins.describeTopics(get(admins.listTopics().names())).allTopicNames()).forEach((name, t) -> counts.put(name, t.partitions().size()));
                return counts;
            case "add_partitions":
                return get(admins.createPartitions(Map.of(topic, NewPartitions.increaseTo(o.get("count").asInt()))).all());
            case "config":
                Map<String, String> values = new HashMap<>();
                ConfigResource asked = new ConfigResource(ConfigResource.Type.TOPIC, topic);
                get(admins.describeConfigs(List.of(asked)).all()).get(asked).entries().forEach(e -> values.put(e.name(), e.value()));
                return values;
            case "set_config":
                AlterConfigOp set = new AlterConfigOp(new ConfigEntry(text(o, "name"), text(o, "value")), AlterConfigOp.OpType.SET);
                return get(admins.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), List.of(set))).all());
            case "bounds":
                List<Long> bounds = new ArrayList<>();
                for (OffsetSpec spec : List.of(OffsetSpec.earliest(), OffsetSpec.latest())) {
                    bounds.add(get(admins.listOffsets(Map.of(partition(o), spec)).all()).get(partition(o)).offset());
                }
                return bounds;
            case "delete_records":
                return get(admins.deleteRecords(Map.of(partition(o), RecordsToDelete.beforeOffset(o.get("before").asLong()))).all());
            case "set_offset":
                return get(admins.alterConsumerGroupOffsets(group, Map.of(partition(o), new OffsetAndMetadata(o.get("offset").asLong()))).all());
            case "offset":
                return get(admins.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).get(partition(o)).offset();
            case "groups":
                List<String> ids = new ArrayList<>();
                get(admins.listGroups().all()).forEach(g -> ids.add(g.groupId()));
                return ids;
            case "describe_group":
                var g = get(admins.describeConsumerGroups(List.of(group)).all()).get(group);
                return Map.of("state", g.groupState().toString(), "members", g.members().size());
            case "delete_group":
                return get(admins.deleteConsumerGroups(List.of(group)).all());
            default:
                throw new IllegalArgumentException("no such order: " + o);
        }
    }
}
