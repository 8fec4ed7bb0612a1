// Package kafka serves a broker over Kafka's protocol: connections, frames, and one file for each API key.
//
// A connection has two goroutines. The reader takes frames off the socket, bounded in size by their key, and puts a task for
// each in a queue of bounded length; a Produce is decoded, checked and put in line in its log right there, so that several can
// be in flight. The worker takes the tasks in order, does the rest of the work (for a Produce: waits until it is durable) and
// writes the answers; so answers keep the order of the requests, and all other requests of one connection are served one
// after the other, as Kafka does. A client that is slow or sends nonsense holds up its own connection alone.
//
// The files named after requests hold no policy: they decode, call the broker, and turn its errors into numbers (errors.go).
// Messages are franz-go's kmsg structs; none of them leaves this package. Each frame is measured against the shape of its
// request (shape.go) before kmsg decodes it, so that a few bytes cannot claim much memory or time.
package kafka
