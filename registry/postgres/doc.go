// Package postgres is a registry.Store on one table of PostgreSQL.
//
// A change is one row keyed by its sequence. Append is one INSERT that only succeeds if the row before it exists and the row
// itself does not, so a conflict of keys is registry.ErrStale: any number of processes share one database without a leader and
// without locks held between statements. NOTIFY wakes the processes that wait; a listener that lost its connection looks at
// the table as soon as it has a new one, and now and then in between, so a lost notification delays but never loses a change.
//
// The tables are made and migrated by Open, under an advisory lock. The views in migrations/ show the same changes to people
// who look with psql.
//
// A process holds three connections: one writes, one reads, one listens; each is made again when it breaks. DESIGN.md has the
// reasons.
//
// The package does not know what a change means. All methods are safe for concurrent use; the one goroutine, the listener,
// ends with Close.
package postgres
