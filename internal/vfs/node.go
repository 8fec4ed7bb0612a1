package vfs

import (
	"bytes"
	"maps"
)

// node is a file or a folder: what programs see, what is durable for certain, and in between the changes that a crash may or
// may not keep.
type node struct {
	// A folder has entries.
	entries map[string]*node
	synced  map[string]*node
	changes [][]change // each is atomic

	// A file has data.
	data     []byte
	durable  []byte
	edits    []edit
	poisoned bool // a sync failed: nothing becomes durable any more
}

// change sets one name of a folder; a nil node removes it.
type change struct {
	name string
	n    *node
}

// edit is a write, or with nil data a new size.
type edit struct {
	at   int64
	data []byte
}

func newDir() *node { return &node{entries: map[string]*node{}, synced: map[string]*node{}} }

func (n *node) isDir() bool { return n.entries != nil }

func (n *node) set(cs ...change) {
	apply(n.entries, cs)
	n.changes = append(n.changes, cs)
}

func apply(entries map[string]*node, cs []change) {
	for _, c := range cs {
		if c.n == nil {
			delete(entries, c.name)
		} else {
			entries[c.name] = c.n
		}
	}
}

func (n *node) syncEntries() {
	n.synced = maps.Clone(n.entries)
	n.changes = nil
}

func (n *node) write(p []byte, at int64) {
	n.data = edit{at, p}.apply(n.data)
	n.edits = append(n.edits, edit{at, bytes.Clone(p)})
}

func (n *node) truncate(size int64) {
	if size == int64(len(n.data)) {
		return
	}
	e := edit{at: size}
	n.data = e.apply(n.data)
	n.edits = append(n.edits, e)
}

// apply changes data in place where it can.
func (e edit) apply(data []byte) []byte {
	end := e.at + int64(len(e.data))
	if e.data == nil && end < int64(len(data)) {
		clear(data[end:])
		return data[:end]
	}
	if grow := end - int64(len(data)); grow > 0 {
		data = append(data, make([]byte, grow)...)
	}
	copy(data[e.at:], e.data)
	return data
}

// sync makes the edits durable, by replaying them, so that an append costs no copy of the whole file.
func (n *node) sync() {
	if n.poisoned {
		return
	}
	for _, e := range n.edits {
		n.durable = e.apply(n.durable)
	}
	n.edits = nil
}
