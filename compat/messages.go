package compat

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// maxShownText is the number of UTF-16 code units of an old schema that a message shows (Confluent: ParsedSchema).
const maxShownText = 10240

// typeMismatch is Confluent's text for two schemas of different formats.
const typeMismatch = "Incompatible because of different schema type"

// Messages renders a verdict as Confluent's list of compatibility messages: for every finding its differences, then the number
// and the text of the version compared with, and last the settings. extra are texts that fail a schema besides the level; they
// come first. The list is never nil, and empty if the verdict is compatible and extra is empty.
//
// When both directions were asked, the version and its text follow only if the new schema cannot read the old one, as the
// original does.
func (v Verdict) Messages(extra []string, validateFields bool) []string {
	out := append([]string{}, extra...)
	for _, f := range v.Findings {
		out = f.append(out)
	}
	if n := len(v.Findings); n > 0 && v.names(v.Findings[n-1]) {
		out = append(out, v.Findings[n-1].Old.messages()...)
	}
	if len(out) > 0 {
		out = append(out, fmt.Sprintf("{validateFields: '%t', compatibility: '%s'}", validateFields, v.Level))
	}
	return out
}

// names reports whether the messages name the version behind the last finding.
func (v Verdict) names(last Finding) bool {
	if last.TypeMismatch {
		return false
	}
	return len(v.Level.Directions()) < 2 || last.Direction == NewReadsOld
}

func (f Finding) append(out []string) []string {
	if f.TypeMismatch {
		return append(out, typeMismatch)
	}
	for _, d := range f.Differences {
		out = append(out, d.Message)
	}
	return out
}

func (o Version) messages() []string {
	number := fmt.Sprintf("{oldSchemaVersion: %d}", o.Number)
	text := o.Schema.Canonical()
	if shown, cut := truncate(text, maxShownText); cut {
		return []string{number, "{oldSchema: <truncated> '" + shown + "...'}"}
	}
	return []string{number, "{oldSchema: '" + text + "'}"}
}

// truncate returns the beginning of a text up to max UTF-16 code units, and whether anything is missing. A character that
// would be cut in two is left out.
func truncate(text string, max int) (string, bool) {
	if len(text) <= max {
		return text, false
	}
	units := 0
	for i, c := range text {
		n := 1
		if c != utf8.RuneError {
			n = utf16.RuneLen(c)
		}
		if units += n; units > max {
			return text[:i], true
		}
	}
	return text, false
}
