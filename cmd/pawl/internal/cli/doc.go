// Package cli is what every command of pawl shares: global flags and their environment, connections, output, progress and the
// exit status of an error. It holds no command of its own.
package cli
