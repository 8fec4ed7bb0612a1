// Package logtest is the exam for every commitlog.Engine, and an engine in memory.
//
// An engine's test calls [Run] with a function that makes a fresh, empty engine for each case. The exam knows the optional
// interfaces of package commitlog and tries them where a log has them; it has no list of cases to leave out.
package logtest
