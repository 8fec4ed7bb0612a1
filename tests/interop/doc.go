// Package interop proves that foreign clients work unchanged against a started pawl. librdkafka with Confluent's serdes, franz-go
// with its registry client, and kcat are called from Go; each writes what the others, and Pawl's own serde, read. The clients of
// other languages run in processes of their own: a driver for each, in clients, is given orders over its standard input, so that
// all of them go through the same tests.
//
// It is a module of its own so that the dependencies of foreign clients stay out of Pawl's. The packages that the drivers run on
// are pinned in clients and kept in .cache/interop; one that cannot be had fails the tests.
package interop
