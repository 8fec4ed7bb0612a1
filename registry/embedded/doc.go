// Package embedded is a registry.Store on the local disk: a journal of changes in segment files (internal/seglog), and at most
// one snapshot that stands for a prefix of them.
//
// A change has the number in the journal that it has in the registry. Append is durable before it returns. A lock on the
// folder keeps a second process out; a mark of what was acknowledged tells a journal that was cut from one that a crash tore. The package does not know what a change means. All methods are safe for concurrent use;
// lock order: Store.compacting before Store.mu. FORMAT.md has the files.
package embedded
