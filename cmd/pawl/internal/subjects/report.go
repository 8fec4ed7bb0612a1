package subjects

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pawl-registry/pawl/client"
	"github.com/pawl-registry/pawl/compat"
	"github.com/pawl-registry/pawl/schema"
)

// report is the verdict on one file. It is the JSON output of check.
type report struct {
	File       string    `json:"file"`
	Subject    string    `json:"subject,omitempty"` // with --subject
	Level      string    `json:"level,omitempty"`
	Compatible bool      `json:"compatible"`
	Findings   []finding `json:"findings,omitempty"`
	Warnings   []finding `json:"warnings,omitempty"` // changes that the rules take and readers may not survive; they decide nothing
	Messages   []string  `json:"messages,omitempty"` // what else was said, in the registry's words
}

// invalidSchema is the rule of a finding about a text that is no schema.
const invalidSchema = "INVALID_SCHEMA"

// finding is one reason for which a schema is incompatible, or none at all. Lines and columns count from 1, columns in characters.
type finding struct {
	Line          int    `json:"line,omitempty"` // where in the file that was checked
	Column        int    `json:"column,omitempty"`
	Rule          string `json:"rule"`
	Path          string `json:"path,omitempty"`      // where in the reader's schema, in the format's own syntax
	Direction     string `json:"direction,omitempty"` // BACKWARD: the new schema cannot read old data; FORWARD: the old one cannot read new data
	Breaks        string `json:"breaks,omitempty"`    // the side that cannot read: "new reader" or "old reader"
	Against       string `json:"against,omitempty"`   // the file or the version compared with
	Version       int    `json:"version,omitempty"`   // the version that breaks, with --subject
	AgainstLine   int    `json:"against_line,omitempty"`
	AgainstColumn int    `json:"against_column,omitempty"`
	Reason        string `json:"reason"`
	Remedy        string `json:"remedy,omitempty"`
	Example       string `json:"example,omitempty"` // a payload that the writer's schema takes and the reader's refuses; with the last finding of a direction
	Refusal       string `json:"refusal,omitempty"` // the reader's reason to refuse it
}

// invalid is the finding about a text that does not parse.
func invalid(message string) finding {
	at, rest := spotOf(message)
	return finding{Rule: invalidSchema, Line: at.line, Column: at.column, Reason: rest}
}

// findings makes the findings of one direction of a comparison.
func (k *checker) findings(ctx context.Context, next schema.Schema, f compat.Finding) []finding {
	one := finding{Direction: f.Direction.String(), Breaks: f.Direction.Reader() + " reader"}
	if f.TypeMismatch {
		one.Rule, one.Line, one.Column = "FORMAT_CHANGED", 1, 1
		one.Reason, one.Remedy = "the two schemas are of different types", "use a new subject for the new type"
		return []finding{one}
	}
	all := k.placed(next, f, one)
	if len(all) > 0 {
		prove(ctx, next, f, &all[len(all)-1])
	}
	return all
}

// placed makes one finding of each difference, with what all have in common.
func (k *checker) placed(next schema.Schema, f compat.Finding, one finding) []finding {
	all := make([]finding, len(f.Differences))
	for i, d := range f.Differences {
		inNext, inOld := f.Places(next, d)
		all[i] = one
		all[i].Line, all[i].Column = inNext.Line, inNext.Column
		all[i].AgainstLine, all[i].AgainstColumn = inOld.Line, inOld.Column
		all[i].Rule, all[i].Path, all[i].Reason, all[i].Remedy = d.Rule, d.Path, d.Detail, k.remedy(d.Rule)
	}
	return all
}

// warnings makes the warnings of a verdict. name is what a version is called.
func (k *checker) warnings(next schema.Schema, v compat.Verdict, name func(compat.Version) finding) []finding {
	var all []finding
	for _, f := range v.Warnings {
		one := name(f.Old)
		one.Direction, one.Breaks = f.Direction.String(), f.Direction.Reader()+" reader"
		all = append(all, k.placed(next, f, one)...)
	}
	return all
}

// proofTime bounds the search for an example.
const proofTime = 2 * time.Second

// prove adds an example to a finding, if there is one.
func prove(ctx context.Context, next schema.Schema, f compat.Finding, to *finding) {
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	if p, ok := f.Prove(ctx, next); ok {
		to.Example, to.Refusal = p.JSON, p.Refusal
	}
}

func (k *checker) remedy(rule string) string {
	for _, f := range k.formats.All() {
		rules := f.Rules()
		if w, ok := f.(schema.WarningLister); ok {
			rules = append(slices.Clip(rules), w.WarningRules()...)
		}
		for _, r := range rules {
			if r.ID == rule {
				return r.Remedy
			}
		}
	}
	return ""
}

// The shapes of compatibility messages: one per finding, then one each for the version compared with, its text, and the level.
var (
	findingShape = regexp.MustCompile(`(?s)\{\s*errorType:\s*['"]([A-Z0-9_]+)['"],\s*description:\s*['"](.*?)['"]\s*(?:,\s*[a-zA-Z]+:|\})`)
	versionShape = regexp.MustCompile(`^\{oldSchemaVersion:\s*(\d+)\}$`)
	textShape    = regexp.MustCompile(`(?s)^\{oldSchema:.*\}$`)
	levelShape   = regexp.MustCompile(`compatibility:\s*'([A-Z_]+)'\}$`)
)

// Reason cuts the first finding out of a message of the registry.
func Reason(message string) (rule, detail string, ok bool) {
	parts := findingShape.FindStringSubmatch(message)
	if parts == nil {
		return "", message, false
	}
	return parts[1], parts[2], true
}

// fromServer turns the registry's messages into findings where they have the usual shapes, and keeps the others. version is the
// one compared with, 0 if no message names it.
func (k *checker) fromServer(file string, v client.Verdict) (r report, version int) {
	r = report{File: file, Subject: k.subject, Compatible: v.Compatible}
	for _, m := range v.Messages {
		if rule, reason, ok := Reason(m); ok {
			r.Findings = append(r.Findings, finding{Rule: rule, Reason: reason, Remedy: k.remedy(rule)})
		} else if parts := versionShape.FindStringSubmatch(m); parts != nil {
			version, _ = strconv.Atoi(parts[1]) // digits; the server numbers versions with 32 bits
		} else if parts := levelShape.FindStringSubmatch(m); parts != nil {
			r.Level = parts[1]
		} else if !textShape.MatchString(m) {
			r.remark(m)
		}
	}
	r.against(version)
	return r, version
}

// remark keeps a message without the usual shape: a finding if it names a place.
func (r *report) remark(message string) {
	if f := invalid(message); f.Line > 0 {
		r.Findings = append(r.Findings, f)
		return
	}
	r.Messages = append(r.Messages, message)
}

// against says in all findings which version was compared with.
func (r *report) against(version int) {
	for i := range r.Findings {
		if f := &r.Findings[i]; version > 0 && f.Rule != invalidSchema {
			f.Against, f.Version = fmt.Sprintf("version %d", version), version
		}
	}
}

func writeReports(w *strings.Builder, reports []report) {
	broken, warned := 0, 0
	for _, r := range reports {
		if !r.Compatible {
			broken++
		}
		warned += len(r.Warnings)
		r.write(w)
	}
	fmt.Fprintf(w, "%d checked, %d incompatible", len(reports), broken)
	switch {
	case warned == 1:
		w.WriteString(", 1 warning")
	case warned > 1:
		fmt.Fprintf(w, ", %d warnings", warned)
	}
	w.WriteByte('\n')
}

func (r report) write(w *strings.Builder) {
	for _, f := range r.Findings {
		f.write(w, r, "")
	}
	for _, f := range r.Warnings {
		f.write(w, r, "warning ")
	}
	for _, m := range r.Messages {
		fmt.Fprintf(w, "%s: %s\n", r.File, m)
	}
}

// write prints a finding of a report; kind stands before its rule.
func (f finding) write(w *strings.Builder, r report, kind string) {
	fmt.Fprintf(w, "%s: %s%s", spot{f.Line, f.Column}.in(r.File), kind, f.Rule)
	if f.Path != "" {
		fmt.Fprintf(w, " at %s", f.Path)
	}
	if about := f.about(r.Level); about != "" {
		fmt.Fprintf(w, "  (%s)", about)
	}
	fmt.Fprintf(w, "\n  %s\n", f.Reason)
	if f.Remedy != "" {
		fmt.Fprintf(w, "  fix: %s\n", f.Remedy)
	}
	if f.Example != "" {
		fmt.Fprintf(w, "  example: %s\n    %s\n", f.Example, f.Refusal)
	}
}

// about says what was compared: the direction, who cannot read, and what was compared with.
func (f finding) about(level string) string {
	if f.Against == "" {
		return ""
	}
	parts := []string{cmp.Or(f.Direction, level)}
	if f.Breaks != "" {
		parts = append(parts, f.Breaks)
	}
	return strings.Join(append(parts, "against "+f.against()), ", ")
}

func (f finding) against() string {
	at := spot{f.AgainstLine, f.AgainstColumn}
	if f.Version > 0 && at.line > 0 {
		return fmt.Sprintf("%s at %d:%d", f.Against, at.line, at.column)
	}
	return at.in(f.Against)
}
