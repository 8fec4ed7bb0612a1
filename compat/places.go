package compat

import "github.com/pawl-registry/pawl/schema"

// Place is a line and a column of a text, both from 1, columns in characters. The zero Place is unknown.
type Place struct {
	Line   int
	Column int
}

// Places returns where a difference of the finding stands in the text of the schema that was checked, and in that of the old
// version. The path of a difference is one of the reader's; in the writer's text the place is that of the counterpart, or the
// nearest one around it.
func (f Finding) Places(next schema.Schema, d schema.Difference) (inNext, inOld Place) {
	if f.Direction == OldReadsNew {
		return written(next, d.Path, f.Old.Schema), read(f.Old.Schema, d.Path)
	}
	return read(next, d.Path), written(f.Old.Schema, d.Path, next)
}

// Reader says which side cannot read what the other wrote: "new" or "old".
func (d Direction) Reader() string {
	if d == OldReadsNew {
		return "old"
	}
	return "new"
}

func read(reader schema.Schema, path string) Place {
	if l, ok := reader.(schema.Locator); ok {
		return placeOf(l.Locate(path))
	}
	return Place{}
}

func written(writer schema.Schema, path string, reader schema.Schema) Place {
	if l, ok := writer.(schema.WriterLocator); ok {
		return placeOf(l.LocateWritten(path, reader))
	}
	return read(writer, path)
}

func placeOf(line, column int, ok bool) Place {
	if !ok {
		return Place{}
	}
	return Place{line, column}
}
