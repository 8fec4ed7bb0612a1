// Package seglog is a log of opaque entries in segment files: it frames, rolls, indexes, recovers and trims.
//
// An entry is a sequence number and bytes; numbers are contiguous. Write puts a group of entries at the end with one system
// call, Sync makes all that was written durable, Read gives what is durable. The package does not know what an entry means,
// and it never retries after a failed write or sync: the log then refuses everything but reading until it is opened again.
//
// Write, Append, Sync and TrimBefore may be called from many goroutines, as may Read beside them. Lock order: Log.writing before
// Log.mu. FORMAT.md has the bytes, and argues why each crash is survivable.
package seglog
