// Package formattest is the exam that every [schema.Format] sits.
//
// A format's own test calls [Run] with samples of its language. The exam knows the contracts of package schema and nothing
// of the language: what it cannot derive from a contract it takes from the [Config]. [Differences] runs the rule folders of a
// format, one case per folder.
package formattest
