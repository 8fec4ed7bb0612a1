// Package demo is `pawl demo`: the whole way of real records through registry, serde and validating broker, and every record
// compared with its source at the end. It uses the server that it starts through public protocols only.
package demo
