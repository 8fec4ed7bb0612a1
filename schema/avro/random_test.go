package avro_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	twmb "github.com/twmb/avro"

	"github.com/pawl-registry/pawl/schema"
)

// maker makes random types with values of them. The same seed makes the same types.
type maker struct {
	*rand.Rand
	names int
	depth int
}

// made is a random type: as a writer has it, as a later reader has it, and a value in the JSON form of the writer.
type made struct {
	writer, reader any
	value          any
}

func (m *maker) name(prefix string) string {
	m.names++
	return fmt.Sprintf("%s%d", prefix, m.names)
}

func (m *maker) typ() made {
	m.depth++
	defer func() { m.depth-- }()
	kinds := 13
	if m.depth > 4 {
		kinds = 9
	}
	switch m.IntN(kinds) {
	case 0:
		return made{"boolean", "boolean", m.IntN(2) == 0}
	case 1:
		return m.number("int", []string{"int", "long", "double"})
	case 2:
		return m.number("long", []string{"long", "double"})
	case 3:
		return made{"double", "double", float64(m.IntN(1000)) / 8}
	case 4:
		return made{"float", []string{"float", "double"}[m.IntN(2)], float64(m.IntN(1000)) / 8}
	case 5:
		return made{"string", "string", m.name("text ü")}
	case 6:
		return made{"bytes", "bytes", "\x00ÿ~"}
	case 7:
		return m.enum()
	case 8:
		f := m.name("F")
		t := map[string]any{"type": "fixed", "name": f, "size": 2}
		return made{t, t, "ab"}
	case 9:
		return m.items("array", "items")
	case 10:
		return m.items("map", "values")
	case 11:
		return m.union()
	}
	return m.record()
}

func (m *maker) number(writer string, readers []string) made {
	return made{writer, readers[m.IntN(len(readers))], m.IntN(1<<20) - 1<<19}
}

func (m *maker) enum() made {
	name := m.name("E")
	w := map[string]any{"type": "enum", "name": name, "symbols": []string{"A", "B", "C"}}
	r := map[string]any{"type": "enum", "name": name, "symbols": []string{"C", "X", "A"}, "default": "X"}
	return made{w, r, []string{"A", "B", "C"}[m.IntN(3)]}
}

// items makes arrays of up to three items and maps of up to one entry, whose order is certain.
func (m *maker) items(kind, attr string) made {
	in := m.typ()
	t := made{map[string]any{"type": kind, attr: in.writer}, map[string]any{"type": kind, attr: in.reader}, nil}
	if kind == "map" {
		t.value = map[string]any{}
		if m.IntN(2) == 0 {
			t.value = map[string]any{"k": in.value}
		}
		return t
	}
	list := []any{}
	for range m.IntN(4) {
		list = append(list, in.value)
	}
	t.value = list
	return t
}

// union is null and a record or a string, in any order; the reader's order is another.
func (m *maker) union() made {
	in := made{"string", "string", m.name("s")}
	tag := "string"
	if m.IntN(2) == 0 {
		in = m.record()
		tag, _ = in.writer.(map[string]any)["name"].(string)
	}
	w, r := []any{"null", in.writer}, []any{"null", in.reader}
	if m.IntN(2) == 0 {
		r = []any{in.reader, "null"}
	}
	if m.IntN(3) == 0 {
		return made{w, r, nil}
	}
	return made{w, r, map[string]any{tag: in.value}}
}

// record drops, adds and moves fields for the reader.
func (m *maker) record() made {
	name := m.name("R")
	value := map[string]any{}
	var wf, rf []any
	for range 1 + m.IntN(4) {
		f, in := m.name("f"), m.typ()
		value[f] = in.value
		wf = append(wf, map[string]any{"name": f, "type": in.writer})
		if m.IntN(4) > 0 {
			rf = append(rf, map[string]any{"name": f, "type": in.reader})
		}
	}
	if m.IntN(2) == 0 {
		rf = append(rf, map[string]any{"name": m.name("new"), "type": []any{"null", "int"}, "default": nil},
			map[string]any{"name": m.name("new"), "type": "string", "default": "d"})
	}
	if m.IntN(2) == 0 {
		m.Shuffle(len(rf), func(i, j int) { rf[i], rf[j] = rf[j], rf[i] })
	}
	if rf == nil {
		rf = []any{}
	}
	return made{map[string]any{"type": "record", "name": name, "fields": wf}, map[string]any{"type": "record", "name": name, "fields": rf}, value}
}

func textOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func valueOf(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// TestRandomTypesAgreeWithTwmb compares payloads, JSON forms and projections of random types with another implementation.
func TestRandomTypesAgreeWithTwmb(t *testing.T) {
	for seed := range uint64(400) {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, 7))}
		x := m.record()
		writer, reader := textOf(t, x.writer), textOf(t, x.reader)
		w := root(t, writer)
		payload, err := w.ParseJSON(nil, []byte(textOf(t, x.value)))
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, writer, err)
		}
		checkTwmbReads(t, seed, writer, w, payload)
		checkTwmbProjects(t, seed, writer, reader, w, payload)
	}
}

func checkTwmbReads(t *testing.T, seed uint64, text string, m schema.Message, payload []byte) {
	t.Helper()
	ours, err := m.AppendJSON(nil, payload)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	theirs := twmbJSON(t, twmb.MustParse(text), payload)
	if diff := cmp.Diff(valueOf(t, theirs), valueOf(t, ours)); diff != "" {
		t.Errorf("seed %d: %s (-twmb +ours):\n%s", seed, text, diff)
	}
	var v any
	if err := m.Decode(payload, &v); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	back, err := m.Append(nil, v)
	if err != nil || string(back) != string(payload) {
		t.Errorf("seed %d: %s: %x is written again as %x, %v", seed, text, payload, back, err)
	}
}

func checkTwmbProjects(t *testing.T, seed uint64, writer, reader string, w schema.Message, payload []byte) {
	t.Helper()
	p, err := root(t, reader).(schema.Projector).Project(w)
	if err != nil {
		t.Fatalf("seed %d: reader %s, writer %s: %v", seed, reader, writer, err)
	}
	ours, err := p.AppendJSON(nil, payload)
	if err != nil {
		t.Fatalf("seed %d: reader %s, writer %s: %v", seed, reader, writer, err)
	}
	resolved, err := twmb.Resolve(twmb.MustParse(writer), twmb.MustParse(reader))
	if err != nil {
		t.Fatalf("seed %d: twmb: %v", seed, err)
	}
	if diff := cmp.Diff(valueOf(t, twmbJSON(t, resolved, payload)), valueOf(t, ours)); diff != "" {
		t.Errorf("seed %d: reader %s, writer %s (-twmb +ours):\n%s", seed, reader, writer, diff)
	}
}

func twmbJSON(t *testing.T, s *twmb.Schema, payload []byte) []byte {
	t.Helper()
	var v any
	if _, err := s.Decode(payload, &v, twmb.TaggedUnions()); err != nil {
		t.Fatal(err)
	}
	text, err := s.EncodeJSON(v, twmb.TaggedUnions())
	if err != nil {
		t.Fatal(err)
	}
	return text
}
