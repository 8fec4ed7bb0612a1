package compat_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// letters is a schema that is a set of letters; a reader needs all of its own in the writer.
type letters struct {
	schema.Schema // for the methods that compat does not call
	format, text  string
}

func (s letters) Format() string    { return s.format }
func (s letters) Canonical() string { return s.text }

func (s letters) Differences(writer schema.Schema, q schema.Question) []schema.Difference {
	reader, w := q.Words()
	var out []schema.Difference
	for _, c := range strings.Split(s.text, "") {
		if !strings.Contains(writer.Canonical(), c) && q.Policy == schema.Strict {
			out = append(out, schema.Difference{Rule: "LACKS", Path: "/" + c, Message: "{" + c + " of " + reader + " not in " + w + "}"})
		}
	}
	return out
}

func history(texts ...string) []compat.Version {
	var out []compat.Version
	for i, text := range texts {
		out = append(out, compat.Version{Number: i + 1, Schema: letters{format: "A", text: text}})
	}
	return out
}

// Sections 1.1 and 1.3 of the compatibility rules: what is compared, in which direction, and what is said about it.
func TestLevels(t *testing.T) {
	last := func(level string) string { return "{validateFields: 'false', compatibility: '" + level + "'}" }
	for _, c := range []struct {
		name    string
		level   compat.Level
		history []compat.Version
		next    string
		want    []string
	}{
		{"no history is compatible", compat.FullTransitive, nil, "a", []string{}},
		{"NONE compares nothing", compat.None, history("a"), "b", []string{}},
		{"BACKWARD takes less", compat.Backward, history("ab"), "a", []string{}},
		{"BACKWARD refuses more", compat.Backward, history("a"), "ab", []string{"{b of new not in old}", "{oldSchemaVersion: 1}", "{oldSchema: 'a'}", last("BACKWARD")}},
		{"FORWARD takes more", compat.Forward, history("a"), "ab", []string{}},
		{"FORWARD refuses less", compat.Forward, history("ab"), "a", []string{"{b of old not in new}", "{oldSchemaVersion: 1}", "{oldSchema: 'ab'}", last("FORWARD")}},
		{"FULL tells forward first", compat.Full, history("ab"), "ac", []string{"{b of old not in new}", "{c of new not in old}", "{oldSchemaVersion: 1}", "{oldSchema: 'ab'}", last("FULL")}},
		{"FULL names no version if only forward fails", compat.Full, history("ab"), "a", []string{"{b of old not in new}", last("FULL")}},
		{"plain levels look at the newest", compat.Backward, history("a", "ab"), "ab", []string{}},
		{"transitive ones at all", compat.BackwardTransitive, history("a", "ab"), "ab", []string{"{b of new not in old}", "{oldSchemaVersion: 1}", "{oldSchema: 'a'}", last("BACKWARD_TRANSITIVE")}},
		{"transitive ones stop at the newest that fails", compat.ForwardTransitive, history("abc", "ab", "a"), "a", []string{"{b of old not in new}", "{oldSchemaVersion: 2}", "{oldSchema: 'ab'}", last("FORWARD_TRANSITIVE")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := compat.Checker{}.Check(c.level, letters{format: "A", text: c.next}, c.history)
			if diff := cmp.Diff(c.want, v.Messages(nil, false)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if v.Compatible() != (len(c.want) == 0) {
				t.Errorf("Compatible() = %t", v.Compatible())
			}
		})
	}
}

func TestAnotherFormatIsIncompatibleExceptAtNone(t *testing.T) {
	for _, level := range append([]compat.Level{"SIDEWAYS"}, compat.Levels...) {
		v := compat.Checker{}.Check(level, letters{format: "B", text: "a"}, history("a"))
		want := []string{"Incompatible because of different schema type", "{validateFields: 'true', compatibility: '" + string(level) + "'}"}
		if level == compat.None || level == "SIDEWAYS" {
			want = []string{}
		}
		if diff := cmp.Diff(want, v.Messages(nil, true)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", level, diff)
		}
	}
}

func TestExtraTextsComeFirst(t *testing.T) {
	v := compat.Checker{}.Check(compat.None, letters{format: "A", text: "a"}, nil)
	want := []string{"reserved", "{validateFields: 'true', compatibility: 'NONE'}"}
	if diff := cmp.Diff(want, v.Messages([]string{"reserved"}, true)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLongTextsAreTruncated(t *testing.T) {
	for _, c := range []struct{ name, text, shown string }{
		{"at the limit", strings.Repeat("x", 10240), ""},
		{"beyond it", strings.Repeat("x", 10241), strings.Repeat("x", 10240)},
		{"bytes do not count", strings.Repeat("é", 10240), ""},
		{"code units do", strings.Repeat("😀", 5121), strings.Repeat("😀", 5120)},
		{"a character is not cut in two", "x" + strings.Repeat("😀", 5120), "x" + strings.Repeat("😀", 5119)},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := compat.Checker{}.Check(compat.Backward, letters{format: "A", text: "n"}, history(c.text))
			want := "{oldSchema: '" + c.text + "'}"
			if c.shown != "" {
				want = "{oldSchema: <truncated> '" + c.shown + "...'}"
			}
			if got := v.Messages(nil, false); !slices.Contains(got, want) {
				t.Errorf("the old schema is not shown as wanted: %.80q", got)
			}
		})
	}
}

func TestPolicyAndDifferReachTheQuestion(t *testing.T) {
	next, old := letters{format: "A", text: "ab"}, history("a")
	if v := (compat.Checker{Policy: schema.Lenient}).Check(compat.Backward, next, old); !v.Compatible() {
		t.Errorf("the lenient policy was not asked for: %v", v)
	}
	var asked []string
	differ := func(reader, writer schema.Schema, q schema.Question) []schema.Difference {
		asked = append(asked, q.Reader+" "+reader.Canonical()+" "+q.Writer+" "+writer.Canonical())
		return nil
	}
	compat.Checker{Differ: differ}.Check(compat.Full, next, old)
	if diff := cmp.Diff([]string{"old a new ab", "new ab old a"}, asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseLevel(t *testing.T) {
	for _, level := range compat.Levels {
		if got, ok := compat.ParseLevel(strings.ToLower(string(level))); !ok || got != level {
			t.Errorf("ParseLevel(%s) = %s, %t", strings.ToLower(string(level)), got, ok)
		}
	}
	for _, text := range []string{"", "BACKWARDS", "FULL TRANSITIVE"} {
		if got, ok := compat.ParseLevel(text); ok {
			t.Errorf("ParseLevel(%q) = %s", text, got)
		}
	}
}
