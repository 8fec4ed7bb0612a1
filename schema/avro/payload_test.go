package avro_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

func TestCheckRefuses(t *testing.T) {
	long := func(n int64) []byte { return binary.AppendVarint(nil, n) }
	tests := []struct {
		name, text string
		payload    []byte
	}{
		{"a boolean of 2", `"boolean"`, []byte{2}},
		{"an int of 33 bits", `"int"`, long(math.MaxInt32 + 1)},
		{"an int of six bytes", `"int"`, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0}},
		{"a long of eleven bytes", `"long"`, append(bytes.Repeat([]byte{0x80}, 10), 0)},
		{"a long of 65 bits", `"long"`, append(bytes.Repeat([]byte{0xff}, 9), 2)},
		{"a negative length", `"bytes"`, long(-1)},
		{"a length beyond the end", `"string"`, append(long(1<<40), 'a')},
		{"a symbol that is not there", `{"type":"enum","name":"E","symbols":["A"]}`, long(1)},
		{"a negative symbol", `{"type":"enum","name":"E","symbols":["A"]}`, long(-1)},
		{"a branch that is not there", `["null"]`, long(1)},
		{"a branch of no union", `[]`, long(0)},
		{"a count beyond the end", `{"type":"array","items":"int"}`, long(1 << 40)},
		{"a map's count beyond the end", `{"type":"map","values":"null"}`, long(1 << 40)},
		{"the least count", `{"type":"array","items":"null"}`, append(long(math.MinInt64), 0)},
		{"a count of items without bytes", `{"type":"array","items":"null"}`, append(long(1<<40), 0)},
		{"many blocks of items without bytes", `{"type":"array","items":"null"}`, append(bytes.Repeat(long(4000), 9), 0)},
		{"arrays of such items", `{"type":"array","items":{"type":"array","items":"null"}}`,
			append(append(long(100_000), bytes.Repeat(append(long(4000), 0), 100_000)...), 0)},
		{"a block of another size", `{"type":"array","items":"int"}`, []byte{1, 4, 2, 0}},
		{"a block of a negative size", `{"type":"array","items":"int"}`, []byte{1, 1, 2, 0}},
		{"endless records", record(`{"name":"r","type":"R"}`), nil},
		{"deep arrays", record(`{"name":"r","type":{"type":"array","items":"R"}}`), append(bytes.Repeat([]byte{2}, 600), 0)},
		{"a doubling type without bytes", doubling(60), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := root(t, tt.text)
			if err := m.Check(tt.payload); !errors.Is(err, schema.ErrPayload) {
				t.Errorf("Check: %v, want %s", err, schema.ErrPayload.Name())
			}
			if _, err := m.AppendJSON(nil, tt.payload); !errors.Is(err, schema.ErrPayload) {
				t.Errorf("AppendJSON: %v, want %s", err, schema.ErrPayload.Name())
			}
			var v any
			if err := m.Decode(tt.payload, &v); err != nil && !errors.Is(err, schema.ErrPayload) {
				t.Errorf("Decode: %v without a code", err)
			}
		})
	}
}

// doubling returns a record whose only value is empty and has 2^n records.
func doubling(n int) string {
	text := `{"type":"record","name":"D0","fields":[]}`
	for i := 1; i <= n; i++ {
		d := func(i int) string { return "D" + strings.Repeat("x", i) }
		if i == 1 {
			text = strings.Replace(text, "D0", "D", 1)
		}
		text = `{"type":"record","name":"` + d(i) + `","fields":[{"name":"a","type":` + text + `},{"name":"b","type":"` + d(i-1) + `"}]}`
	}
	return text
}

func TestCheckTakes(t *testing.T) {
	nulls := append(binary.AppendVarint(nil, 100_000), bytes.Repeat([]byte{0}, 100_001)...)
	for name, tt := range map[string]struct {
		text    string
		payload []byte
	}{
		"blocks with sizes":         {`{"type":"array","items":"int"}`, []byte{3, 4, 2, 4, 1, 2, 6, 0}},
		"a number with spare bytes": {`"int"`, []byte{0x82, 0x00}},
		"no UTF-8, as in Java":      {`"string"`, []byte{2, 0xff}},
		"many nulls of a union":     {`{"type":"array","items":["null","int"]}`, nulls},
		"items without bytes":       {`{"type":"array","items":"null"}`, []byte{8, 0}},
	} {
		m := root(t, tt.text)
		if err := m.Check(tt.payload); err != nil {
			t.Errorf("%s: Check: %v", name, err)
		}
		var v any
		if err := m.Decode(tt.payload, &v); err != nil {
			t.Errorf("%s: Decode: %v", name, err)
		}
	}
}

func TestCheckDoesNotAllocate(t *testing.T) {
	m := root(t, scalarsText)
	payload, err := m.Append(nil, scalars())
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = m.Check(payload) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestParseJSON(t *testing.T) {
	union := `["null","long","int","string",{"type":"map","values":"int"},{"type":"record","name":"p.R","fields":[{"name":"a","type":"int","default":3}]}]`
	tests := []struct{ text, json, want string }{ // want: what AppendJSON says, or nothing if it is refused
		{union, `null`, `null`}, {union, `{"null":null}`, `null`}, {union, `{"int":5}`, `{"int":5}`}, {union, `{"long":5}`, `{"long":5}`}, {union, `5`, ``},
		{union, `3000000000`, `{"long":3000000000}`}, {union, `"s"`, `{"string":"s"}`}, {union, `{"p.R":{"a":1}}`, `{"p.R":{"a":1}}`}, {union, `{"p.R":{}}`, `{"p.R":{"a":3}}`},
		{union, `{"x":1}`, `{"map":{"x":1}}`}, {union, `{"a":1}`, ``}, {union, `1.5`, ``}, {union, `true`, ``},
		{`"int"`, `2147483648`, ``}, {`"int"`, `1.0`, ``}, {`"double"`, `1`, `1.0`}, {`"double"`, `"NaN"`, `"NaN"`}, {`"float"`, `"-Infinity"`, `"-Infinity"`}, {`"double"`, `"x"`, ``},
		{`"bytes"`, `"\u00ff\u0000"`, `"ÿ\u0000"`}, {`"bytes"`, `"\u0100"`, ``},
		{`{"type":"fixed","name":"F","size":2}`, `"ab"`, `"ab"`}, {`{"type":"fixed","name":"F","size":2}`, `"a"`, ``},
		{`{"type":"enum","name":"E","symbols":["A"]}`, `"A"`, `"A"`}, {`{"type":"enum","name":"E","symbols":["A"]}`, `"B"`, ``},
		{record(`{"name":"a","type":"int"}`), `{}`, ``}, {record(`{"name":"a","type":"int"}`), `{"a":1,"b":2}`, ``},
		{record(`{"name":"a","type":["null","int"],"default":4}`), `{}`, `{"a":{"int":4}}`},
		{`{"type":"array","items":"string"}`, `["a","b"]`, `["a","b"]`}, {`{"type":"array","items":"string"}`, `{}`, ``}, {`"int"`, `/* no */ 1`, ``}, {`"null"`, `nul`, ``},
	}
	for _, tt := range tests {
		m := root(t, tt.text)
		payload, err := m.ParseJSON(nil, []byte(tt.json))
		if tt.want == "" {
			if !errors.Is(err, schema.ErrPayload) {
				t.Errorf("%s: ParseJSON(%s) = %x, %v; want %s", tt.text, tt.json, payload, err, schema.ErrPayload.Name())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: ParseJSON(%s): %v", tt.text, tt.json, err)
			continue
		}
		if got := asJSON(t, m, payload); got != tt.want {
			t.Errorf("%s: ParseJSON(%s) reads as %s, want %s", tt.text, tt.json, got, tt.want)
		}
	}
}

func TestProjection(t *testing.T) {
	tests := []struct{ name, reader, writer, in, want string }{
		{"numbers widen", `["double",{"type":"array","items":"double"}]`, `["int","long","float"]`, `{"long":3}`, `{"double":3.0}`},
		{"float to double", `"double"`, `"float"`, `0.5`, `0.5`},
		{"int to float", `"float"`, `"int"`, `7`, `7.0`},
		{"bytes to string", `"string"`, `"bytes"`, `"ab"`, `"ab"`},
		{"a symbol moves", `{"type":"enum","name":"E","symbols":["B","A"]}`, `{"type":"enum","name":"E","symbols":["A","B"]}`, `"A"`, `"A"`},
		{"a symbol falls back", `{"type":"enum","name":"E","symbols":["X"],"default":"X"}`, `{"type":"enum","name":"E","symbols":["A"]}`, `"A"`, `"X"`},
		{"union of union", `["string","null","long"]`, `["null","int"]`, `{"int":4}`, `{"long":4}`},
		{"out of a union", `"long"`, `["int","long"]`, `{"int":4}`, `4`},
		{"into a union", `["null","string"]`, `"string"`, `"s"`, `{"string":"s"}`},
		{"the same kind before promotion", `["double","long"]`, `"long"`, `4`, `{"long":4}`},
		{"fields added, dropped, renamed",
			record(`{"name":"new","type":"string","default":"d"}`, `{"name":"b","type":"long","aliases":["a"]}`, `{"name":"u","type":["null","int"],"default":3}`),
			record(`{"name":"gone","type":{"type":"array","items":"string"}}`, `{"name":"a","type":"int"}`, `{"name":"gone2","type":"int"}`),
			`{"gone":["x"],"a":1,"gone2":2}`, `{"new":"d","b":1,"u":{"int":3}}`},
		{"fields in another order", record(`{"name":"a","type":"int"}`, `{"name":"b","type":{"type":"map","values":"double"}}`, `{"name":"c","type":"int","default":9}`),
			record(`{"name":"x","type":"int"}`, `{"name":"b","type":{"type":"map","values":"int"}}`, `{"name":"a","type":"int"}`),
			`{"x":1,"b":{"k":2},"a":3}`, `{"a":3,"b":{"k":2.0},"c":9}`},
		{"recursion", strings.Replace(treeText, `"int"`, `"double"`, 1), treeText, `{"left":{"Node":{"left":null,"v":2}},"v":1}`,
			`{"left":{"Node":{"left":null,"v":2.0}},"v":1.0}`},
		{"simple names", `["null",{"type":"fixed","name":"b.F","size":1}]`, `["null",{"type":"fixed","name":"a.F","size":1}]`, `{"a.F":"x"}`, `{"b.F":"x"}`},
		{"an unchanged type", treeText, treeText, `{"left":null,"v":1}`, `{"left":null,"v":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, w := root(t, tt.reader), root(t, tt.writer)
			payload, err := w.ParseJSON(nil, []byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			p, err := r.(schema.Projector).Project(w)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.AppendJSON([]byte("dst"), payload)
			if err != nil || string(got) != "dst"+tt.want {
				t.Errorf("got %s, %v; want dst%s", got, err, tt.want)
			}
			var v any
			if err := p.Decode(payload, &v); err != nil {
				t.Errorf("Decode: %v", err)
			}
			for n := range payload {
				if _, err := p.AppendJSON(nil, payload[:n]); !errors.Is(err, schema.ErrPayload) {
					t.Errorf("the first %d bytes: %v, want %s", n, err, schema.ErrPayload.Name())
				}
			}
			if err := p.Decode(append(payload, 0), &v); !errors.Is(err, schema.ErrPayload) {
				t.Errorf("a trailing byte: %v", err)
			}
			if again, err := r.(schema.Projector).Project(w); err != nil || again != p {
				t.Errorf("the projection is not kept: %v", err)
			}
		})
	}
}

func TestProjectionRefusesWhatDoesNotResolve(t *testing.T) {
	for _, pair := range [][2]string{
		{`"int"`, `"long"`}, {record(`{"name":"a","type":"int"}`), record()},
		{record(`{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]},"default":"Z"}`), record()},
	} {
		if _, err := root(t, pair[0]).(schema.Projector).Project(root(t, pair[1])); !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("reader %s, writer %s: %v, want %s", pair[0], pair[1], err, schema.ErrInvalid.Name())
		}
	}
}

// TestProjectionIsBounded: a payload of a few bytes must not become gigabytes through defaults.
func TestProjectionIsBounded(t *testing.T) {
	item := func(fields string) string {
		return `{"type":"array","items":{"type":"record","name":"I","fields":[{"name":"b","type":"boolean"}` + fields + `]}}`
	}
	r := root(t, item(`,{"name":"big","type":"string","default":"`+strings.Repeat("x", 1<<20)+`"}`))
	p, err := r.(schema.Projector).Project(root(t, item("")))
	if err != nil {
		t.Fatal(err)
	}
	payload := append(append(binary.AppendVarint(nil, 4000), make([]byte, 4000)...), 0)
	if _, err := p.AppendJSON(nil, payload); !errors.Is(err, schema.ErrPayload) {
		t.Errorf("error %v, want %s", err, schema.ErrPayload.Name())
	}
}

func TestStructs(t *testing.T) {
	for _, e := range events() {
		m := root(t, e.text)
		payload, err := m.Append(nil, e.value)
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		got := e.target()
		if err := m.Decode(payload, got); err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		again, err := m.Append(nil, got)
		if err != nil || len(again) != len(payload) {
			t.Errorf("%s: %d bytes again, %v; want %d", e.name, len(again), err, len(payload))
		}
	}
}

// TestSchemasThatTheCodecRefuses: what Java takes has payloads, whatever the library for Go values thinks of its text.
func TestSchemasThatTheCodecRefuses(t *testing.T) {
	for _, a := range allowed {
		if !a.want.ours {
			continue
		}
		s, err := avro.Format.Parse(schema.Source{Text: a.text}, nil)
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.Message("")
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := m.Decode([]byte{0xff, 0xff, 0xff}, &v); !errors.Is(err, schema.ErrPayload) || strings.Contains(err.Error(), "has no Go values") {
			t.Errorf("%s: %v", a.text, err)
		}
	}
}

// TestCostlySchemasAsStored: what is not judged when parsed must not cost without bound when used.
func TestCostlySchemasAsStored(t *testing.T) {
	self := parse(t, record(`{"name":"r","type":"R","default":{}}`), schema.AsStored)
	var chain strings.Builder
	chain.WriteString(`[{"type":"record","name":"C0","fields":[]}`)
	for i := 1; i < 64; i++ {
		d := strings.Repeat("x", i)
		chain.WriteString(`,{"type":"record","name":"C` + d + `","fields":[{"name":"l","type":"C` + d[1:] + `","default":{}},{"name":"r","type":"C` + d[1:] + `","default":{}}]}`)
	}
	chain.WriteString("]")
	doubled := parse(t, strings.ReplaceAll(chain.String(), `"C0"`, `"C"`), schema.AsStored)
	for _, s := range []schema.Schema{self, doubled} {
		m, err := s.Message("")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Append(nil, map[string]any{"C" + strings.Repeat("x", 63): map[string]any{}}); err != nil && !errors.Is(err, schema.ErrPayload) {
			t.Errorf("Append: %v", err)
		}
		if _, err := m.ParseJSON(nil, []byte(`{"C`+strings.Repeat("x", 63)+`":{}}`)); !errors.Is(err, schema.ErrPayload) {
			t.Errorf("ParseJSON: %v, want %s", err, schema.ErrPayload.Name())
		}
	}
}
