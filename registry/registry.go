// Package registry holds subjects, versions, configuration, modes and contexts: it decides, appends and applies.
//
// A request is decided by a pure function of the present View and the request; the outcome is a Change, which is appended to
// the Store at the sequence that the decision was based on; a stale append decides again. The View is folded from the changes
// by the same function that replays them at start. Check and write are therefore one act, on one node or on many.
//
// The package knows no HTTP, no SQL, no files, no payloads and no broker. All methods are safe for concurrent use.
package registry
