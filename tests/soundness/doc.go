// Package soundness holds the verdicts of the compatibility engine against the real codecs, on random schemas, random
// mutations of them and random data: whatever a writer wrote under the old schema must be readable under a new one that the
// engine calls BACKWARD compatible. It also checks the symmetries of the levels.
//
// Where Confluent's own rules are unsound, the verdict stays Confluent's and the exception is listed here by its kind, with
// the reason; a test fails when an exception no longer occurs, so the list stays true.
package soundness
