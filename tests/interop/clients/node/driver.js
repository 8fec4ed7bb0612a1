// Drives kafkajs, and the serdes of @confluentinc/schemaregistry on top of it. One order a line on standard input, one answer a
// line on standard output, both JSON.
import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'

import { create, createFileRegistry, createMutableRegistry, fromBinary, fromJson, toJson } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import sr from '@confluentinc/schemaregistry'
import kafkajs from 'kafkajs'

const at = JSON.parse(process.argv[2])
const kafka = new kafkajs.Kafka({
  brokers: [at.brokers],
  logLevel: kafkajs.logLevel.NOTHING,
  ...(at.ca && {
    ssl: { ca: readFileSync(at.ca) },
    sasl: { mechanism: at.mechanism.toLowerCase(), username: at.user, password: at.password },
  }),
})
const registry = new sr.SchemaRegistryClient({
  baseURLs: [at.registry],
  ...(at.ca && {
    createAxiosDefaults: { httpsAgent: new Agent({ ca: readFileSync(at.ca) }) },
    basicAuthCredentials: { credentialsSource: 'USER_INFO', userInfo: `${at.user}:${at.password}` },
  }),
})

const text = (b) => (b === null || b === undefined ? null : b.toString())
const mapped = (o, f) => Object.fromEntries(Object.entries(o ?? {}).map(([k, v]) => [k, f(v)]))
const record = (partition, m) => ({
  partition, offset: Number(m.offset), key: text(m.key), value: text(m.value), timestamp: Number(m.timestamp), headers: mapped(m.headers, text),
})
const messages = (records) => records.map((r) => ({ partition: r.partition, key: r.key ?? null, value: r.value ?? null, headers: r.headers ?? {} }))

let admins
async function admin() {
  admins ??= kafka.admin()
  await admins.connect()
  return admins
}

async function send(producer, topic, records, codec) {
  const compression = codec === 'gzip' ? kafkajs.CompressionTypes.GZIP : kafkajs.CompressionTypes.None
  const sent = await producer.send({ topic, acks: -1, compression, messages: messages(records) })
  return sent.map((s) => [s.partition, Number(s.baseOffset)])
}

// gather consumes a topic as a group until n messages have arrived.
async function gather(topic, group, n, readUncommitted) {
  const c = kafka.consumer({ groupId: group, readUncommitted })
  const got = []
  await c.connect()
  await c.subscribe({ topics: [topic], fromBeginning: true })
  const all = new Promise((resolve, reject) => {
    c.on(c.events.CRASH, (e) => reject(e.payload.error))
    c.run({ eachMessage: async ({ partition, message }) => { if (got.push([partition, message]) === n) resolve() } }).catch(reject)
  })
  await Promise.race([all, pause(30_000, null, { ref: false })])
  await c.disconnect()
  return got
}

let member // the consumer of join
const open = {} // producers with a transaction, by transactional id

function types(descriptor) {
  const file = descriptor.map((raw) => fromBinary(FileDescriptorProtoSchema, Buffer.from(raw, 'base64')))
  return createFileRegistry(create(FileDescriptorSetSchema, { file }))
}

const driver = {
  async produce({ topic, records, codec }) {
    const p = kafka.producer({ idempotent: true })
    await p.connect()
    try {
      return await send(p, topic, records, codec)
    } finally {
      await p.disconnect()
    }
  },
  async consume({ topic, n, isolation = 'read_committed' }) {
    const got = await gather(topic, `consume-${topic}-${isolation}-${process.pid}-${Date.now()}`, n, isolation === 'read_uncommitted')
    return got.map(([partition, m]) => record(partition, m))
  },

  async join({ group, topic }) {
    const consumer = kafka.consumer({ groupId: group, sessionTimeout: 6000, heartbeatInterval: 1000 })
    member = { consumer, got: [], assigned: [], positions: new Map() }
    consumer.on(consumer.events.GROUP_JOIN, (e) => { member.assigned = e.payload.memberAssignment[topic] ?? [] })
    consumer.on(consumer.events.CRASH, (e) => { member.error = e.payload.error })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        member.got.push(record(partition, message))
        member.positions.set(partition, { topic, partition, offset: String(Number(message.offset) + 1) })
      },
    })
  },
  async poll() {
    await pause(200)
    if (member.error) throw member.error
    const records = member.got
    member.got = []
    return { records, assigned: [...member.assigned].sort() }
  },
  async commit() {
    await member.consumer.commitOffsets([...member.positions.values()])
  },
  async leave() {
    await member.consumer.disconnect()
  },

  async begin({ id, topic, records, offsets }) {
    const p = kafka.producer({ transactionalId: id, maxInFlightRequests: 1, idempotent: true, retry: { retries: 3 } })
    await p.connect()
    const t = await p.transaction()
    await t.send({ topic, messages: messages(records) })
    if (offsets) {
      await t.sendOffsets({
        consumerGroupId: offsets.group,
        topics: [{ topic: offsets.topic, partitions: [{ partition: offsets.partition, offset: String(offsets.offset) }] }],
      })
    }
    open[id] = [...(open[id] ?? []), [p, t]]
  },
  async end({ id, commit, oldest }) {
    const [p, t] = oldest ? open[id].shift() : open[id].pop()
    await (commit ? t.commit() : t.abort())
    await p.disconnect()
  },

  async create_topic({ topic, partitions, configs }) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const made = await (await admin()).createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }] })
    if (!made) throw new Error('the topic exists')
  },
  async delete_topic({ topic }) {
    await (await admin()).deleteTopics({ topics: [topic] })
  },
  async topics() {
    const { topics } = await (await admin()).fetchTopicMetadata()
    return Object.fromEntries(topics.map((t) => [t.name, t.partitions.length]))
  },
  async add_partitions({ topic, count }) {
    await (await admin()).createPartitions({ topicPartitions: [{ topic, count }] })
  },
  async config({ topic }) {
    const found = await (await admin()).describeConfigs({
      includeSynonyms: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
    })
    return Object.fromEntries(found.resources[0].configEntries.map((c) => [c.configName, c.configValue]))
  },
  async set_config({ topic, name, value }) {
    await (await admin()).alterConfigs({
      validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }],
    })
  },
  async bounds({ topic, partition }) {
    const of = (await (await admin()).fetchTopicOffsets(topic)).find((p) => p.partition === partition)
    return [Number(of.low), Number(of.high)]
  },
  async delete_records({ topic, partition, before }) {
    await (await admin()).deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] })
  },
  async set_offset({ group, topic, partition, offset }) {
    await (await admin()).setOffsets({ groupId: group, topic, partitions: [{ partition, offset: String(offset) }] })
  },
  async offset({ group, topic, partition }) {
    const [found] = await (await admin()).fetchOffsets({ groupId: group, topics: [topic] })
    return Number(found.partitions.find((p) => p.partition === partition).offset)
  },
  async groups() {
    return (await (await admin()).listGroups()).groups.map((g) => g.groupId)
  },
  async describe_group({ group }) {
    const g = (await (await admin()).describeGroups([group])).groups[0]
    return { state: g.state, members: g.members.length }
  },
  async delete_group({ group }) {
    await (await admin()).deleteGroups([group])
  },

  async write({ topic, format, values, schema, descriptor, message }) {
    let serializer
    if (format === 'PROTOBUF') {
      const desc = types(descriptor).getMessage(message)
      const mutable = createMutableRegistry()
      mutable.add(desc)
      serializer = new sr.ProtobufSerializer(registry, sr.SerdeType.VALUE, { registry: mutable, autoRegisterSchemas: true })
      values = values.map((v) => fromJson(desc, v))
    } else {
      await registry.register(`${topic}-value`, { schema, schemaType: format })
      const conf = { useLatestVersion: true, autoRegisterSchemas: false }
      serializer = format === 'AVRO' ? new sr.AvroSerializer(registry, sr.SerdeType.VALUE, conf)
        : new sr.JsonSerializer(registry, sr.SerdeType.VALUE, { ...conf, validate: true })
    }
    const p = kafka.producer()
    await p.connect()
    for (const v of values) await p.send({ topic, messages: [{ value: await serializer.serialize(topic, v) }] })
    await p.disconnect()
  },
  async read({ topic, format, group, n, descriptor, message }) {
    const Deserializer = { AVRO: sr.AvroDeserializer, PROTOBUF: sr.ProtobufDeserializer, JSON: sr.JsonDeserializer }[format]
    const deserializer = new Deserializer(registry, sr.SerdeType.VALUE, format === 'JSON' ? { validate: true } : {})
    const got = []
    for (const [, m] of await gather(topic, group, n, false)) {
      const v = await deserializer.deserialize(topic, m.value)
      got.push(format === 'PROTOBUF' ? toJson(types(descriptor).getMessage(message), v) : v)
    }
    return got
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...order } = JSON.parse(line)
  let answer
  try {
    answer = { ok: (await driver[what](order)) ?? null }
  } catch (e) {
    answer = { error: `${e.stack ?? e}${e.errors ? `\n${e.errors.map(String).join('\n')}` : ''}` }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
process.exit(0)
