package jsonschema_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
	"github.com/pawl-registry/pawl/schema/jsonschema"
)

// harmless are the cases that a rule refuses although no document tells the two schemas apart.
var harmless = map[string]string{
	"COMBINED_TYPE_CHANGED/plain":                                "the alternatives do not overlap, so oneOf takes what anyOf took",
	"COMPARISON_LIMIT_EXCEEDED/coprime-rings":                    "nothing is known of the pair",
	"ENUM_ARRAY_CHANGED/const-literal":                           "1 and 1.0 are one number",
	"OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL/ref-to-empty": "the property takes anything, behind a reference",
	"PRODUCT_TYPE_EXTENDED/plain":                                "the new condition follows from the others",
	"PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL/patterns":        "the object is open, which patternProperties hide",
	"SUM_TYPE_NARROWED/hoisted-parts":                            "the parts of an alternative count as alternatives",
	"TYPE_CHANGED/implied-type":                                  "properties alone ask for nothing",
	"TYPE_CHANGED/two-hops":                                      "the type is the same, behind two references",
}

// tolerated are the cases that a rule leaves alone although a document tells the two schemas apart.
var tolerated = map[string]string{
	"ADDITIONAL_PROPERTIES_REMOVED/lenient":                        "LENIENT takes it",
	"EXCLUSIVE_MAXIMUM_DECREASED/hidden-by-maximum":                "the lowered limit is compared with maximum",
	"MIN_CONTAINS_ADDED/draft-07":                                  "contains is not compared",
	"OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL/lenient":        "LENIENT takes it",
	"REQUIRED_ATTRIBUTE_ADDED/default":                             "validators do not fill defaults in",
	"REQUIRED_ATTRIBUTE_ADDED/undescribed":                         "names that are no properties are not compared",
	"REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL/null-default": "validators do not fill defaults in",
	"TYPE_CHANGED/connect-bytes":                                   "Kafka Connect's bytes are strings and numbers",
	"TYPE_CHANGED/type-only-written":                               "whether type was written is not compared",
	"UNEVALUATED_ITEMS_REMOVED/lost-beside-comment":                "an unknown keyword hides the limit from comparisons",
	"UNEVALUATED_PROPERTIES_REMOVED/lost-beside-comment":           "an unknown keyword hides the limit from comparisons",
}

// TestProofs looks for a proof of every case of every rule. Each one found is checked; where none is found, or one is found of a
// pair that the rules take, the lists above say why.
func TestProofs(t *testing.T) {
	const root = "testdata/differences"
	proven := map[string]bool{}
	folders, err := filepath.Glob(root + "/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		name := filepath.ToSlash(strings.TrimPrefix(folder, filepath.FromSlash(root)+string(filepath.Separator)))
		rule, _, _ := strings.Cut(name, "/")
		t.Run(name, func(t *testing.T) {
			found := proof(t, caseText(t, folder, "reader"), caseText(t, folder, "writer"))
			taken := caseText(t, folder, "want") == ""
			proven[rule] = proven[rule] || found && !taken
			switch {
			case found && taken && tolerated[name] == "":
				t.Error("the rules take the pair, but a document tells the two apart")
			case !found && taken && tolerated[name] != "", found && !taken && harmless[name] != "":
				t.Error("the case is listed, but needs no excuse: shorten the list")
			case !found && !taken && harmless[name] == "":
				t.Error("no proof was found")
			}
		})
	}
	for _, r := range jsonschema.Format.Rules() {
		if !proven[r.ID] && r.ID != "COMPARISON_LIMIT_EXCEEDED" {
			t.Errorf("no case of rule %s is proven", r.ID)
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

// proof checks what Prove finds with schemas that are parsed anew.
func proof(t *testing.T, reader, writer string) bool {
	t.Helper()
	payload, refusal, found := mustStored(t, reader).(schema.Prover).Prove(t.Context(), mustStored(t, writer))
	if !found {
		return false
	}
	if err := rootOf(t, writer).Check(payload); err != nil {
		t.Errorf("the writer does not take %s: %v", payload, err)
	}
	err := rootOf(t, reader).Check(payload)
	if err == nil {
		t.Fatalf("the reader takes %s", payload)
	}
	if diff := cmp.Diff(err.Error(), refusal.Error()); diff != "" {
		t.Errorf("the refusal of %s is another:\n%s", payload, diff)
	}
	return true
}

func mustStored(t *testing.T, text string) schema.Schema {
	t.Helper()
	s, err := jsonschema.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rootOf(t *testing.T, text string) schema.Message {
	t.Helper()
	m, err := mustStored(t, text).Message("")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNoProofOfTheSameSchema(t *testing.T) {
	const text = `{"type":"object","properties":{"a":{"$ref":"#"},"b":{"type":"string","maxLength":3}},"required":["b"]}`
	if proof(t, text, text) {
		t.Error("a schema refuses a document that it takes")
	}
}

func TestProofsEnd(t *testing.T) {
	wide := `{"type":"object","properties":{"p":{"$ref":"#"}` + strings.Repeat(`,"p":{"$ref":"#"}`, 3)
	for i := range 400 {
		wide += `,"` + strings.Repeat("p", i+1) + `":{"$ref":"#","maxLength":4}`
	}
	wide += `},"required":["p"]}`
	deep := strings.Repeat(`{"items":`, 500) + `{"type":"null"}` + strings.Repeat(`}`, 500)
	slow := `{"type":"string","pattern":"^((((a+)+)+)+)(?!b)$"}`
	for _, text := range []string{wide, deep, slow, `false`, `true`} {
		s := mustStored(t, text)
		for _, other := range []string{text, `{"type":"integer"}`, `{"minItems":2000000000}`} {
			_, _, _ = s.(schema.Prover).Prove(t.Context(), mustStored(t, other)) // neither hangs nor panics
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, found := mustStored(t, `false`).(schema.Prover).Prove(ended, mustStored(t, `true`)); found {
		t.Error("a search that was called off found something")
	}
}

// FuzzProve holds every proof against both schemas.
func FuzzProve(f *testing.F) {
	f.Add(`{"type":"string","maxLength":3}`, `{"type":"string"}`)
	f.Add(`{"properties":{"a":{"$ref":"#"}},"required":["a"]}`, `{"items":[{"minimum":3}],"additionalItems":false}`)
	f.Add(`{"oneOf":[{"const":1},{"pattern":"^(?=a)"}]}`, `{"patternProperties":{"x":{"not":{}}},"minProperties":2}`)
	f.Fuzz(func(t *testing.T, reader, writer string) {
		for _, text := range []string{reader, writer} {
			if _, err := jsonschema.Format.Parse(schema.Source{Text: text, Rigor: schema.AsStored}, nil); err != nil || len(text) > 2000 {
				return
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, w := mustStored(t, reader), mustStored(t, writer)
		payload, _, found := r.(schema.Prover).Prove(ctx, w)
		if found && (rootOf(t, writer).Check(payload) != nil || rootOf(t, reader).Check(payload) == nil) {
			t.Errorf("%s proves nothing", payload)
		}
	})
}
