// Package group has the machines of a consumer group. [Group] is that of Kafka's classic protocol: who the members are, which
// generation they are in, what each was assigned, and, whatever the protocol, the offsets they committed. [Consumers] is that of
// KIP-848, in which the broker assigns and members are moved one by one.
//
// A [Group] is pure: no clock, socket, log or lock. Its owner serialises the calls, names each waiting request with a [Ticket]
// and each new member with an id, and carries out the [Effect] values that come back: answers to send and timers to set. A
// timer that fires comes back through [Group.Expire]. Storing offsets is the owner's affair: it asks [Group.MayCommit], makes
// the offsets durable, and tells [Group.Commit].
//
// The rules are Kafka's GroupCoordinator: KIP-62 (rebalance time-out), KIP-134 (initial delay), KIP-345 (static members),
// KIP-394 (member id required), KIP-559 (protocol type checked in SyncGroup), KIP-814 (static leader may skip assignment).
package group
