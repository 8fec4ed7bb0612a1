// Package client is the REST API of a schema registry as Go calls.
//
// A [Client] speaks to any registry that serves the protocol of Confluent Schema Registry. It has the methods that package
// serde asks of a source of schemas, and one call for everything else that a registry serves. It keeps nothing between calls
// except which server answered last: caches belong to the caller.
//
// # Failover and retries
//
// With several URLs a call goes to the server that answered last, then to the others in order; a round over all of them that
// fails is repeated after a jittered, growing pause. A call is repeated after HTTP 408, 429, 500, 502, 503 and 504 and after
// connection failures. Deletions, and registrations under a version number of the caller's choice, act twice or answer wrongly
// if they arrive twice; they are repeated only when the first one surely did nothing: the connection was refused, or the server
// answered 408, 429 or 503.
//
// # Errors
//
// Every error is a fault.Error with a code of this package or of package schema; the detail is the server's message, and
// errors.As finds a [*StatusError] in whatever a server answered.
//
// A Client is safe for concurrent use.
package client
