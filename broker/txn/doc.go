// Package txn judges what producers may append: producer ids, their epochs and sequence numbers, and their transactions.
//
// [Producers] is the state of one partition. It is a pure machine: no clock, no log and no lock. Its owner asks [Producers.Judge]
// before an append and tells it with [Producers.Record] after, and serialises both with the append itself, because the order
// of sequences must be the order of offsets. The same Record rebuilds the state from the headers of a log's batches. It also
// knows where the open transactions of the partition begin, and which ended in vain.
//
// [State] is a transactional id as its coordinator sees it: who may speak for it, and what becomes of its transaction. It is a
// value whose methods return the state to follow, for the owner to make durable and then to act on.
//
// Rules are Kafka's (KIP-98, KIP-360, KIP-890; ProducerStateManager, TransactionCoordinator): the last five batches of a producer are
// remembered, and one sent again is answered with its first offset; anything but the next sequence is out of order; a producer
// of which nothing is known may begin anywhere, because its history may have been deleted with its records; an older epoch is
// fenced.
package txn
