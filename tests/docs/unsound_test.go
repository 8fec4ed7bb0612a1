package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/schema"
)

const unsoundPath = "../../docs/unsound.md"

// TestUnsoundPage proves each entry of docs/unsound.md and compares the page.
func TestUnsoundPage(t *testing.T) {
	var b strings.Builder
	b.WriteString(unsoundIntro)
	for _, p := range []page{avroPage, protobufPage, jsonPage} {
		fmt.Fprintf(&b, "\n## %s\n", p.title)
		for _, h := range holes[p.file] {
			t.Run(p.file+"/"+h.title, func(t *testing.T) { h.prove(t, p) })
			fmt.Fprintf(&b, "\n### %s\n\n%s\n\nWarning: `%s`.\n\n", h.title, h.why, h.warning)
			fmt.Fprintf(&b, "```%s\n%s\n```\n\nbecomes\n\n```%s\n%s\n```\n\n", p.language, h.older, p.language, h.newer)
			b.WriteString(h.outcome())
		}
	}
	got := b.String()
	if *update {
		if err := os.WriteFile(unsoundPath, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(unsoundPath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s is not what the tests say; run go generate ./tests/docs and read the difference:\n%s", unsoundPath, diff)
	}
}

const unsoundIntro = `# Where the rules are unsound

Pawl's verdicts are Confluent's, so that a registry can be exchanged without a schema changing its fate. Confluent's rules call some
changes compatible that readers do not survive unharmed. Each entry below is proven by a test: the pair is BACKWARD compatible, and
the datum, written with the old schema, is refused or reads differently with the new one.

` + "`pawl schema check`" + ` warns of each under the name given there. Warnings change no verdict, no exit status and nothing that the REST API
answers. They are found by comparing the two schemas once more, in bounded work; a comparison that reaches its limits warns of what it saw.

This page is generated from those tests (` + "`go generate ./tests/docs`" + `).
`

// hole is a change that is called compatible and is not.
type hole struct {
	warning      string // the rule that warns of it
	title, why   string
	older, newer string
	datum        string // in the JSON form of the format
	reads        string // what the new schema makes of it; empty means that it is refused
}

func (h hole) outcome() string {
	if h.reads == "" {
		return fmt.Sprintf("`%s` is refused by the new schema.\n", h.datum)
	}
	return fmt.Sprintf("`%s` reads as `%s`.\n", h.datum, h.reads)
}

func (h hole) prove(t *testing.T, p page) {
	var m [2]schema.Message
	var s [2]schema.Schema
	for i, text := range [2]string{h.older, h.newer} {
		var err error
		if s[i], err = p.format.Parse(schema.Source{Text: text}, nil); err != nil {
			t.Fatal(err)
		}
		if m[i], err = s[i].Message(""); err != nil {
			t.Fatal(err)
		}
	}
	if found := s[1].Differences(s[0], schema.Question{}); len(found) > 0 {
		t.Errorf("not called compatible: %+v", found)
	}
	h.warns(t, p, s[0], s[1])
	payload, err := m[0].ParseJSON(nil, []byte(h.datum))
	if err != nil {
		t.Fatalf("the old schema refuses the datum: %v", err)
	}
	got, err := p.consume(m[1], m[0], payload)
	if (err != nil) != (h.reads == "") || string(got) != h.reads {
		t.Errorf("reads as %q (%v), want %q", got, err, h.reads)
	}
	if was, err := m[0].AppendJSON(nil, payload); err != nil || string(was) == string(got) {
		t.Errorf("reads as before: %q (%v)", was, err)
	}
}

// consume reads a payload as the consumers of the format do: resolved, validated, or as it is.
func (p page) consume(reader, writer schema.Message, payload []byte) ([]byte, error) {
	if r, ok := reader.(schema.Projector); ok {
		projection, err := r.Project(writer)
		if err != nil {
			return nil, err
		}
		return projection.AppendJSON(nil, payload)
	}
	if p.validates {
		if err := reader.Check(payload); err != nil {
			return nil, err
		}
	}
	return reader.AppendJSON(nil, payload)
}
