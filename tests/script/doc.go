// Package script holds runs of the pawl binary as text: testdata/*.txtar. A script is lines of commands, then the files they
// use, each after a line "-- name --". One folder per script; # starts a comment. The commands:
//
//	pawl ARG...          run pawl; it must exit with 0
//	exit N pawl ARG...   run pawl; it must exit with N
//	serve                start a server on free ports over the folder data; PAWL_REGISTRY and PAWL_BROKERS name it from here on
//	stop                 stop the server, which must end by itself
//	stdin FILE           the next run reads this file
//	env NAME=VALUE       set a variable for the runs that follow
//	stdout REGEXP        the last run printed a match on standard output; likewise stderr
//	no stdout REGEXP     it did not; likewise stderr
//	same stdout FILE     the last run printed exactly this file
//
// Arguments with spaces stand in single quotes. $WORK is the script's folder, $HTTP and $KAFKA the server's addresses.
package script
