package protobuf

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
)

// Tables are what Check reads payloads by. They are made from the tree directly: checking a payload needs no descriptors.

// wire is how a field looks on the wire.
type wire uint8

const (
	wireVarint wire = iota
	wireFixed64
	wireFixed32
	wireBytes
	wireText // bytes that must be UTF-8
	wireMessage
	wireGroup
)

var scalarWires = map[string]wire{
	"int32": wireVarint, "int64": wireVarint, "uint32": wireVarint, "uint64": wireVarint, "sint32": wireVarint, "sint64": wireVarint,
	"bool": wireVarint, "fixed32": wireFixed32, "sfixed32": wireFixed32, "float": wireFixed32, "fixed64": wireFixed64,
	"sfixed64": wireFixed64, "double": wireFixed64, "bytes": wireBytes, "string": wireBytes,
}

// slot is one field of a table.
type slot struct {
	wire     wire
	known    bool
	packable bool   // repeated numbers may come packed or one by one
	required uint64 // bit of a required field
	table    *table // of messages, groups and map entries
	json     *jsonField
}

// table is one message or group.
type table struct {
	name     string
	dense    []slot         // fields with small numbers, by number
	sparse   map[int32]slot // the others
	required uint64         // bits of all required fields
	crowded  bool           // more required fields than bits: payloads are judged by decoding them
	subs     []*table
	names    map[int32]string // for messages about fields
	err      error            // why no payload of the message can exist

	ordered []slot // fields in the order of the descriptor, for JSON
	rising  []slot // the same by number, for encoding
	form    jsonForm
	open    bool // the message can be extended
}

const denseNumbers = 64

func (t *table) slot(number int32) slot {
	if int(number) < len(t.dense) {
		return t.dense[number]
	}
	return t.sparse[number]
}

// tables are the messages of one schema, compiled when somebody first asks for a payload.
type tables struct {
	roots  []*codec
	byName map[string]*codec
}

func compileTables(s *parsed) *tables {
	t := &tables{byName: map[string]*codec{}}
	c := &tableCompiler{universe: s.universe, done: map[*message]*table{}}
	t.roots = t.level(s, c, s.universe.main.file.messages, &decl{pkg: s.universe.main.file.pkg})
	c.run()
	return t
}

func (t *tables) level(s *parsed, c *tableCompiler, messages []*message, around *decl) []*codec {
	out := make([]*codec, len(messages))
	for i, m := range messages {
		d := &decl{local: join(around.local, m.name), pkg: around.pkg, message: m, mapType: entryType(m)}
		d.full = join(d.pkg, d.local)
		d.path = append(around.path[:len(around.path):len(around.path)], int32(i))
		out[i] = &codec{schema: s, name: d.full, prefix: appendIndexes(nil, d.path), entry: d.mapType != "", table: c.message(m, d.full, s.universe.main.file)}
		out[i].judge = sync.OnceValue(out[i].table.fault)
		out[i].nested = t.level(s, c, m.messages, d)
		if _, twice := t.byName[d.full]; !twice && !out[i].entry {
			t.byName[d.full] = out[i]
		}
	}
	return out
}

// fault looks through everything that a message can hold for a reason why it has no payloads.
func (t *table) fault() error {
	seen := map[*table]bool{t: true}
	for todo := []*table{t}; len(todo) > 0; todo = todo[1:] {
		if err := todo[0].err; err != nil {
			return err
		}
		for _, sub := range todo[0].subs {
			if !seen[sub] {
				seen[sub] = true
				todo = append(todo, sub)
			}
		}
	}
	return nil
}

// tableCompiler fills tables one after the other, so that deep graphs of messages need no deep stack.
type tableCompiler struct {
	universe *universe
	done     map[*message]*table
	todo     []func()
}

func (c *tableCompiler) run() {
	for len(c.todo) > 0 {
		next := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		next()
	}
	for _, t := range c.done {
		t.rising = slices.Clone(t.ordered)
		slices.SortFunc(t.rising, func(a, b slot) int { return cmp.Compare(a.json.number, b.json.number) })
	}
}

// wireType is the wire type of a value, or of all values if they come packed.
func (s slot) wireType() protowire.Type {
	switch {
	case s.json.packed && s.packable:
		return protowire.BytesType
	case s.wire == wireVarint:
		return protowire.VarintType
	case s.wire == wireFixed32:
		return protowire.Fixed32Type
	case s.wire == wireFixed64:
		return protowire.Fixed64Type
	}
	return protowire.BytesType
}

func (c *tableCompiler) message(m *message, full string, f *file) *table {
	if t, ok := c.done[m]; ok {
		return t
	}
	t := &table{name: full, form: jsonForms[full], open: len(m.extensions) > 0}
	c.done[m] = t
	c.todo = append(c.todo, func() {
		b := &tableBuilder{tableCompiler: c, table: t, scope: full, file: f}
		b.fields(m.fields, 0)
		for i, o := range m.oneofs {
			b.fields(o.fields, i+1)
		}
		b.groups(m.groups)
		for _, o := range m.oneofs {
			b.groups(o.groups)
		}
	})
	return t
}

// tableBuilder fills one table.
type tableBuilder struct {
	*tableCompiler
	table *table
	scope string
	file  *file
	bits  int
}

func (b *tableBuilder) fail(format string, args ...any) {
	if b.table.err == nil {
		b.table.err = fmt.Errorf(b.table.name+": "+format, args...)
	}
}

func (b *tableBuilder) put(number int32, name string, s slot) {
	t := b.table
	if number < 1 || number > maxNumber || number >= 19000 && number <= 19999 {
		b.fail("field %s has the number %d, which no payload can carry", name, number)
		return
	}
	if t.slot(number).known {
		b.fail("fields %s and %s share the number %d", t.names[number], name, number)
		return
	}
	s.known = true
	if s.json != nil {
		s.json.order = len(t.ordered)
		s.json.number = number
		s.json.tag = protowire.AppendTag(nil, protowire.Number(number), s.wireType())
		t.ordered = append(t.ordered, s)
	}
	if s.table != nil {
		t.subs = append(t.subs, s.table)
	}
	if t.names == nil {
		t.names = map[int32]string{}
	}
	t.names[number] = name
	if number >= denseNumbers {
		if t.sparse == nil {
			t.sparse = map[int32]slot{}
		}
		t.sparse[number] = s
		return
	}
	for int(number) >= len(t.dense) {
		t.dense = append(t.dense, slot{})
	}
	t.dense[number] = s
}

// demand gives a required field its bit.
func (b *tableBuilder) demand(l label) uint64 {
	if l != required {
		return 0
	}
	if b.bits == 64 {
		b.table.crowded = true
		return 0
	}
	bit := uint64(1) << b.bits
	b.bits++
	b.table.required |= bit
	return bit
}

// fields adds the fields of the message itself, or those of its nth oneof, counted from 1.
func (b *tableBuilder) fields(fields []*field, oneof int) {
	for _, f := range fields {
		s, ok := b.slotOf(f.typ)
		if !ok {
			b.fail("could not resolve type: %s", f.typ)
			return
		}
		s.packable = f.label == repeated && s.wire <= wireFixed32
		s.required = b.demand(f.label)
		s.json.describe(f, oneof, b.file.syntax == "proto3")
		b.put(f.number, f.name, s)
	}
}

func (b *tableBuilder) slotOf(typ string) (slot, bool) {
	if w, ok := scalarWires[typ]; ok {
		if typ == "string" && b.file.syntax == "proto3" {
			w = wireText
		}
		return slot{wire: w, json: &jsonField{kind: scalarKinds[typ]}}, true
	}
	if isMap(typ) {
		return b.entry(typ)
	}
	t, ok := b.universe.resolve(b.scope, typ)
	switch {
	case !ok:
		return slot{}, false
	case t.message == nil:
		return slot{wire: wireVarint, json: enumField(t)}, true
	case t.mapType != "":
		return b.entry(t.mapType)
	}
	f := b.universe.main.file
	if !t.origin.main {
		f = t.file.file
	}
	return slot{wire: wireMessage, table: b.message(t.message, t.full, f), json: &jsonField{kind: jsonMessage}}, true
}

// entry makes the table of a map's entries.
func (b *tableBuilder) entry(typ string) (slot, bool) {
	key, val := mapParts(typ)
	inner := &tableBuilder{tableCompiler: b.tableCompiler, table: &table{name: b.table.name + " " + typ}, scope: b.scope, file: b.file}
	k, ok := inner.slotOf(key)
	if !ok {
		return slot{}, false
	}
	if isMap(val) {
		return slot{}, false
	}
	v, ok := inner.slotOf(val)
	if !ok {
		return slot{}, false
	}
	inner.put(1, "key", k)
	inner.put(2, "value", v)
	return slot{wire: wireMessage, table: inner.table, json: &jsonField{kind: jsonMap}}, true
}

func (b *tableBuilder) groups(groups []*group) {
	for _, g := range groups {
		inner := &tableBuilder{tableCompiler: b.tableCompiler, table: &table{name: join(b.table.name, g.name)}, scope: b.scope, file: b.file}
		inner.fields(g.fields, 0)
		b.put(g.number, g.name, slot{wire: wireGroup, required: b.demand(g.label), table: inner.table})
	}
}
