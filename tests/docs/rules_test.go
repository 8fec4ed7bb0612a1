package docs

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

var update = flag.Bool("update", false, "rewrite the pages")

// page is one file of docs/rules.
type page struct {
	format   schema.Format
	file     string // in docs/rules, without its ending
	name     string // of the format's folder under schema
	title    string
	language string // of the examples
	intro    string
	lenient  bool // the format knows the policy LENIENT
	// validates says that reading is validating: nothing else tells a consumer that a document is not for it.
	validates bool
	failing   map[string]string
}

func TestRulePages(t *testing.T) {
	for _, p := range []page{avroPage, protobufPage, jsonPage} {
		t.Run(p.file, func(t *testing.T) {
			path := filepath.Join("../../docs/rules", p.file+".md")
			got := p.text(t)
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s is not what the code says; run go generate ./tests/docs and read the difference:\n%s", path, diff)
			}
		})
	}
}

func (p page) text(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "# Rules of %s\n\n%s\n", p.title, p.intro)
	b.WriteString("\nThis page is generated from the rules and their tests (`go generate ./tests/docs`); a test compares.\n\n")
	for _, r := range p.format.Rules() {
		fmt.Fprintf(&b, "- [%s](#%s): %s\n", r.ID, strings.ToLower(r.ID), r.Purpose)
	}
	for _, r := range p.format.Rules() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", r.ID, r.Purpose)
		if p.failing != nil {
			if p.failing[r.ID] == "" {
				t.Errorf("rule %s: nothing is said of what fails", r.ID)
			}
			fmt.Fprintf(&b, "What fails: %s\n\n", p.failing[r.ID])
		}
		p.example(t, &b, r.ID)
		fmt.Fprintf(&b, "What to do: %s\n", r.Remedy)
	}
	return b.String()
}

// example writes the shortest pair that the exam holds for the rule, with what is found on it in both directions.
func (p page) example(t *testing.T, b *strings.Builder, rule string) {
	t.Helper()
	c := p.shortest(t, rule)
	if len(c.reader)+len(c.writer) > 2000 {
		fmt.Fprintf(b, "The shortest pair that shows it is long: `schema/%s/testdata/differences/%s`.\n\n", p.name, c.path)
	} else {
		fmt.Fprintf(b, "Old:\n\n```%s\n%s\n```\n\nNew:\n\n```%s\n%s\n```\n\n", p.language, c.writer, p.language, c.reader)
	}
	b.WriteString("New readers of old data (BACKWARD) break:\n\n")
	for i, d := range c.found {
		if i == 3 {
			fmt.Fprintf(b, "- and %d more\n", len(c.found)-i)
			break
		}
		fmt.Fprintf(b, "- `%s`%s: %s\n", d.Rule, at(d.Path), d.Detail)
	}
	fmt.Fprintf(b, "\n%s%s%s\n\n", c.proof, c.backwards(), c.leniently(p.lenient))
}

func at(path string) string {
	if path == "" {
		return ""
	}
	return " at `" + path + "`"
}

// example is a pair of the exam.
type example struct {
	path           string
	reader, writer string
	found          []schema.Difference // new reads old
	reverse        []schema.Difference // old reads new
	lenient        int
	proof          string // a sentence, or empty
}

func (c example) backwards() string {
	if len(c.reverse) == 0 {
		return "Old readers of new data (FORWARD) do not break on this pair."
	}
	var ids []string
	for _, d := range c.reverse {
		if id := "`" + d.Rule + "`"; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return "Old readers of new data (FORWARD) break as well: " + strings.Join(ids[:min(3, len(ids))], ", ") + "."
}

func (c example) leniently(known bool) string {
	if !known || c.lenient > 0 {
		return ""
	}
	return " The policy LENIENT takes the pair."
}

func (p page) shortest(t *testing.T, rule string) example {
	t.Helper()
	root := filepath.Join("../../schema", p.name, "testdata/differences")
	var best *example
	err := filepath.WalkDir(filepath.Join(root, rule), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "reader" {
			return err
		}
		c := p.read(t, filepath.Dir(path))
		if c.path, err = filepath.Rel(root, filepath.Dir(path)); err != nil {
			return err
		}
		c.path = filepath.ToSlash(c.path)
		if slices.ContainsFunc(c.found, func(d schema.Difference) bool { return d.Rule == rule }) && (best == nil || c.cost() < best.cost()) {
			best = &c
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if best == nil {
		t.Fatalf("no pair shows %s under the policy STRICT", rule)
	}
	return *best
}

// cost prefers pairs that show one thing, and short ones.
func (c example) cost() int { return 1000*min(len(c.found), 3) + len(c.reader) + len(c.writer) }

func (p page) read(t *testing.T, folder string) example {
	t.Helper()
	texts := [2]string{}
	schemas := [2]schema.Schema{}
	for i, name := range [...]string{"reader", "writer"} {
		raw, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = strings.TrimSpace(string(raw))
		if schemas[i], err = p.format.Parse(schema.Source{Text: texts[i], Rigor: schema.AsStored}, nil); err != nil {
			t.Fatalf("%s/%s: %v", folder, name, err)
		}
	}
	c := example{reader: texts[0], writer: texts[1]}
	c.found = schemas[0].Differences(schemas[1], schema.Question{Reader: "new", Writer: "old"})
	c.reverse = schemas[1].Differences(schemas[0], schema.Question{Reader: "old", Writer: "new"})
	c.lenient = len(schemas[0].Differences(schemas[1], schema.Question{Policy: schema.Lenient}))
	c.proof = p.proof(t, schemas[0], schemas[1])
	return c
}

// proof words a payload that the old schema takes and the new one refuses or misreads, if the format finds one.
func (p page) proof(t *testing.T, newer, older schema.Schema) string {
	t.Helper()
	f := compat.Finding{Direction: compat.NewReadsOld, Old: compat.Version{Schema: older}}
	found, ok := f.Prove(t.Context(), newer)
	switch {
	case !ok:
		return ""
	case p.validates:
		return fmt.Sprintf("The old schema takes `%s`, the new one does not: %s.\n\n", found.JSON, found.Refusal)
	}
	return fmt.Sprintf("For example `%s`, written with the old schema. Read with the new one: %s.\n\n", found.JSON, found.Refusal)
}
