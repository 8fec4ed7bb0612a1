// Package avro is all there is to know of Avro: how a text is judged, its canonical and its normal form, when a reader reads
// what a writer wrote, payloads, and their JSON form. It knows no subjects, no IDs and no wire framing.
//
// The binding reference for verdicts and texts is what Confluent Schema Registry does with Java's Avro 1.12.1; the Avro
// specification is that for payloads. A text becomes a tree (node.go) by way of a JSON reader that keeps order and places
// (json.go, parse.go). The tree is immutable and answers everything else:
//
//   - canonical.go prints it, normal_default.go has the oddities of the normal form;
//   - equal.go compares two, differences.go resolves one against the other (rules.go lists the rules);
//   - wire.go walks payloads, tojson.go and fromjson.go convert them, plan.go and transcode.go rewrite a writer's payload as
//     the reader would have written it.
//
// Only codec.go, which moves Go values in and out of payloads, uses a library; it is built when a message first meets a Go
// value, so schemas that are only registered never pay for it. Package hamba below offers schemas of another library.
//
// All exported values are safe for concurrent use. All methods are bounded in time, memory and stack by the limits that stand
// as constants at the head of the file they matter in.
package avro
