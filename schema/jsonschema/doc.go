// Package jsonschema is all there is to know of JSON Schema: reading and printing schema texts, the model that Confluent's
// compatibility rules compare, those rules, and the validation of JSON payloads.
//
// # Dialects
//
// The root's $schema selects the draft: 04, 06 and 07 are "classic", 2019-09 and 2020-12 are "modern", and a text without
// $schema is draft-07. The two families are loaded by two different loaders because Confluent Schema Registry does so
// (everit-org/json-schema for the classic drafts, erosb/json-sKema for the modern ones) and its verdicts depend on what each
// makes of a text; classic.go and modern.go follow them, accidents included.
//
// # Bounds
//
// Nothing is ever fetched: a $ref is resolved inside the document, in the schema's references, in the published meta-schemas,
// or not at all. Texts are limited in depth, models in size, comparisons in steps, payloads in depth and in validation steps,
// and regular expressions in matching time. Hitting a bound is an answer (an error or a difference that says so), never a guess.
//
// # Numbers
//
// Numbers of schemas keep their text and are compared as exact decimals. Payload numbers of any size are compared exactly too;
// a payload decoded into *any holds int64 where the literal is an integer that fits, float64 where the literal survives a
// round trip, and json.Number otherwise, so that no digit is lost.
//
// The package knows no subjects, IDs, levels or transports. Everything in it is safe for concurrent use.
package jsonschema
