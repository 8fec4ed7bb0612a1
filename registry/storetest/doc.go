// Package storetest is the exam for every registry.Store, and a store in memory.
//
// A backend's test calls [Run] with a function that makes a fresh, empty store for each case. The exam knows the optional
// interfaces of package registry and tries them where a store has them; it has no list of cases to leave out. [Trouble] is a
// second exam for stores whose ground may fail under them and come back.
package storetest
