// Package acl decides who may do what, by Kafka's rules: bindings allow or deny an operation on resources to a principal from
// a host; deny goes over allow; no binding that matches means no (org.apache.kafka.metadata.authorizer.StandardAuthorizer).
//
// The package holds no state of its own: a List is immutable, and may be asked from any number of goroutines. It knows neither
// the wire nor where bindings are kept; its names of types and operations are Kafka's, and reach disks: frozen.
package acl
