// Package compaction decides what a compacted log keeps. It works on batches alone, so that every engine keeps the same.
//
// An engine makes three passes. A Survey takes the header of every batch: it finds open and aborted transactions, and where
// producers wrote last. Keys takes the batches that were not compacted before: it remembers the last offset of each key, as far
// as memory allows. A Filter then takes every batch in order and says what is left of it.
//
// Sources: Kafka's log cleaner for the rules, KIP-534 for the time that tombstones and markers stay, KIP-98 for transactions.
package compaction
