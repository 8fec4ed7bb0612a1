// Package bench holds the workloads that cross packages: what a caller waits for, with the real formats and stores. Benchmarks of
// single functions stand beside their code.
package bench
