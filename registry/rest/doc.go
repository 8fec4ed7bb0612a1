// Package rest serves a registry over HTTP, in the protocol of Confluent Schema Registry.
//
// Nothing is decided here: an endpoint decodes a request, calls one method of the registry and encodes the outcome. What the
// package owns is the protocol: paths and their escapes, the rewriting of /contexts/{context}/..., media types, the JSON of
// requests and answers, paging, and the one table from fault codes to HTTP statuses and error numbers (errors.go). The contract
// is openapi/openapi.yaml; a test holds the routes here against it in both directions.
//
// # The way of a request
//
// [New] returns a handler that names the request (X-Request-ID), catches panics and keeps the access log; then it brings the
// path into one form (path.go) in which every segment is escaped in the same way, whatever the client escaped, and routes on
// that. Aliases of subjects are resolved where an endpoint reads the subject.
//
// With a tracer, the request is a span of its caller's trace, and its context carries it down to the registry (trace.go). While a
// server starts, [Startup] stands in for the handler.
//
// The handler is safe for concurrent use. It starts no goroutines.
package rest
