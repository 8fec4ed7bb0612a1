// Package serde turns Go values into framed record bytes and back, with the schemas of a registry.
//
// An [Encoder] names the subject of a value ([Strategy]), finds its schema ([Mode]) and appends frame, format prefix and
// payload to a buffer of the caller's. A [Decoder] takes the three apart again, with the writer's schema or as a reader schema
// sees it. A [Validator] answers the broker's question whether a record may enter a topic. [Serde] is the typed pair.
//
// All of them share a [Resolver], which asks the registry for each schema once: reads of known IDs take no lock, one request
// is under way per unknown ID however many records wait for it, an unknown ID is remembered as such for a short time, and the
// latest version of a subject is renewed in the background. What is kept is keyed by ID (within a context) or GUID, never by
// text: equal texts with unequal references are different schemas.
//
// The package knows no format by name, nothing of HTTP and nothing of a broker. Everything exported is safe for concurrent
// use unless it says otherwise.
package serde
