// Package interop proves that foreign clients work unchanged against a started pawl: librdkafka with Confluent's serdes,
// franz-go with its registry client, and kcat. Each writes what the others, and Pawl's own serde, read.
//
// It is a module of its own so that the dependencies of foreign clients stay out of Pawl's.
package interop
