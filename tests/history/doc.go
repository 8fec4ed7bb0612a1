// Package history records what clients asked of a broker and what they were told, and checks that it can all be true.
//
// The rules are those of Jepsen's workload for Kafka, which treats partitions as logs of unique values: an acknowledged record
// is never lost, nothing that was aborted or is undecided is read, an offset holds one record and a record one offset, and both
// writers and readers see the order of the log without going back and without leaving anything out. To these come the
// offsets of groups, each a register, and the rule that a transaction takes effect as a whole.
//
// What is legal in Kafka and no anomaly here: gaps of offsets (markers, aborted records, compaction), records of several
// transactions between each other, writes of unknown outcome that took effect, or did not, and records that compaction or a
// trim took away.
//
// A History is recorded by any number of goroutines. An operation begins before its request is sent and ends after its answer
// came, so that of two operations that did not overlap the order is known. One that is never ended has an unknown outcome: it
// may take effect at any time until its client is Gone.
package history
