package compat_test

import (
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// lines is a letters schema that knows the column of a letter.
type lines struct{ letters }

func (s lines) Locate(path string) (line, column int, ok bool) {
	i := strings.Index(s.text, strings.TrimPrefix(path, "/"))
	return 1, i + 1, i >= 0
}

// counting is a lines schema that finds another place for the paths of a reader.
type counting struct{ lines }

func (s counting) LocateWritten(path string, reader schema.Schema) (line, column int, ok bool) {
	return 2, len(reader.Canonical()), true
}

func TestPlacesOfAFinding(t *testing.T) {
	plain := func(text string) schema.Schema { return lines{letters{format: "A", text: text}} }
	counts := func(text string) schema.Schema { return counting{lines{letters{format: "A", text: text}}} }
	for _, c := range []struct {
		name         string
		level        compat.Level
		old, next    schema.Schema
		inNew, inOld compat.Place
		breaks       string
	}{
		{"the new schema reads", compat.Backward, plain("ab"), plain("abx"), compat.Place{Line: 1, Column: 3}, compat.Place{}, "new"},
		{"the old schema reads", compat.Forward, plain("bax"), plain("ab"), compat.Place{}, compat.Place{Line: 1, Column: 3}, "old"},
		{"paths of another schema, the new one reads", compat.Backward, counts("ab"), counts("abx"), compat.Place{Line: 1, Column: 3}, compat.Place{Line: 2, Column: 3}, "new"},
		{"paths of another schema, the old one reads", compat.Forward, counts("baxy"), counts("aby"), compat.Place{Line: 2, Column: 4}, compat.Place{Line: 1, Column: 3}, "old"},
		{"no schema knows places", compat.Backward, letters{format: "A", text: "a"}, letters{format: "A", text: "ab"}, compat.Place{}, compat.Place{}, "new"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := compat.Checker{}.Check(c.level, c.next, []compat.Version{{Number: 1, Schema: c.old}})
			if len(v.Findings) != 1 || len(v.Findings[0].Differences) != 1 {
				t.Fatalf("findings %+v, want one", v.Findings)
			}
			f := v.Findings[0]
			inNew, inOld := f.Places(c.next, f.Differences[0])
			if inNew != c.inNew || inOld != c.inOld || f.Direction.Reader() != c.breaks {
				t.Errorf("places %v and %v, reader %s; want %v, %v, %s", inNew, inOld, f.Direction.Reader(), c.inNew, c.inOld, c.breaks)
			}
		})
	}
}
