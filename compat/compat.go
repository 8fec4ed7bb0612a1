// Package compat holds the seven compatibility levels: which versions are compared, in which direction, and the verdict.
//
// What makes two schemas incompatible is the format's business ([schema.Schema.Differences]); this package only chooses pairs
// and directions. It does no I/O and knows neither formats, stores nor HTTP wording. All of it is safe for concurrent use.
package compat

import (
	"strings"

	"github.com/pawl-registry/pawl/schema"
)

// Level is a compatibility level, spelled as Confluent Schema Registry spells it.
type Level string

// The seven levels. BACKWARD asks whether the new schema reads what the old one wrote, FORWARD the reverse, FULL both. The
// plain forms compare with the newest version, the transitive ones with all of them.
const (
	None               Level = "NONE"
	Backward           Level = "BACKWARD"
	BackwardTransitive Level = "BACKWARD_TRANSITIVE"
	Forward            Level = "FORWARD"
	ForwardTransitive  Level = "FORWARD_TRANSITIVE"
	Full               Level = "FULL"
	FullTransitive     Level = "FULL_TRANSITIVE"
)

// Levels lists all levels.
var Levels = []Level{None, Backward, BackwardTransitive, Forward, ForwardTransitive, Full, FullTransitive}

// ParseLevel reads a level in any case.
func ParseLevel(s string) (Level, bool) {
	up := Level(strings.ToUpper(s))
	for _, l := range Levels {
		if l == up {
			return l, true
		}
	}
	return "", false
}

// Transitive reports whether the level compares with all versions.
func (l Level) Transitive() bool {
	return l == BackwardTransitive || l == ForwardTransitive || l == FullTransitive
}

// Directions returns the directions the level asks for, in the order in which Confluent reports them.
func (l Level) Directions() []Direction {
	switch l {
	case Backward, BackwardTransitive:
		return []Direction{NewReadsOld}
	case Forward, ForwardTransitive:
		return []Direction{OldReadsNew}
	case Full, FullTransitive:
		return []Direction{OldReadsNew, NewReadsOld}
	}
	return nil
}

// Direction says which side reads.
type Direction uint8

const (
	// NewReadsOld is the question of BACKWARD.
	NewReadsOld Direction = iota
	// OldReadsNew is the question of FORWARD.
	OldReadsNew
)

// String returns BACKWARD or FORWARD.
func (d Direction) String() string {
	if d == OldReadsNew {
		return string(Forward)
	}
	return string(Backward)
}

// Version is one earlier version of a subject.
type Version struct {
	Number int
	Schema schema.Schema
}

// Differ computes the differences of a pair. Callers that keep pairs give their own; nil asks the reader itself.
type Differ func(reader, writer schema.Schema, q schema.Question) []schema.Difference

// Checker compares a schema with its history. The zero Checker asks the schemas directly under the strict policy.
type Checker struct {
	Policy schema.Policy
	Differ Differ
	Warn   bool // also look for what the rules tolerate although readers do not survive it; costs about a second comparison
}

// Verdict is the outcome of a check. At most one version is found incompatible: the newest that fails.
type Verdict struct {
	Level    Level
	Findings []Finding // empty means compatible
	Warnings []Finding // only if the Checker warns: changes in the pairs looked at that readers may not survive; they decide nothing
}

// Compatible reports whether nothing was found.
func (v Verdict) Compatible() bool { return len(v.Findings) == 0 }

// Finding is one direction of one comparison that failed.
type Finding struct {
	Direction    Direction
	Old          Version
	TypeMismatch bool // the two schemas are of different formats; Differences is empty
	Differences  []schema.Difference
}

// Check compares next with history, which holds live versions in ascending order. The plain levels look at the newest only;
// the transitive ones go from newest to oldest and stop at the first version that fails, as Confluent does. NONE, and a text
// that is no level, compare nothing.
func (c Checker) Check(level Level, next schema.Schema, history []Version) Verdict {
	v := Verdict{Level: level}
	if len(level.Directions()) == 0 {
		return v
	}
	for i := len(history) - 1; i >= 0; i-- {
		v.Findings = c.compare(level, next, history[i])
		if c.Warn {
			v.warn(c.warnings(level, next, history[i]))
		}
		if len(v.Findings) > 0 || !level.Transitive() {
			break
		}
	}
	return v
}

func (c Checker) compare(level Level, next schema.Schema, old Version) []Finding {
	if next.Format() != old.Schema.Format() {
		return []Finding{{Direction: level.Directions()[0], Old: old, TypeMismatch: true}}
	}
	var found []Finding
	for _, d := range level.Directions() {
		if diffs := c.differences(d, next, old.Schema); len(diffs) > 0 {
			found = append(found, Finding{Direction: d, Old: old, Differences: diffs})
		}
	}
	return found
}

func (c Checker) differences(d Direction, next, old schema.Schema) []schema.Difference {
	reader, writer, q := c.question(d, next, old)
	if c.Differ != nil {
		return c.Differ(reader, writer, q)
	}
	return reader.Differences(writer, q)
}

// question says who reads, who wrote, and what they are called.
func (c Checker) question(d Direction, next, old schema.Schema) (reader, writer schema.Schema, q schema.Question) {
	if d == OldReadsNew {
		return old, next, schema.Question{Policy: c.Policy, Reader: "old", Writer: "new"}
	}
	return next, old, schema.Question{Policy: c.Policy, Reader: "new", Writer: "old"}
}
