// Package migrate holds `pawl export`, `pawl import` and `pawl migrate`: they copy what a registry holds to a file or to another
// registry, with IDs, versions, soft-deleted versions, references, configurations and modes, and compare two sides completely.
//
// Everything goes over the public REST API of Confluent Schema Registry, so that either side can be any registry that speaks it;
// the target needs the mode IMPORT. A side, be it a registry or a file, is read into an [image]: its texts lie in a temporary
// file, and an index is in memory. What is to be written, what stands in the way and what
// differs are functions of two images; only capture.go and write.go talk to a registry. FORMAT.md describes the file.
package migrate
