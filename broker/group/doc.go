// Package group is the machine of a consumer group under Kafka's classic protocol: who its members are, which generation they
// are in, what each was assigned, and the offsets they committed.
//
// A [Group] is pure: no clock, socket, log or lock. Its owner serialises the calls, names each waiting request with a [Ticket]
// and each new member with an id, and carries out the [Effect] values that come back: answers to send and timers to set. A
// timer that fires comes back through [Group.Expire]. Storing offsets is the owner's affair: it asks [Group.MayCommit], makes
// the offsets durable, and tells [Group.Commit].
//
// The rules are Kafka's GroupCoordinator: KIP-62 (rebalance time-out), KIP-134 (initial delay), KIP-345 (static members),
// KIP-394 (member id required), KIP-559 (protocol type checked in SyncGroup), KIP-814 (static leader may skip assignment).
package group
