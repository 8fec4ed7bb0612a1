package protobuf

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// Differences compares as Confluent's SchemaDiff does: U, the update, is the receiver and reads; O, the original, wrote.
func (s *parsed) Differences(writer schema.Schema, q schema.Question) []schema.Difference {
	w, ok := writer.(*parsed)
	if !ok {
		return nil
	}
	if s == w || len(s.universe.deps)+len(w.universe.deps) == 0 && s.Canonical() == w.Canonical() {
		return nil
	}
	readerWord, writerWord := q.Words()
	c := &comparison{
		o: side{w.universe, writerWord}, u: side{s.universe, readerWord},
		running: map[*message]bool{}, memo: map[pair][]schema.Difference{},
	}
	return c.files()
}

type side struct {
	*universe
	word string
}

// comparison is the state of one question.
type comparison struct {
	o, u    side
	here    place
	running map[*message]bool // messages of O under comparison
	memo    map[pair][]schema.Difference
	reused  bool // a message under comparison was met again, so the result depends on where the comparison began
	steps   int
	depth   int
	diffs   []schema.Difference
}

type pair struct{ o, u *message }

// place is where the comparison stands: packages and enclosing messages for names, and the path for people.
type place struct {
	oPkg, uPkg string
	names      []string
	path       []string
}

func (p place) oScope() string { return join(p.oPkg, strings.Join(p.names, ".")) }
func (p place) uScope() string { return join(p.uPkg, strings.Join(p.names, ".")) }

const (
	// maxSteps is how many messages are compared before results that depend on their surroundings are remembered, too. Without
	// it a small set of files could ask for exponential work.
	maxSteps = 20000
	// maxDifferences bounds the report of one question.
	maxDifferences = 1000
	// maxForeign bounds how deep one comparison of types from references leads into the next.
	maxForeign = 1000
)

func (c *comparison) files() []schema.Difference {
	o, u := c.o.main.file, c.u.main.file
	c.here = place{oPkg: o.pkg, uPkg: u.pkg}
	if o.pkg != u.pkg {
		c.report(packageChanged, "the package is "+quotedOrNone(u.pkg)+" in the "+c.u.word+" schema and "+quotedOrNone(o.pkg)+" in the "+c.o.word+" schema")
	}
	c.types(o.messages, u.messages)
	return c.diffs
}

func quotedOrNone(pkg string) string {
	if pkg == "" {
		return "not set"
	}
	return "'" + pkg + "'"
}

// report adds a difference at the current path, extended by parts.
func (c *comparison) report(rule, why string, parts ...string) {
	if len(c.diffs) >= maxDifferences {
		return
	}
	path := "#/" + strings.Join(append(slices.Clone(c.here.path), parts...), "/")
	detail := "At path '" + path + "', " + why
	c.diffs = append(c.diffs, schema.Difference{
		Rule: rule, Path: path, Detail: detail,
		Message: `{errorType:"` + rule + `", description:"` + detail + `"}`,
	})
}

// within runs f one path element deeper.
func (c *comparison) within(part string, f func()) {
	outer := c.here
	c.here.path = append(slices.Clip(c.here.path), part)
	f()
	c.here = outer
}

// types compares the messages of one level by name. Enums differ in tolerated ways only. Names come sorted, so that reports do not
// depend on the order of declarations.
func (c *comparison) types(o, u []*message) {
	olds, news := byName(o), byName(u)
	for _, name := range slices.Sorted(maps.Keys(olds)) {
		om := olds[name]
		um, kept := news[name]
		if !kept {
			if entryType(om) == "" {
				c.report(messageRemoved, "the "+c.u.word+" schema has no message "+name+" that is in the "+c.o.word+" schema", name)
			}
			continue
		}
		outer := c.here
		c.here.names = append(slices.Clip(c.here.names), name)
		c.within(name, func() { c.messages(om, um) })
		c.here = outer
	}
}

func byName(messages []*message) map[string]*message {
	out := make(map[string]*message, len(messages))
	for _, m := range messages {
		out[m.name] = m
	}
	return out
}

func (c *comparison) messages(o, u *message) {
	c.steps++
	if c.running[o] {
		c.reused = true
	} else {
		c.running[o] = true
		newFields(c, o, u).compare()
		delete(c.running, o)
	}
	c.types(o.messages, u.messages)
}

// foreign compares two messages from outside the main files, as if each stood in a comparison of its own; the differences carry
// the path of the type, not of the field that led there.
func (c *comparison) foreign(o, u located) []schema.Difference {
	key := pair{o.message, u.message}
	if found, ok := c.memo[key]; ok {
		return found
	}
	sub := &comparison{
		o: c.o, u: c.u, running: c.running, memo: c.memo, steps: c.steps, depth: c.depth + 1,
		here: place{oPkg: o.pkg, uPkg: u.pkg, names: strings.Split(o.local, "."), path: strings.Split(o.local, ".")},
	}
	if sub.depth > maxForeign {
		sub.report(fieldNamedTypeChanged, "message types refer to each other too deeply to be compared")
		return sub.diffs
	}
	sub.messages(o.message, u.message)
	c.steps = sub.steps
	if !sub.reused || c.steps > maxSteps {
		c.memo[key] = sub.diffs
	}
	c.reused = c.reused || sub.reused
	return sub.diffs
}

func tagPath(number int32) string { return strconv.Itoa(int(number)) }
