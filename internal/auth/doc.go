// Package auth says who somebody is and what they may do. It knows no routes and no API keys: an edge hands it credentials and
// asks for rights over named subjects.
//
// A [Gate] identifies a [Principal] by any of its means: a password of an htpasswd file ([Passwords]), a signed token ([Tokens]),
// or a client certificate that TLS has verified. A [Policy], read from the file of roles, says which rights the principal has
// over which subjects; whoever is not given a right does not have it.
//
// Files are read again when they change ([File]); one that became unreadable leaves what was read before in force, and a line in
// the log. Everything here is safe for concurrent use and starts no goroutines.
package auth
