package avro_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/avro"
)

// unproven are the cases that a rule refuses although no proof is found.
var unproven = map[string]string{
	"COMPARISON_LIMIT/rings_without_common_divisor": "nothing is known of the pair",
}

// TestProofs looks for a proof of every case of every rule and checks each one found.
func TestProofs(t *testing.T) {
	const root = "testdata/differences"
	folders, err := filepath.Glob(root + "/*/*")
	if err != nil || len(folders) == 0 {
		t.Fatal("no cases", err)
	}
	proven := map[string]bool{}
	for _, folder := range folders {
		name := filepath.ToSlash(strings.TrimPrefix(folder, filepath.FromSlash(root)+string(filepath.Separator)))
		rule, _, _ := strings.Cut(name, "/")
		t.Run(name, func(t *testing.T) {
			found := checkProof(t, storedText(t, folder, "reader"), storedText(t, folder, "writer"))
			refused := storedText(t, folder, "want") != ""
			proven[rule] = proven[rule] || found
			switch {
			case found && !refused:
				t.Error("the rules take the pair, but a payload is refused")
			case found && unproven[name] != "":
				t.Error("the case is listed, but needs no excuse: shorten the list")
			case !found && refused && unproven[name] == "":
				t.Error("no proof was found")
			}
		})
	}
	for _, r := range avro.Format.Rules() {
		if !proven[r.ID] && r.ID != "COMPARISON_LIMIT" {
			t.Errorf("no case of rule %s is proven", r.ID)
		}
	}
}

func storedText(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// checkProof holds what Prove finds against schemas that are parsed anew: the writer takes the payload and its JSON form says the
// same, and the two schemas do not resolve.
func checkProof(t *testing.T, reader, writer string) bool {
	t.Helper()
	payload, refusal, found := parseStored(t, reader).(schema.Prover).Prove(t.Context(), parseStored(t, writer))
	if !found {
		return false
	}
	if refusal == nil {
		t.Fatalf("%x is refused without a reason", payload)
	}
	w := rootMessage(t, parseStored(t, writer))
	text, err := w.AppendJSON(nil, payload)
	if err != nil {
		t.Fatalf("the writer does not take %x: %v", payload, err)
	}
	if again, err := w.ParseJSON(nil, text); err != nil || !bytes.Equal(again, payload) {
		t.Errorf("%s is %x, not %x: %v", text, again, payload, err)
	}
	if found := parseStored(t, reader).Differences(parseStored(t, writer), schema.Question{}); len(found) == 0 {
		t.Errorf("the rules take the pair, but %s is refused: %v", text, refusal)
	}
	return true
}

func parseStored(t *testing.T, text string) schema.Schema {
	t.Helper()
	s, err := avro.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rootMessage(t *testing.T, s schema.Schema) schema.Message {
	t.Helper()
	m, err := s.Message("")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The payload leads to the difference: through the branch, the item, the field that matters, and nowhere else.
func TestProofsLeadToTheDifference(t *testing.T) {
	for _, c := range []struct{ name, reader, writer, json, refusal string }{
		{
			"the second branch", `["null","string"]`, `["null","int","string"]`,
			`{"int":1}`, "no branch of the reader's union reads the writer's int",
		},
		{
			"an item of an array in a map", `{"type":"map","values":{"type":"array","items":"int"}}`, `{"type":"map","values":{"type":"array","items":"long"}}`,
			`{"k":[2147483648]}`, "the reader's int does not read the writer's long",
		},
		{
			"the symbol that is gone", `{"type":"enum","name":"S","symbols":["A"]}`, `{"type":"enum","name":"S","symbols":["A","B"]}`,
			`"B"`, "lacks the symbol \"B\"",
		},
		{
			"behind a step of recursion",
			`{"type":"record","name":"N","fields":[{"name":"next","type":["null","N"]},{"name":"v","type":["null","int"]}]}`,
			`{"type":"record","name":"N","fields":[{"name":"next","type":["null","N"]},{"name":"v","type":["null","string"]}]}`,
			`{"next":null,"v":{"string":"x"}}`, "no branch of the reader's union reads the writer's string",
		},
		{
			"fields in another order",
			`{"type":"record","name":"R","fields":[{"name":"b","type":"int"},{"name":"a","type":"int"}]}`,
			`{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"x","type":"double"},{"name":"b","type":"float"}]}`,
			`{"a":0,"x":0.0,"b":0.5}`, "the reader's int does not read the writer's float",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := parseStored(t, c.writer)
			payload, refusal, found := parseStored(t, c.reader).(schema.Prover).Prove(t.Context(), w)
			if !found {
				t.Fatal("no proof was found")
			}
			if text, err := rootMessage(t, w).AppendJSON(nil, payload); err != nil || string(text) != c.json {
				t.Errorf("got %s, %v; want %s", text, err, c.json)
			}
			if !strings.Contains(refusal.Error(), c.refusal) {
				t.Errorf("got %q, want %q in it", refusal, c.refusal)
			}
		})
	}
}

func TestNoProofWithoutData(t *testing.T) {
	for _, c := range []struct{ name, reader, writer string }{
		{
			"no writer can write a value without end",
			`{"type":"record","name":"N","fields":[{"name":"n","type":"N"},{"name":"v","type":"int"}]}`,
			`{"type":"record","name":"N","fields":[{"name":"n","type":"N"},{"name":"v","type":"string"}]}`,
		},
		{"equal schemas", `["null","int"]`, `["null","int"]`},
		{"a wider type", `"long"`, `"int"`},
		{"an empty union", `"int"`, `[]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if checkProof(t, c.reader, c.writer) {
				t.Error("a proof was found")
			}
		})
	}
}

func TestProofsEnd(t *testing.T) {
	doubling := func(leaf string) string {
		text := `{"type":"record","name":"R0","fields":[{"name":"v","type":"` + leaf + `"}]}`
		for i := 1; i < 60; i++ {
			inner := string(rune('A'+i%26)) + strings.Repeat("x", i)
			text = `{"type":"record","name":"` + inner + `","fields":[{"name":"l","type":` + text + `},{"name":"r","type":"` + nameIn(text) + `"}]}`
		}
		return text
	}
	for _, pair := range [][2]string{{doubling("int"), doubling("string")}, {doubling("null"), doubling("int")}} {
		if checkProof(t, pair[0], pair[1]) {
			t.Error("a value of 2^60 parts was built")
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, found := parseStored(t, `"int"`).(schema.Prover).Prove(ended, parseStored(t, `"string"`)); found {
		t.Error("a search that was called off found something")
	}
}

// nameIn cuts the name of a record out of its text.
func nameIn(text string) string {
	_, rest, _ := strings.Cut(text, `"name":"`)
	found, _, _ := strings.Cut(rest, `"`)
	return found
}

// FuzzProve holds every proof against the rules.
func FuzzProve(f *testing.F) {
	f.Add(`"int"`, `["int","long"]`)
	f.Add(`{"type":"array","items":{"type":"enum","name":"E","symbols":["A"]}}`, `{"type":"array","items":{"type":"enum","name":"E","symbols":["A","B"]}}`)
	f.Add(`{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]},{"name":"v","type":"int","aliases":["w","n"]}]}`,
		`{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]},{"name":"w","type":"string"}]}`)
	f.Fuzz(func(t *testing.T, reader, writer string) {
		for _, text := range []string{reader, writer} {
			if _, err := avro.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil); err != nil || len(text) > 2000 {
				return
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, w := parseStored(t, reader), parseStored(t, writer)
		payload, _, found := r.(schema.Prover).Prove(ctx, w)
		if found && (rootMessage(t, w).Check(payload) != nil || len(r.Differences(w, schema.Question{})) == 0) {
			t.Errorf("%x proves nothing", payload)
		}
	})
}
