"""Drives confluent-kafka (librdkafka) and its serdes."""

import time

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, OffsetSpec)
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
import base64

import wire

SECONDS = 30


def check(msg):
    if msg.error():
        raise KafkaException(msg.error())
    return msg


def record(msg):
    return {"partition": msg.partition(), "offset": msg.offset(), "key": wire.text(msg.key()), "value": wire.text(msg.value()),
            "timestamp": msg.timestamp()[1], "headers": {k: wire.text(v) for k, v in msg.headers() or []}}


class Driver:
    def __init__(self, at):
        self.kafka = {"bootstrap.servers": at["brokers"]}
        registry = {"url": at["registry"]}
        if at.get("ca"):
            self.kafka |= {"security.protocol": "SASL_SSL", "ssl.ca.location": at["ca"], "sasl.mechanism": at["mechanism"],
                           "sasl.username": at["user"], "sasl.password": at["password"]}
            registry |= {"ssl.ca.location": at["ca"], "basic.auth.user.info": at["user"] + ":" + at["password"]}
        self.registry = SchemaRegistryClient(registry)
        self.consumer, self.open, self.admins, self.messages = None, {}, None, {}

    @property
    def admin(self):
        self.admins = self.admins or AdminClient(self.kafka)
        return self.admins

    # records

    def send(self, producer, topic, records):
        failed, done = [], []
        for r in records:
            producer.produce(topic, partition=r["partition"], key=wire.raw(r.get("key")), value=wire.raw(r.get("value")),
                             headers={k: v.encode() for k, v in (r.get("headers") or {}).items()},
                             on_delivery=lambda err, msg: failed.append(err) if err else done.append([msg.partition(), msg.offset()]))
        if producer.flush(SECONDS) or failed:
            raise KafkaException(failed[0]) if failed else TimeoutError("records without a delivery report")
        return done

    def produce(self, topic, records, codec="none"):
        return self.send(Producer(self.kafka | {"enable.idempotence": True, "compression.type": codec}), topic, records)

    def consume(self, topic, n, isolation="read_committed"):
        c = Consumer(self.kafka | {"group.id": "none", "enable.auto.commit": False, "isolation.level": isolation})
        try:
            partitions = c.list_topics(topic, SECONDS).topics[topic].partitions
            c.assign([TopicPartition(topic, p, 0) for p in partitions])
            got, end = [], time.monotonic() + SECONDS
            while len(got) < n and time.monotonic() < end:
                got += [record(check(m)) for m in c.consume(n, 0.2)]
            return got
        finally:
            c.close()

    # groups

    def join(self, group, topic, protocol="classic"):
        conf = {"group.id": group, "group.protocol": protocol, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        if protocol == "classic":
            conf |= {"session.timeout.ms": 6000, "heartbeat.interval.ms": 1000}
        self.consumer = Consumer(self.kafka | conf)
        self.consumer.subscribe([topic])

    def poll(self):
        got = [record(check(m)) for m in self.consumer.consume(100, 0.2)]
        return {"records": got, "assigned": sorted(p.partition for p in self.consumer.assignment())}

    def commit(self):
        self.consumer.commit(asynchronous=False)

    def leave(self):
        self.consumer.close()

    # transactions

    def begin(self, id, topic, records, offsets=None):
        p = Producer(self.kafka | {"transactional.id": id})
        p.init_transactions(SECONDS)
        p.begin_transaction()
        self.send(p, topic, records)
        if offsets:
            c = Consumer(self.kafka | {"group.id": offsets["group"]})
            p.send_offsets_to_transaction([TopicPartition(offsets["topic"], offsets["partition"], offsets["offset"])],
                                          c.consumer_group_metadata(), SECONDS)
            c.close()
        self.open[id] = self.open.get(id, []) + [p]

    def end(self, id, commit, oldest=False):
        p = self.open[id].pop(0 if oldest else -1)
        if commit:
            p.commit_transaction(SECONDS)
        else:
            p.abort_transaction(SECONDS)

    # administration

    def wait(self, futures):
        return {k: f.result(SECONDS) for k, f in futures.items()}

    def create_topic(self, topic, partitions, configs):
        self.wait(self.admin.create_topics([NewTopic(topic, partitions, 1, config=configs)]))

    def delete_topic(self, topic):
        self.wait(self.admin.delete_topics([topic]))

    def topics(self):
        return {name: len(t.partitions) for name, t in self.admin.list_topics(timeout=SECONDS).topics.items()}

    def add_partitions(self, topic, count):
        self.wait(self.admin.create_partitions([NewPartitions(topic, count)]))

    def config(self, topic):
        found = self.wait(self.admin.describe_configs([ConfigResource("topic", topic)]))
        return {name: entry.value for entries in found.values() for name, entry in entries.items()}

    def set_config(self, topic, name, value):
        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        self.wait(self.admin.incremental_alter_configs([ConfigResource("topic", topic, incremental_configs=[entry])]))

    def bounds(self, topic, partition):
        p = TopicPartition(topic, partition)
        return [next(iter(self.wait(self.admin.list_offsets({p: spec})).values())).offset
                for spec in (OffsetSpec.earliest(), OffsetSpec.latest())]

    def delete_records(self, topic, partition, before):
        self.wait(self.admin.delete_records([TopicPartition(topic, partition, before)]))

    def set_offset(self, group, topic, partition, offset):
        wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition, offset)])
        for result in self.wait(self.admin.alter_consumer_group_offsets([wanted])).values():
            for p in result.topic_partitions:
                if p.error:
                    raise KafkaException(p.error)

    def offset(self, group, topic, partition):
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition)])
        return self.wait(self.admin.list_consumer_group_offsets([asked]))[group].topic_partitions[0].offset

    def groups(self):
        found = self.admin.list_consumer_groups().result(SECONDS)
        if found.errors:
            raise found.errors[0]
        return [g.group_id for g in found.valid]

    def describe_group(self, group):
        g = self.wait(self.admin.describe_consumer_groups([group]))[group]
        return {"state": g.state.name.title(), "members": len(g.members)}

    def delete_group(self, group):
        self.wait(self.admin.delete_consumer_groups([group]))

    # schemas

    def message(self, descriptor, name):
        """The class of a message, made of its file's descriptor."""
        if name not in self.messages:
            pool = descriptor_pool.DescriptorPool()
            for raw in descriptor:
                pool.Add(descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(raw)))
            self.messages[name] = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
        return self.messages[name]

    def write(self, topic, format, values, schema=None, descriptor=None, message=None):
        if format == "PROTOBUF":
            cls = self.message(descriptor, message)
            serializer = ProtobufSerializer(cls, self.registry, {"use.deprecated.format": False})
            values = [json_format.ParseDict(v, cls()) for v in values]
        elif format == "AVRO":
            serializer = AvroSerializer(self.registry, schema)
        else:
            serializer = JSONSerializer(schema, self.registry)
        p = Producer(self.kafka)
        context = SerializationContext(topic, MessageField.VALUE)
        failed = []
        for v in values:
            p.produce(topic, serializer(v, context), on_delivery=lambda err, msg: failed.append(err) if err else None)
        if p.flush(SECONDS) or failed:
            raise KafkaException(failed[0]) if failed else TimeoutError("records without a delivery report")

    def read(self, topic, format, group, n, descriptor=None, message=None):
        if format == "PROTOBUF":
            deserializer = ProtobufDeserializer(self.message(descriptor, message), {"use.deprecated.format": False}, self.registry)
        elif format == "AVRO":
            deserializer = AvroDeserializer(self.registry)
        else:
            deserializer = JSONDeserializer(None, schema_registry_client=self.registry)
        c = Consumer(self.kafka | {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False})
        c.subscribe([topic])
        got, end = [], time.monotonic() + SECONDS
        context = SerializationContext(topic, MessageField.VALUE)
        while len(got) < n and time.monotonic() < end:
            for m in c.consume(n, 0.2):
                v = deserializer(check(m).value(), context)
                got.append(json_format.MessageToDict(v) if format == "PROTOBUF" else v)
        c.commit(asynchronous=False)
        c.close()
        return got


wire.serve(Driver(wire.settings()))
