// Package sample holds generated messages for the tests and benchmarks of package protobuf. Nothing else imports it.
package sample

//go:generate go run generate.go
