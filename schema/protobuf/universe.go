package protobuf

import (
	"slices"
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// decl is one message or enum and where it stands.
type decl struct {
	full    string // with the package
	local   string // without the package
	pkg     string
	message *message // nil for an enum
	enum    *enum    // nil for a message
	mapType string   // for a map entry, the map type it stands for; else empty
	path    []int32  // indexes of the message and of those around it, outermost first
}

// symbols are the types and extension fields that one file declares, by full name.
type symbols struct {
	types      map[string]*decl
	extensions map[string]*field
}

// origin says how a file came to be in a universe. The zero origin is a transitive reference or a built-in file: it carries no
// subject and version to compare by.
type origin struct {
	main    bool
	subject string
	version int
}

type located struct {
	*decl
	origin origin
	file   *source
}

// source is a file under the name by which it is imported.
type source struct {
	name    string
	file    *file
	symbols *symbols
	origin  origin
}

// universe holds every type that a file can name: its own, those of all references, direct and transitive, and those of the
// built-in files, imported or not. A reference under the name of a built-in file takes its place.
type universe struct {
	main    *source
	deps    []*source
	merged  map[string]located // types of deps; nil if there are none
	hidden  map[string]bool    // built-in files that references replace
	builtin *builtins          // nil for the built-in files themselves, whose deps hold the others
}

func newUniverse(f *file, deps []schema.Dep) *universe {
	u := &universe{main: &source{file: f, symbols: collect(f), origin: origin{main: true}}, builtin: builtinFiles()}
	direct := make(map[string]origin, len(deps))
	for _, d := range deps {
		direct[d.Reference.Name] = origin{subject: d.Reference.Subject, version: d.Reference.Version}
	}
	seen := map[string]bool{}
	for _, d := range deps {
		if s, ok := d.Schema.(*parsed); ok {
			u.depend(d.Reference.Name, s, direct, seen)
		}
	}
	u.merge()
	return u
}

// depend adds a reference after the references of its own. The first file under a name stays, as in the reference registry.
func (u *universe) depend(name string, s *parsed, direct map[string]origin, seen map[string]bool) {
	if seen[name] {
		return
	}
	for _, d := range s.universe.deps {
		if !seen[d.name] {
			seen[d.name] = true
			u.deps = append(u.deps, &source{d.name, d.file, d.symbols, direct[d.name]})
		}
	}
	if !seen[name] {
		seen[name] = true
		u.deps = append(u.deps, &source{name, s.universe.main.file, s.universe.main.symbols, direct[name]})
	}
}

func (u *universe) merge() {
	if len(u.deps) == 0 {
		return
	}
	u.merged = make(map[string]located)
	u.hidden = make(map[string]bool)
	for _, d := range u.deps {
		u.hidden[d.name] = true
		for full, t := range d.symbols.types {
			u.merged[full] = located{t, d.origin, d}
		}
	}
}

// lookup finds a type by full name without a leading dot.
func (u *universe) lookup(full []byte) (located, bool) {
	if t, ok := u.main.symbols.types[string(full)]; ok {
		return located{t, u.main.origin, u.main}, true
	}
	if t, ok := u.merged[string(full)]; ok {
		return t, true
	}
	if u.builtin != nil {
		if t, ok := u.builtin.types[string(full)]; ok && !u.hidden[t.file.name] {
			return t, true
		}
	}
	return located{}, false
}

// extension finds an extension field by full name.
func (u *universe) extension(full []byte) (*field, bool) {
	if f, ok := u.main.symbols.extensions[string(full)]; ok {
		return f, true
	}
	for _, d := range u.deps {
		if f, ok := d.symbols.extensions[string(full)]; ok {
			return f, true
		}
	}
	if u.builtin != nil {
		if f, ok := u.builtin.extensions[string(full)]; ok {
			return f, true
		}
	}
	return nil, false
}

// resolve finds the type that name means in a scope, which is the package and the enclosing messages joined by dots. It tries the
// whole scope first and drops one part at a time; a leading dot means the full name itself.
func (u *universe) resolve(scope, name string) (located, bool) {
	var found located
	ok := search(scope, name, func(full []byte) (hit bool) {
		found, hit = u.lookup(full)
		return hit
	})
	return found, ok
}

// resolveExtension is resolve for extension fields; it returns the full name too.
func (u *universe) resolveExtension(scope, name string) (string, *field, bool) {
	var found *field
	var fullName string
	ok := search(scope, name, func(full []byte) (hit bool) {
		if found, hit = u.extension(full); hit {
			fullName = string(full)
		}
		return hit
	})
	return fullName, found, ok
}

// search tries the candidates for a name from the innermost scope outwards.
func search(scope, name string, try func(full []byte) bool) bool {
	var space [128]byte
	buf := space[:0]
	if strings.HasPrefix(name, ".") {
		return try(append(buf, name[1:]...))
	}
	for scope != "" {
		buf = append(append(append(buf[:0], scope...), '.'), name...)
		if try(buf) {
			return true
		}
		scope = scope[:max(0, strings.LastIndexByte(scope, '.'))]
	}
	return try(append(buf[:0], name...))
}

func join(scope, name string) string {
	if scope == "" {
		return name
	}
	return scope + "." + name
}

// collect lists what a file declares. The last of several declarations of one name counts.
func collect(f *file) *symbols {
	c := collector{pkg: f.pkg, symbols: &symbols{types: map[string]*decl{}, extensions: map[string]*field{}}}
	c.body(f.messages, f.enums, f.extends, &decl{})
	return c.symbols
}

type collector struct {
	pkg string
	*symbols
}

func (c *collector) body(messages []*message, enums []*enum, extends []*extend, around *decl) {
	for _, e := range extends {
		for _, f := range e.fields {
			c.extensions[join(c.pkg, join(around.local, f.name))] = f
		}
	}
	for i, m := range messages {
		d := c.add(join(around.local, m.name))
		d.message, d.mapType = m, entryType(m)
		d.path = append(slices.Clip(around.path), int32(i))
		c.body(m.messages, m.enums, m.extends, d)
	}
	for _, e := range enums {
		c.add(join(around.local, e.name)).enum = e
	}
}

func (c *collector) add(local string) *decl {
	d := &decl{full: join(c.pkg, local), local: local, pkg: c.pkg}
	c.types[d.full] = d
	return d
}

// entryType returns the map type that a message with map_entry = true stands for, or nothing. Only serialized descriptors hold
// such messages.
func entryType(m *message) string {
	for _, o := range m.options {
		if o.name != "map_entry" || o.value.text != "true" {
			continue
		}
		key, val := fieldNamed(m, "key"), fieldNamed(m, "value")
		if key != nil && val != nil {
			return mapType(key.typ, val.typ)
		}
	}
	return ""
}

func fieldNamed(m *message, name string) *field {
	for _, f := range m.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}
