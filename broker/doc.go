// Package broker keeps topics and their partitions, and lets records in and out of them: produce, fetch, retention, consumer
// groups, producer ids.
//
// It speaks no protocol: broker/kafka turns requests into its calls and its errors into numbers. It keeps no files: each
// partition is a commitlog.Log, and so is everything else that must last. Topics, their configurations and producer ids are
// changes in the log "__pawl_metadata-0"; committed offsets are records of the topic "__consumer_offsets", in Kafka's format. It
// knows nothing of schemas: a topic whose configuration asks for it has its records judged by a [Validator].
//
// All exported methods may be called from any number of goroutines. Locks, in the order in which they may be taken together:
// Broker.admin (changes of topics), coordinator.mu (the list of groups), member of a group's mu, Partition.mu (the order of
// appends), Broker.snapshotting, Partition.waiting; Broker.saving comes before Partition.mu. No lock is held while a validator or a caller waits; Partition.mu alone is held during the
// ordered half of an append.
package broker
