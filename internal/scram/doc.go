// Package scram is the server's side of the SASL mechanisms that prove a password: SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802,
// RFC 7677) and PLAIN (RFC 4616), which is checked against the same credentials. No password is kept, and none can be found in
// an error: what fails is told as one and the same error, after the same work, whether or not there is such a user.
//
// An exchange belongs to one connection. Credentials are values and may be shared.
package scram
