package subjects

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/pawl-registry/pawl/client"
)

// report is the verdict on one file. It is the JSON output of check.
type report struct {
	File       string    `json:"file"`
	Subject    string    `json:"subject,omitempty"` // with --subject
	Level      string    `json:"level,omitempty"`
	Compatible bool      `json:"compatible"`
	Findings   []finding `json:"findings,omitempty"`
	Messages   []string  `json:"messages,omitempty"` // what else was said, in the registry's words
}

// finding is one reason for which a schema is incompatible.
type finding struct {
	Direction string `json:"direction,omitempty"` // BACKWARD: the new schema cannot read old data; FORWARD: the old one cannot read new data
	Against   string `json:"against,omitempty"`
	Rule      string `json:"rule"`
	Path      string `json:"path,omitempty"`
	Detail    string `json:"detail"`
	Remedy    string `json:"remedy,omitempty"`
}

func (k *checker) remedy(rule string) string {
	for _, f := range k.formats.All() {
		for _, r := range f.Rules() {
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

// fromServer turns the registry's messages into findings where they have the usual shapes, and keeps the others.
func (k *checker) fromServer(file string, v client.Verdict) report {
	r := report{File: file, Subject: k.subject, Compatible: v.Compatible}
	against := ""
	for _, m := range v.Messages {
		if rule, detail, ok := Reason(m); ok {
			r.Findings = append(r.Findings, finding{Rule: rule, Detail: detail, Remedy: k.remedy(rule)})
		} else if parts := versionShape.FindStringSubmatch(m); parts != nil {
			against = "version " + parts[1]
		} else if parts := levelShape.FindStringSubmatch(m); parts != nil {
			r.Level = parts[1]
		} else if !textShape.MatchString(m) {
			r.Messages = append(r.Messages, m)
		}
	}
	for i := range r.Findings {
		r.Findings[i].Against = against
	}
	return r
}

func writeReports(w *strings.Builder, reports []report) {
	broken := 0
	for _, r := range reports {
		if !r.Compatible {
			broken++
		}
		r.write(w)
	}
	fmt.Fprintf(w, "%d checked, %d incompatible\n", len(reports), broken)
}

func (r report) write(w *strings.Builder) {
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%s: %s", r.File, f.Rule)
		if f.Path != "" {
			fmt.Fprintf(w, " at %s", f.Path)
		}
		if f.Against != "" {
			fmt.Fprintf(w, "  (%s, against %s)", cmp.Or(f.Direction, r.Level), f.Against)
		}
		fmt.Fprintf(w, "\n  %s\n", f.Detail)
		if f.Remedy != "" {
			fmt.Fprintf(w, "  fix: %s\n", f.Remedy)
		}
	}
	for _, m := range r.Messages {
		fmt.Fprintf(w, "%s: %s\n", r.File, m)
	}
}
