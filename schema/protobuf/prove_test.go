package protobuf_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/protobuf"
)

// unproven are the cases that a rule refuses although no payload of the first message shows the harm.
var unproven = map[string]string{
	"FIELD_KIND_CHANGED/map-to-list":                   "the entries of a map are encoded as a list of messages",
	"FIELD_NAMED_TYPE_CHANGED/moved-out":               "the bytes do not hold the name of a type",
	"FIELD_NAMED_TYPE_CHANGED/other-message":           "the two messages are equal but for their names",
	"FIELD_NUMERIC_LABEL_CHANGED/optional-to-repeated": "one value is read as a list of one",
	"FIELD_NUMERIC_LABEL_CHANGED/required-to-optional": "what was required is always there",
	"MESSAGE_REMOVED/became-enum":                      "the reader has no message to read with",
	"MESSAGE_REMOVED/nested":                           "no field has the type that is gone",
	"MESSAGE_REMOVED/top":                              "payloads of the first message are read as before",
	"PACKAGE_CHANGED/dropped":                          "the bytes do not hold the package",
	"PACKAGE_CHANGED/renamed":                          "the bytes do not hold the package",
	"REQUIRED_FIELD_REMOVED/gone":                      "the reader passes over what it does not know",
}

// unprovenRules are the rules of which no payload can show the harm.
var unprovenRules = map[string]string{
	"FIELD_NAMED_TYPE_CHANGED": "names of types are not in the bytes; where the types differ, the fields inside are proven",
	"MESSAGE_REMOVED":          "a reader without the message has nothing to decode with",
	"PACKAGE_CHANGED":          "packages are not in the bytes",
	"REQUIRED_FIELD_REMOVED":   "readers pass over unknown fields; those who still demand the field are the readers of the other direction",
}

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
			found := checkProof(t, caseText(t, folder, "reader"), caseText(t, folder, "writer"))
			refused := strings.TrimSpace(caseText(t, folder, "want")) != ""
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
	for _, r := range protobuf.Format.Rules() {
		if proven[r.ID] == (unprovenRules[r.ID] != "") {
			t.Errorf("rule %s: proven %t, listed as %q", r.ID, proven[r.ID], unprovenRules[r.ID])
		}
	}
}

func caseText(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkProof holds what Prove finds against schemas that are parsed anew.
func checkProof(t *testing.T, reader, writer string) bool {
	t.Helper()
	payload, refusal, found := parseStored(t, reader).(schema.Prover).Prove(t.Context(), parseStored(t, writer))
	if !found {
		return false
	}
	m, err := parseStored(t, writer).Message("")
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Check(payload); err != nil {
		t.Errorf("the writer does not take %x: %v", payload, err)
	}
	if text, err := m.AppendJSON(nil, payload); err != nil || refusal == nil {
		t.Errorf("%x, %s, is refused for %v; %v", payload, text, refusal, err)
	}
	if len(parseStored(t, reader).Differences(parseStored(t, writer), schema.Question{})) == 0 {
		t.Errorf("the rules take the pair, but %x is refused: %v", payload, refusal)
	}
	return true
}

func parseStored(t *testing.T, text string) schema.Schema {
	t.Helper()
	s, err := protobuf.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestProofsSayWhatIsRead(t *testing.T) {
	const proto3 = "syntax = \"proto3\";\n"
	for _, c := range []struct{ name, reader, writer, json, refusal string }{
		{
			"zigzag", proto3 + `message M { sint64 at = 4; }`, proto3 + `message M { int64 at = 4; }`,
			`{"at":"1"}`, "message M: field at (4): the writer wrote 1, the reader reads -1",
		},
		{
			"a list that becomes one value", `message M { optional int32 a = 1; }`, `message M { repeated int32 a = 1; }`,
			`{"a":[1,1]}`, "message M: field a (1): the writer wrote [1, 1], the reader reads 1",
		},
		{
			"an optional number that becomes required", `message M { required int32 a = 1; }`, `message M { optional int32 a = 1; }`,
			`{}`, "a required field is missing",
		},
		{
			"in a map of lists of messages, beside what is required",
			`message M { required string id = 1; map<string, N> by = 2; message N { repeated O o = 1; } message O { required sint32 v = 3; } }`,
			`message M { required string id = 1; map<string, N> by = 2; message N { repeated O o = 1; } message O { required int32 v = 3; } }`,
			`{"id":"","by":{"":{"o":[{"v":1}]}}}`, "the writer wrote 1, the reader reads -1",
		},
		{
			"behind a step of recursion", proto3 + `message M { N n = 1; message N { M m = 1; float f = 2; } }`, proto3 + `message M { N n = 1; message N { M m = 1; fixed32 f = 2; } }`,
			`{"n":{"f":1069547520}}`, "the writer wrote 1069547520, the reader reads 1.5",
		},
		{
			"two fields of one oneof", proto3 + `message P { oneof how { string card = 1; string cash = 2; } }`, proto3 + `message P { string card = 1; string cash = 2; }`,
			`{"card":"x","cash":"x"}`, "fields card (1) and cash (2): the writer set both, the reader keeps cash alone",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !checkProof(t, c.reader, c.writer) {
				t.Fatal("no proof was found")
			}
			w := parseStored(t, c.writer)
			payload, refusal, _ := parseStored(t, c.reader).(schema.Prover).Prove(t.Context(), w)
			m, err := w.Message("")
			if err != nil {
				t.Fatal(err)
			}
			if text, err := m.AppendJSON(nil, payload); err != nil || string(text) != c.json {
				t.Errorf("got %s, %v; want %s", text, err, c.json)
			}
			if !strings.Contains(refusal.Error(), c.refusal) {
				t.Errorf("got %q, want %q in it", refusal, c.refusal)
			}
		})
	}
}

func TestProofsEnd(t *testing.T) {
	var doubling strings.Builder
	for i := range 60 {
		n := string(rune('A'+i%26)) + strings.Repeat("x", i)
		next := string(rune('A'+(i+1)%26)) + strings.Repeat("x", i+1)
		doubling.WriteString("message " + n + " { required " + next + " l = 1; required " + next + " r = 2; }\n")
	}
	last := string(rune('A'+60%26)) + strings.Repeat("x", 60)
	for _, leaf := range []string{"{}", "{ required int32 v = 1; }"} {
		checkProof(t, doubling.String()+"message "+last+" { required sint32 v = 1; }", doubling.String()+"message "+last+" "+leaf) // ends
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	w := parseStored(t, `message M { required int32 v = 1; }`)
	if _, _, found := parseStored(t, `message M { required string v = 1; }`).(schema.Prover).Prove(ended, w); found {
		t.Error("a search that was called off found something")
	}
}

// FuzzProve holds every proof against the rules.
func FuzzProve(f *testing.F) {
	f.Add("message M { optional sint32 a = 1; }", "message M { optional int32 a = 1; }")
	f.Add("message M { oneof o { string a = 1; M b = 2; } }", "message M { map<int32, M> b = 2; repeated string a = 1; }")
	f.Fuzz(func(t *testing.T, reader, writer string) {
		for _, text := range []string{reader, writer} {
			if _, err := protobuf.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil); err != nil || len(text) > 2000 {
				return
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, w := parseStored(t, reader), parseStored(t, writer)
		payload, _, found := r.(schema.Prover).Prove(ctx, w)
		if !found {
			return
		}
		m, err := w.Message("")
		if err != nil || m.Check(payload) != nil || len(r.Differences(w, schema.Question{})) == 0 {
			t.Errorf("%x proves nothing", payload)
		}
	})
}
