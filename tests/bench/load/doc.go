// Package load drives servers that speak HTTP/1.1 and measures what their answers cost. It takes any number of lanes, each a
// server, a number of clients and an operation, and runs them in turn, in short slices within one run: whatever else the machine
// does meanwhile meets all lanes alike, so that their ratio can be trusted where their figures cannot.
//
// A lane is a closed loop: each client sends its next request when it has the answer to the last one. Requests are prepared bytes
// on connections that stay open, so that the driver takes little of the processor that it shares with the servers.
package load
