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

// place is where the comparison stands: scopes for names, and the path for people.
type place struct {
	oScope, uScope string
	path           *step
}

// step is one element of a path: a name, or the number of a field if the name is empty.
type step struct {
	up     *step
	name   string
	number int32
}

// text joins the path and what follows it.
func (s *step) text(more ...string) string {
	parts := slices.Clone(more)
	slices.Reverse(parts)
	for ; s != nil; s = s.up {
		if s.name == "" {
			parts = append(parts, strconv.Itoa(int(s.number)))
		} else {
			parts = append(parts, s.name)
		}
	}
	slices.Reverse(parts)
	return "#/" + strings.Join(parts, "/")
}

// inside is the place of a named type of this place.
func (p place) inside(name string) place {
	return place{join(p.oScope, name), join(p.uScope, name), &step{up: p.path, name: name}}
}

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
	c.here = place{oScope: o.pkg, uScope: u.pkg}
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
	path := c.here.path.text(parts...)
	detail := "At path '" + path + "', " + why
	c.diffs = append(c.diffs, schema.Difference{
		Rule: rule, Path: path, Detail: detail,
		Message: `{errorType:"` + rule + `", description:"` + detail + `"}`,
	})
}

// types compares the messages of one level by name. Enums differ in tolerated ways only. Names come sorted, so that reports do not
// depend on the order of declarations.
func (c *comparison) types(o, u []*message) {
	if len(o) == 0 {
		return
	}
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
		c.here = outer.inside(name)
		c.messages(om, um)
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
		c.fields(o, u)
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
		here: place{oScope: o.pkg, uScope: u.pkg},
	}
	for name := range strings.SplitSeq(o.local, ".") {
		sub.here = sub.here.inside(name)
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
