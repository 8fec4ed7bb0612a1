// Package docs keeps docs/rules in step with the code: one page per format, written from the format's rules, the examples that its
// exam proves, and the findings on them.
package docs

//go:generate go test . -run Page -update
