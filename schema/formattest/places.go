package formattest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pawl-registry/pawl/schema"
)

// checkPlaces asks both sides of a comparison for the places of what was found. There is always one, within the text, and the
// normal form knows the same one.
func checkPlaces(t *testing.T, reader, writer side, diffs []schema.Difference) {
	t.Helper()
	for _, d := range diffs {
		if l, ok := reader.schema.(schema.Locator); ok {
			line, column, ok := l.Locate(d.Path)
			reader.checkPlace(t, d.Path, line, column, ok)
			l2, c2, _ := reader.schema.Normalize().(schema.Locator).Locate(d.Path)
			if l2 != line || c2 != column {
				t.Errorf("the path %s: the normal form finds it at %d:%d, the schema at %d:%d", d.Path, l2, c2, line, column)
			}
		}
		line, column, ok := writer.written(d.Path, reader.schema)
		writer.checkPlace(t, d.Path, line, column, ok)
	}
}

// side is one schema with its text.
type side struct {
	schema schema.Schema
	text   string
}

func (s side) written(path string, reader schema.Schema) (line, column int, ok bool) {
	switch l := s.schema.(type) {
	case schema.WriterLocator:
		return l.LocateWritten(path, reader)
	case schema.Locator:
		return l.Locate(path)
	}
	return 1, 1, true
}

func (s side) checkPlace(t *testing.T, path string, line, column int, ok bool) {
	t.Helper()
	lines := strings.Split(s.text, "\n")
	if !ok || line < 1 || line > len(lines) || column < 1 || column > utf8.RuneCountInString(lines[line-1])+1 {
		t.Errorf("the path %s is located at %d:%d (%t), which is no place in\n%s", path, line, column, ok, s.text)
	}
}
