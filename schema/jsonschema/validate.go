package jsonschema

import (
	"fmt"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/pawl-registry/pawl/fault"
	"github.com/pawl-registry/pawl/schema"
)

const (
	// maxRunDepth bounds how deep checks lead into one another: a payload's nesting, times references in place.
	maxRunDepth = 10_000
	// Steps of one validation: checks applied and values compared. Honest schemas stay far below; anyOf of anyOf over a
	// recursive schema may not.
	baseSteps     = 100_000
	stepsPerToken = 1_000
)

// run is one validation: a walk over a tape. The first fault found outside of anyOf, oneOf, not and if is reported.
type run struct {
	t       *tape
	steps   int
	depth   int
	quiet   int         // inside a check whose failure is no fault
	aborted string      // why the validation was given up
	keyword string      // of the fault
	message string      // of the fault
	path    []string    // of the fault, innermost first
	scope   []*resource // the dynamic scope, outermost first
	items   []int       // scratch of uniqueItems
	seed    maphash.Seed
}

// validate reports the first fault of the tape's value, or nil. The error has the code ErrPayload and names the place in the
// payload, the keyword and the reason.
func (v *validator) validate(op string, t *tape) error {
	r := &t.run
	*r = run{t: t, steps: baseSteps + stepsPerToken*len(t.tokens), path: r.path[:0], scope: r.scope[:0], items: r.items[:0], seed: r.seed}
	if r.check(v.root, 0, nil) {
		return nil
	}
	if r.aborted != "" {
		return fault.New(schema.ErrPayload, op, "the payload cannot be judged: %s", r.aborted)
	}
	return fault.New(schema.ErrPayload, op, "the payload does not fit its schema at %s: %s (keyword %s)", r.pointer(), r.message, r.keyword)
}

// pointer prints the fault's place as a JSON pointer; the root is "#".
func (r *run) pointer() string {
	var b strings.Builder
	b.WriteByte('#')
	for i := len(r.path) - 1; i >= 0; i-- {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(r.path[i], "~", "~0"), "/", "~1"))
	}
	return b.String()
}

// fail notes a fault and returns false.
func (r *run) fail(keyword, format string, args ...any) bool {
	if r.quiet == 0 && r.keyword == "" {
		r.keyword, r.message = keyword, fmt.Sprintf(format, args...)
	}
	return false
}

// below notes on the way out where in a container the fault lies.
func (r *run) below(step string) bool {
	if r.quiet == 0 {
		r.path = append(r.path, step)
	}
	return false
}

func (r *run) item(i int) bool {
	if r.quiet == 0 {
		r.path = append(r.path, strconv.Itoa(i))
	}
	return false
}

func (r *run) abort(why string) bool {
	if r.aborted == "" {
		r.aborted = why
	}
	return false
}

// spend counts work; false means that the validation is given up.
func (r *run) spend(n int) bool {
	if r.steps -= n; r.steps < 0 {
		return r.abort("its schema takes too many steps to apply; use fewer nested alternatives")
	}
	return r.aborted == ""
}

// check applies a subschema to the value of token i. m collects what the subschema evaluates; nil collects nothing.
func (r *run) check(c *check, i int, m *marks) bool {
	if c.anything {
		return true
	}
	if c.never {
		return r.fail("false schema", "no value is allowed here")
	}
	if !r.spend(1) {
		return false
	}
	if r.depth++; r.depth > maxRunDepth {
		return r.abort("its schema leads too deep, perhaps because it refers to itself in place")
	}
	entered := c.resource != nil && (len(r.scope) == 0 || r.scope[len(r.scope)-1] != c.resource)
	if entered {
		r.scope = append(r.scope, c.resource)
	}
	ok := r.apply(c, i, m)
	if entered {
		r.scope = r.scope[:len(r.scope)-1]
	}
	r.depth--
	return ok
}

func (r *run) apply(c *check, i int, m *marks) bool {
	x := &r.t.tokens[i]
	if c.types != 0 && c.types&typeOfKind[x.kind] == 0 && (c.types&typeInteger == 0 || x.kind != jsonNumber || !r.integer(i)) {
		if r.quiet > 0 {
			return false
		}
		return r.fail("type", "expected %s, not %s", c.types, valueKindNames[x.kind])
	}
	if c.enum != nil && !r.enum(c.enum, i) {
		return false
	}
	if c.inPlace || c.unevaluatedProperties != nil || c.unevaluatedItems != nil {
		return r.composed(c, i, m)
	}
	return r.content(c, i, m)
}

// content applies the keywords that belong to the value's own kind.
func (r *run) content(c *check, i int, m *marks) bool {
	switch r.t.tokens[i].kind {
	case jsonNumber:
		return c.number == nil || r.number(c.number, i)
	case jsonString:
		return (c.str == nil || r.str(c.str, i)) && (c.format == nil || r.format(c.format, i))
	case jsonObject:
		return c.object == nil || r.object(c.object, i, m)
	case jsonArray:
		return c.array == nil || r.array(c.array, i, m)
	}
	return true
}

// integer reports whether a number has no fraction: 1.0 has none.
func (r *run) integer(i int) bool {
	x := &r.t.tokens[i]
	return x.flags&flagFraction == 0 || newNumber(string(r.t.raw(i))).integral()
}

func (r *run) enum(e *enumCheck, i int) bool {
	if r.t.tokens[i].kind == jsonString {
		if e.strings[string(r.t.text(i))] {
			return true
		}
	} else if r.spend(len(e.others)) {
		for _, v := range e.others {
			if r.t.equals(i, v) {
				return true
			}
		}
	}
	if e.keyword == "const" {
		return r.fail(e.keyword, "the value is not the one allowed")
	}
	return r.fail(e.keyword, "the value is none of those listed")
}

func (r *run) str(c *stringCheck, i int) bool {
	if c.min >= 0 || c.max >= 0 {
		n := r.t.length(i)
		if n < c.min {
			return r.fail("minLength", "%d characters, fewer than %d", n, c.min)
		}
		if c.max >= 0 && n > c.max {
			return r.fail("maxLength", "%d characters, more than %d", n, c.max)
		}
	}
	if c.pattern == nil {
		return true
	}
	found, ok := r.matches(c.pattern, i)
	return ok && (found || r.fail("pattern", "the string does not match %q", c.pattern.text))
}

// matches applies a pattern to a string; ok is false if it could not be applied in time.
func (r *run) matches(p *pattern, i int) (found, ok bool) {
	text := r.t.text(i)
	if !r.spend(1 + len(text)/64) {
		return false, false
	}
	if p.simple != nil && r.t.tokens[i].flags == 0 {
		return p.simple.match(text), true
	}
	if p.linear != nil {
		return p.linear.Match(text), true
	}
	found, err := p.find(string(text))
	if err != nil {
		return false, r.abort(fmt.Sprintf("matching the pattern %q took too long or failed", p.text))
	}
	return found, true
}

func (r *run) format(f *formatCheck, i int) bool {
	return f.fits(string(r.t.text(i))) || r.fail("format", "the string is no %s", f.name)
}
