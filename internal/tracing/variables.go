package tracing

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pawl-registry/pawl/fault"
)

const prefix = "OTEL_"

// variables reads variables and notes which were asked for, and what they came to. An empty variable counts as unset
// (OpenTelemetry: Environment Variable Specification).
type variables struct {
	given    map[string]string
	asked    map[string]bool
	settings []Setting
	warnings []string
	failed   error
}

func newVariables(environ []string) *variables {
	v := &variables{given: map[string]string{}, asked: map[string]bool{}}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, prefix) && strings.TrimSpace(value) != "" {
			v.given[name] = strings.TrimSpace(value)
		}
	}
	return v
}

func (v *variables) warn(format string, args ...any) {
	v.warnings = append(v.warnings, fmt.Sprintf(format, args...))
}

// refuse keeps the first setting that cannot be.
func (v *variables) refuse(format string, args ...any) {
	if v.failed == nil {
		v.failed = fault.New(ErrConfig, "tracing", format, args...)
	}
}

// text returns the first of the variables that is set, else what holds by default. It notes the setting under the first name.
func (v *variables) text(otherwise string, names ...string) (value, from string) {
	value, origin := otherwise, "default"
	for _, name := range names {
		v.asked[name] = true
		if given := v.given[name]; given != "" && from == "" {
			value, from, origin = given, name, "variable "+name
		}
	}
	v.note(names[0], value, origin)
	return value, from
}

func (v *variables) note(name, value, origin string) {
	v.settings = append(v.settings, Setting{name, value, origin})
}

// corrected replaces the value of the last setting noted, whose variable from says nothing usable.
func (v *variables) corrected(from, why, value string) {
	v.warn("the variable %s %s; %s holds", from, why, value)
	last := &v.settings[len(v.settings)-1]
	last.Value, last.Origin = value, "default"
}

// secret is text for what must not be shown.
func (v *variables) secret(names ...string) (value, from string) {
	value, from = v.text("", names...)
	if value != "" {
		v.settings[len(v.settings)-1].Value = "(hidden)"
	}
	return value, from
}

// number reads an integer between two bounds; another one is warned of, and the default holds.
func (v *variables) number(otherwise, least, most int, names ...string) int {
	text, from := v.text(strconv.Itoa(otherwise), names...)
	n, err := strconv.Atoi(text)
	if err == nil && n >= least && n <= most {
		return n
	}
	v.corrected(from, fmt.Sprintf("must be a whole number from %d to %d", least, most), strconv.Itoa(otherwise))
	return otherwise
}

// longest is the longest time that a variable may say.
const longest = 24 * time.Hour

// millis reads a time in milliseconds.
func (v *variables) millis(otherwise time.Duration, least int, names ...string) time.Duration {
	return time.Duration(v.number(int(otherwise.Milliseconds()), least, int(longest.Milliseconds()), names...)) * time.Millisecond
}

// truth reads a boolean: only "true" is, in any case.
func (v *variables) truth(name string) bool {
	text, from := v.text("false", name)
	on := strings.EqualFold(text, "true")
	if !on && !strings.EqualFold(text, "false") {
		v.corrected(from, "must be true or false", "false")
	}
	return on
}

// list reads words with commas between.
func (v *variables) list(otherwise, name string) []string {
	text, _ := v.text(otherwise, name)
	var words []string
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}

// pair is one member of a list of names with values.
type pair struct{ name, value string }

// parsePairs reads name=value, with commas between and values escaped like URLs (W3C Baggage, without properties).
func parsePairs(text string) (list []pair, ok bool) {
	for member := range strings.SplitSeq(text, ",") {
		if member = strings.TrimSpace(member); member == "" {
			continue
		}
		name, value, is := strings.Cut(member, "=")
		name, err := url.PathUnescape(strings.TrimSpace(name))
		value, bad := url.PathUnescape(strings.TrimSpace(value))
		if !is || name == "" || err != nil || bad != nil {
			return nil, false
		}
		list = append(list, pair{name, value})
	}
	return list, true
}

// leftOver warns of the variables that nobody asked for.
func (v *variables) leftOver() {
	for name := range v.given {
		if !v.asked[name] && !v.harmless(name) {
			v.warn("the variable %s has no effect: of OpenTelemetry, only traces are sent from here", name)
		}
	}
}

// harmless reports whether a variable asks for what is the case: that other signals are not sent.
func (v *variables) harmless(name string) bool {
	return (name == "OTEL_METRICS_EXPORTER" || name == "OTEL_LOGS_EXPORTER") && strings.EqualFold(v.given[name], "none")
}
