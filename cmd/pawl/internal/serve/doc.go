// Package serve is `pawl serve`: it wires store, registry, REST, logs, broker and Kafka server into one process. It is the only
// place where registry and broker meet, through [broker.Validator].
//
// A data folder is laid out as follows; one process at a time owns it.
//
//	LOCK       held while a server runs
//	registry/  the journal of the registry (package registry/embedded)
//	log/       the logs of the broker (package broker/commitlog/local)
package serve
