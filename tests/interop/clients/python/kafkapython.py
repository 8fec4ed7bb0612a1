"""Drives kafka-python."""

import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.structs import OffsetAndMetadata

import wire

SECONDS = 30


def record(r):
    return {"partition": r.partition, "offset": r.offset, "key": wire.text(r.key), "value": wire.text(r.value),
            "timestamp": r.timestamp, "headers": {k: wire.text(v) for k, v in r.headers}}


class Driver:
    def __init__(self, at):
        self.kafka = {"bootstrap_servers": at["brokers"]}
        if at.get("ca"):
            self.kafka |= {"security_protocol": "SASL_SSL", "ssl_cafile": at["ca"], "sasl_mechanism": at["mechanism"],
                           "sasl_plain_username": at["user"], "sasl_plain_password": at["password"]}
        self.consumer, self.open, self.admins = None, {}, None

    @property
    def admin(self):
        self.admins = self.admins or KafkaAdminClient(**self.kafka)
        return self.admins

    # records

    def send(self, producer, topic, records):
        sent = [producer.send(topic, partition=r["partition"], key=wire.raw(r.get("key")), value=wire.raw(r.get("value")),
                              headers=[(k, v.encode()) for k, v in (r.get("headers") or {}).items()]) for r in records]
        producer.flush(SECONDS)
        return [[m.partition, m.offset] for m in (s.get(SECONDS) for s in sent)]

    def produce(self, topic, records, codec="none"):
        p = KafkaProducer(**self.kafka, compression_type=None if codec == "none" else codec)
        try:
            return self.send(p, topic, records)
        finally:
            p.close()

    def consume(self, topic, n, isolation="read_committed"):
        c = KafkaConsumer(**self.kafka, isolation_level=isolation, enable_auto_commit=False)
        try:
            all = [TopicPartition(topic, p) for p in c.partitions_for_topic(topic)]
            c.assign(all)
            c.seek_to_beginning(*all)
            got, end = [], time.monotonic() + SECONDS
            while len(got) < n and time.monotonic() < end:
                got += [record(r) for batch in c.poll(200).values() for r in batch]
            return got
        finally:
            c.close()

    # groups

    def join(self, group, topic, protocol="classic"):
        self.consumer = KafkaConsumer(topic, **self.kafka, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                                      session_timeout_ms=6000, heartbeat_interval_ms=1000)

    def poll(self):
        got = [record(r) for batch in self.consumer.poll(200).values() for r in batch]
        return {"records": got, "assigned": sorted(p.partition for p in self.consumer.assignment())}

    def commit(self):
        self.consumer.commit()

    def leave(self):
        self.consumer.close(autocommit=False)

    # transactions

    def begin(self, id, topic, records, offsets=None):
        p = KafkaProducer(**self.kafka, transactional_id=id)
        p.init_transactions()
        p.begin_transaction()
        self.send(p, topic, records)
        if offsets:
            p.send_offsets_to_transaction(
                {TopicPartition(offsets["topic"], offsets["partition"]): OffsetAndMetadata(offsets["offset"], "", -1)}, offsets["group"])
        self.open[id] = self.open.get(id, []) + [p]

    def end(self, id, commit, oldest=False):
        p = self.open[id].pop(0 if oldest else -1)
        if commit:
            p.commit_transaction()
        else:
            p.abort_transaction()
        p.close()

    # administration

    def create_topic(self, topic, partitions, configs):
        self.admin.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1, "configs": configs}})

    def delete_topic(self, topic):
        self.admin.delete_topics([topic])

    def topics(self):
        return {t["name"]: len(t["partitions"]) for t in self.admin.describe_topics()}

    def add_partitions(self, topic, count):
        self.admin.create_partitions({topic: count})

    def config(self, topic):
        found = self.admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
        return {name: c["value"] for name, c in found["topic"][topic].items()}

    def set_config(self, topic, name, value):
        result = self.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})])["topic"][topic]
        if result != "OK":
            raise RuntimeError(result)

    def bounds(self, topic, partition):
        p = TopicPartition(topic, partition)
        return [self.admin.list_partition_offsets({p: spec})[p].offset for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST)]

    def delete_records(self, topic, partition, before):
        self.admin.delete_records({TopicPartition(topic, partition): before})

    def set_offset(self, group, topic, partition, offset):
        for error in self.admin.alter_group_offsets(group, {TopicPartition(topic, partition): OffsetAndMetadata(offset, "", -1)}).values():
            if error.errno:
                raise error()

    def offset(self, group, topic, partition):
        p = TopicPartition(topic, partition)
        return self.admin.list_group_offsets({group: [p]})[group][p].offset

    def groups(self):
        return [g["group_id"] for g in self.admin.list_groups()]

    def describe_group(self, group):
        g = self.admin.describe_groups([group])[group]
        return {"state": g["group_state"], "members": len(g["members"])}

    def delete_group(self, group):
        result = self.admin.delete_groups([group])[group]
        if result != "OK":
            raise RuntimeError(result)


wire.serve(Driver(wire.settings()))
