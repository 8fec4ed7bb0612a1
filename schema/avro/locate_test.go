package avro_test

import (
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/schema"
)

// marked takes the mark out of a text and returns the line and the column where it stood.
func marked(t *testing.T, text string) (plain string, line, column int) {
	t.Helper()
	before, after, ok := strings.Cut(text, "^")
	if !ok {
		t.Fatalf("no mark in %s", text)
	}
	return before + after, strings.Count(before, "\n") + 1, len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
}

func TestLocate(t *testing.T) {
	for _, tt := range []struct{ name, path, text string }{
		{"the root", "/", "\n ^" + record(`{"name":"a","type":"int"}`)},
		{"a field", "/fields/1", record(`{"name":"ä","type":"int"}`, "\n"+`  ^{"name":"b","type":"int"}`)},
		{"behind characters of several bytes", "/fields/1", record(`{"name":"a","type":"int","doc":"äöü"}`, `^{"name":"b","type":"int"}`)},
		{"the type of a field", "/fields/0/type", record(`{"name":"a","type":^"int"}`)},
		{"items", "/fields/0/type/items", record(`{"name":"a","type":{"type":"array","items":^"int"}}`)},
		{"values behind a comment", "/fields/0/type/values", record(`{"name":"a","type":{"type":"map", /* ä */ "values": // x` + "\n" + `^"int"}}`)},
		{"a definition from its use", "/fields/1/type/fields/0/type",
			record(`{"name":"a","type":{"type":"record","name":"n.I","fields":[{"name":"x","type":^"int"}]}}`, `{"name":"b","type":"n.I"}`)},
		{"a definition in the namespace around", "/fields/0/type/fields/1/type/symbols",
			`{"type":"record","name":"R","namespace":"n","fields":[{"name":"a","type":{"type":"record","name":"S","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":^["A"]}},{"name":"f","type":"E"}]}}]}`},
		{"the size of a fixed", "/size", `{"type":"fixed","name":"F","size": ^4}`},
		{"a name", "/name", `{"type":"fixed","name":^"F","size": 4}`},
		{"a branch counted by the writer ends at the reader's union", "/fields/0/type/1", record(`{"name":"a","type":^["int","null"]}`)},
		{"below a branch counted by the writer", "/0/fields/0/type", record(`{"name":"a","type":^"int"}`)},
		{"a place beyond the end", "/fields/7/type", "^" + record(`{"name":"a","type":"int"}`)},
		{"a type of a reference", "/fields/0/type/fields/3", record(`{"name":"a","type":^"Other"}`)},
		{"no path of the format", "/fields/0/what/ever", record(`^{"name":"a","type":"int"}`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, line, column := marked(t, tt.text)
			s := parse(t, text, schema.AsStored, dep(t, `{"type":"record","name":"Other","fields":[]}`))
			for _, l := range []schema.Schema{s, s.Normalize()} {
				gotLine, gotColumn, ok := l.(schema.Locator).Locate(tt.path)
				if !ok || gotLine != line || gotColumn != column {
					t.Errorf("%s is at %d:%d (%t), want %d:%d in\n%s", tt.path, gotLine, gotColumn, ok, line, column, text)
				}
			}
		})
	}
}

// TestLocateWritten finds in the writer's text what the path of a difference means in the reader's.
func TestLocateWritten(t *testing.T) {
	for _, tt := range []struct{ name, path, reader, writer string }{
		{"a field that stands elsewhere", "/fields/0/type", record(`{"name":"a","type":"int"}`), record(`{"name":"z","type":"int"}`, `{"name":"a","type":^"string"}`)},
		{"a field by the reader's alias", "/fields/0/type", record(`{"name":"b","aliases":["a"],"type":"int"}`), record(`{"name":"a","type":^"string"}`)},
		{"a field that is gone", "/fields/1", record(`{"name":"a","type":"int"}`, `{"name":"b","type":"int"}`), "^" + record(`{"name":"a","type":"int"}`, `{"name":"c","type":"int"}`)},
		{"a branch", "/fields/0/type/1", record(`{"name":"a","type":["int","null"]}`), record(`{"name":"a","type":["int",^"string"]}`)},
		{"a branch that a plain type reads", "/fields/0/type/1", record(`{"name":"a","type":"int"}`), record(`{"name":"a","type":["int",^"string"]}`)},
		{"symbols within items", "/items/symbols", `{"type":"array","items":{"type":"enum","name":"E","symbols":["A"]}}`, `{"type":"array","items":{"type":"enum","name":"E","symbols":^["A","B"]}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, line, column := marked(t, tt.writer)
			reader, writer := parse(t, tt.reader, schema.AsStored), parse(t, text, schema.AsStored)
			if d := reader.Differences(writer, schema.Question{}); len(d) != 1 || d[0].Path != tt.path {
				t.Fatalf("the differences are %+v, want one at %s", d, tt.path)
			}
			gotLine, gotColumn, ok := writer.(schema.WriterLocator).LocateWritten(tt.path, reader)
			if !ok || gotLine != line || gotColumn != column {
				t.Errorf("%s is at %d:%d (%t), want %d:%d in\n%s", tt.path, gotLine, gotColumn, ok, line, column, text)
			}
		})
	}
}
