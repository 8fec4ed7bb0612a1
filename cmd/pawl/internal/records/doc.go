// Package records is `pawl produce` and `pawl consume`: records as lines of JSON, encoded and decoded with the schemas of the
// registry.
package records
