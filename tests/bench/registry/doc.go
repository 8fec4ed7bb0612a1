// Command registry measures what schema registries cost, several in one run, in interleaved slices. Without arguments it starts
// the pawl of this checkout on each of its stores; arguments are registries that run already:
//
//	go run ./tests/bench/registry -pawl bin/pawl
//	go run ./tests/bench/registry http://127.0.0.1:8081,4711 http://127.0.0.1:8082/apis/ccompat/v7
//	go run ./tests/bench/registry -pawl bin/pawl peer=http://127.0.0.1:8083,4712
//
// An argument is [name=]URL[,process[,process of its database]]; the processes, on this machine, are asked for the time that they
// ran and for their memory. Registries should be empty: the run fills them. It sends up to 100,000 schemas to every one of them,
// so never point it at a registry that others use.
package main
