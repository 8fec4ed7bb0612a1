package subjects

import (
	"fmt"
	"io"
	"regexp"

	"github.com/pawl-registry/pawl/client"
)

// report is the verdict on one file. It is the JSON output of check.
type report struct {
	File       string    `json:"file"`
	Subject    string    `json:"subject,omitempty"` // with --subject
	Level      string    `json:"level,omitempty"`   // with --against
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

// shape matches the beginning of a compatibility message of the protocol: {errorType:'RULE', description:'...'...
var shape = regexp.MustCompile(`(?s)^\{\s*errorType:\s*['"]([A-Z0-9_]+)['"],\s*description:\s*['"](.*?)['"],\s*(additionalInfo|[a-zA-Z]+):`)

// fromServer turns the registry's messages into findings where they have the usual shape, and keeps the others.
func (k *checker) fromServer(file string, v client.Verdict) report {
	r := report{File: file, Subject: k.subject, Compatible: v.Compatible}
	for _, m := range v.Messages {
		if parts := shape.FindStringSubmatch(m); parts != nil {
			r.Findings = append(r.Findings, finding{Rule: parts[1], Detail: parts[2], Remedy: k.remedy(parts[1])})
		} else {
			r.Messages = append(r.Messages, m)
		}
	}
	return r
}

func writeReports(w io.Writer, reports []report) {
	broken := 0
	for _, r := range reports {
		if !r.Compatible {
			broken++
		}
		r.write(w)
	}
	fmt.Fprintf(w, "%d checked, %d incompatible\n", len(reports), broken)
}

func (r report) write(w io.Writer) {
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%s: %s", r.File, f.Rule)
		if f.Path != "" {
			fmt.Fprintf(w, " at %s", f.Path)
		}
		if f.Against != "" {
			fmt.Fprintf(w, "  (%s, against %s)", f.Direction, f.Against)
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
