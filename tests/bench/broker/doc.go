// Command broker measures pawl's broker beside its peers: kfake (franz-go's broker in memory) and Apache Kafka, started from its jars
// in KRaft mode. Every server is a process of its own on the cores that the client has too, so figures are comparable with one another
// and with nothing else. A workload runs on each server in turn, round after round, and what is told is the median of the rounds; a
// ratio is the median of each round's ratio, which a machine that is busy with other things disturbs least.
//
//	make bench-broker                        # everything: about ten minutes
//	make bench-broker BENCHFLAGS='-rounds 2 -mb 64 -only produce'
//
// It is a module of its own, so that its peers weigh on nobody who uses pawl.
package main
