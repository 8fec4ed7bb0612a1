package avro_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	hamba "github.com/hamba/avro/v2"
	twmb "github.com/twmb/avro"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

// verdicts says who takes a text: this package, hamba, twmb.
type verdicts struct{ ours, hamba, twmb bool }

// allowed are the texts on which the three parsers may differ, each with the reason. Sections are those of the Avro
// specification 1.12; "Java" is its reference implementation, whose verdict a registry has to give.
var allowed = []struct {
	text string
	want verdicts
	why  string
}{
	{`{"type":"enum","name":"E","symbols":[]}`, verdicts{true, false, true},
		"Enums: symbols is required, a least number is not"},
	{`{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"],"default":1}]}`, verdicts{true, false, true},
		"Unions: since 1.12 a default fits any branch, not only the first"},
	{`{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":1.5}]}`, verdicts{false, true, false},
		"Records, table of defaults: an int's default is an integer"},
	{`{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":3000000000}]}`, verdicts{false, true, false},
		"Primitive types: an int has 32 bits"},
	{`{"type":"record","name":"R","fields":[{"name":"a","type":"double","default":"NaN"}]}`, verdicts{true, false, true},
		"Java reads a string default of a double as a number; JSON has no other way to write NaN"},
	{`{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"enum","name":"E","symbols":["A"]},"default":"Z"}]}`, verdicts{true, false, false},
		"Java asks of an enum's field default only that it is a string"},
	{`{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"fixed","name":"F","size":2},"default":"abc"}]}`, verdicts{true, true, false},
		"Java asks of a fixed's default only that it is a string"},
	{`{"type":"record","name":"R","fields":[{"name":"a","type":"bytes","default":"\u0100"}]}`, verdicts{true, false, false},
		"Java asks of the default of bytes only that it is a string"},
	{`{"type":"record","name":"R","fields":[{"name":"x","type":["null","L"]},{"name":"l","type":{"type":"record","name":"L","fields":[]}}]}`, verdicts{true, false, true},
		"Names: the order of definition and use; Java takes forward references since 1.12"},
	{`[{"type":"fixed","name":"F","size":2},{"type":"map","values":{"type":"fixed","name":"F","size":2}}]`, verdicts{true, false, false},
		"Names: a schema may not contain multiple definitions; Java takes equal ones"},
	{`/* c */ "int"`, verdicts{true, false, false}, "Schema declaration says JSON; Java's reader takes comments"},
	{`string`, verdicts{false, true, false}, "Schema declaration: a JSON string, in quotes"},
	{`null`, verdicts{false, true, false}, "Schema declaration: the type null is the JSON string, not the JSON null"},
	{`{"type":["int","string"]}`, verdicts{false, true, false}, "Schema declaration: the attribute type names a type"},
	{`{"type":"record","name":"string","fields":[]}`, verdicts{false, true, false}, "Names: primitive type names may not be defined"},
	{`{"type":"record","name":"R","doc":1,"fields":[]}`, verdicts{true, false, true}, "Records: doc is a string; Java drops another"},
	{`{"type":"record","name":"R","fields":[{"name":"a","type":"int","order":"DESCENDING"}]}`, verdicts{true, false, false},
		"Records: order in lower case; Java takes any"},
	{`{"type":"bytes","logicalType":"decimal","precision":2,"scale":4}`, verdicts{true, true, false},
		"Decimal: an invalid logical type is ignored, the underlying type stays"},
	{`{"type":"fixed","name":"F","size":1,"logicalType":"decimal","precision":9}`, verdicts{true, true, false},
		"Decimal: an invalid logical type is ignored, the underlying type stays"},
	{`{"type":"record","name":"R","fields":[{"name":"a","type":"int","aliases":["b"]},{"name":"b","type":"int"}]}`, verdicts{true, true, false},
		"Aliases: no rule forbids an alias that is a field's name; it matters in resolution only"},
	{`{"type":"record","name":"R","aliases":["a-b"],"fields":[]}`, verdicts{false, false, true}, "Aliases: an alias is a name"},
	{`{"type":"record","name":"R","aliases":["Q"],"fields":[{"name":"n","type":["null","Q"]}]}`, verdicts{false, true, false},
		"Aliases serve resolution; they define no name"},
}

// agreed are texts on which the three must not differ.
var agreed = []string{
	`"int"`, `["null","string"]`, `{"type":"map","values":{"type":"array","items":"long"}}`, treeText, scalarsText, moneyText,
	`{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}`, `{"type":"record","name":"a.R","aliases":["string"],"fields":[]}`,
	`{"type":"fixed","name":"F","size":0}`, `{"type":"int","logicalType":"unheard-of"}`, `{"type":"int","a":1,"a":2}`,
	`["int","int"]`, `[["int"]]`, `{"type":"fixed","name":"F","size":-1}`, `{"type":"enum","name":"E","symbols":["A","A"]}`,
	`{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}`, `{"type":"array"}`, `{"type":"record","name":"R"}`,
	`{"type":"enum","name":"E","symbols":["A"],"default":"B"}`, `{"type":"enum","name":"E","symbols":["a-b"]}`, `{"type":"record","name":"a..R","fields":[]}`,
	`"int" x`, `{"type":"record","name":"R","fields":[{"name":"a","type":"Q"}]}`, `{"type":{"type":"int"}}`,
	`{"type":"record","name":"R","fields":[{"name":"a","type":"boolean","default":"true"}]}`,
	`{"type":"record","name":"R","fields":[{"name":"a","type":{"type":"array","items":"int"},"default":[1,"x"]}]}`,
}

func judge(text string) verdicts {
	_, ours := avro.Format.Parse(schema.Source{Text: text}, nil)
	_, theirs := hamba.ParseWithCache(text, "", &hamba.SchemaCache{})
	_, others := twmb.Parse(text)
	return verdicts{ours == nil, theirs == nil, others == nil}
}

func TestParsersAgreeExceptWhereAllowed(t *testing.T) {
	for _, a := range allowed {
		if got := judge(a.text); got != a.want {
			t.Errorf("%s\n got %+v, want %+v: %s", a.text, got, a.want, a.why)
		}
	}
	for _, text := range agreed {
		if got := judge(text); got.ours != got.hamba || got.ours != got.twmb {
			t.Errorf("%s: %+v; agree, or add the text to the allowed differences with its reason", text, got)
		}
	}
}

// payloads are schemas and values that all three encode; none holds a map of several entries, whose order is free.
var payloads = []struct {
	text  string
	value any
}{
	{`"string"`, "grüße"},
	{`["null","string"]`, "x"},
	{`{"type":"map","values":{"type":"array","items":"long"}}`, map[string]any{"k": []any{int64(1), int64(-1), int64(1) << 62}}},
	{treeText, map[string]any{"left": map[string]any{"left": nil, "v": int32(-2)}, "v": int32(1)}},
	{moneyText, money(1<<40, "USD")},
	{`{"type":"array","items":"bytes"}`, []any{[]byte{}, []byte{0, 255}}},
	{`{"type":"record","name":"N","fields":[{"name":"f","type":"float"},{"name":"d","type":"double"},{"name":"b","type":"boolean"}]}`,
		map[string]any{"f": float32(-0.5), "d": 1e-300, "b": true}},
}

func TestPayloadsAgree(t *testing.T) {
	for _, p := range payloads {
		m := root(t, p.text)
		ours, err := m.Append(nil, p.value)
		if err != nil {
			t.Fatalf("%s: %v", p.text, err)
		}
		h := hambaOf(t, p.text)
		theirs, err := hamba.Marshal(h, tagged(p.text, p.value))
		if err != nil {
			t.Fatalf("%s: hamba: %v", p.text, err)
		}
		// hamba writes the blocks of arrays and maps with their sizes; the values are compared through our reader.
		if diff := cmp.Diff(asJSON(t, m, ours), asJSON(t, m, theirs)); diff != "" {
			t.Errorf("%s (-ours +hamba):\n%s", p.text, diff)
		}
		var fromHamba, fromOurs any
		if err := hamba.Unmarshal(h, ours, &fromHamba); err != nil {
			t.Errorf("%s: hamba does not read ours: %v", p.text, err)
		}
		if err := hamba.Unmarshal(h, theirs, &fromOurs); err != nil {
			t.Errorf("%s: hamba does not read its own: %v", p.text, err)
		}
		if diff := cmp.Diff(fromOurs, fromHamba); diff != "" {
			t.Errorf("%s: hamba reads its own and ours differently:\n%s", p.text, diff)
		}
		checkAgainstTwmb(t, p.text, m, ours)
	}
}

// tagged gives hamba's generic form of the one value whose union hamba cannot guess.
func tagged(text string, v any) any {
	if text != treeText {
		return v
	}
	return map[string]any{"left": map[string]any{"Node": map[string]any{"left": nil, "v": int32(-2)}}, "v": int32(1)}
}

// checkAgainstTwmb compares our JSON form with twmb's.
func checkAgainstTwmb(t *testing.T, text string, m schema.Message, payload []byte) {
	t.Helper()
	tw := twmb.MustParse(text)
	var v any
	if _, err := tw.Decode(payload, &v, twmb.TaggedUnions()); err != nil {
		t.Fatalf("%s: twmb does not read ours: %v", text, err)
	}
	want, err := tw.EncodeJSON(v, twmb.TaggedUnions())
	if err != nil {
		t.Fatalf("%s: twmb: %v", text, err)
	}
	var a, b any
	if err := json.Unmarshal(want, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(asJSON(t, m, payload)), &b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("%s: JSON (-twmb +ours):\n%s", text, diff)
	}
}

func root(t testing.TB, text string) schema.Message {
	t.Helper()
	s, err := avro.Format.Parse(schema.Source{Text: text}, nil)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	m, err := s.Message("")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// hambaOf parses with a cache of its own, so that no text sees the types of another.
func hambaOf(t testing.TB, text string) hamba.Schema {
	t.Helper()
	s, err := hamba.ParseWithCache(text, "", &hamba.SchemaCache{})
	if err != nil {
		t.Fatalf("hamba: %s: %v", text, err)
	}
	return s
}

func asJSON(t *testing.T, m schema.Message, payload []byte) string {
	t.Helper()
	text, err := m.AppendJSON(nil, payload)
	if err != nil {
		t.Fatalf("%x: %v", payload, err)
	}
	return string(bytes.TrimSpace(text))
}

// TestResolutionAgrees compares verdicts on pairs that all three judge by the same rules. hamba and twmb compare full names
// and decimals, this package does not: those pairs are left to the rule folders.
func TestResolutionAgrees(t *testing.T) {
	texts := []string{
		`"int"`, `"long"`, `"double"`, `"string"`, `"bytes"`, `["null","int"]`, `["null","long"]`, `["string","int"]`,
		`{"type":"array","items":"int"}`, `{"type":"array","items":"long"}`, `{"type":"map","values":"float"}`,
		`{"type":"enum","name":"E","symbols":["A","B"]}`, `{"type":"enum","name":"E","symbols":["A"]}`, `{"type":"enum","name":"E","symbols":["A"],"default":"A"}`,
		`{"type":"fixed","name":"F","size":2}`, `{"type":"fixed","name":"F","size":3}`,
		`{"type":"record","name":"R","fields":[]}`, `{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}`,
		`{"type":"record","name":"R","fields":[{"name":"a","type":"long","default":0}]}`,
		`{"type":"record","name":"R","fields":[{"name":"z","type":"long","aliases":["a"]}]}`, treeText,
	}
	for _, rt := range texts {
		for _, wt := range texts {
			r, err := avro.Format.Parse(schema.Source{Text: rt}, nil)
			if err != nil {
				t.Fatal(err)
			}
			w, err := avro.Format.Parse(schema.Source{Text: wt}, nil)
			if err != nil {
				t.Fatal(err)
			}
			ours := len(r.Differences(w, schema.Question{})) == 0
			theirs := hamba.NewSchemaCompatibility().Compatible(hambaOf(t, rt), hambaOf(t, wt)) == nil
			others := twmb.CheckCompatibility(twmb.MustParse(wt), twmb.MustParse(rt)) == nil
			if ours != theirs || ours != others {
				t.Errorf("reader %s, writer %s: ours %t, hamba %t, twmb %t", rt, wt, ours, theirs, others)
			}
		}
	}
}
