// Package local is the log engine of one machine: a shared write-ahead log a data directory, and segment files a partition.
//
// A batch is written to its partition's segment through the page cache, and that is where readers find it. With
// commitlog.Fsync it also goes to the write-ahead log (internal/seglog), where one sync makes the batches of many partitions
// durable at once; a batch becomes visible to readers only then. A checkpoint syncs the segments every few seconds and lets
// the write-ahead log before it go. With commitlog.OS a batch goes to the segment alone.
//
// Creating, removing and trimming logs are records of the write-ahead log too, folded into a catalog that each checkpoint
// writes. After a failed write or sync the engine takes nothing more until it is opened again. FORMAT.md has the files, and
// argues why each crash is survivable; DESIGN.md one folder up has the reasons.
//
// Compaction (package compaction) writes what is left of sealed segments to a new file and puts it in their place; what is
// durable, and nothing else, is compacted, so recovery never reads a gap.
//
// Lock order, outer to inner: Engine.mu, partition.compacting, Engine.checkpointing, partition.reshaping, partition.appending,
// partition.flushing, partition.indexing, committer.mu, catalog.mu, partition.mu, files.mu. Two goroutines an engine, none a
// partition.
package local
